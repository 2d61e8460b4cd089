/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loader runs in the test's process or in a child of it, and the worker in another child; each
 * reports through its exit status, as a failed assertion in a child goes unseen.
 */
#include "loader/loader.h"

#include "base/log.h"
#include "base/memory.h"
#include "loader/protocol.h"
#include "random.h"
#include "sluice/api.h"
#include "veth.h"

#include <criterion/criterion.h>

#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <net/if.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sl_errors errors;
static struct program *program;
static const char *files[LOADER_FILE_COUNT];
static const struct config_interface interfaces[] = {{.name = VETH_IN}, {.name = "absent0"}};

static void enter(void)
{
	static const struct hash_key key = {{1, 2}};

	if (!veth_enter())
		cr_skip_test("needs root and /sys/fs/bpf");
	cr_assert_eq(program_open(veth_pin_dir(), &veth_capacity, &key, &program, &errors), 0);
}

static void leave(void)
{
	program_close(program);
	sl_errors_deinit(&errors);
	veth_unpin();
}

TestSuite(loader, .init = enter, .fini = leave, .timeout = 60);

/* Runs `work` as the worker and serves it; the exit status is the line that failed, or 0. */
static int serve(int (*work)(int socket))
{
	int pair[2];
	pid_t worker;
	int status;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	worker = fork();
	if (!worker) {
		close(pair[0]);
		_exit(work(pair[1]));
	}
	close(pair[1]);
	status = loader_serve(program, interfaces, sl_count(interfaces), files, pair[0], worker);
	close(pair[0]);
	return status;
}

/* In a child: leaves it with a status that is told apart from a signal's 128 + n. */
#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                    \
			return 1;                                                                  \
		}                                                                                  \
	} while (0)

/* ---- what it is for -------------------------------------------------------------------------- */

static bool told(const char *part)
{
	_cleanup_free_ char *text = sl_errors_text(&errors);
	bool found = errors.count == 1 && strstr(text, part);

	if (!found)
		fprintf(stderr, "no \"%s\" in: %s\n", part, text);
	sl_errors_deinit(&errors);
	return found;
}

static int use_all(int socket)
{
	struct loader *loader = loader_new(socket);
	const unsigned char arp[60] = {[12] = 8, [13] = 6};
	enum config_mode mode = CONFIG_MODE_AUTO;
	struct program_run run;

	CHECK(loader_attach(loader, 0, 0, &errors) == -EINVAL && told("no program is loaded yet"));
	CHECK(!loader_load(loader, &veth_program, &errors));
	CHECK(!loader_mode(loader, 0, &mode, &errors) && mode == CONFIG_MODE_COUNT);
	CHECK(!loader_attach(loader, 0, 0, &errors));
	CHECK(!loader_mode(loader, 0, &mode, &errors) && mode == CONFIG_MODE_NATIVE);
	CHECK(loader_attach(loader, 1, 0, &errors) == -ENODEV);
	CHECK(told("interface absent0: there is no such interface"));
	CHECK(!loader_explain(loader, 0, arp, sizeof(arp), &run, &errors));
	CHECK(run.action == XDP_PASS && run.size == sizeof(arp));
	CHECK(!memcmp(run.frame, arp, sizeof(arp)));
	CHECK(loader_explain(loader, 0, arp, 4096, &run, &errors) == -EMSGSIZE);
	CHECK(told("a frame of 4096 bytes"));
	CHECK(!loader_log(loader, LOG_COMPONENT_API, LOG_LEVEL_DEBUG, &errors));
	CHECK(!loader_detach(loader, 0, &errors));
	CHECK(!loader_mode(loader, 0, &mode, &errors) && mode == CONFIG_MODE_COUNT);
	loader_free(loader);
	return 0;
}

Test(loader, carries_out_each_request)
{
	struct log_status status;

	cr_expect_eq(serve(use_all), 0);
	log_get_status(&status); /* of this process, which is the loader here */
	cr_expect_eq(status.settings.levels[LOG_COMPONENT_API], LOG_LEVEL_DEBUG);
	cr_expect_eq(status.settings.levels[LOG_COMPONENT_LOADER], LOG_LEVEL_INFO);
}

static int attach_and_exit(int socket)
{
	struct loader *loader = loader_new(socket);

	CHECK(!loader_load(loader, &veth_program, &errors));
	CHECK(!loader_attach(loader, 0, 0, &errors));
	return 7;
}

