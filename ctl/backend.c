/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * drain, enable, disable, weight: the operator's word on one backend.
 */
#include "duration.h"
#include "fail.h"
#include "http.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Whole scans that must begin after a change before their counts speak of it. */
#define SCANS 2

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

static long long number(const json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

/* Splits "POOL/BACKEND" into a path, each part escaped. NULL: it isn't that. */
static char *backend_path(const char *name)
{
	const char *slash = strchr(name, '/');
	_free_ char *pool = NULL, *pool_escaped = NULL, *backend = NULL;

	if (!slash || slash == name || !slash[1] || strchr(slash + 1, '/'))
		return NULL;
	pool = text_printf("%.*s", (int)(slash - name), name);
	pool_escaped = http_escape(pool);
	backend = http_escape(slash + 1);
	return text_printf("%s/%s/%s", SLUICE_PATH_BACKENDS, pool_escaped, backend);
}

/* The members that go with each word, as JSON. Caller frees. */
static char *body_of(const struct invocation *invocation, const char *name, json_t *value)
{
	const char *end = invocation->values[OPTION_NUMBER_FOR];
	const char *reason = invocation->values[OPTION_NUMBER_MESSAGE];
	json_t *object = json_pack("{s:o}", name, value);
	char *text;

	if (end)
		json_object_set_new(object, "for", json_string(end));
	if (reason)
		json_object_set_new(object, "reason", json_string(reason));
	text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	return text;
}

static int check_for(const struct invocation *invocation)
{
	const char *end = invocation->values[OPTION_NUMBER_FOR];
	uint64_t ms;

	if (end && (!duration_parse(end, &ms) || ms < 1000))
		return fail(SLUICE_EXIT_USAGE, "\"%s\" is not a time like 30s, 5m or 24h", end);
	return SLUICE_EXIT_OK;
}

/* What only memory holds, while the store can't. */
static void print_warning(const json_t *object)
{
	const char *warning = json_string_value(json_object_get(object, "warning"));

	if (warning)
		printf("warning: %s\n", warning);
}

static int change(const struct invocation *invocation, const char *body, json_t **ret_object)
{
	const char *name = invocation->arguments[0];
	_free_ char *path = backend_path(name);
	const struct http_request request = {
		.method = "POST",
		.path = path,
		.body = body,
		.size = body ? strlen(body) : 0,
	};

	if (!path)
		return fail(SLUICE_EXIT_USAGE,
			    "\"%s\" is not POOL/BACKEND; see sluicectl show backends", name);
	if (check_for(invocation))
		return SLUICE_EXIT_USAGE;
	if (!body)
		return fail(SLUICE_EXIT_USAGE, "the message is no UTF-8");
	return http_json(invocation, &request, ret_object);
}

/* ---- waiting ------------------------------------------------------------------------------------------- */

struct drain {
	long long scans; /* of the daemon when the wait began; -1: not known yet */
	long long slots, moving, flows;
	bool over;
};

static bool is_it(const json_t *backend, const char *name)
{
	const char *pool = json_string_value(json_object_get(backend, "pool"));
	const char *own = json_string_value(json_object_get(backend, "name"));
	size_t size = pool ? strlen(pool) : 0;

	return pool && own && !strncmp(name, pool, size) && name[size] == '/' &&
	       !strcmp(name + size + 1, own);
}

static int look(const struct invocation *invocation, struct drain *drain)
{
	json_t *object, *backend;
	int status = http_get(invocation, SLUICE_PATH_BACKENDS, &object);
	size_t i;

	if (status)
		return status;
	if (drain->scans < 0)
		drain->scans = number(object, "scans");
	status = SLUICE_EXIT_NOT_FOUND;
	json_array_foreach(json_object_get(object, "backends"), i, backend)
	{
		if (!is_it(backend, invocation->arguments[0]))
			continue;
		status = SLUICE_EXIT_OK;
		drain->slots = number(backend, "slots");
		drain->moving = number(backend, "slots_moving");
		drain->flows = number(backend, "flow_records");
		drain->over = !drain->slots && !drain->moving && !drain->flows &&
			      number(object, "scans") >= drain->scans + SCANS;
	}
	json_decref(object);
	if (status)
		fail(status, "backend %s is gone", invocation->arguments[0]);
	return status;
}

static void print_progress(const struct drain *drain, bool last)
{
	if (!isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r\033[K%lld slots, %lld moving, %lld flow records%s", drain->slots,
		drain->moving, drain->flows, last ? "\n" : "");
}

/* Each request has its own time; --timeout is that of the whole. */
static int wait_drained(const struct invocation *invocation)
{
	struct invocation each = *invocation;
	struct drain drain = {.scans = -1};
	uint64_t begun_ms = now_ms();
	const struct timespec pause = {.tv_nsec = 500000000};
	int status;

	each.timeout_ms = 0;
	for (;;) {
		bool late = invocation->timeout_ms && now_ms() - begun_ms >= invocation->timeout_ms;

		status = look(&each, &drain);
		print_progress(&drain, status || drain.over || late);
		if (status || drain.over)
			return status;
		if (late)
			return fail(SLUICE_EXIT_TIMED_OUT,
				    "%s still has %lld slots, %lld moving, %lld flow records; it "
				    "goes on draining",
				    invocation->arguments[0], drain.slots, drain.moving,
				    drain.flows);
		nanosleep(&pause, NULL);
	}
}

/* ---- commands ------------------------------------------------------------------------------------------ */

static int set_admin(const struct invocation *invocation, const char *admin, const char *done)
{
	_free_ char *body = body_of(invocation, "admin", json_string(admin));
	struct invocation request = *invocation;
	json_t *object;
	int status;

	if (invocation->given & OPTION_WAIT)
		request.timeout_ms = 0;
	status = change(&request, body, &object);
	if (status)
		return status;
	if (invocation->given & OPTION_WAIT)
		status = wait_drained(invocation);
	if (!invocation->json)
		print_warning(object);
	if (invocation->json)
		table_print_json(object);
	else if (!status)
		printf("%s: %s\n", invocation->arguments[0],
		       invocation->given & OPTION_WAIT ? "no flow is left" : done);
	json_decref(object);
	return status;
}

int run_drain(const struct invocation *invocation)
{
	return set_admin(invocation, "drain", "gets no new flows");
}

int run_enable(const struct invocation *invocation)
{
	return set_admin(invocation, "ready", "enabled; its check decides");
}

int run_disable(const struct invocation *invocation)
{
	return set_admin(invocation, "disabled", "gets no packets");
}

int run_weight(const struct invocation *invocation)
{
	const char *weight = invocation->arguments[1];
	bool is_default = !strcmp(weight, "default");
	_free_ char *body = NULL;
	json_t *object;
	int status;

	if (!is_default && (!weight[0] || strspn(weight, "0123456789") != strlen(weight) ||
			    strlen(weight) > 4 || atoi(weight) > 1000))
		return fail(SLUICE_EXIT_USAGE, "\"%s\" is not a weight (0 to 1000, or \"default\")",
			    weight);
	body = body_of(invocation, "weight", is_default ? json_null() : json_integer(atoi(weight)));
	status = change(invocation, body, &object);
	if (status)
		return status;
	if (!invocation->json)
		print_warning(object);
	if (invocation->json)
		table_print_json(object);
	else
		printf("%s: weight %lld\n", invocation->arguments[0],
		       number(json_object_get(object, "backend"), "weight"));
	json_decref(object);
	return SLUICE_EXIT_OK;
}
