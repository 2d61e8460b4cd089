/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "balance/world.h"

#include "balance/mix.h"
#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void world_init(struct world *world, struct world_size size)
{
	size_t slots = (size_t)size.chunks * SLOTS_PER_CHUNK;

	*world = (struct world){
		.size = size,
		.services = sl_calloc(size.services, sizeof(*world->services)),
		.backends = sl_calloc(size.backends, sizeof(*world->backends)),
		.slots = sl_calloc(slots, sizeof(*world->slots)),
		.notes = sl_calloc(size.services, sizeof(*world->notes)),
		.slot_since = sl_calloc(slots, sizeof(*world->slot_since)),
		.backend_since = sl_calloc(size.backends, sizeof(*world->backend_since)),
		.service_hold = sl_calloc(size.services, sizeof(*world->service_hold)),
		.backend_hold = sl_calloc(size.backends, sizeof(*world->backend_hold)),
		.chunk_hold = sl_calloc(size.chunks, sizeof(*world->chunk_hold)),
	};
}

void world_deinit(struct world *world)
{
	free(world->services);
	free(world->backends);
	free(world->slots);
	free(world->vips);
	free(world->notes);
	free(world->slot_since);
	free(world->backend_since);
	free(world->service_hold);
	free(world->backend_hold);
	free(world->chunk_hold);
	*world = (struct world){};
}

/* ---- VIPs ---------------------------------------------------------------------------------------- */

int vip_compare(const struct vip *a, const struct vip *b)
{
	int order;

	if (a->address.family != b->address.family)
		return a->address.family < b->address.family ? -1 : 1;
	order = memcmp(a->address.word_be, b->address.word_be, sizeof(a->address.word_be));
	if (order)
		return order;
	if (a->protocol != b->protocol)
		return a->protocol < b->protocol ? -1 : 1;
	return memcmp(&a->port_be, &b->port_be, sizeof(a->port_be));
}

