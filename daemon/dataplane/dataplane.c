/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dataplane/dataplane.h"

#include "base/memory.h"
#include "dataplane/counters.h"
#include "dataplane/maps.h"

#include <bpf/bpf.h>

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The kernel rounds the values of an array up to eight bytes. */
struct egress_value {
	struct egress_entry entry;
	__u32 padding;
};

_Static_assert(sizeof(struct egress_value) == 16, "egress_value");
_Static_assert(sizeof(struct service_entry) % 8 == 0, "service_entry");
_Static_assert(sizeof(struct backend_entry) % 8 == 0, "backend_entry");

struct dataplane {
	int fds[MAP_COUNT]; /* owned */
	struct world_size size;
	uint32_t buckets;
	dataplane_load_fn *load;
	void *context; /* borrowed; load's */
	/* mapped memory */
	struct service_entry *services;
	struct backend_entry *backends;
	struct slot_chunk *chunks;
	struct egress_value *egress;
	struct flow_bucket *flows;
	struct explanation *explanation;
};

/* ---- mapped memory --------------------------------------------------------------------------- */

struct mapping {
	enum map_number map;
	void **address;
	size_t size;
};

#define MAPPINGS 6

static void list_mappings(struct dataplane *dataplane, struct mapping ret[MAPPINGS])
{
	const struct mapping list[MAPPINGS] = {
#define OF(name, field, count)                                                                     \
	{MAP_##name, (void **)&dataplane->field, (size_t)(count) * sizeof(*dataplane->field)}
		OF(services, services, dataplane->size.services),
		OF(backends, backends, dataplane->size.backends),
		OF(slots, chunks, dataplane->size.chunks),
		OF(egress, egress, EGRESS_MAX),
		OF(flows, flows, dataplane->buckets),
		OF(explanation, explanation, 1),
#undef OF
	};

	memcpy(ret, list, sizeof(list));
}

static int map_all(struct dataplane *dataplane, struct sl_errors *errors)
{
	struct mapping list[MAPPINGS];

	list_mappings(dataplane, list);
	for (size_t i = 0; i < MAPPINGS; i++) {
		void *address = mmap(NULL, list[i].size, PROT_READ | PROT_WRITE, MAP_SHARED,
				     dataplane->fds[list[i].map], 0);

		if (address == MAP_FAILED)
			return sl_fail(errors, errno, "the maps", "can't be mapped: %s",
				       strerror(errno));
		*list[i].address = address;
	}
	return 0;
}

static void unmap_all(struct dataplane *dataplane)
{
	struct mapping list[MAPPINGS];

	list_mappings(dataplane, list);
	for (size_t i = 0; i < MAPPINGS; i++)
		if (*list[i].address)
			munmap(*list[i].address, list[i].size);
}

int dataplane_open(const int map_fds[MAP_COUNT], const struct config_capacity *capacity,
		   dataplane_load_fn *load, void *context, struct dataplane **ret_dataplane,
		   struct sl_errors *errors)
{
	struct dataplane *dataplane = sl_calloc(1, sizeof(*dataplane));
	int err;

	dataplane->size.services = maps_entries(MAP_services, capacity);
	dataplane->size.backends = maps_entries(MAP_backends, capacity);
	dataplane->size.chunks = maps_entries(MAP_slots, capacity);
	dataplane->buckets = maps_entries(MAP_flows, capacity);
	dataplane->load = load;
	dataplane->context = context;
	memcpy(dataplane->fds, map_fds, sizeof(dataplane->fds));
	err = map_all(dataplane, errors);
	if (err) {
		unmap_all(dataplane);
		free(dataplane);
		return err;
	}
	*ret_dataplane = dataplane;
	return 0;
}

void dataplane_close(struct dataplane *dataplane)
{
	if (!dataplane)
		return;
	unmap_all(dataplane);
	for (size_t i = 0; i < MAP_COUNT; i++)
		close(dataplane->fds[i]);
	free(dataplane);
}

struct world_size dataplane_size(const struct dataplane *dataplane)
{
	return dataplane->size;
}

struct flow_bucket *dataplane_flows(struct dataplane *dataplane, uint32_t *ret_buckets)
{
	*ret_buckets = dataplane->buckets;
	return dataplane->flows;
}

void dataplane_explanation(struct dataplane *dataplane, struct explanation *ret_explanation)
{
	*ret_explanation = *dataplane->explanation;
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* A packet that sees the new word sees all that was written before it. */
#define publish(pointer, value) __atomic_store_n(pointer, value, __ATOMIC_RELEASE)

union vip_key {
	struct vip4_key v4;
	struct vip6_key v6;
};

static enum map_number key_of(const struct vip *vip, union vip_key *ret_key)
{
	memset(ret_key, 0, sizeof(*ret_key));
	if (vip->address.family == 4) {
		ret_key->v4.addr_be = vip->address.word_be[0];
		ret_key->v4.port_be = vip->port_be;
		ret_key->v4.protocol = vip->protocol;
		return MAP_vips4;
	}
	memcpy(ret_key->v6.addr_be, vip->address.word_be, sizeof(ret_key->v6.addr_be));
	ret_key->v6.port_be = vip->port_be;
	ret_key->v6.protocol = vip->protocol;
	return MAP_vips6;
}

static int apply_vip(struct dataplane *dataplane, const struct step *step, struct sl_errors *errors)
{
	const struct vip *before = &step->before.vip, *after = &step->after.vip;
	const struct vip *vip = after->address.family ? after : before;
	char text[ADDRESS_TEXT_MAX];
	union vip_key key;
	int map = dataplane->fds[key_of(vip, &key)];
	int err = after->address.family ? bpf_map_update_elem(map, &key, &after->service, BPF_ANY)
					: bpf_map_delete_elem(map, &key);

	if (err)
		return sl_fail(errors, -err, "VIP", "%s port %u can't be %s: %s",
			       address_format(&vip->address, text), ntohs(vip->port_be),
			       vip == after ? "set" : "removed", strerror(-err));
	return 0;
}

/* Not usable while it is half written. */
static void store_backend(struct backend_entry *entry, const struct backend_entry *value)
{
	publish(&entry->state, BACKEND_FREE);
	entry->forward = value->forward;
	entry->family = value->family;
	entry->zero = 0;
	entry->service = value->service;
	entry->next_hop = value->next_hop;
	memcpy(entry->addr_be, value->addr_be, sizeof(entry->addr_be));
	publish(&entry->state, value->state);
}

static int apply_backend(struct dataplane *dataplane, const struct step *step,
			 struct sl_errors *errors)
{
	const struct backend_entry *after = &step->after.backend;
	int err = 0;

	if (after->state != BACKEND_FREE)
		err = counters_zero(dataplane->fds[MAP_backend_counters], step->index);
	if (err)
		return sl_fail(errors, -err, "backend", "counters of id %u can't be zeroed: %s",
			       step->index, strerror(-err));
	store_backend(&dataplane->backends[step->index], after);
	return 0;
}

/* No next hop names the entry while it is new, and then only its MTU or MAC changes. */
static void store_egress(struct egress_entry *entry, const struct egress_entry *value)
{
	memcpy(entry->mac, value->mac, sizeof(entry->mac));
	publish(&entry->mtu, value->mtu);
	publish(&entry->ifindex, value->ifindex);
}

static __u32 *slot_of(struct dataplane *dataplane, uint32_t slot)
{
	return &dataplane->chunks[slot / SLOTS_PER_CHUNK].slot[slot % SLOTS_PER_CHUNK];
}

static uint32_t limit_of(const struct dataplane *dataplane, enum step_kind kind)
{
	const uint32_t limits[STEP_COUNT] = {
		[STEP_PROGRAM] = UINT32_MAX,
		[STEP_VIP] = UINT32_MAX,
		[STEP_SERVICE_NOTE] = UINT32_MAX,
		[STEP_SLOT] = dataplane->size.chunks * SLOTS_PER_CHUNK,
		[STEP_CHUNK] = dataplane->size.chunks,
		[STEP_SERVICE_WORD] = dataplane->size.services,
		[STEP_SERVICE_GRACE] = dataplane->size.services,
		[STEP_BACKEND_ENTRY] = dataplane->size.backends,
		[STEP_BACKEND_STATE] = dataplane->size.backends,
		[STEP_BACKEND_NEXT_HOP] = dataplane->size.backends,
		[STEP_EGRESS] = EGRESS_MAX,
	};

	return limits[kind];
}

int dataplane_apply(struct dataplane *dataplane, const struct step *step, struct sl_errors *errors)
{
	const union step_value *after = &step->after;
	uint32_t index = step->index;

	assert(step->kind < STEP_COUNT && index < limit_of(dataplane, step->kind));
	switch (step->kind) {
	case STEP_PROGRAM: return dataplane->load(dataplane->context, &after->program, errors);
	case STEP_VIP: return apply_vip(dataplane, step, errors);
	case STEP_BACKEND_ENTRY: return apply_backend(dataplane, step, errors);
	case STEP_SLOT: publish(slot_of(dataplane, index), after->slot); break;
	case STEP_CHUNK: dataplane->chunks[index] = after->chunk; break;
	case STEP_SERVICE_WORD: publish(&dataplane->services[index].word, after->word); break;
	case STEP_SERVICE_GRACE:
		publish(&dataplane->services[index].grace_until_ns, after->word);
		break;
	case STEP_BACKEND_STATE: publish(&dataplane->backends[index].state, after->state); break;
	case STEP_BACKEND_NEXT_HOP:
		publish(&dataplane->backends[index].next_hop.word, after->word);
		break;
	case STEP_EGRESS: store_egress(&dataplane->egress[index].entry, &after->egress); break;
	case STEP_SERVICE_NOTE: /* the maps don't hold it */
	case STEP_COUNT: break;
	}
	return 0;
}

/* ---- reading back ---------------------------------------------------------------------------- */

static struct vip vip_of(enum map_number map, const union vip_key *key, __u32 service)
{
	struct vip vip = {.service = service};

	if (map == MAP_vips4) {
		vip.address.family = 4;
		vip.address.word_be[0] = key->v4.addr_be;
		vip.port_be = key->v4.port_be;
		vip.protocol = key->v4.protocol;
	} else {
		vip.address.family = 6;
		memcpy(vip.address.word_be, key->v6.addr_be, sizeof(vip.address.word_be));
		vip.port_be = key->v6.port_be;
		vip.protocol = key->v6.protocol;
	}
	return vip;
}

/* Room for all: two entries a service in each map. Nobody else writes meanwhile. */
static int read_vips(const struct dataplane *dataplane, enum map_number map, struct vip *vips,
		     size_t *count)
{
	int fd = dataplane->fds[map];
	union vip_key key, next;
	const void *last = NULL;
	__u32 service;
	int err;

	while (!(err = bpf_map_get_next_key(fd, last, &next))) {
		key = next;
		last = &key;
		err = bpf_map_lookup_elem(fd, &key, &service);
		if (err)
			return err;
		vips[(*count)++] = vip_of(map, &key, service);
	}
	return err == -ENOENT ? 0 : err;
}

static int compare_vips(const void *a, const void *b)
{
	return vip_compare(a, b);
}

/* In order, each goes to the end: nothing is moved. */
static void add_vips(struct world *world, struct vip *vips, size_t count)
{
	qsort(vips, count, sizeof(*vips), compare_vips);
	for (size_t i = 0; i < count; i++) {
		struct step step = {.kind = STEP_VIP, .after.vip = vips[i]};

		world_apply(world, &step, 0);
	}
}

int dataplane_read(struct dataplane *dataplane, struct world *world, struct sl_errors *errors)
{
	size_t room = (size_t)dataplane->size.services * 4, count = 0;
	_cleanup_free_ struct vip *vips = sl_calloc(room, sizeof(*vips));
	int err = read_vips(dataplane, MAP_vips4, vips, &count);

	if (!err)
		err = read_vips(dataplane, MAP_vips6, vips, &count);
	if (err)
		return sl_fail(errors, -err, "VIPs", "can't be read back: %s", strerror(-err));
	add_vips(world, vips, count);
	memcpy(world->services, dataplane->services,
	       dataplane->size.services * sizeof(*world->services));
	memcpy(world->backends, dataplane->backends,
	       dataplane->size.backends * sizeof(*world->backends));
	memcpy(world->slots, dataplane->chunks,
	       dataplane->size.chunks * sizeof(*dataplane->chunks));
	for (size_t i = 0; i < EGRESS_MAX; i++)
		world->egress[i] = dataplane->egress[i].entry;
	return 0;
}

/* ---- counters -------------------------------------------------------------------------------- */

int dataplane_verdicts(struct dataplane *dataplane, struct verdict_counter ret[VERDICT_COUNT])
{
	return counters_sum(dataplane->fds[MAP_verdict_counters], VERDICT_COUNT,
			    sizeof(*ret) / sizeof(__u64), (__u64 *)ret);
}

int dataplane_flow_events(struct dataplane *dataplane, uint64_t ret[FLOW_EVENT_COUNT])
{
	__u64 sums[FLOW_EVENT_COUNT];
	int err = counters_sum(dataplane->fds[MAP_flow_events], FLOW_EVENT_COUNT, 1, sums);

	for (size_t i = 0; !err && i < FLOW_EVENT_COUNT; i++)
		ret[i] = sums[i];
	return err;
}

int dataplane_service_traffic(struct dataplane *dataplane, struct traffic_counter *ret,
			      uint32_t count)
{
	return counters_sum(dataplane->fds[MAP_service_counters], count,
			    sizeof(*ret) / sizeof(__u64), (__u64 *)ret);
}

int dataplane_backend_traffic(struct dataplane *dataplane, struct traffic_counter *ret,
			      uint32_t count)
{
	return counters_sum(dataplane->fds[MAP_backend_counters], count,
			    sizeof(*ret) / sizeof(__u64), (__u64 *)ret);
}
