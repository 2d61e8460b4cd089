/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 4 << 20 };

struct host_path host_path(const char *root, const char *format, ...)
{
	struct host_path path;
	int used = snprintf(path.text, sizeof(path.text), "%s/", root);
	va_list args;

	if (used < 0 || (size_t)used >= sizeof(path.text))
		return path;
	va_start(args, format);
	vsnprintf(path.text + used, sizeof(path.text) - used, format, args);
	va_end(args);
	return path;
}

static const char *relative(const char *path)
{
	return path + strspn(path, "/");
}

/* Files of /proc say no size: read until the end. */
static char *read_all(FILE *file)
{
	size_t size = 0, room = 0;
	char *text = NULL;

	for (;;) {
		if (room - size < 4096) {
			char *more = room < FILE_MAX ? realloc(text, room = room * 2 + 8192) : NULL;

			if (!more)
				break;
			text = more;
		}
		size_t got = fread(text + size, 1, room - size - 1, file);

		size += got;
		text[size] = '\0';
		if (!got)
			return text;
	}
	free(text);
	errno = EFBIG;
	return NULL;
}

char *host_read_file(const char *root, const char *path)
{
	struct host_path at = host_path(root, "%s", relative(path));
	FILE *file = fopen(at.text, "re");
	char *text;

	if (!file)
		return NULL;
	text = read_all(file);
	fclose(file);
	return text;
}

int host_read_number(const char *root, const char *path, long *ret_number)
{
	char *text = host_read_file(root, path), *end;
	long number;

	if (!text)
		return -errno;
	number = strtol(text, &end, 10);
	if (end != text)
		*ret_number = number;
	int r = end == text ? -EINVAL : 0;

	free(text);
	return r;
}

int host_sysctl(const char *root, const char *name, long *ret_number)
{
	char path[256];

	snprintf(path, sizeof(path), "proc/sys/%s", name);
	return host_read_number(root, path, ret_number);
}

int host_ipv4_conf(const char *root, const char *interface, const char *name, long *ret_number)
{
	long all, own;
	char path[224];
	int r;

	snprintf(path, sizeof(path), "net/ipv4/conf/all/%s", name);
	r = host_sysctl(root, path, &all);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "net/ipv4/conf/%s/%s", interface, name);
	r = host_sysctl(root, path, &own);
	if (r < 0)
		return r;
	*ret_number = own > all ? own : all;
	return 0;
}

int host_stat(const char *root, const char *path, struct stat *ret_stat)
{
	struct host_path at = host_path(root, "%s", relative(path));

	return stat(at.text, ret_stat) ? -errno : 0;
}
