/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import.h - reads what other balancers are configured by. Pure: text in, text and notes out.
 *
 * A reader fails only on what its own program would refuse, too, with the line; what it understands
 * and sluice can't do becomes a note.
 */
#ifndef SLUICECTL_IMPORT_H
#define SLUICECTL_IMPORT_H

#include "import/imported.h"

#define IMPORT_SIZE_MAX (8u << 20)

struct import_input {
	const char *text; /* with a NUL behind */
	size_t size;
	struct host vip; /* for what listens at all addresses; family 0: none */
};

struct import_format {
	const char *name;
	/* 0, or -1 with an error. */
	int (*read)(struct imported *imported, const struct import_input *input,
		    struct import_error *error);
	const struct reason *reasons;
};
extern const struct import_format import_ipvsadm, import_keepalived, import_haproxy;

/* Reads, and notes all that is lost. The caller deinits `imported` in any case. */
int import_run(const struct import_format *format, struct imported *imported,
	       const struct import_input *input, struct import_error *error);

#endif
