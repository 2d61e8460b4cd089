/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * place.h - addresses, ports and numbers as other balancers write them.
 */
#ifndef SLUICECTL_PLACE_H
#define SLUICECTL_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#define HOST_TEXT_MAX 46

struct host {
	int family; /* 4 or 6; 0: none */
	unsigned char bytes[16];
};

/* An address, without brackets. */
bool host_parse(const char *text, size_t size, struct host *ret_host);
const char *host_text(const struct host *host, char text[HOST_TEXT_MAX]);
/* What makes it no address of a single host on a network, or NULL. */
const char *host_flaw(const struct host *host);
bool host_is_unspecified(const struct host *host);

/* ADDRESS or ADDRESS-LAST, whose end counts in decimal (IPv4) or in hex (IPv6). */
bool host_parse_range(const char *text, struct host *ret_first, unsigned *ret_count);
/* The address behind it. */
void host_next(struct host *host);

/* Decimal digits and nothing else, up to `most`. */
bool number_parse(const char *text, unsigned long most, unsigned *ret_number);

/* ADDRESS:PORT, [ADDRESS]:PORT, or without the port, which is 0 then. */
bool place_parse(const char *text, struct host *ret_host, unsigned *ret_port);

#endif
