/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * file.h - the files that an operator names, read whole and bounded.
 */
#ifndef SLUICECTL_FILE_H
#define SLUICECTL_FILE_H

#include <stddef.h>

#define FILE_MAX (8u << 20)

/*
 * "-" is standard input. Returns an exit status, with a message if it isn't 0. The text is the
 * caller's; a NUL follows it.
 */
int file_read(const char *path, char **ret_text, size_t *ret_size);

#endif
