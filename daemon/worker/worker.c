/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "worker/worker.h"

#include "api/api.h"
#include "base/lag.h"
#include "base/log.h"
#include "base/memory.h"
#include "change/change.h"
#include "config/read.h"
#include "engine/engine.h"
#include "health/health.h"
#include "loader/loader.h"
#include "net/net.h"
#include "override/override.h"
#include "state/events.h"
#include "state/store.h"
#include "worker/handover.h"
#include "worker/internal.h"
#include "worker/last_health.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* No limiter: there are at most SL_ERRORS_MAX, and root asked for them by a signal or a start. */
static void log_errors(const char *what, const struct sl_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++)
		log_unlimited(LOG_LEVEL_ERROR, NULL, "%s: %s: %s", what, errors->list[i].where,
			      errors->list[i].what);
	if (errors->dropped)
		log_error("%s: and %zu more errors", what, errors->dropped);
}

/* ---- signals ------------------------------------------------------------------------------------ */

static void on_end(evutil_socket_t number, short what, void *context)
{
	struct worker *worker = context;

	log_info("ending; the data path stays as it is");
	event_base_loopbreak(worker->base);
}

static void on_reloaded(void *context, struct change_answer *answer)
{
	if (answer->result != CHANGE_DONE && answer->result != CHANGE_UNRECORDED)
		log_errors("reload refused, nothing has changed", &answer->errors);
	else if (answer->same)
		log_info("reload: the file holds what is in force, generation %llu",
			 (unsigned long long)answer->generation);
}

