/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - sluiced: reads options, does what needs root, starts the worker, and serves it as its
 * loader.
 */
#include "api/api.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/secret.h"
#include "config/read.h"
#include "config/write.h"
#include "dataplane/program.h"
#include "loader/loader.h"
#include "sluice/api.h"
#include "worker/handover.h"
#include "worker/state_dir.h"
#include "worker/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct options {
	const char *config_path;
	const char *pin_dir;
	const char *socket; /* NULL: the configuration's */
	const char *user;   /* NULL: see handover_user() */
	bool json;
};

static const char usage[] =
	"usage: sluiced [-c FILE] [-p DIR] [-s PATH] [-u USER] [-j] [-v]   run\n"
	"       sluiced -n FILE [-j]                        check a file and exit\n"
	"       sluiced -D [-p DIR] [-j]                    take everything off\n"
	"\n"
	"  -c, --config FILE    the configuration; " SLUICE_CONFIG "\n"
	"  -n, --check FILE     check it, and print every error; needs no root\n"
	"  -D, --detach         detach the program from all interfaces and remove\n"
	"                       its maps; needs no running daemon\n"
	"  -p, --pin-dir DIR    where maps and links are pinned; " SLUICE_PIN_DIR "\n"
	"  -s, --socket PATH    the API's socket, instead of the configuration's\n"
	"  -u, --user USER      who the worker runs as; sluice\n"
	"  -j, --json           errors as JSON\n"
	"  -v, --verbose        log also what the worker asks of the loader, and\n"
	"                       what libbpf says\n"
	"  -V, --version        print the version\n"
	"  -h, --help           this text\n"
	"\n"
	"SIGHUP reads the configuration again; SIGTERM ends the daemon, not the traffic.\n"
	"Exit status: 0 done, 1 failed, 2 wrong usage, 3 invalid configuration,\n"
	"5 no permission.\n";

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"check", required_argument, NULL, 'n'},
	{"detach", no_argument, NULL, 'D'},
	{"pin-dir", required_argument, NULL, 'p'},
	{"socket", required_argument, NULL, 's'},
	{"user", required_argument, NULL, 'u'},
	{"json", no_argument, NULL, 'j'},
	{"verbose", no_argument, NULL, 'v'},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

/* ---- check and detach ----------------------------------------------------------------------------- */

static void print_json(const struct sl_errors *errors)
{
	json_t *list = json_array();

	for (size_t i = 0; i < errors->count; i++)
		json_array_append_new(list, json_pack("{ss ss}", "where", errors->list[i].where,
						      "what", errors->list[i].what));
	json_dumpf(json_pack("{so}", "errors", list), stdout, JSON_INDENT(2));
	putchar('\n');
}

static void print_errors(const struct sl_errors *errors, bool json)
{
	_cleanup_free_ char *text = sl_errors_text(errors);

	if (json)
		print_json(errors);
	else
		fputs(text, stderr);
}

static int check(const char *path, bool json)
{
	_cleanup_config_ struct config *config = NULL;
	struct sl_errors errors = {0};
	int err = config_read_file(path, &config, &errors);

	if (err || json)
		print_errors(&errors, json);
	if (!err && !json)
		printf("%s: good; services: %zu, pools: %zu, interfaces: %zu\n", path,
		       config->n_services, config->n_pools, config->n_interfaces);
	sl_errors_deinit(&errors);
	return err ? SLUICE_EXIT_CONFIG : SLUICE_EXIT_OK;
}

static int detach(const struct options *options)
{
	struct sl_errors errors = {0};
	unsigned links;
	int err = program_remove_all(options->pin_dir, &links, &errors);

	if (err)
		print_errors(&errors, options->json);
	else
		printf("detached from %u interface%s; nothing is left under %s\n", links,
		       links == 1 ? "" : "s", options->pin_dir);
	sl_errors_deinit(&errors);
	return err ? SLUICE_EXIT_FAILURE : SLUICE_EXIT_OK;
}

/* ---- run ------------------------------------------------------------------------------------------ */

static int listen_all(const struct options *options, const struct config *config,
		      struct handover *handover, struct sl_errors *errors)
{
	const char *path = options->socket ? options->socket : config->api.socket;
	int fd = api_listen_unix(path, handover->uid, handover->gid, errors);

	if (fd < 0)
		return fd;
	handover->fds[HANDOVER_API] = fd;
	if (!config->api.metrics.family)
		return 0;
	fd = api_listen_tcp(&config->api.metrics, config->api.metrics_port, errors);
	handover->fds[HANDOVER_METRICS] = fd;
	return fd < 0 ? fd : 0;
}

static int open_program(const struct options *options, const struct config *config,
			struct program **ret_program, struct sl_errors *errors)
{
	struct hash_key key;
	int err = secret_load(config->hash_key_file, &key, sizeof(key), errors);

	if (!err)
		err = program_open(options->pin_dir, &config->capacity, &key, ret_program, errors);
	explicit_bzero(&key, sizeof(key));
	return err;
}

