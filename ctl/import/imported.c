/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/imported.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_CHARACTERS 63
#define WEIGHT_MAX	    1000
#define INTERVAL_MIN_MS	    100
#define TIMEOUT_MIN_MS	    10
#define TIME_MAX_MS	    3600000
#define COUNT_MAX	    100
#define PATH_MAX_CHARACTERS 1024
#define HOST_MAX_CHARACTERS 255

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

void imported_deinit(struct imported *imported)
{
	arena_deinit(&imported->arena);
}

int import_fail(struct import_error *error, unsigned line, const char *format, ...)
{
	va_list args;

	error->line = line;
	va_start(args, format);
	vsnprintf(error->what, sizeof(error->what), format, args);
	va_end(args);
	for (char *at = error->what; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
	return -1;
}

static void change(struct imported *imported, const struct statement *statement, const char *why)
{
	if (statement)
		source_change(&imported->arena, &imported->notes, statement, NULL, why);
}

/* ---- names --------------------------------------------------------------------------------------------- */

struct taken_name {
	char name[NAME_MAX_CHARACTERS + 1];
	unsigned next; /* the number of the next one that wants it */
};

static struct taken_name *take_name(struct imported *imported, struct map *map, const char *name)
{
	void **place = map_at(&imported->arena, map, name);
	struct taken_name *taken;

	if (*place)
		return NULL;
	*place = taken = arena_alloc(&imported->arena, sizeof(*taken));
	taken->next = 2;
	strcpy(taken->name, name);
	return taken;
}

/* Letters that sluice takes, and none that the map has; `map` gets it. */
static const char *make_name(struct imported *imported, struct map *map, const char *wanted)
{
	char base[NAME_MAX_CHARACTERS + 1], name[NAME_MAX_CHARACTERS + 1];
	struct taken_name *taken, *first;

	snprintf(base, sizeof(base), "%s", wanted[0] ? wanted : "unnamed");
	for (char *at = base; *at; at++)
		if (!strchr(LETTERS "_.:-", *at))
			*at = '-';
	taken = take_name(imported, map, base);
	if (taken)
		return taken->name;
	first = *map_at(&imported->arena, map, base);
	do
		snprintf(name, sizeof(name), "%.50s-%u", base, first->next++);
	while (!(taken = take_name(imported, map, name)));
	return taken->name;
}

/* ---- backends ------------------------------------------------------------------------------------------ */

const char *imported_add_backend(struct imported *imported, struct imported_pool *pool,
				 const struct imported_backend *backend)
{
	struct arena *arena = &imported->arena;
	const char *flaw = host_flaw(&backend->host);
	char text[HOST_TEXT_MAX];
	void **twin;

	if (flaw)
		return flaw;
	if (pool->n_backends == IMPORT_BACKENDS_MAX)
		return "the pool has 65535 backends, and there is no room for more";
	twin = map_at(arena, &pool->addresses, host_text(&backend->host, text));
	if (*twin)
		return "a host is one backend: another one here has its address";
	*twin = pool;
	pool->backends =
		arena_extend(arena, pool->backends, pool->n_backends, sizeof(*pool->backends));
	pool->backends[pool->n_backends] = *backend;
	pool->backends[pool->n_backends++].name =
		make_name(imported, &pool->names, backend->name ? backend->name : text);
	return NULL;
}

/* Relative weights stay what they are; sluice's largest is 1000. */
static void fit_weights(struct imported *imported, struct imported_pool *pool)
{
	unsigned largest = 0;

	for (size_t i = 0; i < pool->n_backends; i++)
		if (pool->backends[i].weight > largest)
			largest = pool->backends[i].weight;
	if (largest <= WEIGHT_MAX)
		return;
	for (size_t i = 0; i < pool->n_backends; i++) {
		struct imported_backend *backend = &pool->backends[i];
		uint64_t weight = (uint64_t)backend->weight * WEIGHT_MAX / largest;

		backend->weight = backend->weight && !weight ? 1 : weight;
		change(imported, backend->statement,
		       "all weights of the pool are scaled: the largest in sluice is 1000");
	}
}

/* ---- checks -------------------------------------------------------------------------------------------- */

static uint64_t clamp(uint64_t value, uint64_t least, uint64_t most)
{
	return !value ? 0 : value < least ? least : value > most ? most : value;
}

static void fit_times(struct imported *imported, struct imported_check *check)
{
	const struct imported_check before = *check;
	uint64_t longest;

	check->interval_ms = clamp(check->interval_ms, INTERVAL_MIN_MS, TIME_MAX_MS);
	longest = check->interval_ms ? check->interval_ms : 2000;
	check->timeout_ms = clamp(check->timeout_ms, TIMEOUT_MIN_MS, longest);
	if (check->interval_ms != before.interval_ms)
		change(imported, check->statement, "the interval of checks is 100ms to 1h");
	if (check->timeout_ms != before.timeout_ms)
		change(imported, check->statement,
		       "the time-out of a check is 10ms at least and at most its interval");
}

static bool is_path(const char *text)
{
	if (text[0] != '/' || strlen(text) > PATH_MAX_CHARACTERS || strchr(text, '#'))
		return false;
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

static bool is_host(const char *text)
{
	return text[0] && strlen(text) <= HOST_MAX_CHARACTERS &&
	       !text[strspn(text, LETTERS "_.:-[]")];
}

static void fit_check(struct imported *imported, struct imported_check *check, unsigned port)
{
	if (!check->port)
		check->port = port;
	if (check->type != IMPORT_CHECK_NONE && !check->port) {
		change(imported, check->statement, "no check: for all ports, it must say one");
		check->type = IMPORT_CHECK_NONE;
	}
	if (check->type == IMPORT_CHECK_NONE) {
		*check = (struct imported_check){0};
		return;
	}
	fit_times(imported, check);
	if (check->rise > COUNT_MAX || check->fall > COUNT_MAX)
		change(imported, check->statement, "a check rises and falls within 100 tries");
	check->rise = clamp(check->rise, 1, COUNT_MAX);
	check->fall = clamp(check->fall, 1, COUNT_MAX);
	if (check->path && !is_path(check->path)) {
		change(imported, check->statement, "checks ask for /: this is no URL's path");
		check->path = NULL;
	}
	if (check->host && !is_host(check->host)) {
		change(imported, check->statement, "checks send the backend's address as host");
		check->host = NULL;
	}
}

/* ---- pools --------------------------------------------------------------------------------------------- */

static const char *contents(struct imported *imported, const struct imported_pool *pool)
{
	const struct imported_check *check = &pool->check;
	struct arena *arena = &imported->arena;
	char *text;
	size_t size, room = pool->n_backends * (HOST_TEXT_MAX + NAME_MAX_CHARACTERS + 16) + 1;
	const char *head = arena_printf(arena, "%d %u %s %s %u-%u %lu %lu %u %u;", check->type,
					check->port, check->path ? check->path : "",
					check->host ? check->host : "", check->expect_first,
					check->expect_last, (unsigned long)check->interval_ms,
					(unsigned long)check->timeout_ms, check->rise, check->fall);

	size = strlen(head);
	text = arena_alloc(arena, size + room);
	memcpy(text, head, size);
	for (size_t i = 0; i < pool->n_backends; i++) {
		const struct imported_backend *backend = &pool->backends[i];
		char host[HOST_TEXT_MAX];

		size += sprintf(text + size, "%s %s %u;", backend->name,
				host_text(&backend->host, host), backend->weight);
	}
	return text;
}

/* The pool as the service needs it; an equal one that is there already, if there is one. */
static const struct imported_pool *share_pool(struct imported *imported,
					      const struct imported_pool *draft, unsigned port)
{
	struct arena *arena = &imported->arena;
	struct imported_pool *pool = arena_alloc(arena, sizeof(*pool));
	void **equal;

	*pool = *draft;
	pool->backends = arena_alloc(arena, draft->n_backends * sizeof(*pool->backends));
	if (draft->n_backends)
		memcpy(pool->backends, draft->backends,
		       draft->n_backends * sizeof(*pool->backends));
	fit_weights(imported, pool);
	fit_check(imported, &pool->check, port);
	equal = map_at(arena, &imported->contents, contents(imported, pool));
	if (*equal)
		return *equal;
	*equal = pool;
	pool->name = make_name(imported, &imported->pool_names, draft->name);
	imported->pools =
		arena_extend(arena, imported->pools, imported->n_pools, sizeof(*imported->pools));
	imported->pools[imported->n_pools++] = pool;
	return pool;
}

/* ---- services ------------------------------------------------------------------------------------------ */

static const char *service_flaw(struct imported *imported, const struct imported_service *service,
				const struct imported_pool *pool)
{
	const char *flaw = host_flaw(&service->vip);
	char vip[HOST_TEXT_MAX];
	void **twin;

	if (flaw)
		return flaw;
	if (imported->n_services == IMPORT_SERVICES_MAX)
		return "32767 services are before it, and there is no room for more";
	if (imported->n_backends + pool->n_backends > IMPORT_BACKENDS_MAX)
		return "the services before it have 65535 backends, and there is no room for more";
	twin = map_at(&imported->arena, &imported->keys,
		      arena_printf(&imported->arena, "%s %d %u", host_text(&service->vip, vip),
				   service->udp, service->port));
	if (*twin)
		return "a service before it has this address, protocol and port";
	*twin = imported;
	return NULL;
}

static void check_backends(struct imported *imported, struct imported_service *service,
			   const struct imported_pool *pool)
{
	bool l2 = !strcmp(service->forward, "l2");

	for (size_t i = 0; i < pool->n_backends; i++) {
		const struct imported_backend *backend = &pool->backends[i];

		if (backend->port && service->port && backend->port != service->port)
			change(imported, backend->statement,
			       "ports are not translated: it must listen on the service's port");
		if (l2 && backend->host.family != service->vip.family) {
			service->forward = "ipip";
			change(imported, backend->statement,
			       "forwarded by ipip: l2 needs backends of the VIP's family");
		}
	}
}

const char *imported_add_service(struct imported *imported, const struct imported_service *service,
				 const struct imported_pool *pool)
{
	const char *flaw = service_flaw(imported, service, pool);
	struct imported_service *added;

	if (flaw)
		return flaw;
	imported->services = arena_extend(&imported->arena, imported->services,
					  imported->n_services, sizeof(*imported->services));
	added = &imported->services[imported->n_services++];
	*added = *service;
	added->name = make_name(imported, &imported->service_names, service->name);
	check_backends(imported, added, pool);
	added->pool = share_pool(imported, pool, service->port);
	imported->n_backends += pool->n_backends;
	return NULL;
}
