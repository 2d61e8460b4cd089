/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The slots of one service: what they are, what they shall be, and the steps between.
 */
#include "balance/plan_draft.h"

#include "balance/maglev.h"
#include "balance/mix.h"
#include "balance/slots.h"
#include "base/clock.h"
#include "base/memory.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static uint32_t slots_of(uint64_t word)
{
	return 1u << SERVICE_WORD_LOG2(word);
}

static bool takes_turns(uint64_t word)
{
	return SERVICE_WORD_ALGORITHM(word) == ALGORITHM_ROUND_ROBIN ||
	       SERVICE_WORD_ALGORITHM(word) == ALGORITHM_WEIGHTED_ROUND_ROBIN;
}

static bool tracks_all(uint64_t word)
{
	return SERVICE_WORD_TRACKING(word) == TRACKING_ALL;
}

/* Which slots a flow's packets look at; without an equal answer before and after, flows can't stay. */
static bool same_mapping(uint64_t a, uint64_t b)
{
	bool by_source = SERVICE_WORD_ALGORITHM(a) == ALGORITHM_SOURCE_HASH;

	if (by_source != (SERVICE_WORD_ALGORITHM(b) == ALGORITHM_SOURCE_HASH))
		return false;
	return !by_source || SERVICE_WORD_SOURCE_BITS(a) == SERVICE_WORD_SOURCE_BITS(b);
}

/* ---- what the slots are filled from --------------------------------------------------------------- */

/* Backends that get slots: up, and with a weight. */
struct shareholders {
	struct maglev_backend *list; /* owned */
	size_t count;
	uint64_t fingerprint;
};

/* A table has an owner for each slot, or for none. */
static bool has_owners(const struct world *world, const struct placement *placement)
{
	uint64_t word = world->services[placement->id].word;

	return !placement->is_new &&
	       SLOT_CURRENT(world->slots[SERVICE_WORD_CHUNK(word) * SLOTS_PER_CHUNK]) != SLOT_NONE;
}

static void shareholders_init(struct shareholders *holders, const struct draft *draft,
			      const struct placement *placement)
{
	const struct target_service *target = placement->target;
	bool equal = target->algorithm == ALGORITHM_ROUND_ROBIN;
	bool nobody = target->waits && !has_owners(draft->world, placement);

	*holders = (struct shareholders){
		.list = sl_calloc(target->n_backends, sizeof(*holders->list)),
		.fingerprint =
			mix(takes_turns(placement->word), SERVICE_WORD_LOG2(placement->word)),
	};
	for (size_t i = 0; i < target->n_backends; i++) {
		const struct target_backend *backend = &target->backends[i];
		__u32 weight = equal && backend->weight ? 1 : backend->weight;

		if (nobody || backend->state != BACKEND_UP || !weight)
			continue;
		holders->list[holders->count++] = (struct maglev_backend){
			.address = backend->address,
			.weight = weight,
			.id = placement->backends[i],
		};
		/* A sum: their order doesn't matter. */
		holders->fingerprint +=
			mix_address(mix(placement->backends[i], weight), &backend->address);
	}
	if (!holders->fingerprint)
		holders->fingerprint = 1; /* 0 says unknown */
}

static void fill(const struct shareholders *holders, uint64_t word, __u16 *ret_table)
{
	if (takes_turns(word))
		turns_fill(holders->list, holders->count, slots_of(word), ret_table);
	else
		maglev_fill(holders->list, holders->count, slots_of(word), ret_table);
}

/* ---- steps ---------------------------------------------------------------------------------------- */

static void add_slot(struct plan *plan, uint32_t slot, __u32 before, __u32 after)
{
	struct step *step;

	if (before == after)
		return;
	step = plan_add(plan, STEP_SLOT, slot);
	step->before.slot = before;
	step->after.slot = after;
}

