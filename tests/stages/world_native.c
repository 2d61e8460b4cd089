// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * world_native.c - the world of plain C: the stages' code in this process, under sanitizers.
 */
#include "stages/native.h"

#include "stages/world.h"

void world_load(__u32 features)
{
	native_open(WORLD_SERVICES, WORLD_CHUNKS, WORLD_BACKENDS, WORLD_BUCKETS);
	config = world_config(features);
	host = (struct host){.now_ns = 5000ull << FLOW_TICK_SHIFT,
			     .fib_result = BPF_FIB_LKUP_RET_FWD_DISABLED};
}

__u64 world_now_ns(void)
{
	return host.now_ns;
}

#define PUT(map) (map).value[*(const __u32 *)key] = *(const __typeof__((map).value[0]) *)value
#define GET(map) *(__typeof__((map).value[0]) *)ret_value = (map).value[*(const __u32 *)key]

void world_put(enum map_number map, const void *key, const void *value)
{
	switch (map) {
	case MAP_vips4:
		host_hash_put(&vips4, (const struct vip4_key *)key, *(const __u32 *)value);
		break;
	case MAP_vips6:
		host_hash_put(&vips6, (const struct vip6_key *)key, *(const __u32 *)value);
		break;
	case MAP_services: PUT(services); break;
	case MAP_slots: PUT(slots); break;
	case MAP_backends: PUT(backends); break;
	case MAP_egress: PUT(egress); break;
	case MAP_flows: PUT(flows); break;
	default: abort();
	}
}

void world_get(enum map_number map, const void *key, void *ret_value)
{
	switch (map) {
	case MAP_flows: GET(flows); break;
	case MAP_turns: *(__u32 *)ret_value = turns.value[*(const __u32 *)key].next; break;
	case MAP_verdict_counters: GET(verdict_counters); break;
	case MAP_service_counters: GET(service_counters); break;
	case MAP_backend_counters: GET(backend_counters); break;
	case MAP_flow_events: GET(flow_events); break;
	default: abort();
	}
}

const struct explanation *world_explanation(void)
{
	return explanation.value;
}

int world_execute(bool explain, struct frame *f)
{
	int action;

	read_only = explain;
	action = native_run(f);
	read_only = false;
	return action;
}