/* Where the VIP is, or would be inserted. */
static size_t vip_place(const struct world *world, const struct vip *key, bool *ret_found)
{
	size_t low = 0, high = world->n_vips;

	*ret_found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = vip_compare(key, &world->vips[middle]);

		if (!order) {
			*ret_found = true;
			return middle;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

const struct vip *world_find_vip(const struct world *world, const struct address *address,
				 __u8 protocol, __be16 port_be)
{
	struct vip key = {.address = *address, .port_be = port_be, .protocol = protocol};
	bool found;
	size_t at = vip_place(world, &key, &found);

	return found ? &world->vips[at] : NULL;
}

static void vip_insert(struct world *world, size_t at, const struct vip *vip)
{
	/* Room for the next power of two. */
	if (!(world->n_vips & (world->n_vips - 1)))
		world->vips = sl_realloc_array(world->vips, world->n_vips ? 2 * world->n_vips : 1,
					       sizeof(*world->vips));
	memmove(&world->vips[at + 1], &world->vips[at],
		(world->n_vips - at) * sizeof(*world->vips));
	world->vips[at] = *vip;
	world->n_vips++;
}

static void vip_remove(struct world *world, size_t at)
{
	world->n_vips--;
	memmove(&world->vips[at], &world->vips[at + 1],
		(world->n_vips - at) * sizeof(*world->vips));
}

static void apply_vip(struct world *world, const struct vip *before, const struct vip *after)
{
	const struct vip *key = after->address.family ? after : before;
	bool found;
	size_t at = vip_place(world, key, &found);

	assert(found == (before->address.family != 0));
	assert(!found || world->vips[at].service == before->service);
	/* Packets may have read the old number. */
	if (found && before->service != SERVICE_NONE &&
	    !(world->services[before->service].word & SERVICE_WORD_LIVE))
		world->service_hold[before->service] |= HOLD_GRACE;
	if (found && after->address.family)
		world->vips[at] = *after;
	else if (found)
		vip_remove(world, at);
	else
		vip_insert(world, at, after);
}

/* ---- what becomes free, and what is taken -------------------------------------------------------- */

static void hold_chunks(struct world *world, uint64_t word, uint8_t hold)
{
	uint32_t count = service_word_chunks(word);

	memset(&world->chunk_hold[SERVICE_WORD_CHUNK(word)], hold, count);
}

/* A scan that began before now may have missed a record that a packet wrote by this word. */
static void no_longer_named(struct world *world, __u32 slot_word, uint64_t now_ns)
{
	if (SLOT_CURRENT(slot_word) < world->size.backends)
		world->backend_since[SLOT_CURRENT(slot_word)] = WORLD_SINCE(now_ns);
	if (SLOT_ORIGIN(slot_word) < world->size.backends)
		world->backend_since[SLOT_ORIGIN(slot_word)] = WORLD_SINCE(now_ns);
}

static void apply_service_word(struct world *world, uint32_t id, uint64_t after, uint64_t now_ns)
{
	uint64_t before = world->services[id].word;
	uint32_t first = SERVICE_WORD_CHUNK(before) * SLOTS_PER_CHUNK;
	bool other_table = SERVICE_WORD_CHUNK(before) != SERVICE_WORD_CHUNK(after) ||
			   service_word_chunks(before) != service_word_chunks(after);

	world->services[id].word = after;
	if (other_table) {
		for (uint32_t i = 0; i < service_word_chunks(before) * SLOTS_PER_CHUNK; i++)
			no_longer_named(world, world->slots[first + i], now_ns);
		hold_chunks(world, before, HOLD_GRACE);
	}
	if (after & SERVICE_WORD_LIVE) {
		hold_chunks(world, after, 0);
		world->service_hold[id] = 0;
	} else if (before & SERVICE_WORD_LIVE) {
		world->service_hold[id] = HOLD_GRACE;
	}
}

static void apply_backend(struct world *world, uint32_t id, const struct backend_entry *after,
			  uint64_t now_ns)
{
	bool was_free = world->backends[id].state == BACKEND_FREE;

	world->backends[id] = *after;
	world->backend_since[id] = WORLD_SINCE(now_ns);
	if (after->state != BACKEND_FREE)
		world->backend_hold[id] = 0;
	else if (!was_free)
		world->backend_hold[id] = HOLD_GRACE | HOLD_SCAN;
}

static void apply_slot(struct world *world, uint32_t slot, __u32 word, uint64_t now_ns)
{
	if (SLOT_ORIGIN(word) != SLOT_CURRENT(word))
		world->slot_since[slot] = WORLD_SINCE(now_ns);
	world->slots[slot] = word;
}

static void apply_chunk(struct world *world, uint32_t chunk, const struct slot_chunk *after,
			uint64_t now_ns)
{
	for (uint32_t i = 0; i < SLOTS_PER_CHUNK; i++)
		apply_slot(world, chunk * SLOTS_PER_CHUNK + i, after->slot[i], now_ns);
}

/* ---- steps --------------------------------------------------------------------------------------- */

/* What a step of this kind writes to: one of `count` things of `size` bytes, `stride` bytes apart. */
struct place {
	void *first;
	size_t size;
	size_t stride;
	size_t count;
};

#define PLACE(item, array, n) ((struct place){&(item), sizeof(item), sizeof(*(array)), n})

static void *find_place(struct world *world, const struct step *step, size_t *ret_size)
{
	const struct world_size *size = &world->size;
	struct slot_chunk *chunks = (void *)world->slots;
	const struct place places[STEP_COUNT] = {
		[STEP_PROGRAM] = PLACE(world->program, &world->program, 1),
		[STEP_SERVICE_NOTE] = PLACE(*world->notes, world->notes, size->services),
		[STEP_SLOT] = PLACE(*world->slots, world->slots, size->chunks * SLOTS_PER_CHUNK),
		[STEP_CHUNK] = PLACE(*chunks, chunks, size->chunks),
		[STEP_SERVICE_WORD] = PLACE(world->services->word, world->services, size->services),
		[STEP_SERVICE_GRACE] =
			PLACE(world->services->grace_until_ns, world->services, size->services),
		[STEP_BACKEND_ENTRY] = PLACE(*world->backends, world->backends, size->backends),
		[STEP_BACKEND_STATE] =
			PLACE(world->backends->state, world->backends, size->backends),
		[STEP_BACKEND_NEXT_HOP] =
			PLACE(world->backends->next_hop, world->backends, size->backends),
		[STEP_EGRESS] = PLACE(*world->egress, world->egress, EGRESS_MAX),
	};
	const struct place *place = &places[step->kind];

	assert(step->index < place->count);
	*ret_size = place->size;
	return (char *)place->first + step->index * place->stride;
}

void world_apply(struct world *world, const struct step *step, uint64_t now_ns)
{
	struct backend_entry backend;
	size_t size;
	void *place;

	if (step->kind == STEP_VIP) {
		apply_vip(world, &step->before.vip, &step->after.vip);
		return;
	}
	place = find_place(world, step, &size);
	assert(!memcmp(place, &step->before, size));
	switch (step->kind) {
	case STEP_SLOT:
		no_longer_named(world, step->before.slot, now_ns);
		apply_slot(world, step->index, step->after.slot, now_ns);
		break;
	case STEP_CHUNK: apply_chunk(world, step->index, &step->after.chunk, now_ns); break;
	case STEP_SERVICE_WORD:
		apply_service_word(world, step->index, step->after.word, now_ns);
		break;
	case STEP_BACKEND_ENTRY:
		apply_backend(world, step->index, &step->after.backend, now_ns);
		break;
	case STEP_BACKEND_STATE:
		backend = world->backends[step->index];
		backend.state = step->after.state;
		apply_backend(world, step->index, &backend, now_ns);
		break;
	case STEP_PROGRAM:
		world->program = step->after.program;
		world->program_known = true;
		break;
	default: memcpy(place, &step->after, size); break;
	}
}

/* ---- as a whole ---------------------------------------------------------------------------------- */

void world_adopt(struct world *world, uint64_t now_ns)
{
	size_t slots = (size_t)world->size.chunks * SLOTS_PER_CHUNK;

	memset(world->chunk_hold, HOLD_GRACE, world->size.chunks);
	for (uint32_t i = 0; i < world->size.services; i++) {
		bool live = world->services[i].word & SERVICE_WORD_LIVE;

		world->service_hold[i] = live ? 0 : HOLD_GRACE;
		hold_chunks(world, world->services[i].word, 0);
	}
	for (uint32_t i = 0; i < world->size.backends; i++) {
		bool free = world->backends[i].state == BACKEND_FREE;

		world->backend_hold[i] = free ? HOLD_GRACE | HOLD_SCAN : 0;
		world->backend_since[i] = WORLD_SINCE(now_ns);
	}
	for (size_t i = 0; i < slots; i++)
		world->slot_since[i] = WORLD_SINCE(now_ns);
}

static bool vips_equal(const struct world *a, const struct world *b)
{
	if (a->n_vips != b->n_vips)
		return false;
	for (size_t i = 0; i < a->n_vips; i++)
		if (vip_compare(&a->vips[i], &b->vips[i]) ||
		    a->vips[i].service != b->vips[i].service)
			return false;
	return true;
}

bool world_equal(const struct world *a, const struct world *b)
{
	size_t slots = (size_t)a->size.chunks * SLOTS_PER_CHUNK;

	return !memcmp(&a->size, &b->size, sizeof(a->size)) &&
	       !memcmp(a->services, b->services, a->size.services * sizeof(*a->services)) &&
	       !memcmp(a->backends, b->backends, a->size.backends * sizeof(*a->backends)) &&
	       !memcmp(a->slots, b->slots, slots * sizeof(*a->slots)) &&
	       !memcmp(a->egress, b->egress, sizeof(a->egress)) &&
	       !memcmp(&a->program, &b->program, sizeof(a->program)) && vips_equal(a, b);
}

struct address world_backend_address(const struct backend_entry *backend)
{
	struct address address = {.family = backend->family};

	memcpy(address.word_be, backend->addr_be, sizeof(address.word_be));
	return address;
}

int world_find_backend(const struct world *world, uint32_t service, const struct address *address,
		       enum forward forward)
{
	for (uint32_t i = 0; i < world->size.backends; i++) {
		const struct backend_entry *backend = &world->backends[i];
		struct address has = world_backend_address(backend);

		if (backend->state != BACKEND_FREE && backend->service == service &&
		    backend->forward == forward && address_equal(&has, address))
			return i;
	}
	return -1;
}

/* The table number, the ids and what moves differ from node to node; the rest must not. */
static uint64_t digest_service(const struct world *world, uint64_t word)
{
	uint64_t hash = mix(0, word & ~0xffffffffull);
	uint32_t first = SERVICE_WORD_CHUNK(word) * SLOTS_PER_CHUNK;

	for (uint32_t i = 0; i < service_word_chunks(word) * SLOTS_PER_CHUNK; i++) {
		uint32_t current = SLOT_CURRENT(world->slots[first + i]);
		struct address address = {};

		if (current < world->size.backends)
			address = world_backend_address(&world->backends[current]);
		hash = mix_address(hash, &address);
	}
	return hash;
}

uint64_t world_digest(const struct world *world)
{
	_cleanup_free_ uint64_t *states = sl_calloc(world->size.services, sizeof(*states));
	uint64_t hash = 0;

	/* A sum: in no order, since ids are in none. */
	for (uint32_t i = 0; i < world->size.backends; i++) {
		const struct backend_entry *backend = &world->backends[i];
		struct address address = world_backend_address(backend);

		if (backend->state != BACKEND_FREE && backend->service < world->size.services)
			states[backend->service] +=
				mix_address(mix(backend->state, backend->forward), &address);
	}
	for (size_t i = 0; i < world->n_vips; i++) {
		const struct vip *vip = &world->vips[i];
		uint64_t word = world->services[vip->service].word;

		hash = mix_address(hash, &vip->address);
		hash = mix(hash, (uint64_t)vip->protocol << 16 | be16toh(vip->port_be));
		if (vip->service != SERVICE_NONE)
			hash = mix(hash, digest_service(world, word) + states[vip->service]);
	}
	return hash;
}
