/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "balance/plan_draft.h"

#include "balance/maglev.h"
#include "balance/mix.h"
#include "base/memory.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* ---- matching ------------------------------------------------------------------------------------ */

/* Open addressing; ids by (service, address, forward). A service may have all 65535 backends. */
struct backend_index {
	uint32_t *ids; /* owned; DRAFT_NO_ID: empty */
	uint32_t mask;
};

static uint64_t backend_hash(uint32_t service, const struct address *address, uint8_t forward)
{
	return mix_address(mix(service, forward), address);
}

static void backend_index_init(struct backend_index *index, const struct world *world)
{
	uint32_t size = 2;

	while (size < 2 * world->size.backends)
		size *= 2;
	index->mask = size - 1;
	index->ids = sl_realloc_array(NULL, size, sizeof(*index->ids));
	memset(index->ids, 0xff, size * sizeof(*index->ids));
	for (uint32_t id = 0; id < world->size.backends; id++) {
		const struct backend_entry *backend = &world->backends[id];
		struct address address = world_backend_address(backend);
		uint32_t at;

		if (backend->state == BACKEND_FREE)
			continue;
		at = backend_hash(backend->service, &address, backend->forward) & index->mask;
		while (index->ids[at] != DRAFT_NO_ID)
			at = (at + 1) & index->mask;
		index->ids[at] = id;
	}
}

static uint32_t backend_index_find(const struct backend_index *index, const struct world *world,
				   uint32_t service, const struct target_backend *wanted)
{
	uint32_t at = backend_hash(service, &wanted->address, wanted->forward) & index->mask;

	for (; index->ids[at] != DRAFT_NO_ID; at = (at + 1) & index->mask) {
		const struct backend_entry *backend = &world->backends[index->ids[at]];
		struct address address = world_backend_address(backend);

		if (backend->service == service && backend->forward == wanted->forward &&
		    address_equal(&address, &wanted->address))
			return index->ids[at];
	}
	return DRAFT_NO_ID;
}

static int compare_placements(const void *a, const void *b)
{
	return vip_compare(&((const struct placement *)a)->vip,
			   &((const struct placement *)b)->vip);
}

struct vip draft_icmp_vip(const struct address *address)
{
	return (struct vip){
		.address = *address,
		.protocol = address->family == 6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP,
		.service = SERVICE_NONE,
	};
}

bool draft_is_ours(const struct placement *placement)
{
	return placement->target->mode != SERVICE_MODE_SHADOW;
}

static const struct vip *want_vip(struct draft *draft, const struct vip *wanted)
{
	const struct vip *found =
		world_find_vip(draft->world, &wanted->address, wanted->protocol, wanted->port_be);

	if (found)
		draft->vip_wanted[found - draft->world->vips] = true;
	return found;
}

static void match_service(struct draft *draft, struct placement *placement)
{
	struct vip icmp = draft_icmp_vip(&placement->vip.address);
	const struct vip *found = want_vip(draft, &placement->vip);

	if (draft_is_ours(placement))
		want_vip(draft, &icmp);
	placement->is_new =
		!found || !(draft->world->services[found->service].word & SERVICE_WORD_LIVE);
	placement->id = DRAFT_NO_ID;
	if (placement->is_new)
		return;
	placement->id = placement->vip.service = found->service;
	draft->service_wanted[found->service] = true;
}

static void match_backends(struct draft *draft, struct placement *placement,
			   const struct backend_index *index)
{
	const struct target_service *target = placement->target;

	for (size_t i = 0; i < target->n_backends; i++) {
		uint32_t id = DRAFT_NO_ID;

		if (!placement->is_new)
			id = backend_index_find(index, draft->world, placement->id,
						&target->backends[i]);
		placement->backends[i] = id;
		if (id == DRAFT_NO_ID)
			continue;
		draft->backend_wanted[id] = true;
		draft->state[id] = target->backends[i].state;
	}
}

