/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - sluiced: reads options, does what needs root, starts the worker, and serves it as its
 * loader.
 */
#include "api/api.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/seal.h"
#include "base/secret.h"
#include "config/diff.h"
#include "config/read.h"
#include "config/type.h"
#include "config/write.h"
#include "dataplane/program.h"
#include "loader/loader.h"
#include "sluice/api.h"
#include "worker/handover.h"
#include "worker/revival.h"
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
	uint32_t trial_ms; /* 0: attach for good */
	struct log_settings log;
};

static const char usage[] =
	"usage: sluiced [-c FILE] [-p DIR] [-s PATH] [-u USER] [-j]\n"
	"               [-a TIME] [-v] [-L LEVELS] [-F FORMAT]        run\n"
	"       sluiced -n FILE [-j]                        check a file and exit\n"
	"       sluiced -D [-p DIR] [-j]                    take everything off\n"
	"\n"
	"  -c, --config FILE    the configuration; " SLUICE_CONFIG "\n"
	"  -n, --check FILE     check it, and print every error; needs no root\n"
	"  -D, --detach         detach the program from all interfaces and remove\n"
	"                       its maps; needs no running daemon\n"
	"  -p, --pin-dir DIR    where maps and links are pinned; " SLUICE_PIN_DIR "\n"
	"  -s, --socket PATH    the API's socket, instead of the configuration's\n"
	"  -a, --attach-for TIME    on trial, as 60s or 5m (1s to 24h): what this\n"
	"                       start attaches is detached again after that time, or\n"
	"                       when sluiced ends, unless `sluicectl attach` keeps it\n"
	"  -u, --user USER      who the worker runs as; sluice\n"
	"  -j, --json           errors as JSON\n"
	"  -v, --verbose        the same as --log-level debug\n"
	"  -L, --log-level LEVELS   error, warning, info or debug; info. For one\n"
	"                       component: engine=debug; several: warning,api=info\n"
	"  -F, --log-format FORMAT  text, json or auto: text on a terminal and in\n"
	"                       the journal, else JSON; auto\n"
	"  -V, --version        print the version\n"
	"  -h, --help           this text\n"
	"\n"
	"SIGHUP reads the configuration again, and certificate and tokens of the API;\n"
	"SIGTERM ends the daemon, not the traffic.\n"
	"`sluicectl log` changes the levels of a running daemon.\n"
	"Exit status: 0 done, 1 failed, 2 wrong usage, 3 invalid configuration,\n"
	"5 no permission.\n";

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"check", required_argument, NULL, 'n'},
	{"detach", no_argument, NULL, 'D'},
	{"pin-dir", required_argument, NULL, 'p'},
	{"socket", required_argument, NULL, 's'},
	{"attach-for", required_argument, NULL, 'a'},
	{"user", required_argument, NULL, 'u'},
	{"json", no_argument, NULL, 'j'},
	{"verbose", no_argument, NULL, 'v'},
	{"log-level", required_argument, NULL, 'L'},
	{"log-format", required_argument, NULL, 'F'},
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
	uid_t uid = handover->uid;
	int *fds = handover->fds;

	fds[HANDOVER_API] = api_listen_unix(path, 0660, uid, handover->gid, errors);
	if (fds[HANDOVER_API] >= 0 && config->api.view_socket)
		fds[HANDOVER_VIEW] =
			api_listen_unix(config->api.view_socket, 0666, uid, handover->gid, errors);
	if (!errors->count && config->api.metrics.family)
		fds[HANDOVER_METRICS] = api_listen_tcp("api.metrics", &config->api.metrics,
						       config->api.metrics_port, errors);
	if (!errors->count && config->api.listen.family)
		fds[HANDOVER_TCP] = api_listen_tcp("api.listen", &config->api.listen,
						   config->api.listen_port, errors);
	return errors->count ? -EIO : 0;
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
	int fd = seal_bytes("sluice-config", text, strlen(text));

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