Test(loader, returns_the_workers_status_and_leaves_the_link)
{
	cr_expect_eq(serve(attach_and_exit), 7);
	cr_expect_eq(program_mode(program, VETH_IN), CONFIG_MODE_NATIVE);
}

/* The loader's own clock ends it, whatever the worker does. */
static int await_the_end_of_a_trial(int socket)
{
	struct loader *loader = loader_new(socket);
	enum config_mode mode = CONFIG_MODE_COUNT;
	uint32_t left_ms = 0;

	CHECK(!loader_load(loader, &veth_program, &errors));
	CHECK(!loader_attach(loader, 0, SLUICE_TRIAL_MIN_MS, &errors));
	CHECK(!loader_mode(loader, 0, &mode, &errors) && mode == CONFIG_MODE_NATIVE);
	CHECK(!loader_left(loader, 0, &left_ms, &errors));
	CHECK(left_ms > 0 && left_ms <= SLUICE_TRIAL_MIN_MS + 1);
	for (unsigned i = 0; mode != CONFIG_MODE_COUNT && i < 100; i++) {
		usleep(100000);
		CHECK(!loader_mode(loader, 0, &mode, &errors));
	}
	CHECK(mode == CONFIG_MODE_COUNT);
	CHECK(!loader_start(loader, 0, &errors));
	CHECK(!loader_mode(loader, 0, &mode, &errors) && mode == CONFIG_MODE_COUNT);
	CHECK(!loader_attach(loader, 0, 0, &errors));
	CHECK(!loader_mode(loader, 0, &mode, &errors) && mode == CONFIG_MODE_NATIVE);
	CHECK(loader_attach(loader, 0, SLUICE_TRIAL_MIN_MS, &errors) == -EEXIST);
	loader_free(loader);
	return 0;
}

Test(loader, ends_a_trial_in_time)
{
	cr_expect_eq(serve(await_the_end_of_a_trial), 0);
}

/* Asks nothing more: poll() itself must come back. */
static int sleep_over_a_trial(int socket)
{
	struct loader *loader = loader_new(socket);

	CHECK(!loader_load(loader, &veth_program, &errors));
	CHECK(!loader_attach(loader, 0, SLUICE_TRIAL_MIN_MS, &errors));
	for (unsigned i = 0; i < 100; i++) {
		__u32 id = 0;

		usleep(100000);
		CHECK(!bpf_xdp_query_id(if_nametoindex(VETH_IN), 0, &id));
		if (!id)
			return 0;
	}
	return 1;
}

Test(loader, ends_a_trial_without_being_asked)
{
	cr_expect_eq(serve(sleep_over_a_trial), 0);
}

/* ---- root's files ------------------------------------------------------------------------------ */

static char path[] = "/tmp/sluice-loader-XXXXXX";

static void write_file(const char *bytes, mode_t mode)
{
	int fd;

	strcpy(path + sizeof(path) - 7, "XXXXXX");
	fd = mkstemp(path);
	cr_assert(fd >= 0 && write(fd, bytes, strlen(bytes)) == (ssize_t)strlen(bytes));
	cr_assert(!fchmod(fd, mode));
	close(fd);
}

static int read_files(int socket)
{
	struct loader *loader = loader_new(socket);
	char bytes[16] = "";
	int fd = -1;

	CHECK(!loader_file(loader, LOADER_FILE_TOKENS, &fd, &errors));
	CHECK(read(fd, bytes, sizeof(bytes)) == 5 && !strcmp(bytes, "words"));
	CHECK(write(fd, "x", 1) < 0 && errno == EPERM);
	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	close(fd);
	CHECK(loader_file(loader, LOADER_FILE_KEY, &fd, &errors) == -ENOENT);
	CHECK(told("names no such file"));
	return 0;
}

Test(loader, reads_files_for_the_worker)
{
	write_file("words", 0600);
	files[LOADER_FILE_TOKENS] = path;
	cr_expect_eq(serve(read_files), 0);
	unlink(path);
}