/* What the target doesn't name: with its service it goes, without it lingers. */
static void dismiss_backends(struct draft *draft)
{
	for (uint32_t id = 0; id < draft->world->size.backends; id++) {
		const struct backend_entry *backend = &draft->world->backends[id];

		if (draft->backend_wanted[id] || backend->state == BACKEND_FREE)
			continue;
		if (backend->service >= draft->world->size.services ||
		    !draft->service_wanted[backend->service])
			draft->state[id] = BACKEND_FREE;
		else if (BACKEND_USABLE(backend->state))
			draft->state[id] = BACKEND_DRAINING;
		else
			draft->state[id] = backend->state;
	}
}

static size_t count_backends(const struct target *target)
{
	size_t count = 0;

	for (size_t i = 0; i < target->n_services; i++)
		count += target->services[i].n_backends;
	return count;
}

void draft_init(struct draft *draft, const struct world *world, const struct target *target,
		uint64_t now_ns)
{
	struct backend_index index;
	uint32_t *ids;

	*draft = (struct draft){
		.world = world,
		.target = target,
		.now_ns = now_ns,
		.placements = sl_calloc(target->n_services, sizeof(*draft->placements)),
		.ids = sl_calloc(count_backends(target), sizeof(*draft->ids)),
		.service_named = sl_calloc(world->size.services, sizeof(*draft->service_named)),
		.vip_wanted = sl_calloc(world->n_vips, sizeof(*draft->vip_wanted)),
		.service_wanted = sl_calloc(world->size.services, sizeof(*draft->service_wanted)),
		.backend_wanted = sl_calloc(world->size.backends, sizeof(*draft->backend_wanted)),
		.state = sl_calloc(world->size.backends, sizeof(*draft->state)),
		.next_service = SERVICE_NONE + 1,
	};
	for (size_t i = 0; i < world->n_vips; i++)
		draft->service_named[world->vips[i].service] = true;
	ids = draft->ids;
	for (size_t i = 0; i < target->n_services; i++) {
		const struct target_service *service = &target->services[i];

		draft->placements[i] = (struct placement){
			.target = service,
			.vip = {service->vip, service->port_be, service->protocol, SERVICE_NONE},
			.backends = ids,
		};
		ids += service->n_backends;
	}
	qsort(draft->placements, target->n_services, sizeof(*draft->placements),
	      compare_placements);
	backend_index_init(&index, world);
	for (size_t i = 0; i < target->n_services; i++) {
		match_service(draft, &draft->placements[i]);
		match_backends(draft, &draft->placements[i], &index);
	}
	free(index.ids);
	dismiss_backends(draft);
}

void draft_deinit(struct draft *draft)
{
	free(draft->placements);
	free(draft->ids);
	free(draft->service_named);
	free(draft->vip_wanted);
	free(draft->service_wanted);
	free(draft->backend_wanted);
	free(draft->state);
	free(draft->chunk_used);
	*draft = (struct draft){};
}

bool draft_usable(const void *context, __u16 backend)
{
	const struct draft *draft = context;

	return backend < draft->world->size.backends && BACKEND_USABLE(draft->state[backend]);
}

bool draft_comes_back(const struct draft *draft, uint32_t backend)
{
	return draft->world->backends[backend].state == BACKEND_DOWN &&
	       BACKEND_USABLE(draft->state[backend]);
}

/* ---- allocation ---------------------------------------------------------------------------------- */

static uint32_t allocate_service(struct draft *draft)
{
	const struct world *world = draft->world;

	for (; draft->next_service < world->size.services; draft->next_service++)
		if (!(world->services[draft->next_service].word & SERVICE_WORD_LIVE) &&
		    !world->service_hold[draft->next_service] &&
		    !draft->service_named[draft->next_service])
			return draft->next_service++;
	draft->missing.services++;
	return DRAFT_NO_ID;
}

static uint32_t allocate_backend(struct draft *draft)
{
	const struct world *world = draft->world;

	for (; draft->next_backend < world->size.backends; draft->next_backend++)
		if (world->backends[draft->next_backend].state == BACKEND_FREE &&
		    !world->backend_hold[draft->next_backend])
			return draft->next_backend++;
	draft->missing.backends++;
	return DRAFT_NO_ID;
}

