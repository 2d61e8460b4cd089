/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "worker/worker.h"

#include "api/api.h"
#include "base/log.h"
#include "base/memory.h"
#include "config/read.h"
#include "engine/engine.h"
#include "health/health.h"
#include "loader/loader.h"
#include "net/net.h"
#include "worker/handover.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

struct worker {
	const char *config_path;
	struct event_base *base;
	struct loader *loader;
	struct dataplane *dataplane;
	struct engine *engine;
	struct net *net;
	struct health *health;
	struct api *api;
	struct config_interface
		*interfaces; /* owned: the loader's list; a change of it is a restart */
	struct event *signals[3];
	struct event *loader_gone;
};

/* ---- news, passed on ---------------------------------------------------------------------------- */

static int load_program(void *context, const struct program_config *config,
			struct sl_errors *errors)
{
	return loader_load(context, config, errors);
}

static void on_committed(void *context, const struct config *config)
{
	struct worker *worker = context;

	health_follow(worker->health, config);
	log_event(LOG_LEVEL_INFO, "commit",
		  "configuration committed: generation %llu, %zu services",
		  (unsigned long long)engine_generation(worker->engine), config->n_services);
}

static void on_watch(void *context, const struct address *addresses, size_t count)
{
	struct worker *worker = context;

	net_watch(worker->net, addresses, count);
}

static void on_next_hop(void *context, const struct address *address, const struct net_hop *hop)
{
	struct worker *worker = context;
	char text[ADDRESS_TEXT_MAX];

	if (hop->resolved)
		log_event(LOG_LEVEL_INFO, "next_hop", "next hop of %s: by %s",
			  address_format(address, text), hop->interface);
	else
		log_event(LOG_LEVEL_WARNING, "next_hop_lost", "next hop of %s: %s",
			  address_format(address, text), hop->why);
	engine_set_next_hop(worker->engine, address, hop->resolved, hop->ifindex, hop->mac,
			    hop->source_mac, hop->mtu);
}

static void on_health(void *context, const char *pool, const char *backend, bool up,
		      const char *why)
{
	struct worker *worker = context;

	log_event(LOG_LEVEL_INFO, up ? "backend_up" : "backend_down", "backend %s/%s is %s: %s",
		  pool, backend, up ? "up" : "down", why);
	engine_set_health(worker->engine, pool, backend, up);
}

static enum check_state recall_health(void *context, const char *pool, const char *backend)
{
	const struct worker *worker = context;

	return engine_healthy(worker->engine, pool, backend) ? CHECK_UP : CHECK_UNKNOWN;
}

/* No limiter: there are at most SL_ERRORS_MAX, and root asked for them by a signal or a start. */
static void log_errors(const char *what, const struct sl_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++)
		log_unlimited(LOG_LEVEL_ERROR, NULL, "%s: %s: %s", what, errors->list[i].where,
			      errors->list[i].what);
	if (errors->dropped)
		log_error("%s: and %zu more errors", what, errors->dropped);
}

static int commit(struct worker *worker, struct config *config, struct sl_errors *errors)
{
	_cleanup_log_context_ struct log_context said = {
		.generation = engine_generation(worker->engine) + 1,
	};

	log_context_push(&said);
	return engine_commit(worker->engine, config, errors);
}

/* ---- signals ------------------------------------------------------------------------------------ */

static void on_end(evutil_socket_t number, short what, void *context)
{
	struct worker *worker = context;

	log_info("ending; the data path stays as it is");
	event_base_loopbreak(worker->base);
}

static void on_reload(evutil_socket_t number, short what, void *context)
{
	_cleanup_log_context_ struct log_context said = {.actor = "signal"};
	struct worker *worker = context;
	struct config *config = NULL;
	struct sl_errors errors = {0};

	log_context_push(&said);
	if (api_reload(worker->api, &errors))
		log_errors("certificate and tokens stay as they were", &errors);
	sl_errors_deinit(&errors);
	if (config_read_file(worker->config_path, &config, &errors) ||
	    commit(worker, config, &errors)) {
		log_errors("reload refused, nothing has changed", &errors);
		if (access(worker->config_path, R_OK) && errno == EACCES)
			log_error("the worker reads it as user %u and not as root: let it, or use "
				  "`sluicectl apply`",
				  geteuid());
		config_free(config);
	}
	sl_errors_deinit(&errors);
}

static void on_loader_gone(evutil_socket_t fd, short what, void *context)
{
	struct worker *worker = context;

	log_error("the loader is gone: ending; the data path stays as it is");
	event_base_loopbreak(worker->base);
}

static int watch_signals(struct worker *worker)
{
	static const struct {
		int number;
		event_callback_fn react;
	} wanted[] = {{SIGTERM, on_end}, {SIGINT, on_end}, {SIGHUP, on_reload}};

	sigset_t all;

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sl_count(wanted); i++) {
		worker->signals[i] =
			evsignal_new(worker->base, wanted[i].number, wanted[i].react, worker);
		if (!worker->signals[i] || event_add(worker->signals[i], NULL))
			return -ENOMEM;
	}
	sigfillset(&all); /* SIGHUP was put off until now */
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	worker->loader_gone = event_new(worker->base, loader_fd(worker->loader),
					EV_READ | EV_PERSIST, on_loader_gone, worker);
	return worker->loader_gone && !event_add(worker->loader_gone, NULL) ? 0 : -ENOMEM;
}

