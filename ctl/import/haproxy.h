/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * haproxy.h - how the parts of haproxy.cfg's reader fit together.
 */
#ifndef SLUICECTL_HAPROXY_H
#define SLUICECTL_HAPROXY_H

#include "import/import.h"

/* Sections are statements with their lines as children. 0, or -1 with an error. */
int haproxy_parse(struct imported *imported, const struct import_input *input,
		  struct import_error *error);

struct proxy {
	struct statement *section;
	struct statement *defaults; /* the section that is in force for it, or NULL */
	bool pool_read;
	struct imported_pool pool;
	const char *algorithm;
};

struct haproxy_reader {
	struct imported *imported;
	const struct import_input *input;
	struct import_error *error;
	struct map backends; /* name to struct proxy: backend and listen */
	struct map defaults; /* name to statement */
};

/* Where a proxy listens, as far as sluice can. */
struct endpoints {
	struct endpoint {
		struct host vip;
		unsigned first, last; /* ports */
		struct statement *bind;
	} * list;
	size_t count;
	const char *why; /* the last that is none */
};

/* Adds those of a line. What is none leaves its reason at the line or at its second word. */
void haproxy_read_bind(struct haproxy_reader *reader, struct statement *bind,
		       struct endpoints *endpoints);

/* The last that begins so, of the proxy's own or else of its defaults; NULL: none. */
struct statement *haproxy_setting(const struct proxy *proxy, const char *first);
/* "500", "2s", "1m"; a number alone is ms; what is less than one is one. False: not a time, or none. */
bool haproxy_time(const char *text, uint64_t *ret_ms);
/* "$NAME" or "${NAME}" is in it. */
bool haproxy_has_variable(const char *text);

/* The check that a backend's servers have, if one of them has any. */
void haproxy_read_check(struct haproxy_reader *reader, const struct proxy *proxy,
			struct imported_check *check);
/* The servers of a backend and their checks. 0, or -1 with an error. */
int haproxy_read_pool(struct haproxy_reader *reader, struct proxy *proxy);

#endif