static void find_used_chunks(struct draft *draft)
{
	const struct world *world = draft->world;

	draft->chunk_used = sl_calloc(world->size.chunks, 1);
	memcpy(draft->chunk_used, world->chunk_hold, world->size.chunks);
	for (uint32_t i = 0; i < world->size.services; i++) {
		uint64_t word = world->services[i].word;

		memset(&draft->chunk_used[SERVICE_WORD_CHUNK(word)], true,
		       service_word_chunks(word));
	}
}

/* First of `count` free chunks in a row that begin in [from, to). */
static uint32_t find_chunks(const struct draft *draft, uint32_t from, uint32_t to, uint32_t count)
{
	uint32_t free = 0;

	for (uint32_t i = from; i < draft->world->size.chunks && i - free < to; i++) {
		free = draft->chunk_used[i] ? 0 : free + 1;
		if (free == count)
			return i + 1 - count;
	}
	return DRAFT_NO_ID;
}

/* Goes on behind the last that it gave out, so that a plan with many services stays linear. */
static uint32_t allocate_chunks(struct draft *draft, uint32_t count)
{
	uint32_t first;

	if (!draft->chunk_used)
		find_used_chunks(draft);
	first = find_chunks(draft, draft->next_chunk, draft->world->size.chunks, count);
	if (first == DRAFT_NO_ID)
		first = find_chunks(draft, 0, draft->next_chunk, count);
	if (first == DRAFT_NO_ID) {
		draft->missing.chunks += count;
		return first;
	}
	memset(&draft->chunk_used[first], true, count);
	draft->next_chunk = first + count;
	return first;
}

static void allocate_table(struct draft *draft, struct placement *placement)
{
	const struct target_service *target = placement->target;
	uint32_t log2 = maglev_log2(target->n_backends), chunk;
	uint64_t word = 0;

	if (!placement->is_new)
		word = draft->world->services[placement->id].word;
	if (!placement->is_new && SERVICE_WORD_LOG2(word) >= log2) {
		log2 = SERVICE_WORD_LOG2(word);
		chunk = SERVICE_WORD_CHUNK(word);
	} else {
		chunk = allocate_chunks(draft, (1u << log2) / SLOTS_PER_CHUNK);
	}
	placement->word = SERVICE_WORD(chunk, log2, target->algorithm, target->when_empty,
				       target->tracking, target->source_bits);
	if (target->mode == SERVICE_MODE_SHADOW)
		placement->word |= SERVICE_WORD_SHADOW;
}

static void allocate(struct draft *draft, struct placement *placement)
{
	const struct target_service *target = placement->target;

	if (placement->is_new)
		placement->id = placement->vip.service = allocate_service(draft);
	for (size_t i = 0; i < target->n_backends; i++) {
		if (placement->backends[i] != DRAFT_NO_ID)
			continue;
		placement->backends[i] = allocate_backend(draft);
		if (placement->backends[i] != DRAFT_NO_ID)
			draft->state[placement->backends[i]] = target->backends[i].state;
	}
	allocate_table(draft, placement);
}

static int report(struct sl_errors *errors, const char *where, uint32_t missing, uint32_t there)
{
	if (!missing)
		return 0;
	return sl_fail(
		errors, ENOSPC, where,
		"%u more would be needed than are free of the %u there are (those given back "
		"are free again when no packet and no flow names them)",
		missing, there);
}

int draft_allocate(struct draft *draft, struct sl_errors *errors)
{
	const struct world_size *size = &draft->world->size, *missing = &draft->missing;
	int services, backends, slots;

	for (size_t i = 0; i < draft->target->n_services; i++)
		allocate(draft, &draft->placements[i]);
	services = report(errors, "capacity.services", missing->services, size->services - 1);
	backends = report(errors, "capacity.backends", missing->backends, size->backends);
	slots = report(errors, "capacity.slots", missing->chunks * SLOTS_PER_CHUNK,
		       size->chunks * SLOTS_PER_CHUNK);
	return services ? services : backends ? backends : slots;
}
