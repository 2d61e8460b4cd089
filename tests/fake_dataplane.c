/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Written apart from world_apply() on purpose: the engine's tests compare the two. */
#include "fake_dataplane.h"

#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct dataplane {
	struct world_size size;
	uint32_t buckets;
	dataplane_load_fn *load;
	void *context;
	struct service_entry *services; /* owned, and so below */
	struct backend_entry *backends;
	struct slot_chunk *chunks;
	struct vip *vips; /* in no order */
	size_t n_vips;
	struct egress_entry egress[EGRESS_MAX];
	struct program_config program;
	struct flow_bucket *flows;
	struct explanation explanation;
	struct fake_counters counters;
	unsigned steps;
	unsigned fail_at;    /* compared with steps; 0: never */
	unsigned fail_again; /* so many after it; 0: never */
	unsigned freeze_at;
};

int dataplane_open(const int map_fds[MAP_COUNT], const struct config_capacity *capacity,
		   dataplane_load_fn *load, void *context, struct dataplane **ret_dataplane,
		   struct sl_errors *errors)
{
	struct dataplane *fake = sl_calloc(1, sizeof(*fake));

	fake->size.services = capacity->services + 1;
	fake->size.backends = capacity->backends;
	fake->size.chunks = capacity->slots / SLOTS_PER_CHUNK;
	fake->buckets = capacity->flows * 2 / FLOWS_PER_BUCKET;
	fake->load = load;
	fake->context = context;
	fake->services = sl_calloc(fake->size.services, sizeof(*fake->services));
	fake->backends = sl_calloc(fake->size.backends, sizeof(*fake->backends));
	fake->chunks = sl_calloc(fake->size.chunks, sizeof(*fake->chunks));
	fake->vips = sl_calloc(4 * capacity->services, sizeof(*fake->vips));
	fake->flows = aligned_alloc(64, fake->buckets * sizeof(*fake->flows));
	assert(fake->flows);
	memset(fake->flows, 0, fake->buckets * sizeof(*fake->flows));
	fake->counters.services = sl_calloc(fake->size.services, sizeof(struct traffic_counter));
	fake->counters.backends = sl_calloc(fake->size.backends, sizeof(struct traffic_counter));
	*ret_dataplane = fake;
	return 0;
}

void dataplane_close(struct dataplane *fake)
{
	if (!fake)
		return;
	free(fake->services);
	free(fake->backends);
	free(fake->chunks);
	free(fake->vips);
	free(fake->flows);
	free(fake->counters.services);
	free(fake->counters.backends);
	free(fake);
}

struct world_size dataplane_size(const struct dataplane *fake)
{
	return fake->size;
}

/* ---- steps ----------------------------------------------------------------------------------- */

static struct vip *find(struct dataplane *fake, const struct vip *vip)
{
	for (size_t i = 0; i < fake->n_vips; i++)
		if (!vip_compare(&fake->vips[i], vip))
			return &fake->vips[i];
	return NULL;
}

static void apply_vip(struct dataplane *fake, const struct vip *before, const struct vip *after)
{
	struct vip *place = find(fake, after->address.family ? after : before);

	if (!after->address.family) {
		assert(place);
		*place = fake->vips[--fake->n_vips];
		return;
	}
	if (!place) {
		assert(fake->n_vips < 4 * (size_t)(fake->size.services - 1));
		place = &fake->vips[fake->n_vips++];
	}
	*place = *after;
}

static int apply_program(struct dataplane *fake, const struct program_config *program,
			 struct sl_errors *errors)
{
	int err = fake->load ? fake->load(fake->context, program, errors) : 0;

	if (!err)
		fake->program = *program;
	return err;
}

static void apply_backend(struct dataplane *fake, uint32_t id, const struct backend_entry *after)
{
	if (after->state != BACKEND_FREE)
		memset(&fake->counters.backends[id], 0, sizeof(struct traffic_counter));
	fake->backends[id] = *after;
}

static void apply_word(struct dataplane *fake, const struct step *step)
{
	uint32_t index = step->index;

	if (step->kind == STEP_SLOT)
		fake->chunks[index / SLOTS_PER_CHUNK].slot[index % SLOTS_PER_CHUNK] =
			step->after.slot;
	else if (step->kind == STEP_SERVICE_WORD)
		fake->services[index].word = step->after.word;
	else if (step->kind == STEP_SERVICE_GRACE)
		fake->services[index].grace_until_ns = step->after.word;
	else if (step->kind == STEP_BACKEND_STATE)
		fake->backends[index].state = step->after.state;
	else if (step->kind == STEP_BACKEND_NEXT_HOP)
		fake->backends[index].next_hop.word = step->after.word;
}

