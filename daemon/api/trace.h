/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace.h - which trace a request belongs to: the header traceparent (W3C Trace Context, level 1).
 */
#ifndef SLUICE_API_TRACE_H
#define SLUICE_API_TRACE_H

#include <stdbool.h>

#define TRACE_ID_SIZE	  33 /* with the NUL, and so below */
#define TRACE_PARENT_SIZE 56

/*
 * "00-<32 hex>-<16 hex>-<2 hex>", of lower case, neither id all zero; a later version than 00 may go on
 * behind a "-". False: it is NULL or not that, and the id is "". Pure.
 */
bool trace_parse(const char *header, char ret_id[TRACE_ID_SIZE]);

struct trace {
	char id[TRACE_ID_SIZE];
	char span[17]; /* ours within it */
	char flags[3];
};

/* The request's trace, or a new one if the header names none; a new span of it in any case. */
void trace_begin(const char *header, struct trace *ret_trace);
/* The header as it goes back. Returns `text`. */
const char *trace_format(const struct trace *trace, char text[TRACE_PARENT_SIZE]);

#endif