static void add_chunks(const struct world *world, struct plan *plan, uint64_t word,
		       const __u32 *slots)
{
	for (uint32_t i = 0; i < service_word_chunks(word); i++) {
		uint32_t chunk = SERVICE_WORD_CHUNK(word) + i;
		struct step *step = plan_add(plan, STEP_CHUNK, chunk);

		memcpy(&step->before.chunk, &world->slots[chunk * SLOTS_PER_CHUNK],
		       sizeof(step->before.chunk));
		memcpy(&step->after.chunk, &slots[i * SLOTS_PER_CHUNK], sizeof(step->after.chunk));
	}
}

static void add_word(const struct world *world, struct plan *plan,
		     const struct placement *placement)
{
	struct step *step;

	if (world->services[placement->id].word == placement->word)
		return;
	step = plan_add(plan, STEP_SERVICE_WORD, placement->id);
	step->before.word = world->services[placement->id].word;
	step->after.word = placement->word;
}

static void add_note(const struct world *world, struct plan *plan,
		     const struct placement *placement, uint64_t fingerprint)
{
	const struct service_note *before = &world->notes[placement->id];
	struct service_note after = {fingerprint, placement->target->drain_ms,
				     placement->target->udp_grace_ms};
	struct step *step;

	if (!memcmp(before, &after, sizeof(after)))
		return;
	step = plan_add(plan, STEP_SERVICE_NOTE, placement->id);
	step->before.note = *before;
	step->after.note = after;
}

/* Only ever later: slots that moved before are still owed their grace. */
static void add_grace(const struct draft *draft, struct plan *plan,
		      const struct placement *placement)
{
	uint64_t before = draft->world->services[placement->id].grace_until_ns;
	uint64_t after = draft->now_ns + placement->target->udp_grace_ms * NS_PER_MS;
	struct step *step;

	if (placement->target->protocol != IPPROTO_UDP || after <= before)
		return;
	step = plan_add(plan, STEP_SERVICE_GRACE, placement->id);
	step->before.word = before;
	step->after.word = after;
}

/* ---- a new table ---------------------------------------------------------------------------------- */

void table_create(const struct draft *draft, const struct placement *placement, struct plan *plan)
{
	uint32_t n_slots = slots_of(placement->word);
	_cleanup_free_ __u16 *table = sl_calloc(n_slots, sizeof(*table));
	_cleanup_free_ __u32 *slots = sl_calloc(n_slots, sizeof(*slots));
	struct shareholders holders;

	memset(table, 0xff, n_slots * sizeof(*table)); /* SLOT_NONE */
	shareholders_init(&holders, draft, placement);
	if (holders.count)
		fill(&holders, placement->word, table);
	for (uint32_t i = 0; i < n_slots; i++)
		slots[i] = SLOT(table[i], table[i]);
	add_chunks(draft->world, plan, placement->word, slots);
	add_note(draft->world, plan, placement, holders.fingerprint);
	add_word(draft->world, plan, placement);
	plan_add_service(plan, &placement->vip, n_slots, 0);
	free(holders.list);
}

/* ---- a table that lives --------------------------------------------------------------------------- */

static void add_up(const struct draft *draft, struct plan *plan, uint32_t backend)
{
	struct step *step = plan_add(plan, STEP_BACKEND_STATE, backend);

	step->before.state = draft->world->backends[backend].state;
	step->after.state = draft->state[backend];
}

/* Their slots first: flows that fell back meanwhile have records, which a settled slot doesn't read. */
static void bring_back(const struct draft *draft, const struct placement *placement,
		       struct plan *plan, __u32 *slots)
{
	uint64_t word = draft->world->services[placement->id].word;
	uint32_t first = SERVICE_WORD_CHUNK(word) * SLOTS_PER_CHUNK;

	for (uint32_t i = 0; i < slots_of(word); i++) {
		__u32 before = slots[i], backend = SLOT_CURRENT(before);

		if (backend < draft->world->size.backends && draft_comes_back(draft, backend))
			slots[i] = slot_before_up(before, backend);
		add_slot(plan, first + i, before, slots[i]);
	}
	for (size_t i = 0; i < placement->target->n_backends; i++)
		if (draft_comes_back(draft, placement->backends[i]))
			add_up(draft, plan, placement->backends[i]);
}

