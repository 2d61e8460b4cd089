/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * number.h - numbers, times and shares in a request's query and headers. Pure.
 */
#ifndef SLUICE_API_NUMBER_H
#define SLUICE_API_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* Each: false, and nothing written, if the text is none. */

/* A generation: 1 to 2^53. */
bool number_parse(const char *text, uint64_t *ret_number);
/* "30s", "5m"; at least one millisecond. */
bool number_parse_duration(const char *text, uint64_t *ret_ms);
/* "5%", "0.5": of a hundred, three decimals at most; as parts of a million. */
bool number_parse_share(const char *text, uint32_t *ret_ppm);

#endif
