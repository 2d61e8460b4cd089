/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * match.h - whether a request is for the generation that is in force: the header If-Match. Pure.
 */
#ifndef SLUICE_API_MATCH_H
#define SLUICE_API_MATCH_H

#include <stdbool.h>
#include <stdint.h>

/*
 * RFC 9110, 13.1.1: NULL and "*" match any generation, a list of tags those that it names. A weak tag
 * matches none.
 */
bool match_generation(const char *header, uint64_t generation);

#endif
