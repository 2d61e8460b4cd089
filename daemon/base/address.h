/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * address.h - an IPv4 or IPv6 address, and a prefix.
 */
#ifndef SLUICE_ADDRESS_H
#define SLUICE_ADDRESS_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

struct address {
	__u32 family; /* 4 or 6; 0: none. As wide as the words: equal addresses are equal bytes */
	__be32 word_be[4]; /* IPv4: [0], the others 0 */
};

struct prefix {
	struct address address; /* bits behind the prefix are 0 */
	__u8 bits;
};

#define ADDRESS_TEXT_MAX 46 /* with the final NUL */

/* inet_pton(3) for both families; no zone, no port. False: *ret_address is untouched. */
bool address_parse(const char *text, struct address *ret_address);
/* "address/bits"; false also when bits behind the prefix are set. */
bool prefix_parse(const char *text, struct prefix *ret_prefix);
/* Returns its argument. */
const char *address_format(const struct address *address, char text[ADDRESS_TEXT_MAX]);
/* 127.0.0.0/8 or ::1. */
bool address_is_loopback(const struct address *address);
/* Is the address within the prefix? Never, if the families differ. */
bool prefix_contains(const struct prefix *prefix, const struct address *address);
bool address_equal(const struct address *a, const struct address *b);
/* Less than, equal to or greater than 0, for sorting; IPv4 comes first. */
int address_compare(const struct address *a, const struct address *b);

#endif
