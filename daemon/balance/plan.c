/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "balance/plan.h"

#include "balance/plan_draft.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void target_deinit(struct target *target)
{
	for (size_t i = 0; i < target->n_services; i++)
		free(target->services[i].backends);
	free(target->services);
	free(target->hops);
	*target = (struct target){};
}

void plan_deinit(struct plan *plan)
{
	free(plan->steps);
	free(plan->services);
	*plan = (struct plan){};
}

struct step *plan_add(struct plan *plan, enum step_kind kind, uint32_t index)
{
	struct step *step;

	if (plan->count == plan->allocated) {
		plan->allocated = plan->allocated ? 2 * plan->allocated : 16;
		plan->steps = sl_realloc_array(plan->steps, plan->allocated, sizeof(*plan->steps));
	}
	step = &plan->steps[plan->count++];
	memset(step, 0, sizeof(*step));
	step->kind = kind;
	step->index = index;
	return step;
}

void plan_add_service(struct plan *plan, const struct vip *vip, uint32_t slots, uint32_t moved)
{
	/* Room for the next power of two. */
	if (!(plan->n_services & (plan->n_services - 1)))
		plan->services = sl_realloc_array(plan->services,
						  plan->n_services ? 2 * plan->n_services : 1,
						  sizeof(*plan->services));
	plan->services[plan->n_services++] = (struct plan_service){
		.vip = vip->address,
		.port_be = vip->port_be,
		.protocol = vip->protocol,
		.id = vip->service,
		.slots = slots,
		.slots_moved = moved,
	};
}

/* ---- program and egress --------------------------------------------------------------------------- */

static uint32_t forward_feature(uint8_t forward)
{
	return forward == FORWARD_L2 ? FEATURE_L2 : FEATURE_IPIP;
}

static uint32_t service_features(const struct target_service *service)
{
	uint32_t features = service->vip.family == 6 ? FEATURE_IPV6 : FEATURE_IPV4;

	if (!service->port_be)
		features |= FEATURE_ANY_PORT;
	if (service->algorithm == ALGORITHM_SOURCE_HASH)
		features |= FEATURE_SOURCE_HASH;
	if (service->algorithm == ALGORITHM_ROUND_ROBIN ||
	    service->algorithm == ALGORITHM_WEIGHTED_ROUND_ROBIN)
		features |= FEATURE_TURNS;
	if (service->tracking == TRACKING_ALL)
		features |= FEATURE_TRACK_ALL;
	if (service->mode == SERVICE_MODE_SHADOW)
		features |= FEATURE_SHADOW;
	for (size_t i = 0; i < service->n_backends; i++)
		features |= forward_feature(service->backends[i].forward);
	return features;
}

/* Of the target and of backends that linger. */
static uint32_t wanted_features(const struct draft *draft)
{
	const struct world *world = draft->world;
	uint32_t features = 0;

	for (size_t i = 0; i < draft->target->n_services; i++)
		features |= service_features(&draft->target->services[i]);
	for (uint32_t id = 0; id < world->size.backends; id++)
		if (world->backends[id].state != BACKEND_FREE && draft->state[id] != BACKEND_FREE)
			features |= forward_feature(world->backends[id].forward);
	return features;
}

static void add_program(struct plan *plan, const struct program_config *before,
			const struct program_config *after)
{
	struct step *step = plan_add(plan, STEP_PROGRAM, 0);

	step->before.program = *before;
	step->after.program = *after;
}

/* Interfaces appear before a next hop names them, and go when none does any more. */
static void add_egress(const struct draft *draft, struct plan *plan, bool appear)
{
	for (uint32_t i = 0; i < EGRESS_MAX; i++) {
		const struct egress_entry *before = &draft->world->egress[i];
		const struct egress_entry *after = &draft->target->egress[i];
		struct step *step;

		if (!memcmp(before, after, sizeof(*before)) || (after->ifindex != 0) != appear)
			continue;
		step = plan_add(plan, STEP_EGRESS, i);
		step->before.egress = *before;
		step->after.egress = *after;
	}
}

/* ---- VIPs ----------------------------------------------------------------------------------------- */

/* `vip` shall be an entry; if `before` is one, it says what of. */
static void add_vip(struct plan *plan, const struct vip *before, const struct vip *vip)
{
	struct step *step;

	if (before && before->service == vip->service)
		return;
	step = plan_add(plan, STEP_VIP, 0);
	if (before)
		step->before.vip = *before;
	step->after.vip = *vip;
}

static void remove_vips(const struct draft *draft, struct plan *plan, bool icmp)
{
	for (size_t i = draft->world->n_vips; i-- > 0;) {
		const struct vip *vip = &draft->world->vips[i];

		if (!draft->vip_wanted[i] && (vip->service == SERVICE_NONE) == icmp)
			plan_add(plan, STEP_VIP, 0)->before.vip = *vip;
	}
}

/* ---- backends ------------------------------------------------------------------------------------- */

static int compare_hop(const void *key, const void *element)
{
	return address_compare(key, &((const struct target_hop *)element)->address);
}

static union next_hop next_hop_of(const struct target *target, const struct address *address)
{
	const struct target_hop *hop = NULL;

	if (target->n_hops)
		hop = bsearch(address, target->hops, target->n_hops, sizeof(*hop), compare_hop);
	return hop ? hop->next_hop : (union next_hop){};
}

