/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/process.h"

#include "fail.h"
#include "host/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool namespace_of(const char *root, const char *process, char *ret_name, size_t size)
{
	struct host_path path = host_path(root, "proc/%s/ns/net", process);
	ssize_t used = readlink(path.text, ret_name, size - 1);

	ret_name[used > 0 ? used : 0] = '\0';
	return used > 0;
}

static bool is_here(const char *root, const char *process)
{
	char own[64], other[64];

	return namespace_of(root, "self", own, sizeof(own)) &&
	       namespace_of(root, process, other, sizeof(other)) && !strcmp(own, other);
}

/* /proc/PID/stat: "PID (NAME) STATE PARENT ..." */
static bool read_process(const char *root, const char *pid, const char *name,
			 struct process *ret_process)
{
	_free_ char *path = text_printf("proc/%s/stat", pid);
	_free_ char *stat = host_read_file(root, path);
	char *open = stat ? strchr(stat, '(') : NULL, *close = stat ? strrchr(stat, ')') : NULL;
	int parent;

	if (!open || !close || close < open)
		return false;
	*close = '\0';
	if (strcmp(open + 1, name) || sscanf(close + 1, " %*c %d", &parent) != 1)
		return false;
	*ret_process = (struct process){atoi(pid), parent, is_here(root, pid)};
	return true;
}

struct process *process_list(const char *root, const char *name, size_t *ret_count)
{
	struct host_path path = host_path(root, "proc");
	DIR *directory = opendir(path.text);
	struct process *list = NULL, found;
	struct dirent *entry;

	*ret_count = 0;
	while (directory && (entry = readdir(directory))) {
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9' ||
		    !read_process(root, entry->d_name, name, &found))
			continue;
		list = grow(list, (*ret_count + 1) * sizeof(*list));
		list[(*ret_count)++] = found;
	}
	if (directory)
		closedir(directory);
	return list;
}

long process_file_limit(const char *root, int pid)
{
	_free_ char *path = text_printf("proc/%d/limits", pid);
	_free_ char *limits = host_read_file(root, path);
	char *line = limits ? strstr(limits, "Max open files") : NULL;
	long limit;

	return line && sscanf(line, "Max open files %ld", &limit) == 1 ? limit : -1;
}