/* Everything that needs root and is made once; whoever is the worker gets it. */
static int prepare(const struct options *options, const struct config *config,
		   struct handover *handover, struct program **ret_program,
		   struct sl_errors *errors)
{
	int err = handover_user(options->user, &handover->uid, &handover->gid, errors);

	if (!err)
		make_state_dir(config->state.directory, handover);
	if (!err)
		err = open_program(options, config, ret_program, errors);
	if (!err)
		err = listen_all(options, config, handover, errors);
	if (err)
		return err;
	for (int i = 0; i < MAP_COUNT; i++)
		handover->fds[HANDOVER_MAPS + i] = program_map_fd(*ret_program, i);
	handover->fds[HANDOVER_LOCK] = program_lock_fd(*ret_program);
	return 0;
}

static int start_worker(const struct config *config, struct handover *handover, int *ret_socket,
			pid_t *ret_worker, struct sl_errors *errors)
{
	int pair[2];
	int err = seal_config(config, &handover->fds[HANDOVER_CONFIG], errors);

	if (err)
		return err;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		err = sl_fail(errors, errno, "loader", "no socket pair: %s", strerror(errno));
		sl_closep(&handover->fds[HANDOVER_CONFIG]);
		return err;
	}
	handover->fds[HANDOVER_LOADER] = pair[1];
	*ret_socket = pair[0];
	*ret_worker = handover_start(handover, errors);
	sl_closep(&handover->fds[HANDOVER_LOADER]);
	sl_closep(&handover->fds[HANDOVER_CONFIG]);
	return *ret_worker < 0 ? *ret_worker : 0;
}

/* The worker's exit status, or -errno if there could be none. */
static int serve_worker(const struct config *config, struct handover *handover,
			struct program *program, struct sl_errors *errors)
{
	const char *const files[LOADER_FILE_COUNT] = {
		[LOADER_FILE_CERTIFICATE] = config->api.certificate,
		[LOADER_FILE_KEY] = config->api.key,
		[LOADER_FILE_TOKENS] = config->api.listen.family ? config->api.tokens : NULL,
	};
	_cleanup_fd_ int socket = -1;
	pid_t worker = -1;
	int err = start_worker(config, handover, &socket, &worker, errors);

	if (err)
		return err;
	return loader_serve(program, config->interfaces, config->n_interfaces, files, socket,
			    worker);
}

static bool needs_restart(const struct config *before, const struct config *after)
{
	struct config_changes changes;
	bool restart = false;

	config_diff(before, after, &changes);
	for (size_t i = 0; i < changes.count; i++)
		restart |= changes.list[i].restart;
	config_changes_deinit(&changes);
	return restart;
}

static void keep(struct config **config, struct config **now)
{
	config_free(*config);
	*config = steal(now);
}

/* What was applied went with the worker. A file that can't be taken now leaves what was read last. */
static void read_again(const char *path, struct config **config)
{
	_cleanup_config_ struct config *now = NULL;
	struct sl_errors errors = {0};

	if (config_read_file(path, &now, &errors))
		log_error("%s has errors: the new worker gets what it said before", path);
	else if (needs_restart(*config, now))
		log_warning("%s has changes that need a restart of sluiced: the new worker gets "
			    "what it said before",
			    path);
	else
		keep(config, &now);
	sl_errors_deinit(&errors);
}

/* One worker after the other. The last one's exit status, or -errno. */
static int serve_workers(const struct options *options, struct config **config,
			 struct handover *handover, struct program *program,
			 struct sl_errors *errors)
{
	struct revival revival = {0};

	for (;;) {
		uint64_t began_ns = clock_now_ns();
		int status = serve_worker(*config, handover, program, errors);
		int pause_ms = revival_pause_ms(&revival, status, clock_now_ns() - began_ns);

		if (revival.crashes >= REVIVAL_CRASHES)
			log_error("the worker was ended by signal %d, %u times in a row: ending; "
				  "the data path stays as it is",
				  status - 128, revival.crashes);
		if (pause_ms < 0)
			return status;
		log_error("the worker was ended by signal %d; traffic goes on; another starts in "
			  "%d ms",
			  status - 128, pause_ms);
		usleep(pause_ms * 1000);
		read_again(options->config_path, config);
	}
}