static void add_entries(const struct draft *draft, const struct placement *placement,
			struct plan *plan)
{
	for (size_t i = 0; i < placement->target->n_backends; i++) {
		const struct target_backend *backend = &placement->target->backends[i];
		uint32_t id = placement->backends[i];
		struct step *step;

		if (draft->world->backends[id].state != BACKEND_FREE)
			continue;
		step = plan_add(plan, STEP_BACKEND_ENTRY, id);
		step->before.backend = draft->world->backends[id];
		step->after.backend = (struct backend_entry){
			.state = backend->state,
			.forward = backend->forward,
			.family = backend->address.family,
			.service = placement->id,
			.next_hop = next_hop_of(draft->target, &backend->address),
		};
		memcpy(step->after.backend.addr_be, backend->address.word_be,
		       sizeof(step->after.backend.addr_be));
	}
}

static void add_next_hops(const struct draft *draft, struct plan *plan)
{
	for (uint32_t id = 0; id < draft->world->size.backends; id++) {
		const struct backend_entry *backend = &draft->world->backends[id];
		struct address address = world_backend_address(backend);
		union next_hop after;
		struct step *step;

		if (backend->state == BACKEND_FREE || draft->state[id] == BACKEND_FREE)
			continue;
		after = next_hop_of(draft->target, &address);
		if (backend->next_hop.word == after.word)
			continue;
		step = plan_add(plan, STEP_BACKEND_NEXT_HOP, id);
		step->before.word = backend->next_hop.word;
		step->after.word = after.word;
	}
}

/* All but those that come back, which table_update() does when their slots are ready. */
static void add_states(const struct draft *draft, struct plan *plan)
{
	for (uint32_t id = 0; id < draft->world->size.backends; id++) {
		uint8_t before = draft->world->backends[id].state, after = draft->state[id];
		struct step *step;

		if (before == BACKEND_FREE || after == BACKEND_FREE || before == after ||
		    draft_comes_back(draft, id))
			continue;
		step = plan_add(plan, STEP_BACKEND_STATE, id);
		step->before.state = before;
		step->after.state = after;
	}
}

/* ---- services ------------------------------------------------------------------------------------- */

/* Nothing that a packet reads changes until the VIP says so: a failure up to there moves no flow. */
static void create_service(const struct draft *draft, const struct placement *placement,
			   struct plan *plan)
{
	add_entries(draft, placement, plan);
	table_create(draft, placement, plan);
	add_vip(plan,
		world_find_vip(draft->world, &placement->vip.address, placement->vip.protocol,
			       placement->vip.port_be),
		&placement->vip);
}

static void create_services(const struct draft *draft, struct plan *plan)
{
	const struct address *last = NULL;

	for (size_t i = 0; i < draft->target->n_services; i++) {
		const struct placement *placement = &draft->placements[i];
		struct vip icmp = draft_icmp_vip(&placement->vip.address);

		if (draft_is_ours(placement) && (!last || !address_equal(last, &icmp.address))) {
			add_vip(plan, world_find_vip(draft->world, &icmp.address, icmp.protocol, 0),
				&icmp);
			last = &placement->vip.address;
		}
		if (placement->is_new)
			create_service(draft, placement, plan);
	}
}

static void update_services(const struct draft *draft, struct plan *plan)
{
	for (size_t i = 0; i < draft->target->n_services; i++) {
		const struct placement *placement = &draft->placements[i];

		if (placement->is_new)
			continue;
		add_entries(draft, placement, plan);
		table_update(draft, placement, plan);
	}
}

static void remove_service(const struct world *world, uint32_t id, struct plan *plan)
{
	const struct service_note none = {};

	plan_add(plan, STEP_SERVICE_WORD, id)->before.word = world->services[id].word;
	if (world->services[id].grace_until_ns)
		plan_add(plan, STEP_SERVICE_GRACE, id)->before.word =
			world->services[id].grace_until_ns;
	if (memcmp(&world->notes[id], &none, sizeof(none)))
		plan_add(plan, STEP_SERVICE_NOTE, id)->before.note = world->notes[id];
}

/* First out of sight, then out of the way. */
static void remove_services(const struct draft *draft, struct plan *plan)
{
	const struct world *world = draft->world;

	for (size_t i = 0; i < world->n_vips; i++)
		if (!draft->vip_wanted[i] && world->vips[i].service != SERVICE_NONE)
			plan_add_service(plan, &world->vips[i], 0, 0);
	remove_vips(draft, plan, false);
	remove_vips(draft, plan, true);
	for (uint32_t id = 0; id < world->size.services; id++)
		if (world->services[id].word & SERVICE_WORD_LIVE && !draft->service_wanted[id])
			remove_service(world, id, plan);
	for (uint32_t id = 0; id < world->size.backends; id++)
		if (world->backends[id].state != BACKEND_FREE && draft->state[id] == BACKEND_FREE)
			plan_add(plan, STEP_BACKEND_ENTRY, id)->before.backend =
				world->backends[id];
}

/* ---- the plan ------------------------------------------------------------------------------------- */

static void add_steps(const struct draft *draft, struct plan *plan)
{
	struct program_config during = draft->target->program, after = during;

	after.features = wanted_features(draft);
	during.features = after.features | draft->world->program.features;
	if (!draft->world->program_known ||
	    memcmp(&draft->world->program, &during, sizeof(during)) != 0)
		add_program(plan, &draft->world->program, &during);
	add_egress(draft, plan, true);
	create_services(draft, plan);
	add_states(draft, plan);
	add_next_hops(draft, plan);
	update_services(draft, plan);
	remove_services(draft, plan);
	add_egress(draft, plan, false);
	if (after.features != during.features)
		add_program(plan, &during, &after);
}

int plan_build(const struct world *world, const struct target *target, uint64_t now_ns,
	       struct plan *ret_plan, struct sl_errors *errors)
{
	struct plan plan = {};
	struct draft draft;
	int r;

	draft_init(&draft, world, target, now_ns);
	r = draft_allocate(&draft, errors);
	if (!r) {
		add_steps(&draft, &plan);
		*ret_plan = plan;
	}
	draft_deinit(&draft);
	return r;
}
