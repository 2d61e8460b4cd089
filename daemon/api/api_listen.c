/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/api.h"

#include "base/log.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libgen.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 64

static int fail_errno(struct sl_errors *errors, int code, const char *where, const char *what)
{
	return sl_fail(errors, code, where, "%s: %s", what, strerror(code));
}

static int fill_path(struct sockaddr_un *address, const char *path, struct sl_errors *errors)
{
	if (path[0] != '/')
		return sl_fail(errors, EINVAL, path, "a socket needs an absolute path");
	/* Room for the ".new" under which it is made. */
	if (strlen(path) + 4 >= sizeof(address->sun_path))
		return sl_fail(errors, ENAMETOOLONG, path,
			       "too long for a socket's path (at most %zu bytes)",
			       sizeof(address->sun_path) - 5);
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	strcpy(address->sun_path, path);
	return 0;
}

/* A directory that exists is left as its owner made it. */
static int make_directory(const char *path, uid_t uid, gid_t gid, struct sl_errors *errors)
{
	_cleanup_free_ char *copy = sl_strdup(path);
	const char *directory = dirname(copy);

	if (mkdir(directory, 0755)) {
		if (errno == EEXIST)
			return 0;
		return fail_errno(errors, errno, directory, "can't make the socket's directory");
	}
	if (chown(directory, uid, gid))
		return fail_errno(errors, errno, directory, "can't give the directory away");
	return 0;
}

/* A mode that lets everybody connect is of no use in a directory that lets nobody in. */
static void check_way(const char *path, mode_t mode)
{
	_cleanup_free_ char *copy = sl_strdup(path);
	const char *directory = dirname(copy);
	struct stat about;

	if (mode & 06 && !stat(directory, &about) && !(about.st_mode & 01))
		log_warning("%s: nobody else gets there, for %s has mode %03o: make it 0755", path,
			    directory, about.st_mode & 0777);
}

/* 0: nothing answers there, and nothing is lost by renaming a new socket over it. */
static int check_stale(const struct sockaddr_un *address, struct sl_errors *errors)
{
	_cleanup_fd_ int probe = -1;
	struct stat found;

	if (lstat(address->sun_path, &found))
		return errno == ENOENT ? 0
				       : fail_errno(errors, errno, address->sun_path, "can't look");
	if (!S_ISSOCK(found.st_mode))
		return sl_fail(errors, EEXIST, address->sun_path, "exists and is not a socket");
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (probe < 0)
		return fail_errno(errors, errno, address->sun_path, "can't make a socket");
	if (!connect(probe, (const struct sockaddr *)address, sizeof(*address)))
		return sl_fail(errors, EADDRINUSE, address->sun_path,
			       "another daemon answers here");
	return errno == ECONNREFUSED ? 0
				     : fail_errno(errors, errno, address->sun_path,
						  "can't tell "
						  "whether another daemon answers here");
}

static int bind_private(int fd, const struct sockaddr_un *address)
{
	mode_t before = umask(0177);
	int result = bind(fd, (const struct sockaddr *)address, sizeof(*address)) ? -errno : 0;

	umask(before);
	return result;
}

/* Nobody can connect before listen(), nor find it before rename(): it is never seen half made. */
static int bind_and_show(int fd, const struct sockaddr_un *address, mode_t mode, uid_t uid,
			 gid_t gid)
{
	struct sockaddr_un hidden = *address;

	strcat(hidden.sun_path, ".new");
	if (unlink(hidden.sun_path) && errno != ENOENT)
		return -errno;
	if (bind_private(fd, &hidden))
		return -errno;
	if (chmod(hidden.sun_path, mode) || chown(hidden.sun_path, uid, gid) ||
	    listen(fd, BACKLOG) || rename(hidden.sun_path, address->sun_path)) {
		int code = errno;

		unlink(hidden.sun_path);
		return -code;
	}
	return 0;
}

int api_listen_unix(const char *path, mode_t mode, uid_t uid, gid_t gid, struct sl_errors *errors)
{
	_cleanup_fd_ int fd = -1;
	struct sockaddr_un address;
	int result;

	if ((result = fill_path(&address, path, errors)) ||
	    (result = make_directory(path, uid, gid, errors)) ||
	    (result = check_stale(&address, errors)))
		return result;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail_errno(errors, errno, path, "can't make a socket");
	result = bind_and_show(fd, &address, mode, uid, gid);
	if (result)
		return fail_errno(errors, -result, path, "can't listen");
	check_way(path, mode);
	result = fd;
	fd = -1;
	return result;
}

static socklen_t fill_address(struct sockaddr_storage *storage, const struct address *address,
			      uint16_t port)
{
	struct sockaddr_in *in = (struct sockaddr_in *)storage;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)storage;

	memset(storage, 0, sizeof(*storage));
	if (address->family == 4) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		in->sin_addr.s_addr = address->word_be[0];
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, address->word_be, sizeof(in6->sin6_addr));
	return sizeof(*in6);
}

int api_listen_tcp(const char *what, const struct address *address, uint16_t port,
		   struct sl_errors *errors)
{
	_cleanup_fd_ int fd = -1;
	struct sockaddr_storage storage;
	char text[ADDRESS_TEXT_MAX], where[ADDRESS_TEXT_MAX + 24];
	socklen_t size = fill_address(&storage, address, port);
	int result, one = 1;

	snprintf(where, sizeof(where), "%s: %s port %u", what, address_format(address, text), port);
	fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail_errno(errors, errno, where, "can't make a socket");
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&storage, size) || listen(fd, BACKLOG))
		return fail_errno(errors, errno, where, "can't listen");
	result = fd;
	fd = -1;
	return result;
}
