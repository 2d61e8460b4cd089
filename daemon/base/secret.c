/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/secret.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_directory(const char *path)
{
	_cleanup_free_ char *copy = sl_strdup(path);
	const char *directory = dirname(copy);

	return mkdir(directory, 0711) && errno != EEXIST ? -errno : 0;
}

/* Written beside its place and linked into it: a crash leaves no half a key, a race one winner. */
static int make(const char *path, size_t size)
{
	_cleanup_free_ char *temporary = sl_printf("%s.%d", path, (int)getpid());
	_cleanup_free_ void *bytes = sl_calloc(1, size);
	_cleanup_fd_ int fd = -1;
	int err = make_directory(path);

	if (err)
		return err;
	if (getrandom(bytes, size, 0) != (ssize_t)size)
		return -EIO;
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, bytes, size) != (ssize_t)size || fsync(fd))
		err = -EIO;
	else if (link(temporary, path) && errno != EEXIST)
		err = -errno;
	unlink(temporary);
	explicit_bzero(bytes, size);
	return err;
}

static int open_or_make(const char *path, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? -errno : fd;
	err = make(path, size);
	if (err)
		return err;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int secret_load(const char *path, void *ret_bytes, size_t size, struct sl_errors *errors)
{
	_cleanup_fd_ int fd = open_or_make(path, size);
	struct stat about;

	if (fd < 0)
		return sl_fail(errors, -fd, path, "the secret can't be read or made: %s",
			       strerror(-fd));
	if (fstat(fd, &about))
		return sl_fail(errors, errno, path, "%s", strerror(errno));
	if (about.st_mode & 077)
		return sl_fail(errors, EPERM, path,
			       "mode %03o lets others read the secret; make it 0600",
			       about.st_mode & 0777);
	if (about.st_size != (off_t)size || read(fd, ret_bytes, size) != (ssize_t)size)
		return sl_fail(errors, EINVAL, path,
			       "holds %lld bytes, not %zu; remove it to have a new one made",
			       (long long)about.st_size, size);
	return 0;
}
