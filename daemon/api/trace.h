/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace.h - which trace a request belongs to: the header traceparent (W3C Trace Context, level 1).
 */
#ifndef SLUICE_API_TRACE_H
#define SLUICE_API_TRACE_H

#include <stdbool.h>

#define TRACE_ID_SIZE 33 /* with the NUL */

/*
 * "00-<32 hex>-<16 hex>-<2 hex>", of lower case, neither id all zero; a later version than 00 may go on
 * behind a "-". False: it is NULL or not that, and the id is "". Pure.
 */
bool trace_parse(const char *header, char ret_id[TRACE_ID_SIZE]);

#endif
