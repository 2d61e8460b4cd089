/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

void log_sink_prepare(int fd)
{
	struct stat about;
	char path[32];
	int anew;

	signal(SIGPIPE, SIG_IGN);
	if (fstat(fd, &about) || !(S_ISFIFO(about.st_mode) || S_ISCHR(about.st_mode)) ||
	    fcntl(fd, F_GETFL) & O_NONBLOCK)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	anew = open(path, O_WRONLY | O_NONBLOCK | O_APPEND | O_NOCTTY | O_CLOEXEC);
	if (anew < 0)
		return;
	dup2(anew, fd);
	close(anew);
}

/* A socket (the journal's) needs no preparation; whatever else may wait is asked for room. */
static ssize_t try(int fd, const struct iovec *parts, size_t count)
{
	const struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = count};
	struct pollfd room = {.fd = fd, .events = POLLOUT};
	ssize_t size = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (size >= 0 || errno != ENOTSOCK)
		return size;
	if (poll(&room, 1, 0) != 1 || !(room.revents & POLLOUT))
		return -1;
	return writev(fd, parts, count);
}

bool log_sink_write(struct log_sink *sink, const char *line, size_t size)
{
	const struct iovec parts[] = {{(char *)"\n", 1}, {(char *)line, size}};
	size_t first = sink->is_torn ? 0 : 1;
	size_t wanted = size + !first;
	ssize_t taken;

	do
		taken = try(sink->fd, parts + first, 2 - first);
	while (taken < 0 && errno == EINTR);
	if (taken > 0)
		sink->is_torn = (size_t)taken < wanted;
	if (taken != (ssize_t)wanted) {
		sink->dropped++;
		return false;
	}
	sink->dropped = 0;
	return true;
}