Test(loader_file, must_be_plain_and_closed_to_others)
{
	static const struct {
		enum loader_file which;
		mode_t mode;
		int code;
	} cases[] = {
		{LOADER_FILE_TOKENS, 0600, 0},	    {LOADER_FILE_TOKENS, 0640, -EPERM},
		{LOADER_FILE_TOKENS, 0604, -EPERM}, {LOADER_FILE_KEY, 0640, 0},
		{LOADER_FILE_KEY, 0644, -EPERM},    {LOADER_FILE_CERTIFICATE, 0644, 0},
	};

	for (size_t i = 0; i < sl_count(cases); i++) {
		_cleanup_fd_ int fd = -1;

		write_file("x", cases[i].mode);
		fd = loader_read_file(path, cases[i].which, &errors);
		cr_expect_eq(fd < 0 ? fd : 0, cases[i].code, "case %zu: %d", i, fd);
		unlink(path);
	}
	sl_errors_deinit(&errors);
	cr_expect_eq(loader_read_file("/tmp", LOADER_FILE_CERTIFICATE, &errors), -EINVAL);
	cr_expect(told("/tmp: is no plain file"));
	cr_expect_eq(loader_read_file("/dev/zero", LOADER_FILE_CERTIFICATE, &errors), -EINVAL);
	cr_expect(told("is no plain file"));
	cr_expect_eq(loader_read_file("/nonexistent", LOADER_FILE_KEY, &errors), -ENOENT);
	cr_expect(told("/nonexistent: can't be opened: No such file or directory"));
}

/* ---- what it refuses ------------------------------------------------------------------------- */

static struct request good_request(enum request_kind kind)
{
	struct request request = {.version = PROTOCOL_VERSION, .kind = kind};

	if (kind == REQUEST_LOAD)
		request.config = veth_program;
	if (kind == REQUEST_EXPLAIN)
		request.frame_size = 60;
	return request;
}

static int result_of(int socket, const void *message, size_t size)
{
	struct reply reply;

	if (send(socket, message, size, 0) != (ssize_t)size ||
	    recv(socket, &reply, sizeof(reply), 0) != sizeof(reply))
		return 1;
	return reply.result;
}

static int send_odd_sizes(int socket)
{
	struct {
		struct request request;
		char more[64];
	} message = {good_request(REQUEST_MODE), {}};

	CHECK(result_of(socket, &message, sizeof(struct request)) == 0);
	CHECK(result_of(socket, &message, 1) == -EINVAL);
	CHECK(result_of(socket, &message, sizeof(struct request) - 1) == -EINVAL);
	CHECK(result_of(socket, &message, sizeof(struct request) + 1) == -EINVAL);
	CHECK(result_of(socket, &message, sizeof(message)) == -EINVAL);
	CHECK(result_of(socket, &message, sizeof(struct request)) == 0);
	return 0;
}

Test(loader, refuses_other_sizes)
{
	cr_expect_eq(serve(send_odd_sizes), 0);
}

/* Random bytes, and good requests with a few bytes changed; of any size or the right one. LOAD
 * takes long. */
static int send_noise(int socket)
{
	struct random random = {42};
	struct request request = good_request(REQUEST_LOAD);

	CHECK(result_of(socket, &request, sizeof(request)) == 0);
	for (unsigned i = 0; i < 190; i++) {
		uint8_t *bytes = (uint8_t *)&request;
		size_t size = i % 4 ? sizeof(request) : 1 + random_below(&random, sizeof(request));
		bool mutate = i % 2;

		request = good_request(REQUEST_ATTACH + random_below(&random, REQUEST_COUNT - 1));
		for (size_t j = 0; j < (mutate ? 3 : sizeof(request)); j++)
			bytes[mutate ? random_below(&random, sizeof(request)) : j] =
				random_next(&random);
		CHECK(result_of(socket, bytes, size) <= 0);
	}
	request = good_request(REQUEST_MODE);
	CHECK(result_of(socket, &request, sizeof(request)) == 0);
	return 0;
}

Test(loader, survives_noise)
{
	cr_expect_eq(serve(send_noise), 0);
}

static int send_descriptor(int socket, int fd)
{
	struct request request = good_request(REQUEST_MODE);
	struct iovec bytes = {&request, sizeof(request)};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(fd))];
	} control = {.header = {CMSG_LEN(sizeof(fd)), SOL_SOCKET, SCM_RIGHTS}};
	struct msghdr message = {.msg_iov = &bytes,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	struct reply reply;

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	CHECK(sendmsg(socket, &message, 0) == sizeof(request));
	CHECK(recv(socket, &reply, sizeof(reply), 0) == sizeof(reply));
	return 0;
}

/* The other end of a pipe tells when nobody holds this one any more. */
static int send_descriptors(int socket)
{
	int ends[2];
	char byte;

	CHECK(!pipe(ends));
	CHECK(!send_descriptor(socket, ends[1]));
	close(ends[1]);
	CHECK(!fcntl(ends[0], F_SETFL, O_NONBLOCK));
	CHECK(read(ends[0], &byte, 1) == 0);
	return 0;
}

