/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "balance/usage.h"

static const char *const words[] = {
#define X(name, word) word,
	USAGE_TABLES(X)
#undef X
};

const char *usage_word(enum usage_table table)
{
	return words[table];
}

/* Id 0 is never given out, of services as of interfaces that packets leave by. */
static struct usage services(const struct world *world)
{
	struct usage usage = {.capacity = world->size.services - 1};

	for (uint32_t i = 1; i < world->size.services; i++)
		usage.used += world->services[i].word & SERVICE_WORD_LIVE || world->service_hold[i];
	return usage;
}

static struct usage backends(const struct world *world)
{
	struct usage usage = {.capacity = world->size.backends};

	for (uint32_t i = 0; i < world->size.backends; i++)
		usage.used += world->backends[i].state != BACKEND_FREE || world->backend_hold[i];
	return usage;
}

static struct usage slots(const struct world *world)
{
	struct usage usage = {.capacity = (uint64_t)world->size.chunks * SLOTS_PER_CHUNK};

	for (uint32_t i = 1; i < world->size.services; i++)
		usage.used +=
			(uint64_t)service_word_chunks(world->services[i].word) * SLOTS_PER_CHUNK;
	for (uint32_t i = 0; i < world->size.chunks; i++)
		usage.used += world->chunk_hold[i] ? SLOTS_PER_CHUNK : 0;
	return usage;
}

static struct usage egress(const struct world *world)
{
	struct usage usage = {.capacity = EGRESS_MAX - 1};

	for (uint32_t i = 1; i < EGRESS_MAX; i++)
		usage.used += world->egress[i].ifindex != 0;
	return usage;
}

void usage_of(const struct world *world, struct usage ret_usage[USAGE_COUNT])
{
	ret_usage[USAGE_SERVICES] = services(world);
	ret_usage[USAGE_BACKENDS] = backends(world);
	ret_usage[USAGE_SLOTS] = slots(world);
	ret_usage[USAGE_EGRESS] = egress(world);
}
