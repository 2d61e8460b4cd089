/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * time_text.h - times as RFC 3339 has them, in UTC.
 */
#ifndef SLUICE_API_TIME_TEXT_H
#define SLUICE_API_TIME_TEXT_H

#include <jansson.h>
#include <stdint.h>

/* null for 0. */
json_t *time_text(uint64_t seconds);
json_t *time_text_ms(uint64_t ms);
/* With milliseconds. */
json_t *time_text_exact(uint64_t ms);

#endif
