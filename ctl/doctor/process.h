/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * process.h - running processes by name, from /proc below a root.
 */
#ifndef SLUICECTL_DOCTOR_PROCESS_H
#define SLUICECTL_DOCTOR_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

struct process {
	int pid, parent;
	bool is_here; /* in this network namespace, as far as that may be seen */
};

/* Caller frees. */
struct process *process_list(const char *root, const char *name, size_t *ret_count);

/* The soft limit of open files, or -1. */
long process_file_limit(const char *root, int pid);

#endif