/* ---- beginning and end ---------------------------------------------------------------------------- */

/* The text that the loader read as root: the worker's user may not be able to. */
static int read_handed_config(const char *name, struct config **ret_config,
			      struct sl_errors *errors)
{
	struct stat about;
	void *text;
	int err;

	if (fstat(HANDOVER_CONFIG, &about))
		return sl_fail(errors, errno, name, "%s", strerror(errno));
	text = mmap(NULL, about.st_size + 1, PROT_READ, MAP_PRIVATE, HANDOVER_CONFIG, 0);
	if (text == MAP_FAILED)
		return sl_fail(errors, errno, name, "%s", strerror(errno));
	err = config_read(name, text, about.st_size, ret_config, errors);
	munmap(text, about.st_size + 1);
	close(HANDOVER_CONFIG);
	return err;
}

static int open_modules(struct worker *worker, const struct config *config,
			struct sl_errors *errors)
{
	const struct engine_listener listener = {
		.committed = on_committed, .watch = on_watch, .context = worker};
	int maps[MAP_COUNT];
	int err;

	for (int i = 0; i < MAP_COUNT; i++)
		maps[i] = HANDOVER_MAPS + i;
	err = dataplane_open(maps, &config->capacity, load_program, worker->loader,
			     &worker->dataplane, errors);
	if (!err)
		err = engine_new(worker->base, worker->dataplane, &listener, &worker->engine,
				 errors);
	if (!err)
		err = net_new(worker->base, on_next_hop, worker, &worker->net, errors);
	if (!err)
		err = health_new(worker->base, on_health, recall_health, worker, &worker->health,
				 errors);
	return err;
}

/* Attached last: by then the tables are whole. */
static int attach_all(struct worker *worker, struct sl_errors *errors)
{
	const struct config *config = engine_config(worker->engine);

	for (size_t i = 0; i < config->n_interfaces; i++) {
		int err = loader_attach(worker->loader, i, errors);

		if (err)
			return err;
	}
	return 0;
}

static int open_api(struct worker *worker, struct sl_errors *errors)
{
	const struct config *config = engine_config(worker->engine);
	struct api_context context = {
		.engine = worker->engine,
		.health = worker->health,
		.net = worker->net,
		.loader = worker->loader,
		.n_interfaces = config->n_interfaces,
	};
	/* Not asked of the descriptor: where none was handed over, the number may be another's. */
	const struct api_sockets sockets = {
		.admin = HANDOVER_API,
		.view = config->api.view_socket ? HANDOVER_VIEW : -1,
		.tcp = config->api.listen.family ? HANDOVER_TCP : -1,
		.metrics = config->api.metrics.family ? HANDOVER_METRICS : -1,
	};

	worker->interfaces = sl_calloc(config->n_interfaces, sizeof(*config->interfaces));
	memcpy(worker->interfaces, config->interfaces,
	       config->n_interfaces * sizeof(*config->interfaces));
	context.interfaces = worker->interfaces;
	return api_new(worker->base, &context, &config->api, geteuid(), &sockets, &worker->api,
		       errors);
}

static int begin(struct worker *worker, struct sl_errors *errors)
{
	_cleanup_log_context_ struct log_context said = {.actor = "start"};
	struct config *config = NULL;
	int err;

	log_context_push(&said);
	err = read_handed_config(worker->config_path, &config, errors);
	if (!err)
		err = open_modules(worker, config, errors);
	if (!err)
		err = commit(worker, config, errors);
	if (!err)
		config = NULL; /* the engine's by now */
	if (!err)
		err = attach_all(worker, errors);
	if (!err)
		err = open_api(worker, errors);
	if (!err && watch_signals(worker))
		err = sl_fail(errors, ENOMEM, "signals", "can't be watched");
	if (!err)
		err = loader_ready(worker->loader, errors);
	config_free(config);
	return err;
}

static void end(struct worker *worker)
{
	api_free(worker->api);
	health_free(worker->health);
	net_free(worker->net);
	engine_free(worker->engine);
	dataplane_close(worker->dataplane);
	for (size_t i = 0; i < sl_count(worker->signals); i++)
		if (worker->signals[i])
			event_free(worker->signals[i]);
	if (worker->loader_gone)
		event_free(worker->loader_gone);
	loader_free(worker->loader);
	event_base_free(worker->base);
	free(worker->interfaces);
}

int worker_run(const char *config_path)
{
	struct worker worker = {.config_path = config_path, .base = event_base_new()};
	struct sl_errors errors = {0};
	int err;

	if (!worker.base)
		sl_out_of_memory();
	prctl(PR_SET_DUMPABLE, 0);
	worker.loader = loader_new(HANDOVER_LOADER);
	err = begin(&worker, &errors);
	if (err) {
		log_errors("can't start", &errors);
	} else {
		log_event(LOG_LEVEL_INFO, "ready", "ready");
		event_base_dispatch(worker.base);
	}
	sl_errors_deinit(&errors);
	end(&worker);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
