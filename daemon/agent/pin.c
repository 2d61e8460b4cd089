// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/pin.h"

#include <errno.h>
#include <linux/magic.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static void replace(char *text, char from, char to)
{
	for (; *text; text++)
		if (*text == from)
			*text = to;
}

void pin_name_to_interface(char *name)
{
	replace(name, ':', '.');
}

int pin_paths_init(struct pin_paths *paths, const char *pin_dir, const char *interface,
		   struct sl_errors *errors)
{
	char name[IF_NAMESIZE] = "";
	size_t length = strlen(interface);

	if (!length || length >= sizeof(name) || strpbrk(interface, "/: \t\n"))
		return sl_fail(errors, EINVAL, interface, "can't be the name of an interface");
	memcpy(name, interface, length);
	replace(name, '.', ':');
	if ((size_t)snprintf(paths->dir, sizeof(paths->dir), "%s/%s", pin_dir, name) +
		    sizeof("/counters") >
	    sizeof(paths->dir))
		return sl_fail(errors, ENAMETOOLONG, pin_dir, "too long a path");
	stpcpy(stpcpy(paths->link, paths->dir), "/link");
	stpcpy(stpcpy(paths->counters, paths->dir), "/counters");
	return 0;
}

static int make_with_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

int pin_make_dir(const struct pin_paths *paths, struct sl_errors *errors)
{
	char path[PATH_MAX];
	struct statfs fs;
	int r;

	stpcpy(path, paths->dir);
	r = make_with_parents(path);
	if (r < 0)
		return sl_fail(errors, -r, path,
			       "can't be made: %s (needs root, and a BPF file system: "
			       "mount -t bpf bpf /sys/fs/bpf)",
			       strerror(-r));
	if (statfs(path, &fs) < 0 || fs.f_type != BPF_FS_MAGIC) {
		rmdir(path);
		return sl_fail(errors, EINVAL, path,
			       "isn't on a BPF file system; --pin-dir must be below one, such as "
			       "/sys/fs/bpf");
	}
	return 0;
}

void pin_remove(const struct pin_paths *paths)
{
	unlink(paths->link);
	unlink(paths->counters);
	rmdir(paths->dir);
}
