// SPDX-License-Identifier: GPL-2.0-or-later
#include "worker/last_health.h"

#include <stdlib.h>
#include <string.h>

#define SIGN_POOL    "" /* no pool has this name */
#define SIGN_BACKEND "sign of life"

struct last_health last_health_sign(uint64_t now_ms)
{
	return (struct last_health){
		.pool = SIGN_POOL, .backend = SIGN_BACKEND, .up = true, .since_ms = now_ms};
}

struct last_health last_health_of(const char *pool, const struct address *address, bool up,
				  const char *why, uint64_t now_ms)
{
	struct last_health health = {.up = up, .since_ms = now_ms};
	char text[ADDRESS_TEXT_MAX];

	record_set(health.pool, pool);
	record_set(health.backend, address_format(address, text));
	record_set(health.reason, why);
	return health;
}

/* The store lists them by pool and backend. */
static int compare(const void *a, const void *b)
{
	const struct last_health *x = a, *y = b;
	int order = strcmp(x->pool, y->pool);

	return order ? order : strcmp(x->backend, y->backend);
}

static const struct last_health *find(const struct recall *recall, const struct last_health *wanted)
{
	if (!recall->n_health)
		return NULL;
	return bsearch(wanted, recall->health, recall->n_health, sizeof(*wanted), compare);
}

bool last_health_is_fresh(const struct recall *recall, uint64_t now_ms)
{
	struct last_health wanted = last_health_sign(now_ms);
	const struct last_health *sign = find(recall, &wanted);

	return sign && sign->since_ms <= now_ms && now_ms - sign->since_ms <= LAST_HEALTH_AGE_MS;
}

int last_health_find(const struct recall *recall, const char *pool, const struct address *address)
{
	struct last_health wanted = last_health_of(pool, address, false, NULL, 0);
	const struct last_health *found = find(recall, &wanted);

	if (!found)
		return MEMORY_UNKNOWN;
	return found->up ? MEMORY_UP : MEMORY_DOWN;
}