static bool is_to_fail(const struct dataplane *fake, unsigned step)
{
	return fake->fail_at && (step == fake->fail_at ||
				 (fake->fail_again && step == fake->fail_at + fake->fail_again));
}

int dataplane_apply(struct dataplane *fake, const struct step *step, struct sl_errors *errors)
{
	char text[64];

	if (is_to_fail(fake, ++fake->steps))
		return sl_fail(errors, EIO, step_name(step, text, sizeof(text)), "told to fail");
	if (fake->freeze_at && fake->steps >= fake->freeze_at)
		return 0;
	switch (step->kind) {
	case STEP_PROGRAM: return apply_program(fake, &step->after.program, errors);
	case STEP_VIP: apply_vip(fake, &step->before.vip, &step->after.vip); break;
	case STEP_CHUNK: fake->chunks[step->index] = step->after.chunk; break;
	case STEP_BACKEND_ENTRY: apply_backend(fake, step->index, &step->after.backend); break;
	case STEP_EGRESS: fake->egress[step->index] = step->after.egress; break;
	default: apply_word(fake, step);
	}
	return 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	return vip_compare(a, b);
}

int dataplane_read(struct dataplane *fake, struct world *world, struct sl_errors *errors)
{
	qsort(fake->vips, fake->n_vips, sizeof(*fake->vips), compare);
	for (size_t i = 0; i < fake->n_vips; i++) {
		struct step step = {.kind = STEP_VIP, .after.vip = fake->vips[i]};

		world_apply(world, &step, 0);
	}
	memcpy(world->services, fake->services, fake->size.services * sizeof(*fake->services));
	memcpy(world->backends, fake->backends, fake->size.backends * sizeof(*fake->backends));
	memcpy(world->slots, fake->chunks, fake->size.chunks * sizeof(*fake->chunks));
	memcpy(world->egress, fake->egress, sizeof(fake->egress));
	return 0;
}

struct flow_bucket *dataplane_flows(struct dataplane *fake, uint32_t *ret_buckets)
{
	*ret_buckets = fake->buckets;
	return fake->flows;
}

int dataplane_verdicts(struct dataplane *fake, struct verdict_counter ret[VERDICT_COUNT])
{
	memcpy(ret, fake->counters.verdicts, sizeof(fake->counters.verdicts));
	return 0;
}

int dataplane_flow_events(struct dataplane *fake, uint64_t ret[FLOW_EVENT_COUNT])
{
	memcpy(ret, fake->counters.flow_events, sizeof(fake->counters.flow_events));
	return 0;
}

int dataplane_service_traffic(struct dataplane *fake, struct traffic_counter *ret, uint32_t count)
{
	memcpy(ret, fake->counters.services, count * sizeof(*ret));
	return 0;
}

int dataplane_backend_traffic(struct dataplane *fake, struct traffic_counter *ret, uint32_t count)
{
	memcpy(ret, fake->counters.backends, count * sizeof(*ret));
	return 0;
}

void dataplane_explanation(struct dataplane *fake, struct explanation *ret_explanation)
{
	*ret_explanation = fake->explanation;
}

/* ---- what only a fake has -------------------------------------------------------------------- */

void fake_fail_at(struct dataplane *fake, unsigned n)
{
	fake->fail_at = n ? fake->steps + n : 0;
}

void fake_fail_again(struct dataplane *fake, unsigned n)
{
	fake->fail_again = n;
}

void fake_freeze_at(struct dataplane *fake, unsigned n)
{
	fake->freeze_at = n ? fake->steps + n : 0;
}

unsigned fake_steps(const struct dataplane *fake)
{
	return fake->steps;
}

struct fake_counters *fake_counters(struct dataplane *fake)
{
	return &fake->counters;
}

struct explanation *fake_explanation(struct dataplane *fake)
{
	return &fake->explanation;
}

void *fake_bytes(struct dataplane *fake, size_t *ret_size)
{
	char *bytes = NULL;
	FILE *out = open_memstream(&bytes, ret_size);

	assert(out);
	qsort(fake->vips, fake->n_vips, sizeof(*fake->vips), compare);
	fwrite(fake->services, sizeof(*fake->services), fake->size.services, out);
	fwrite(fake->backends, sizeof(*fake->backends), fake->size.backends, out);
	fwrite(fake->chunks, sizeof(*fake->chunks), fake->size.chunks, out);
	fwrite(fake->vips, sizeof(*fake->vips), fake->n_vips, out);
	fwrite(fake->egress, sizeof(*fake->egress), EGRESS_MAX, out);
	fwrite(&fake->program, sizeof(fake->program), 1, out);
	fclose(out);
	return bytes;
}
