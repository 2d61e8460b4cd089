/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * completion.h - what the shells' scripts have in common: what a command's first argument can be.
 */
#ifndef SLUICECTL_COMPLETION_H
#define SLUICECTL_COMPLETION_H

#include "command.h"

#include <stddef.h>

/* In a shell: the names of all backends, each on a line; none without a daemon. */
#define COMPLETION_BACKENDS                                                                        \
	"sluicectl --no-headers --timeout 1s show backends 2>/dev/null | awk '{print $1}'"
/* The same for what writes to the log. */
#define COMPLETION_COMPONENTS                                                                      \
	"sluicectl --no-headers --timeout 1s log 2>/dev/null | awk '{print $1}'"
#define COMPLETION_SHELLS "bash zsh"

enum completion_argument {
	ARGUMENT_OTHER, /* nothing to offer */
	ARGUMENT_FILE,
	ARGUMENT_BACKEND,
	ARGUMENT_PROTOCOL,
	ARGUMENT_SHELL,
	ARGUMENT_COMMAND,
	ARGUMENT_COMPONENT,
};
enum completion_argument completion_argument(const struct command *command);

/* Calls back with each command of two words that begins with `first`; returns how many. */
int completion_group(const char *first, size_t size, void (*each)(const struct command *command));

/* The options that any of them has, and whether any takes a file. */
uint32_t completion_group_takes(const char *first, size_t size, bool *ret_files);

void completion_zsh(void);

#endif
