/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * server.c - the privileged side. It waits for one thing after the other, so while the kernel
 * verifies a program nothing else is done. It never waits for the worker: a reply that the worker
 * doesn't take is lost.
 */
#include "loader/loader.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "loader/protocol.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* An ordinary commit costs a handful of requests. */
#define REQUESTS_PER_S 50
#define REQUESTS_BURST 200

struct server {
	struct program *program;		   /* borrowed */
	const struct config_interface *interfaces; /* borrowed */
	size_t n_interfaces;
	const char *const *files; /* borrowed */
	int socket;		  /* borrowed; -1: the worker closed its end */
	pid_t worker;
	int signals; /* owned: signalfd */
	int status;  /* of the worker, as from waitpid(2) */
	int told;    /* the signal that told us to end; 0: none */
	bool has_ended;
	/* rate */
	uint64_t tokens_ns; /* what may be spent; a request costs NS_PER_S / REQUESTS_PER_S */
	uint64_t refilled_ns;
};

/* ---- requests -------------------------------------------------------------------------------- */

static int attach(struct program *program, const struct config_interface *interface,
		  uint32_t trial_ms, struct sl_errors *errors)
{
	return trial_ms ? program_try(program, interface, trial_ms, errors)
			: program_attach(program, interface, errors);
}

static int read_file(const struct server *server, enum loader_file which, int *ret_fd,
		     struct sl_errors *errors)
{
	if (!server->files[which])
		return sl_fail(errors, ENOENT, "loader", "the configuration names no such file");
	*ret_fd = loader_read_file(server->files[which], which, errors);
	return *ret_fd < 0 ? *ret_fd : 0;
}

static int carry_out(struct server *server, const struct request *request, struct reply *reply,
		     int *ret_fd, struct sl_errors *errors)
{
	static const char *const words[REQUEST_COUNT] = {
		[REQUEST_LOAD] = "load the program",   [REQUEST_ATTACH] = "attach it",
		[REQUEST_DETACH] = "detach it",	       [REQUEST_MODE] = "say how it is attached",
		[REQUEST_EXPLAIN] = "explain a frame", [REQUEST_READY] = "note that it is ready",
		[REQUEST_LOG] = "log more or less",    [REQUEST_START] = "attach it as at a start",
		[REQUEST_FILE] = "read a file",
	};
	const struct config_interface *interface =
		request->kind == REQUEST_FILE ? NULL : &server->interfaces[request->interface];

	log_debug("the worker asks to %s", words[request->kind]);
	switch ((enum request_kind)request->kind) {
	case REQUEST_LOAD: return program_load(server->program, &request->config, errors);
	case REQUEST_START: return program_attach_at_start(server->program, interface, errors);
	case REQUEST_ATTACH: return attach(server->program, interface, request->trial_ms, errors);
	case REQUEST_DETACH: return program_detach(server->program, interface->name, errors);
	case REQUEST_MODE:
		reply->mode = program_mode(server->program, interface->name);
		reply->left_ms = program_left_ms(server->program, interface->name);
		return 0;
	case REQUEST_EXPLAIN:
		return program_explain(server->program, interface->name, request->frame,
				       request->frame_size, &reply->run, errors);
	case REQUEST_READY: program_started(server->program); return 0;
	case REQUEST_LOG: log_set_level(request->log_component, request->log_level); return 0;
	case REQUEST_FILE: return read_file(server, request->interface, ret_fd, errors);
	case REQUEST_COUNT: break;
	}
	return -EINVAL;
}

static bool take_token(struct server *server)
{
	const uint64_t cost_ns = NS_PER_S / REQUESTS_PER_S, most_ns = REQUESTS_BURST * cost_ns;
	uint64_t now_ns = clock_now_ns();

	server->tokens_ns += now_ns - server->refilled_ns;
	server->refilled_ns = now_ns;
	if (server->tokens_ns > most_ns)
		server->tokens_ns = most_ns;
	if (server->tokens_ns < cost_ns)
		return false;
	server->tokens_ns -= cost_ns;
	return true;
}

static int decide(struct server *server, const struct request *request, size_t size,
		  struct reply *reply, int *ret_fd, struct sl_errors *errors)
{
	const char *refusal = protocol_refuse(request, size, server->n_interfaces);
	/* Every status and every scrape asks it: no number of those may use up a commit's requests. */
	bool is_free = !refusal && request->kind == REQUEST_MODE;

