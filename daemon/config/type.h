/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * type.h - the kinds of values, as text and in memory.
 *
 * A type's text form is canonical: equal values format to equal text, and parsing a formatted value
 * gives the value. Comparing two configs rests on that.
 */
#ifndef SLUICE_CONFIG_TYPE_H
#define SLUICE_CONFIG_TYPE_H

#include "config/config.h"

struct field;

/* What values may refer to. Pools are complete when services are read. */
struct scope {
	const struct config *config;
	const struct config_pool **pools_by_name; /* owned; made at first use */
};

struct type {
	/* Into the object; false, and nothing written, if the text isn't such a value. */
	bool (*parse)(const struct field *field, struct scope *scope, const char *text,
		      void *object);
	/* Caller frees; NULL: there is no value. */
	char *(*format)(const struct field *field, const struct config *config, const void *object);
	/* "a port (1 to 65535)". Caller frees. */
	char *(*expects)(const struct field *field);
	/* The word that may have been meant, or NULL; may be NULL. */
	const char *(*suggest)(const struct field *field, const struct scope *scope,
			       const char *text);
	bool hidden; /* a text that isn't such a value may be a secret: no error repeats it */
};

/* type_number.c */
extern const struct type type_number;	/* decimal, min to max */
extern const struct type type_port;	/* the same, or "any": 0 */
extern const struct type type_duration; /* in ms, min to max */
extern const struct type type_statuses; /* "200" or "200-299"; `second` is the last */
/* type_word.c */
extern const struct type type_word;	/* an enum by its words */
extern const struct type type_protocol; /* tcp or udp, as IPPROTO_ */
extern const struct type type_pool;	/* the name of a pool, as its index */
/* type_text.c: char arrays with room for max + NUL, or owned strings of at most max */
extern const struct type type_name;
extern const struct type type_interface;
extern const struct type type_file;	    /* owned; an absolute path */
extern const struct type type_file_or_none; /* the same, or "none": NULL */
extern const struct type type_principal;    /* user:NAME or group:NAME */
extern const struct type type_path;	    /* owned; of a URL */
extern const struct type type_secret;	    /* owned; where a secret stands: see base/reference.h */
extern const struct type type_host;	    /* owned; of a URL, with or without a port */
/* type_address.c */
extern const struct type type_address;
extern const struct type type_prefix4; /* min to max bits */
extern const struct type type_prefix6;
extern const struct type type_endpoint; /* loopback address and port (`second`), or "none" */
extern const struct type type_listen;	/* the same with any address */

/* A decimal number of digits only, no superfluous zeros, that fits. */
bool type_parse_decimal(const char *text, size_t length, uint64_t *ret_value);
/* "1500ms", "2s": in the largest unit that leaves no rest. Caller frees. */
/* As 500ms, 60s, 5m or 1h, at most max_ms. */
bool type_parse_duration(const char *text, uint64_t max_ms, uint64_t *ret_ms);
char *type_duration_text(uint64_t ms);
/* Into and out of a member of 1, 2 or 4 bytes. */
void type_store(void *member, size_t size, uint64_t value);
uint64_t type_load(const void *member, size_t size);

#endif
