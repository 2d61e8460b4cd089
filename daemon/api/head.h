/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * head.h - whether the head of an HTTP/1 request is one that can be read in one way only. Pure.
 *
 * libmicrohttpd takes duplicate Content-Lengths, a length beside a transfer coding, line ends without
 * CR, and NULs that cut strings short. So a head passes here first (gate.h), as bytes. Stricter than
 * RFC 9112 where leniency is optional: no folded lines, no control characters, no blanks to skip.
 */
#ifndef SLUICE_API_HEAD_H
#define SLUICE_API_HEAD_H

#include <stddef.h>

#define HEAD_MAX 8192 /* bytes, with the empty line at the end */

enum head_result {
	HEAD_GOOD = 1,
	HEAD_INCOMPLETE, /* more bytes are needed */
	HEAD_BAD,
};

struct head_refusal {
	unsigned status; /* of HTTP */
	const char *why; /* static */
};

/* *ret_refusal is set with HEAD_BAD only. Bytes behind the head are not looked at. */
enum head_result head_check(const char *bytes, size_t size, struct head_refusal *ret_refusal);

#endif
