/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loader/loader.h"

#include "base/memory.h"
#include "loader/protocol.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define ANSWER_S 5

struct loader {
	int socket; /* owned */
	uint64_t sequence;
};

struct loader *loader_new(int socket)
{
	struct timeval most = {.tv_sec = ANSWER_S};
	struct loader *loader = sl_calloc(1, sizeof(*loader));

	loader->socket = socket;
	setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most));
	setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most));
	return loader;
}

void loader_free(struct loader *loader)
{
	if (!loader)
		return;
	close(loader->socket);
	free(loader);
}

int loader_fd(const struct loader *loader)
{
	return loader->socket;
}

static int lost(ssize_t size, struct sl_errors *errors)
{
	if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return sl_fail(errors, ETIMEDOUT, "loader", "no answer within %u s", ANSWER_S);
	if (size > 0)
		return sl_fail(errors, EPROTO, "loader", "an answer of another version");
	return sl_fail(errors, EPIPE, "loader", "the loader is gone; restart sluiced");
}

/* *ret_fd is -1 if no descriptor came along. */
static ssize_t receive_one(struct loader *loader, struct reply *reply, int *ret_fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {reply, sizeof(*reply)};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	const struct cmsghdr *header;
	ssize_t size;

	*ret_fd = -1;
	do
		size = recvmsg(loader->socket, &message, MSG_CMSG_CLOEXEC);
	while (size < 0 && errno == EINTR);
	header = size > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(header), sizeof(*ret_fd));
	return size;
}

/* Answers to earlier requests that came too late are passed over. */
static int receive(struct loader *loader, struct reply *reply, int *ret_fd,
		   struct sl_errors *errors)
{
	ssize_t size;

	*ret_fd = -1;
	do {
		sl_closep(ret_fd);
		size = receive_one(loader, reply, ret_fd);
		if (size != sizeof(*reply) || reply->version != PROTOCOL_VERSION)
			return lost(size, errors);
	} while (reply->sequence != loader->sequence);
	return 0;
}

/* The caller closes *ret_fd, if it is not -1. */
static int ask_for_fd(struct loader *loader, struct request *request, struct reply *reply,
		      int *ret_fd, struct sl_errors *errors)
{
	ssize_t size;
	int err;

	*ret_fd = -1;
	request->version = PROTOCOL_VERSION;
	request->sequence = ++loader->sequence;
	do
		size = send(loader->socket, request, sizeof(*request), MSG_NOSIGNAL);
	while (size < 0 && errno == EINTR);
	if (size != sizeof(*request))
		return lost(size, errors);
	err = receive(loader, reply, ret_fd, errors);
	if (err || !reply->result)
		return err;
	return sl_fail(errors, -reply->result, reply->where, "%s", reply->what);
}

static int ask(struct loader *loader, struct request *request, struct reply *reply,
	       struct sl_errors *errors)
{
	_cleanup_fd_ int needless = -1;

	return ask_for_fd(loader, request, reply, &needless, errors);
}

int loader_load(struct loader *loader, const struct program_config *config,
		struct sl_errors *errors)
{
	struct request request = {.kind = REQUEST_LOAD, .config = *config};
	struct reply reply;

	return ask(loader, &request, &reply, errors);
}

int loader_start(struct loader *loader, uint32_t interface, struct sl_errors *errors)
{
	struct request request = {.kind = REQUEST_START, .interface = interface};
	struct reply reply;

	return ask(loader, &request, &reply, errors);
}

int loader_attach(struct loader *loader, uint32_t interface, uint32_t trial_ms,
		  struct sl_errors *errors)
{
	struct request request = {
		.kind = REQUEST_ATTACH, .interface = interface, .trial_ms = trial_ms};
	struct reply reply;

	return ask(loader, &request, &reply, errors);
}

int loader_detach(struct loader *loader, uint32_t interface, struct sl_errors *errors)
{
	struct request request = {.kind = REQUEST_DETACH, .interface = interface};
	struct reply reply;

	return ask(loader, &request, &reply, errors);
}

int loader_mode(struct loader *loader, uint32_t interface, enum config_mode *ret_mode,
		struct sl_errors *errors)
{
	struct request request = {.kind = REQUEST_MODE, .interface = interface};
	struct reply reply;
	int err = ask(loader, &request, &reply, errors);

	if (!err)
		*ret_mode = reply.mode;
	return err;
}

int loader_left(struct loader *loader, uint32_t interface, uint32_t *ret_ms,
		struct sl_errors *errors)
{
	struct request request = {.kind = REQUEST_MODE, .interface = interface};
	struct reply reply;
	int err = ask(loader, &request, &reply, errors);

	if (!err)
		*ret_ms = reply.left_ms;
	return err;
}

int loader_ready(struct loader *loader, struct sl_errors *errors)
{
	struct request request = {.kind = REQUEST_READY};
	struct reply reply;

	return ask(loader, &request, &reply, errors);
}

int loader_explain(struct loader *loader, uint32_t interface, const void *frame, size_t size,
		   struct program_run *ret_run, struct sl_errors *errors)
{
	struct request request = {.kind = REQUEST_EXPLAIN, .interface = interface};
	struct reply reply;
	int err;

	if (size > sizeof(request.frame))
		return sl_fail(errors, EMSGSIZE, "explain", "a frame of %zu bytes (at most %zu)",
			       size, sizeof(request.frame));
	request.frame_size = size;
	memcpy(request.frame, frame, size);
	err = ask(loader, &request, &reply, errors);
	if (!err)
		*ret_run = reply.run;
	return err;
}

int loader_log(struct loader *loader, enum log_component component, enum log_level level,
	       struct sl_errors *errors)
{
	struct request request = {
		.kind = REQUEST_LOG,
		.log_component = component,
		.log_level = level,
	};
	struct reply reply;

	return ask(loader, &request, &reply, errors);
}

int loader_file(struct loader *loader, enum loader_file which, int *ret_fd,
		struct sl_errors *errors)
{
	struct request request = {.kind = REQUEST_FILE, .interface = which};
	_cleanup_fd_ int fd = -1;
	struct reply reply;
	int err = ask_for_fd(loader, &request, &reply, &fd, errors);

	if (err)
		return err;
	if (fd < 0)
		return sl_fail(errors, EPROTO, "loader", "an answer without the file");
	*ret_fd = sl_steal_fd(&fd);
	return 0;
}
