/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tree.h"

#include "base/memory.h"

#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	perror(what);
	abort();
}

struct tree tree_new(void)
{
	struct tree tree = {"/tmp/sluice-tree-XXXXXX"};

	must(mkdtemp(tree.root), "mkdtemp");
	return tree;
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	return remove(path);
}

void tree_free(struct tree *tree)
{
	must(!nftw(tree->root, remove_one, 16, FTW_DEPTH | FTW_PHYS), tree->root);
}

void tree_put(const struct tree *tree, const char *path, const char *text)
{
	_cleanup_free_ char *whole = sl_printf("%s/%s", tree->root, path);
	FILE *file;

	for (char *slash = whole + strlen(tree->root); (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		mkdir(whole, 0755);
		*slash = '/';
	}
	file = fopen(whole, "w");
	must(file && fputs(text, file) >= 0 && !fclose(file), whole);
	must(!chmod(whole, 0644), whole);
}

void tree_chmod(const struct tree *tree, const char *path, mode_t mode)
{
	_cleanup_free_ char *whole = sl_printf("%s/%s", tree->root, path);

	must(!chmod(whole, mode), whole);
}

char *tree_read(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = sl_calloc(1, 1 << 16);

	must(file, path);
	text[fread(text, 1, (1 << 16) - 1, file)] = '\0';
	fclose(file);
	return text;
}
