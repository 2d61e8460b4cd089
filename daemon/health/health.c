/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health/health.h"

#include "base/memory.h"
#include "health/probe.h"
#include "health/runner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Runners sorted by pool, then backend. */
struct runner_set {
	struct runner **list; /* owned, as are the runners */
	size_t count;
};

struct health {
	struct runner_host host;
	struct runner_set runners;
	health_recall_fn *recall;
};

static int open_kinds(struct health *health, struct sl_errors *errors)
{
	for (size_t i = 0; i < CONFIG_CHECK_COUNT; i++) {
		const struct probe_kind *kind = probe_kinds[i];
		int error = 0;

		if (kind && kind->open)
			error = kind->open(health->host.base, &health->host.shared[i], errors);
		if (error)
			return error;
	}
	return 0;
}

static void close_kinds(struct health *health)
{
	for (size_t i = 0; i < CONFIG_CHECK_COUNT; i++)
		if (health->host.shared[i])
			probe_kinds[i]->close(health->host.shared[i]);
}

int health_new(struct event_base *base, health_changed_fn *changed, health_recall_fn *recall,
	       void *context, struct health **ret_health, struct sl_errors *errors)
{
	struct health *health = sl_calloc(1, sizeof(*health));
	uint64_t seed = 0;
	int error;

	/* Short of entropy, at an early boot, the address of the heap does: it is only jitter. */
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
		seed = (uintptr_t)health;
	health->recall = recall;
	health->host = (struct runner_host){
		.base = base, .random = seed | 1, .changed = changed, .context = context};
	error = open_kinds(health, errors);
	if (error) {
		health_free(health);
		return error;
	}
	*ret_health = health;
	return 0;
}

void health_free(struct health *health)
{
	if (!health)
		return;
	for (size_t i = 0; i < health->runners.count; i++)
		runner_free(health->runners.list[i]);
	free(health->runners.list);
	close_kinds(health);
	free(health);
}

struct runner_name {
	const char *pool;
	const char *backend;
};

static int compare_name(const void *key, const void *element)
{
	const struct runner_name *name = key;
	const struct runner *runner = *(struct runner *const *)element;
	int order = strcmp(name->pool, runner->pool);

	return order ? order : strcmp(name->backend, runner->backend);
}

static int compare_runners(const void *a, const void *b)
{
	const struct runner *runner = *(struct runner *const *)a;

	return compare_name(&(struct runner_name){runner->pool, runner->backend}, b);
}

static struct runner **find(const struct runner_set *set, const char *pool, const char *backend)
{
	struct runner_name name = {pool, backend};

	if (!set->count)
		return NULL;
	return bsearch(&name, set->list, set->count, sizeof(*set->list), compare_name);
}

/* Before names: a backend is its pool and its address. */
static int compare_backends(const void *a, const void *b)
{
	const struct runner *x = *(struct runner *const *)a, *y = *(struct runner *const *)b;
	int order = strcmp(x->pool, y->pool);

	return order ? order : address_compare(&x->address, &y->address);
}

/* The runner for this backend: the one from before, whatever its name was, or a new one. */
static struct runner *follow_backend(struct health *health, const struct runner_set *before,
				     const struct config_pool *pool,
				     const struct config_backend *backend)
{
	struct runner wanted = {.address = backend->address}, *key = &wanted, **found = NULL;

	memcpy(wanted.pool, pool->name, sizeof(wanted.pool));
	if (before->count)
		found = bsearch(&key, before->list, before->count, sizeof(key), compare_backends);
	if (!found)
		return runner_new(&health->host, pool, backend,
				  health->recall(health->host.context, pool->name, backend->name));
	runner_change(*found, backend->name, &pool->check);
	return *found;
}

static size_t count_backends(const struct config *config)
{
	size_t count = 0;

	for (size_t i = 0; i < config->n_pools; i++)
		count += config->pools[i].n_backends;
	return count;
}

static struct runner_set follow_pools(struct health *health, const struct runner_set *before,
				      const struct config *config)
{
	struct runner_set set = {sl_calloc(count_backends(config), sizeof(*set.list)), 0};

	for (size_t i = 0; i < config->n_pools; i++) {
		const struct config_pool *pool = &config->pools[i];

		if (!probe_kinds[pool->check.type])
			continue;
		for (size_t j = 0; j < pool->n_backends; j++)
			set.list[set.count++] =
				follow_backend(health, before, pool, &pool->backends[j]);
	}
	qsort(set.list, set.count, sizeof(*set.list), compare_runners);
	return set;
}

void health_follow(struct health *health, const struct config *config)
{
	struct runner_set before = health->runners;

	if (before.count)
		qsort(before.list, before.count, sizeof(*before.list), compare_backends);
	health->runners = follow_pools(health, &before, config);
	for (size_t i = 0; i < before.count; i++) {
		struct runner *runner = before.list[i];
		struct runner **now = find(&health->runners, runner->pool, runner->backend);

		if (!now || *now != runner)
			runner_free(runner);
	}
	free(before.list);
}

bool health_view(const struct health *health, const char *pool, const char *backend,
		 struct health_view *ret_view)
{
	struct runner **found = find(&health->runners, pool, backend);

	if (!found)
		return false;
	*ret_view = (struct health_view){.check = &(*found)->check,
					 .last = (*found)->last.text,
					 .last_ms = (*found)->last_ms};
	return true;
}

const struct histogram *health_durations(const struct health *health, enum config_check type)
{
	return &health->host.durations[type];
}
