/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * complaint.h - what is wrong with a text, and where, while it is being read.
 *
 * Tables are read in their own order and cross checks come last, but an operator reads from top to
 * bottom: complaints are sorted by position before they are handed on. Past SL_ERRORS_MAX they are
 * only counted.
 */
#ifndef SLUICE_CONFIG_COMPLAINT_H
#define SLUICE_CONFIG_COMPLAINT_H

#include "base/error.h"

#include <stdarg.h>
#include <stdbool.h>

struct position { /* both from 1; columns count characters */
	unsigned line;
	unsigned column;
};

struct complaint {
	struct position at;
	size_t sequence;
	char *what; /* owned */
};

/* Zeroed is empty. */
struct complaints {
	struct complaint list[SL_ERRORS_MAX];
	size_t count; /* of the list */
	size_t dropped;
};

void complain(struct complaints *complaints, struct position at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Adds all, sorted, to errors (may be NULL), and leaves none. True if there were any. */
bool complaints_deliver(struct complaints *complaints, const char *name, struct sl_errors *errors);

#endif