	if (!is_free && !take_token(server))
		return sl_fail(errors, EBUSY, "loader", "too many requests: at most %u a second",
			       REQUESTS_PER_S);
	if (!refusal)
		return carry_out(server, request, reply, ret_fd, errors);
	log_warning("refused the worker's request: %s", refusal);
	return sl_fail(errors, EINVAL, "loader", "request refused: %s", refusal);
}

static void send_reply(const struct server *server, struct reply *reply, int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {};
	struct iovec part = {reply, sizeof(*reply)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (fd >= 0) {
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	sendmsg(server->socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void answer(struct server *server, const struct request *request, size_t size)
{
	struct reply reply = {.version = PROTOCOL_VERSION, .sequence = request->sequence};
	struct sl_errors errors = {};
	_cleanup_fd_ int fd = -1;

	reply.result = decide(server, request, size, &reply, &fd, &errors);
	if (errors.count) {
		snprintf(reply.where, sizeof(reply.where), "%s", errors.list[0].where);
		snprintf(reply.what, sizeof(reply.what), "%s", errors.list[0].what);
	}
	sl_errors_deinit(&errors);
	send_reply(server, &reply, fd);
}

/* A worker that has hung up is ending; one that takes longer is ended: alone it is of no use. */
enum { HANG_UP_MS = 1000 };

/*
 * No room for control messages is given, so the kernel closes descriptors that are sent along. One
 * byte more than a request tells one that is too long. An empty message looks like the end; the
 * worker harms but itself.
 */
static void receive(struct server *server)
{
	struct {
		struct request request;
		char more;
	} message = {};
	ssize_t size = recv(server->socket, &message, sizeof(message.request) + 1, MSG_DONTWAIT);

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size > 0) {
		answer(server, &message.request, size);
		return;
	}
	server->socket = -1;
}

/* ---- signals --------------------------------------------------------------------------------- */

static void reap(struct server *server)
{
	pid_t pid = waitpid(server->worker, &server->status, WNOHANG);

	server->has_ended = pid == server->worker || (pid < 0 && errno == ECHILD);
}

static void take_signal(struct server *server)
{
	struct signalfd_siginfo signal;

	if (read(server->signals, &signal, sizeof(signal)) != sizeof(signal))
		return;
	if (signal.ssi_signo == SIGCHLD)
		reap(server);
	else
		kill(server->worker, signal.ssi_signo);
	if (signal.ssi_signo == SIGTERM || signal.ssi_signo == SIGINT)
		server->told = signal.ssi_signo;
}

/* Until when poll() waits; -1: for as long as it takes. */
static int patience_ms(const struct server *server)
{
	int trial_ms = program_end_trials(server->program);

	if (server->socket >= 0)
		return trial_ms;
	return trial_ms >= 0 && trial_ms < HANG_UP_MS ? trial_ms : HANG_UP_MS;
}

static void serve(struct server *server)
{
	/* It may have ended before SIGCHLD was blocked. */
	reap(server);
	while (!server->has_ended) {
		struct pollfd fds[] = {
			{.fd = server->signals, .events = POLLIN},
			{.fd = server->socket, .events = POLLIN},
		};

		int ready = poll(fds, sl_count(fds), patience_ms(server));

		if (ready < 0)
			continue;
		if (!ready && server->socket < 0)
			kill(server->worker, SIGTERM);
		else if (fds[0].revents)
			take_signal(server);
		else if (fds[1].revents)
			receive(server);
	}
}

static int exit_status(const struct server *server)
{
	if (!WIFSIGNALED(server->status))
		return WEXITSTATUS(server->status);
	return 128 + (server->told ? server->told : WTERMSIG(server->status));
}

int loader_serve(struct program *program, const struct config_interface *interfaces,
		 size_t n_interfaces, const char *const files[LOADER_FILE_COUNT], int socket,
		 pid_t worker)
{
	struct server server = {
		.program = program,
		.interfaces = interfaces,
		.n_interfaces = n_interfaces,
		.files = files,
		.socket = socket,
		.worker = worker,
		.tokens_ns = NS_PER_S / REQUESTS_PER_S * REQUESTS_BURST,
		.refilled_ns = clock_now_ns(),
	};
	sigset_t ours, before;

	sigemptyset(&ours);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGHUP);
	sigaddset(&ours, SIGCHLD);
	sigprocmask(SIG_BLOCK, &ours, &before);
	server.signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	if (server.signals < 0) {
		log_error("signalfd: %s", strerror(errno));
		kill(worker, SIGTERM);
		waitpid(worker, &server.status, 0);
	} else {
		serve(&server);
		close(server.signals);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return exit_status(&server);
}
