/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * file.c - the few files that only root can read, for a worker that is not root.
 */
#include "base/memory.h"
#include "base/seal.h"
#include "loader/loader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of the mode: what nobody may be given. */
static const mode_t closed[LOADER_FILE_COUNT] = {
	[LOADER_FILE_KEY] = 007, /* a group of its own is usual for keys */
	[LOADER_FILE_TOKENS] = 077,
};

static int check(const char *path, enum loader_file which, const struct stat *about,
		 struct sl_errors *errors)
{
	if (!S_ISREG(about->st_mode))
		return sl_fail(errors, EINVAL, path, "is no plain file");
	if (about->st_mode & closed[which])
		return sl_fail(errors, EPERM, path, "mode %03o lets others read it; make it 0600",
			       about->st_mode & 0777);
	if (about->st_size > LOADER_FILE_MAX)
		return sl_fail(errors, EFBIG, path, "holds more than %u bytes", LOADER_FILE_MAX);
	return 0;
}

static int seal(const char *path, int fd, size_t size, struct sl_errors *errors)
{
	_cleanup_free_ char *bytes = sl_calloc(1, size + 1);
	ssize_t got = read(fd, bytes, size);
	int sealed = got < 0 ? -errno : seal_bytes("sluice-file", bytes, got);

	explicit_bzero(bytes, size);
	return sealed < 0 ? sl_fail(errors, -sealed, path, "%s", strerror(-sealed)) : sealed;
}

int loader_read_file(const char *path, enum loader_file which, struct sl_errors *errors)
{
	/* A pipe in the file's place must not hold the loader up. */
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat about;
	int err;

	if (fd < 0)
		return sl_fail(errors, errno, path, "can't be opened: %s", strerror(errno));
	if (fstat(fd, &about))
		return sl_fail(errors, errno, path, "%s", strerror(errno));
	err = check(path, which, &about, errors);
	return err ? err : seal(path, fd, about.st_size, errors);
}
