/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What time alone brings: moving slots become tails, tails settle, backends that linger go.
 */
#include "balance/plan_draft.h"
#include "balance/slots.h"
#include "base/clock.h"
#include "base/memory.h"

#include <string.h>

/*
 * A scan tells about what happened before it began. A packet that read the old word just then may
 * write its record a little later, so one whole unit lies between.
 */
static bool precedes(uint32_t since, const struct scan *scan)
{
	return WORLD_SINCE(scan->begun_ns) > since + 1;
}

static bool is_drained(const struct world *world, uint32_t service, uint32_t slot, uint64_t now_ns)
{
	const struct service_note *note = &world->notes[service];
	uint32_t units = WORLD_SINCE(now_ns) - world->slot_since[slot];

	if (!world_backend_usable(world, SLOT_ORIGIN(world->slots[slot])))
		return true;
	/* Without a note the drain time isn't known yet. Times are rounded down: one unit may lack. */
	return note->fingerprint && units &&
	       (uint64_t)(units - 1) << WORLD_SINCE_SHIFT >= note->drain_ms * NS_PER_MS;
}

static bool is_settled(const struct world *world, const struct scan *scan, uint32_t service,
		       uint32_t slot)
{
	uint32_t current = SLOT_CURRENT(world->slots[slot]);

	return world_backend_usable(world, current) && precedes(world->slot_since[slot], scan) &&
	       precedes(world->backend_since[current], scan) &&
	       !scan_slot_differs(scan, world, service, slot);
}

static __u32 settle_slot(const struct world *world, const struct scan *scan, uint32_t service,
			 uint32_t slot, uint64_t now_ns)
{
	__u32 word = world->slots[slot];

	if (slot_is_moving(word) && is_drained(world, service, slot, now_ns))
		return slot_drained(word);
	if (slot_is_tail(word) && is_settled(world, scan, service, slot))
		return slot_settle(word);
	return word;
}

static void settle_service(const struct world *world, const struct scan *scan, uint32_t service,
			   uint64_t now_ns, bool *named, struct plan *plan)
{
	uint64_t word = world->services[service].word;
	uint32_t first = SERVICE_WORD_CHUNK(word) * SLOTS_PER_CHUNK;

	for (uint32_t i = first; i < first + service_word_chunks(word) * SLOTS_PER_CHUNK; i++) {
		__u32 before = world->slots[i];
		__u32 after = settle_slot(world, scan, service, i, now_ns);
		struct step *step;

		named[SLOT_CURRENT(before)] = named[SLOT_ORIGIN(before)] = true;
		if (before == after)
			continue;
		step = plan_add(plan, STEP_SLOT, i);
		step->before.slot = before;
		step->after.slot = after;
	}
}

/* No packet can come to it by a slot, and by a record only if it is usable. */
static bool is_forgotten(const struct world *world, const struct scan *scan, uint32_t id)
{
	if (world->backends[id].state == BACKEND_FREE)
		return false;
	return !world_backend_usable(world, id) ||
	       (!scan_records(scan, id) && precedes(world->backend_since[id], scan));
}

static void free_backends(const struct world *world, const struct target *target,
			  const struct scan *scan, uint64_t now_ns, const bool *named,
			  struct plan *plan)
{
	struct draft draft;

	draft_init(&draft, world, target, now_ns);
	for (uint32_t id = 0; id < world->size.backends; id++)
		if (!named[id] && !draft.backend_wanted[id] && is_forgotten(world, scan, id))
			plan_add(plan, STEP_BACKEND_ENTRY, id)->before.backend =
				world->backends[id];
	draft_deinit(&draft);
}

void plan_settle(const struct world *world, const struct target *target, const struct scan *scan,
		 uint64_t now_ns, struct plan *ret_plan)
{
	/* By backend id; the last is SLOT_NONE. */
	_cleanup_free_ bool *named = sl_calloc(SLOT_NONE + 1, sizeof(*named));
	bool any = false;

	*ret_plan = (struct plan){};
	for (uint32_t id = 0; id < world->size.services; id++)
		settle_service(world, scan, id, now_ns, named, ret_plan);
	/* Nearly always there is none, and matching with the target can be left out. */
	for (uint32_t id = 0; id < world->size.backends; id++)
		any |= !named[id] && is_forgotten(world, scan, id);
	if (any)
		free_backends(world, target, scan, now_ns, named, ret_plan);
}