static int serve(const struct options *options, struct config **config, struct sl_errors *errors)
{
	_cleanup_free_ char *levels = log_settings_levels(&options->log);
	struct handover handover = {
		.config_path = options->config_path,
		.log_format = log_format_word(options->log.format),
		.log_levels = levels,
	};
	struct program *program = NULL;
	int status;

	memset(handover.fds, -1, sizeof(handover.fds));
	status = prepare(options, *config, &handover, &program, errors);
	if (!status) {
		program_set_trial(program, options->trial_ms);
		status = serve_workers(options, config, &handover, program, errors);
	}
	for (int i = HANDOVER_API; i <= HANDOVER_METRICS; i++)
		sl_closep(&handover.fds[i]);
	program_end(program);
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
	log_open(&options->log);
	log_event(LOG_LEVEL_INFO, "start", "sluiced " SLUICE_VERSION " starts with %s",
		  options->config_path);
	err = serve(options, &config, &errors);
	if (err < 0)
		print_errors(&errors, options->json);
	sl_errors_deinit(&errors);
	return err < 0 ? EXIT_FAILURE : err;
}

/* ---- the command line ------------------------------------------------------------------------------ */

static void take_log_option(struct options *options, int option, const char *value)
{
	struct sl_errors errors = {0};
	_cleanup_free_ char *text = NULL;

	if (option == 'F')
		log_settings_take_format(&options->log, value, &errors);
	else
		log_settings_take_levels(&options->log, value, &errors);
	if (!errors.count)
		return;
	text = sl_errors_text(&errors);
	fprintf(stderr, "sluiced: %s", text);
	exit(SLUICE_EXIT_USAGE);
}

static uint32_t read_trial(const char *text)
{
	uint64_t ms;

	if (type_parse_duration(text, SLUICE_TRIAL_MAX_MS, &ms) && ms >= SLUICE_TRIAL_MIN_MS)
		return ms;
	fprintf(stderr, "sluiced: --attach-for: `%s` is not a time from 1s to 24h\n", text);
	exit(SLUICE_EXIT_USAGE);
}

/* What the loader wrote itself (handover.h): right, or something else is calling. */
static int run_worker(char **argv)
{
	struct log_settings log = {0};

	if (log_settings_take_format(&log, argv[3], NULL) ||
	    log_settings_take_levels(&log, argv[4], NULL))
		return SLUICE_EXIT_USAGE;
	log_open(&log);
	return worker_run(argv[2]);
}

int main(int argc, char **argv)
{
	struct options options = {.config_path = SLUICE_CONFIG, .pin_dir = SLUICE_PIN_DIR};
	const char *to_check = NULL;
	bool to_detach = false;
	int option;

	if (argc == HANDOVER_ARGC && !strcmp(argv[1], HANDOVER_WORKER))
		return run_worker(argv);
	log_settings_set(&options.log, LOG_COMPONENT_ALL, LOG_LEVEL_INFO);
	while ((option = getopt_long(argc, argv, "c:n:Dp:s:a:u:jvL:F:Vh", long_options, NULL)) !=
	       -1) {
		switch (option) {
		case 'c': options.config_path = optarg; break;
		case 'n': to_check = optarg; break;
		case 'D': to_detach = true; break;
		case 'p': options.pin_dir = optarg; break;
		case 's': options.socket = optarg; break;
		case 'a': options.trial_ms = read_trial(optarg); break;
		case 'u': options.user = optarg; break;
		case 'j': options.json = true; break;
		case 'v': take_log_option(&options, 'L', "debug"); break;
		case 'L':
		case 'F': take_log_option(&options, option, optarg); break;
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
