/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fail.h - the client's messages, on stderr, and the memory that can't run out.
 */
#ifndef SLUICECTL_FAIL_H
#define SLUICECTL_FAIL_H

#include "sluice/api.h"

#include <stddef.h>

#define _free_ __attribute__((cleanup(fail_freep)))

/* "sluicectl: ..." and a line feed. Returns `status`. */
int fail(enum sluice_exit status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Never NULL. */
char *text_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *grow(void *old, size_t size);
void fail_freep(void *pointer); /* of a pointer variable */

#endif
