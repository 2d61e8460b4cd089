/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health/runner.h"

#include "base/clock.h"
#include "base/memory.h"

#include <event2/event.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JITTER_PERCENT 5

/* Finer than clock_now_ns(), whose ticks are as long as many an answer takes. */
static uint64_t precise_now_ns(void)
{
	return clock_fine_us() * 1000;
}

/* Marsaglia's xorshift64: spreads load, keeps no secret. */
static uint64_t random_below(struct runner_host *host, uint64_t bound)
{
	host->random ^= host->random << 13;
	host->random ^= host->random >> 7;
	host->random ^= host->random << 17;
	return bound ? host->random % bound : 0;
}

static uint64_t jittered(struct runner_host *host, uint64_t interval_ns)
{
	uint64_t spread = interval_ns / 100 * JITTER_PERCENT;

	return interval_ns - spread + random_below(host, 2 * spread + 1);
}

static void wake_in(struct runner *runner, uint64_t delay_ns)
{
	struct timeval delay = {delay_ns / NS_PER_S, delay_ns % NS_PER_S / 1000};

	evtimer_add(runner->timer, &delay);
}

static bool judge(struct runner *runner)
{
	const struct config_health *parameters = &runner->parameters;

	if (runner->last.outcome == PROBE_UNKNOWN)
		return false;
	return check_result(&runner->check, runner->last.outcome == PROBE_SUCCESS, parameters->rise,
			    parameters->fall, clock_now_ns());
}

static void finish(struct runner *runner, const struct probe_result *result)
{
	uint64_t now_ns = precise_now_ns();

	runner->probe = NULL;
	runner->last = *result;
	runner->last_ms = (now_ns - runner->started_ns) / NS_PER_MS;
	histogram_add(&runner->host->durations[runner->parameters.type],
		      (now_ns - runner->started_ns) / 1000);
	wake_in(runner, runner->next_ns > now_ns ? runner->next_ns - now_ns : 0);
	/* Last: whoever hears the news may end this runner. */
	if (judge(runner))
		runner->host->changed(runner->host->context, runner->pool, runner->backend,
				      runner->check.state == CHECK_UP, runner->last.text);
}

static void on_done(void *context, const struct probe_result *result)
{
	finish(context, result);
}

static void begin(struct runner *runner)
{
	const struct probe_request request = {
		.address = &runner->address,
		.check = &runner->parameters,
		.done = on_done,
		.context = runner,
	};
	enum config_check type = runner->parameters.type;

	runner->started_ns = precise_now_ns();
	runner->next_ns = runner->started_ns +
			  jittered(runner->host, runner->parameters.interval_ms * NS_PER_MS);
	wake_in(runner, runner->parameters.timeout_ms * NS_PER_MS);
	runner->probe =
		probe_kinds[type]->start(runner->host->base, runner->host->shared[type], &request);
}

static void cancel(struct runner *runner)
{
	if (runner->probe)
		probe_kinds[runner->parameters.type]->cancel(runner->probe);
	runner->probe = NULL;
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct runner *runner = context;
	struct probe_result result = {.outcome = PROBE_FAILURE};

	if (!runner->probe) {
		begin(runner);
		return;
	}
	cancel(runner);
	snprintf(result.text, sizeof(result.text), "timed out after %u ms",
		 runner->parameters.timeout_ms);
	finish(runner, &result);
}

static void copy_parameters(struct runner *runner, const struct config_health *from)
{
	runner->parameters = *from;
	runner->parameters.path = from->path ? sl_strdup(from->path) : NULL;
	runner->parameters.host = from->host ? sl_strdup(from->host) : NULL;
}

static void free_parameters(struct runner *runner)
{
	free(runner->parameters.path);
	free(runner->parameters.host);
}

static void begin_anew(struct runner *runner)
{
	wake_in(runner,
		random_below(runner->host, config_first_check_ms(&runner->parameters) * NS_PER_MS));
}

struct runner *runner_new(struct runner_host *host, const struct config_pool *pool,
			  const struct config_backend *backend, enum check_state state)
{
	struct runner *runner = sl_calloc(1, sizeof(*runner));

	memcpy(runner->pool, pool->name, sizeof(runner->pool));
	memcpy(runner->backend, backend->name, sizeof(runner->backend));
	runner->address = backend->address;
	runner->host = host;
	copy_parameters(runner, &pool->check);
	check_init(&runner->check, state, clock_now_ns());
	strcpy(runner->last.text, "not checked yet");
	runner->timer = evtimer_new(host->base, on_timer, runner);
	if (!runner->timer)
		sl_out_of_memory();
	begin_anew(runner);
	return runner;
}

void runner_free(struct runner *runner)
{
	if (!runner)
		return;
	cancel(runner);
	event_free(runner->timer);
	free_parameters(runner);
	free(runner);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_parameters(const struct config_health *a, const struct config_health *b)
{
	return a->type == b->type && a->port == b->port && same_text(a->path, b->path) &&
	       same_text(a->host, b->host) && a->expect_first == b->expect_first &&
	       a->expect_last == b->expect_last && a->interval_ms == b->interval_ms &&
	       a->timeout_ms == b->timeout_ms && a->rise == b->rise && a->fall == b->fall;
}

void runner_change(struct runner *runner, const char backend[CONFIG_NAME_MAX],
		   const struct config_health *parameters)
{
	memcpy(runner->backend, backend, sizeof(runner->backend));
	if (same_parameters(&runner->parameters, parameters))
		return;
	cancel(runner);
	free_parameters(runner);
	copy_parameters(runner, parameters);
	begin_anew(runner);
}
