/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seal.h - bytes that one process hands to another: in memory, in a descriptor, never to change.
 */
#ifndef SLUICE_SEAL_H
#define SLUICE_SEAL_H

#include <stddef.h>

/* A sealed copy; the descriptor, which reads from the beginning, or -errno. `name` is for /proc. */
int seal_bytes(const char *name, const void *bytes, size_t size);

#endif
