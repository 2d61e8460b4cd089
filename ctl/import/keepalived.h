/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keepalived.h - how the parts of keepalived.conf's reader fit together.
 */
#ifndef SLUICECTL_KEEPALIVED_H
#define SLUICECTL_KEEPALIVED_H

#include "import/import.h"

extern const struct reason keepalived_reasons[];

/* Lines, words, blocks; comments and quotes. 0, or -1 with an error. */
int keepalived_parse(struct imported *imported, const struct import_input *input,
		     struct import_error *error);

/* What a virtual server says for all its real servers' checks. */
struct keepalived_common {
	uint64_t interval_ms;
	const char *host;
};

/* A block that is a check of a real server. */
bool keepalived_is_check(const struct statement *statement);
/* Reads it; what sluice can't ask is noted or left to be noted. */
void keepalived_read_check(struct imported *imported, struct statement *statement,
			   const struct keepalived_common *common,
			   struct imported_check *ret_check);
/* "6", "1.5": seconds; false: it is none. */
bool keepalived_seconds(const char *text, uint64_t *ret_ms);

#endif