static bool any_comes_back(const struct draft *draft, const struct placement *placement)
{
	for (size_t i = 0; i < placement->target->n_backends; i++)
		if (draft_comes_back(draft, placement->backends[i]))
			return true;
	return false;
}

/* Flows lie where their records say, which settled slots will not read any more. */
static void untrack(uint64_t word, struct plan *plan, __u32 *slots)
{
	uint32_t first = SERVICE_WORD_CHUNK(word) * SLOTS_PER_CHUNK;

	for (uint32_t i = 0; i < slots_of(word); i++) {
		__u32 before = slots[i];

		slots[i] = slot_before_up(before, SLOT_CURRENT(before));
		add_slot(plan, first + i, before, slots[i]);
	}
}

/* The table's slots by the new word: as they are, or each one twice, or more. */
static __u32 *inherit(const __u32 *slots, uint64_t before, uint64_t after)
{
	uint32_t shift = SERVICE_WORD_LOG2(after) - SERVICE_WORD_LOG2(before);
	__u32 *inherited = sl_calloc(slots_of(after), sizeof(*inherited));

	for (uint32_t i = 0; i < slots_of(after); i++)
		inherited[i] = slots[i >> shift];
	return inherited;
}

/* Gives each slot to whom the table says; returns how many that takes from another. */
static uint32_t change(const struct draft *draft, const __u16 *table, uint32_t count, __u32 *slots)
{
	uint32_t moved = 0;

	for (uint32_t i = 0; i < count; i++) {
		__u32 current = SLOT_CURRENT(slots[i]);

		moved += current != SLOT_NONE && current != table[i];
		slots[i] = slot_change(slots[i], table[i], draft_usable, draft);
	}
	return moved;
}

static void refill(const struct draft *draft, const struct placement *placement, struct plan *plan,
		   const struct shareholders *holders, const __u32 *slots)
{
	uint64_t before = draft->world->services[placement->id].word, after = placement->word;
	uint32_t n_slots = slots_of(after), first = SERVICE_WORD_CHUNK(after) * SLOTS_PER_CHUNK;
	_cleanup_free_ __u32 *changed = inherit(slots, before, after);
	_cleanup_free_ __u16 *table = sl_calloc(n_slots, sizeof(*table));
	size_t count = plan->count;
	uint32_t moved = 0;

	/* If nobody can have them, slots stay as they are. */
	if (holders->count) {
		fill(holders, after, table);
		moved = change(draft, table, n_slots, changed);
	}
	/* Flows that have no records yet mustn't be given turns. */
	if (moved || (takes_turns(after) && !takes_turns(before)))
		add_grace(draft, plan, placement);
	if (slots_of(before) != n_slots)
		add_chunks(draft->world, plan, after, changed);
	else
		for (uint32_t i = 0; i < n_slots; i++)
			add_slot(plan, first + i, slots[i], changed[i]);
	if (!same_mapping(before, after))
		moved = n_slots;
	if (plan->count != count || moved)
		plan_add_service(plan, &placement->vip, n_slots, moved);
}

void table_update(const struct draft *draft, const struct placement *placement, struct plan *plan)
{
	uint64_t word = draft->world->services[placement->id].word;
	uint64_t known = draft->world->notes[placement->id].fingerprint;
	_cleanup_free_ __u32 *slots = sl_calloc(slots_of(word), sizeof(*slots));
	struct shareholders holders;

	memcpy(slots, &draft->world->slots[SERVICE_WORD_CHUNK(word) * SLOTS_PER_CHUNK],
	       slots_of(word) * sizeof(*slots));
	if (any_comes_back(draft, placement))
		bring_back(draft, placement, plan, slots);
	if (tracks_all(word) && !tracks_all(placement->word))
		untrack(word, plan, slots);
	shareholders_init(&holders, draft, placement);
	if (holders.fingerprint != known || !same_mapping(word, placement->word))
		refill(draft, placement, plan, &holders, slots);
	add_word(draft->world, plan, placement);
	add_note(draft->world, plan, placement, holders.fingerprint);
	free(holders.list);
}
