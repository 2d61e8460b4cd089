/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * maps.h - every map of the balancer, and what is fixed when the program is loaded.
 *
 * Shapes are abi.h's. The numbers of entries here are only large enough to load: the daemon sets them
 * from the capacity of its configuration before it loads the program. A map has one writer, named
 * above it. Arrays that the daemon writes one word at a time are mapped into its memory
 * (BPF_F_MMAPABLE, which also puts every entry of a power of two on cache lines of its own).
 */
#ifndef SLUICE_MAPS_H
#define SLUICE_MAPS_H

#include "packet.h"

/* Writer: the daemon, before load. */
FIXED_AT_LOAD struct program_config config = {};
FIXED_AT_LOAD struct hash_key hash_key = {};
FIXED_AT_LOAD __u32 flow_buckets_mask =
	0;			      /* number of entries of `flows`, a power of two, less one */
FIXED_AT_LOAD bool read_only = false; /* explain: writes no map but `explanation`, sends nothing */

/* Is the code for a feature in this program? */
#define FEATURE(name) ((config.features & FEATURE_##name) != 0)

/* Writer: the daemon. Value: service id. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct vip4_key);
	__type(value, __u32);
} vips4 SEC(".maps");

/* Writer: the daemon. Value: service id. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct vip6_key);
	__type(value, __u32);
} vips6 SEC(".maps");

/* Writer: the daemon. Index: service id. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct service_entry);
} services SEC(".maps");

/* Writer: the daemon. Index: chunk; a service's word names its first. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct slot_chunk);
} slots SEC(".maps");

/* Writer: the daemon. Index: backend id. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct backend_entry);
} backends SEC(".maps");

/* Writer: the daemon. Index: union next_hop's egress. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, EGRESS_MAX);
	__type(key, __u32);
	__type(value, struct egress_entry);
} egress SEC(".maps");

/*
 * Writer: the packet path, by compare-and-swap; the daemon only empties entries, by compare-and-swap
 * too. Index: bucket.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct flow_bucket);
} flows SEC(".maps");

/* A round-robin service's next turn, on a cache line of its own: every CPU advances it. */
struct turn {
	__u32 next;
	__u32 padding[15];
};

/* Writer: the packet path, by atomic addition. Index: service id. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct turn);
} turns SEC(".maps");

/* Writer: the packet path. Index: enum verdict. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, VERDICT_COUNT);
	__type(key, __u32);
	__type(value, struct verdict_counter);
} verdict_counters SEC(".maps");

/* Writer: the packet path. Index: service id. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct traffic_counter);
} service_counters SEC(".maps");

/* Writer: the packet path. Index: backend id. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct traffic_counter);
} backend_counters SEC(".maps");

/* Writer: the packet path. Index: enum flow_event. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FLOW_EVENT_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} flow_events SEC(".maps");

/* Writer: the read-only instance of the packet path. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct explanation);
} explanation SEC(".maps");

_Static_assert(sizeof(struct turn) == 64, "turn");

#endif
