/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tree.h - a made-up file system below a directory in /tmp. A failure ends the test.
 */
#ifndef SLUICE_TESTS_TREE_H
#define SLUICE_TESTS_TREE_H

#include <sys/types.h>

struct tree {
	char root[32];
};

struct tree tree_new(void);
/* Removes it with all that is in it. */
void tree_free(struct tree *tree);
/* Makes the directories on the way; replaces a file that is there. */
void tree_put(const struct tree *tree, const char *path, const char *text);
void tree_chmod(const struct tree *tree, const char *path, mode_t mode);
/* A whole file, by its own path; caller frees. */
char *tree_read(const char *path);

#endif
