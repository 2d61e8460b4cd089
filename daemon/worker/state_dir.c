/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "worker/state_dir.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_parents(const char *path)
{
	_cleanup_free_ char *copy = sl_strdup(path);

	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0755) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

/* By its descriptor, so that what is looked at is what was made. */
static int give(const char *path, uid_t uid, gid_t gid)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fchown(fd, uid, gid) || fchmod(fd, 0700))
		return -errno;
	return 0;
}

static int check(const char *path, uid_t uid, struct sl_errors *errors)
{
	struct stat about;

	if (lstat(path, &about))
		return sl_fail(errors, errno, path, "%s", strerror(errno));
	if (!S_ISDIR(about.st_mode))
		return sl_fail(errors, ENOTDIR, path, "is no directory");
	if (about.st_uid != uid)
		return sl_fail(errors, EPERM, path,
			       "belongs to user %u, and the worker runs as %u: chown -R %u %s",
			       about.st_uid, uid, uid, path);
	return 0;
}

int state_dir_make(const char *path, uid_t uid, gid_t gid, struct sl_errors *errors)
{
	int err = make_parents(path);

	if (!err && !mkdir(path, 0700))
		err = give(path, uid, gid);
	else if (!err && errno != EEXIST)
		err = -errno;
	if (err)
		return sl_fail(errors, -err, path, "can't be made: %s", strerror(-err));
	return check(path, uid, errors);
}