static void on_reload(evutil_socket_t number, short what, void *context)
{
	_cleanup_log_context_ struct log_context said = {.actor = "signal"};
	struct worker *worker = context;
	struct change_request request = CHANGE_REQUEST(CHANGE_APPLY);
	struct sl_errors errors = {0};

	log_context_push(&said);
	if (api_reload(worker->api, &errors))
		log_errors("certificate and tokens stay as they were", &errors);
	sl_errors_deinit(&errors);
	if (engine_config(worker->engine)->source == CONFIG_SOURCE_STORE) {
		log_warning("SIGHUP changes nothing: `config-source` is store; use `sluicectl "
			    "apply`");
		return;
	}
	record_set(request.author, "file");
	record_set(request.source, "SIGHUP");
	if (!config_read_file(worker->config_path, &request.desired, &errors)) {
		change_submit(worker->change, &request, on_reloaded, worker);
		return;
	}
	log_errors("reload refused, nothing has changed", &errors);
	if (access(worker->config_path, R_OK) && errno == EACCES)
		log_error("the worker reads it as user %u and not as root: let it, or use "
			  "`sluicectl apply`",
			  geteuid());
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

/* A store that fails is no reason not to start; one of a newer version is. */
static int open_store(struct worker *worker, const struct config *config,
		      struct store_answer *ret_recall, struct sl_errors *errors)
{
	struct store_options options;
	int err;

	worker->state_dir = sl_strdup(config->state.directory);
	options = STORE_OPTIONS(worker->state_dir);
	err = store_new(worker->base, &options, &worker->store, ret_recall, errors);
	if (!err)
		worker->events =
			events_new(worker->base, worker->store, ret_recall->recall.last_event);
	return err;
}

static void begin_overrides(struct worker *worker, const struct store_answer *recall)
{
	const struct override_options options = {
		.engine = worker->engine,
		.store = worker->store,
		.events = worker->events,
	};

	worker->overrides = overrides_new(worker->base, &options, recall);
}

/* Takes the file's configuration. */
static int begin_change(struct worker *worker, struct config *file,
			const struct store_answer *recall, struct sl_errors *errors)
{
	int err;

	const struct change_options options = {
		.engine = worker->engine,
		.store = worker->store,
		.events = worker->events,
		.store_is_truth = file->source == CONFIG_SOURCE_STORE,
		.file = worker->config_path,
	};

	begin_overrides(worker, recall);
	if (last_health_is_fresh(&recall->recall, record_now_ms()))
		worker->recall = &recall->recall;
	err = change_new(worker->base, &options, file, recall, &worker->change, errors);
	worker->recall = NULL;
	return err;
}

static void watch_life(struct worker *worker)
{
	static const struct timeval pause = {.tv_sec = LAST_HEALTH_SIGN_S};

	worker->sign = event_new(worker->base, -1, EV_PERSIST, news_sign, worker);
	if (!worker->sign || event_add(worker->sign, &pause))
		sl_out_of_memory();
	news_sign(-1, 0, worker);
}

static int open_modules(struct worker *worker, const struct config *config,
			struct sl_errors *errors)
{
	const struct engine_listener listener = {
		.committed = news_committed,
		.watch = news_watch,
		.remember = news_remember,
		.context = worker,
	};
	int maps[MAP_COUNT];
	int err;

	for (int i = 0; i < MAP_COUNT; i++)
		maps[i] = HANDOVER_MAPS + i;
	err = dataplane_open(maps, &config->capacity, news_load_program, worker->loader,
			     &worker->dataplane, errors);
	if (!err)
		err = engine_new(worker->base, worker->dataplane, &listener, &worker->engine,
				 errors);
	if (!err)
		err = net_new(worker->base, news_next_hop, worker, &worker->net, errors);
	if (!err)
		err = health_new(worker->base, news_health, news_recall_health, worker,
				 &worker->health, errors);
	return err;
}

static void tell_attached(struct worker *worker, size_t number)
{
	const struct config_interface *interface =
		&engine_config(worker->engine)->interfaces[number];
	_cleanup_free_ char *object = sl_printf("interface %s", interface->name);
	_cleanup_free_ char *text = NULL;
	enum config_mode mode;

	if (loader_mode(worker->loader, number, &mode, NULL) || mode == CONFIG_MODE_COUNT)
		return;
	text = sl_printf("attached, %s", config_mode_word(mode));
	news_tell(worker, EVENT_ATTACH, object, text);
}

/* Attached last: by then the tables are whole. */
static int attach_all(struct worker *worker, struct sl_errors *errors)
{
	const struct config *config = engine_config(worker->engine);

	for (size_t i = 0; i < config->n_interfaces; i++) {
		int err = loader_start(worker->loader, i, errors);

		if (err)
			return err;
		tell_attached(worker, i);
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
		.store = worker->store,
		.events = worker->events,
		.change = worker->change,
		.overrides = worker->overrides,
		.n_interfaces = config->n_interfaces,
		.lag = lag_histogram(worker->lag),
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
	struct store_answer recall = {0};
	struct config *config = NULL;
	int err;

	log_context_push(&said);
	err = read_handed_config(worker->config_path, &config, errors);
	if (!err)
		err = open_store(worker, config, &recall, errors);
	if (!err)
		err = open_modules(worker, config, errors);
	if (!err)
		err = begin_change(worker, steal(&config), &recall, errors);
	store_answer_deinit(&recall);
	if (!err)
		err = attach_all(worker, errors);
	if (!err)
		err = open_api(worker, errors);
	if (!err && watch_signals(worker))
		err = sl_fail(errors, ENOMEM, "signals", "can't be watched");
	if (!err)
		err = loader_ready(worker->loader, errors);
	if (!err)
		watch_life(worker);
	if (!err)
		news_tell(worker, EVENT_START, NULL, "sluiced " SLUICE_VERSION " has started");
	config_free(config);
	return err;
}

/* Those who wait are answered before the API goes, by the store at the latest. */
static void end_change(struct worker *worker)
{
	if (worker->overrides)
		overrides_close(worker->overrides);
	if (worker->change)
		change_close(worker->change);
	if (worker->sign)
		news_sign(-1, 0, worker);
	if (worker->change && worker->api)
		news_tell(worker, EVENT_STOP, NULL, "sluiced ends; the data path stays as it is");
	store_free(worker->store);
	api_free(worker->api);
	change_free(worker->change);
	overrides_free(worker->overrides);
	if (worker->events)
		events_free(worker->events);
	free(worker->state_dir);
}

static void end(struct worker *worker)
{
	end_change(worker);
	lag_free(worker->lag);
	health_free(worker->health);
	net_free(worker->net);
	engine_free(worker->engine);
	dataplane_close(worker->dataplane);
	for (size_t i = 0; i < sl_count(worker->signals); i++)
		if (worker->signals[i])
			event_free(worker->signals[i]);
	if (worker->loader_gone)
		event_free(worker->loader_gone);
	if (worker->sign)
		event_free(worker->sign);
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
	worker.lag = lag_new(worker.base);
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