static int seal_config(const struct config *config, int *ret_fd, struct sl_errors *errors)
{
	_cleanup_free_ char *text = config_write(config);
	int fd = handover_seal(text, strlen(text));

	if (fd < 0)
		return sl_fail(errors, -fd, "configuration", "can't be handed over: %s",
			       strerror(-fd));
	*ret_fd = fd;
	return 0;
}

/* Without it the store is degraded, and says so: no reason not to balance. */
static void make_state_dir(const char *path, const struct handover *handover)
{
	struct sl_errors errors = {0};

	if (state_dir_make(path, handover->uid, handover->gid, &errors))
		log_error("%s: %s", errors.list[0].where, errors.list[0].what);
	sl_errors_deinit(&errors);
}

/* Everything that needs root, up to a worker that runs. */
static int prepare(const struct options *options, struct config *config, struct handover *handover,
		   struct program **ret_program, int *ret_socket, pid_t *ret_worker,
		   struct sl_errors *errors)
{
	int pair[2];
	int err = handover_user(options->user, &handover->uid, &handover->gid, errors);

	if (!err)
		make_state_dir(config->state.directory, handover);
	if (!err)
		err = open_program(options, config, ret_program, errors);
	if (!err)
		err = listen_all(options, config, handover, errors);
	if (!err)
		err = seal_config(config, &handover->fds[HANDOVER_CONFIG], errors);
	if (err)
		return err;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return sl_fail(errors, errno, "loader", "no socket pair: %s", strerror(errno));
	for (int i = 0; i < MAP_COUNT; i++)
		handover->fds[HANDOVER_MAPS + i] = program_map_fd(*ret_program, i);
	handover->fds[HANDOVER_LOADER] = pair[1];
	handover->fds[HANDOVER_LOCK] = fcntl(program_lock_fd(*ret_program), F_DUPFD_CLOEXEC, 0);
	*ret_socket = pair[0];
	*ret_worker = handover_start(handover, errors);
	return *ret_worker < 0 ? *ret_worker : 0;
}

static void close_handed(const struct handover *handover)
{
	for (int i = HANDOVER_BEFORE + 1; i < HANDOVER_MAPS; i++)
		if (handover->fds[i] >= 0)
			close(handover->fds[i]);
}

static int serve(const struct options *options, struct config *config, struct sl_errors *errors)
{
	struct handover handover = {.config_path = options->config_path};
	struct program *program = NULL;
	int socket = -1, status;
	pid_t worker = -1;
	int err;

	memset(handover.fds, -1, sizeof(handover.fds));
	err = prepare(options, config, &handover, &program, &socket, &worker, errors);
	close_handed(&handover);
	if (err) {
		program_close(program);
		return err;
	}
	log_set_component("loader");
	status = loader_serve(program, config->interfaces, config->n_interfaces, socket, worker);
	program_close(program);
	return status;
}

/* A reload asked for too early waits for the worker to be ready: unblocked, it would end us. */
static void put_reloads_off(void)
{
	sigset_t reload;

	sigemptyset(&reload);
	sigaddset(&reload, SIGHUP);
	sigprocmask(SIG_BLOCK, &reload, NULL);
}

static int run(const struct options *options)
{
	_cleanup_config_ struct config *config = NULL;
	struct sl_errors errors = {0};
	int err;

	put_reloads_off();
	err = config_read_file(options->config_path, &config, &errors);
	if (err) {
		print_errors(&errors, options->json);
		sl_errors_deinit(&errors);
		return SLUICE_EXIT_CONFIG;
	}
	err = serve(options, config, &errors);
	if (err < 0)
		print_errors(&errors, options->json);
	sl_errors_deinit(&errors);
	return err < 0 ? EXIT_FAILURE : err;
}

int main(int argc, char **argv)
{
	struct options options = {.config_path = SLUICE_CONFIG, .pin_dir = SLUICE_PIN_DIR};
	const char *to_check = NULL;
	bool to_detach = false;
	int option;

	if (argc == 3 && !strcmp(argv[1], HANDOVER_WORKER))
		return worker_run(argv[2]);
	while ((option = getopt_long(argc, argv, "c:n:Dp:s:u:jvVh", long_options, NULL)) != -1) {
		switch (option) {
		case 'c': options.config_path = optarg; break;
		case 'n': to_check = optarg; break;
		case 'D': to_detach = true; break;
		case 'p': options.pin_dir = optarg; break;
		case 's': options.socket = optarg; break;
		case 'u': options.user = optarg; break;
		case 'j': options.json = true; break;
		case 'v': log_set_level(LOG_LEVEL_DEBUG); break;
		case 'V': puts("sluiced " SLUICE_VERSION); return SLUICE_EXIT_OK;
		case 'h': fputs(usage, stdout); return SLUICE_EXIT_OK;
		default: fputs(usage, stderr); return SLUICE_EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "sluiced: what is `%s`?\n%s", argv[optind], usage);
		return SLUICE_EXIT_USAGE;
	}
	if (to_check)
		return check(to_check, options.json);
	if (geteuid()) {
		fputs("sluiced: needs root for the packet path; `sluiced -n FILE` checks a file "
		      "without\n",
		      stderr);
		return SLUICE_EXIT_PERMISSION;
	}
	return to_detach ? detach(&options) : run(&options);
}
