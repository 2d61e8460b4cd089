/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * secret.h - random bytes in a file that only root reads.
 */
#ifndef SLUICE_SECRET_H
#define SLUICE_SECRET_H

#include "base/error.h"

#include <stddef.h>

/*
 * Reads exactly `size` bytes from the file. A file that isn't there is made first: random, mode 0600,
 * complete or not at all. -errno with an error if it can't be made or read, has another size, or is
 * open to others than its owner.
 */
int secret_load(const char *path, void *ret_bytes, size_t size, struct sl_errors *errors);

#endif
