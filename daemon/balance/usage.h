/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage.h - how full the tables of the packet path are. Pure, and linear in their size.
 */
#ifndef SLUICE_BALANCE_USAGE_H
#define SLUICE_BALANCE_USAGE_H

#include "balance/world.h"

/* X(NAME, word) */
#define USAGE_TABLES(X)                                                                            \
	X(SERVICES, "services")                                                                    \
	X(BACKENDS, "backends")                                                                    \
	X(SLOTS, "slots")                                                                          \
	X(EGRESS, "egress")

#define X(name, word) USAGE_##name,
enum usage_table { USAGE_TABLES(X) USAGE_COUNT };
#undef X

struct usage {
	uint64_t used; /* entries in use, and those that can't be given out again yet */
	uint64_t capacity;
};

void usage_of(const struct world *world, struct usage ret_usage[USAGE_COUNT]);
const char *usage_word(enum usage_table table);

#endif