Test(loader, keeps_no_descriptor)
{
	cr_expect_eq(serve(send_descriptors), 0);
}

static int flood(int socket)
{
	struct request request = good_request(REQUEST_DETACH), mode = good_request(REQUEST_MODE);
	unsigned done = 0, busy = 0;

	for (unsigned i = 0; i < 400; i++) {
		int result = result_of(socket, &request, sizeof(request));

		CHECK(result == 0 || result == -EBUSY);
		CHECK(result_of(socket, &mode, sizeof(mode)) == 0);
		done += !result;
		busy += !!result;
	}
	/* The burst, and what came in meanwhile: 50 a second. */
	CHECK(done >= 200 && busy > 0);
	usleep(100000);
	CHECK(result_of(socket, &request, sizeof(request)) == 0);
	return 0;
}

Test(loader, bounds_the_rate)
{
	cr_expect_eq(serve(flood), 0);
}

/* More than the socket holds, and no answer is read: the loader must not wait for the worker. */
static int never_read(int socket)
{
	struct request request = good_request(REQUEST_MODE);

	for (unsigned i = 0; i < 1000; i++)
		CHECK(send(socket, &request, sizeof(request), 0) == sizeof(request));
	return 0;
}

Test(loader, waits_for_no_reader)
{
	cr_expect_eq(serve(never_read), 0);
}

/* ---- ends ------------------------------------------------------------------------------------ */

static int be_killed(int socket)
{
	kill(getpid(), SIGKILL);
	return 1;
}

Test(loader, returns_when_the_worker_is_killed)
{
	cr_expect_eq(serve(be_killed), 128 + SIGKILL);
}

static int hang_up(int socket)
{
	close(socket);
	return pause();
}

Test(loader, ends_a_worker_that_hangs_up)
{
	cr_expect_eq(serve(hang_up), 128 + SIGTERM);
}

static volatile sig_atomic_t seen;

static void see(int signal)
{
	seen = signal;
}

/* Asks its parent's loop for signals and waits for them to come back. */
static int await_signals(int socket)
{
	static const int passed_on[] = {SIGHUP, SIGINT, SIGTERM};
	struct request request = good_request(REQUEST_MODE);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (size_t i = 0; i < sl_count(passed_on); i++) {
		signal(passed_on[i], see);
		/* An answer shows that the loader has blocked its signals. */
		CHECK(result_of(socket, &request, sizeof(request)) == 0);
		kill(getppid(), passed_on[i]);
		for (unsigned tries = 0; seen != passed_on[i] && tries < 1000; tries++)
			usleep(1000);
		CHECK(seen == passed_on[i]);
	}
	return 3;
}

Test(loader, passes_signals_on)
{
	cr_expect_eq(serve(await_signals), 3);
}

Test(loader, a_client_whose_loader_is_gone_is_told)
{
	enum config_mode mode;
	struct loader *loader;
	int pair[2], byte;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	loader = loader_new(pair[1]);
	close(pair[0]);
	cr_expect_eq(recv(loader_fd(loader), &byte, sizeof(byte), 0), 0, "readable, and the end");
	cr_expect_eq(loader_mode(loader, 0, &mode, &errors), -EPIPE);
	cr_expect(told("loader: the loader is gone"));
	loader_free(loader);
}

/* A loader that dies with a request under way; and one that answers an older one first. */
Test(loader, a_client_waits_for_its_own_answer)
{
	enum config_mode mode = CONFIG_MODE_COUNT;
	struct loader *loader;
	struct request request;
	pid_t fake;
	int pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	fake = fork();
	if (!fake) {
		struct reply reply = {.version = PROTOCOL_VERSION, .mode = CONFIG_MODE_OFFLOAD};

		close(pair[1]);
		recv(pair[0], &request, sizeof(request), 0);
		send(pair[0], &reply, sizeof(reply), 0);
		reply.sequence = request.sequence;
		reply.mode = CONFIG_MODE_GENERIC;
		send(pair[0], &reply, sizeof(reply), 0);
		recv(pair[0], &request, sizeof(request), 0);
		kill(getpid(), SIGKILL);
	}
	close(pair[0]);
	loader = loader_new(pair[1]);
	cr_expect_eq(loader_mode(loader, 0, &mode, &errors), 0);
	cr_expect_eq(mode, CONFIG_MODE_GENERIC);
	cr_expect_lt(loader_mode(loader, 0, &mode, &errors), 0);
	cr_expect(told("loader: the loader is gone"));
	waitpid(fake, NULL, 0);
	loader_free(loader);
}
