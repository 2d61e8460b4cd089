// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * world_kernel.c - the world of the kernel: the loaded program, run by BPF_PROG_TEST_RUN. Needs root.
 */
#include "stages/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "sluice.skel.h"

/* One program of some features and its read-only instance, over the same maps. */
struct loaded {
	__u32 features;
	struct sluice_bpf *live, *explain, *twin; /* twin: once it was asked for */
	int maps[MAP_COUNT];			  /* borrowed descriptors */
};

static struct loaded cache[8], *now;
static int cached;

static void die(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(1);
}

static struct sluice_bpf *open_program(__u32 features, bool explains)
{
	struct sluice_bpf *s = sluice_bpf__open();

	if (!s)
		die("can't open the program");
	s->rodata->config = world_config(features);
	s->rodata->flow_buckets_mask = WORLD_BUCKETS - 1;
	s->rodata->read_only = explains;
	bpf_map__set_max_entries(s->maps.services, WORLD_SERVICES);
	bpf_map__set_max_entries(s->maps.slots, WORLD_CHUNKS);
	bpf_map__set_max_entries(s->maps.backends, WORLD_BACKENDS);
	bpf_map__set_max_entries(s->maps.flows, WORLD_BUCKETS);
	bpf_map__set_max_entries(s->maps.turns, WORLD_SERVICES);
	bpf_map__set_max_entries(s->maps.service_counters, WORLD_SERVICES);
	bpf_map__set_max_entries(s->maps.backend_counters, WORLD_BACKENDS);
	return s;
}

static struct sluice_bpf *load_over(const int maps[MAP_COUNT], __u32 features, bool explains)
{
	struct sluice_bpf *s = open_program(features, explains);

#define X(name) bpf_map__reuse_fd(s->maps.name, maps[MAP_##name]);
	SLUICE_MAPS(X)
#undef X
	if (sluice_bpf__load(s) != 0)
		die("can't load another instance");
	return s;
}

static void load_pair(struct loaded *l, __u32 features)
{
	l->features = features;
	l->live = open_program(features, false);
	if (sluice_bpf__load(l->live) != 0)
		die("can't load the program (root?)");
#define X(name) l->maps[MAP_##name] = bpf_map__fd(l->live->maps.name);
	SLUICE_MAPS(X)
#undef X
	l->explain = load_over(l->maps, features, true);
}

void world_programs(int ret_programs[2])
{
	if (!now->twin)
		now->twin = load_over(now->maps, now->features, false);
	ret_programs[0] = bpf_program__fd(now->live->progs.sluice);
	ret_programs[1] = bpf_program__fd(now->twin->progs.sluice);
}

static void empty_map(int fd, bool hash)
{
	static const char zero[64 * 256];
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	char key[sizeof(struct vip6_key)];

	bpf_obj_get_info_by_fd(fd, &info, &size);
	if (hash)
		while (bpf_map_get_next_key(fd, NULL, key) == 0)
			bpf_map_delete_elem(fd, key);
	else
		for (__u32 i = 0; i < info.max_entries; i++)
			bpf_map_update_elem(fd, &i, zero, 0);
}

void world_load(__u32 features)
{
	for (now = cache; now < cache + cached && now->features != features; now++)
		;
	if (now == cache + cached) {
		if (cached++ == 8)
			die("too many programs");
		load_pair(now, features);
	}
	for (int i = 0; i < MAP_COUNT; i++)
		empty_map(now->maps[i], i == MAP_vips4 || i == MAP_vips6);
}

__u64 world_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

void world_put(enum map_number map, const void *key, const void *value)
{
	if (bpf_map_update_elem(now->maps[map], key, value, 0) != 0)
		die("can't write a map");
}

/* All per-CPU values are made of 64-bit counters. */
static __u32 words_of(enum map_number map)
{
	return map == MAP_verdict_counters ? 2 : map == MAP_flow_events ? 1 : 3;
}

static const __u64 *read_all(enum map_number map, const void *key)
{
	static __u64 values[3 * 256];

	memset(values, 0, sizeof(values));
	if (bpf_map_lookup_elem(now->maps[map], key, values) != 0)
		die("can't read a map");
	return values;
}

void world_get_of_cpu(enum map_number map, const void *key, int cpu, void *ret_value)
{
	memcpy(ret_value, read_all(map, key) + cpu * words_of(map), words_of(map) * sizeof(__u64));
}

void world_get(enum map_number map, const void *key, void *ret_value)
{
	const __u64 *values = read_all(map, key);
	int cpus = libbpf_num_possible_cpus();
	__u32 words = words_of(map);
	__u64 *sums = ret_value;

	if (map == MAP_flows) {
		memcpy(ret_value, values, sizeof(struct flow_bucket));
		return;
	}
	if (map == MAP_turns) {
		memcpy(ret_value, values, sizeof(__u32));
		return;
	}
	memset(sums, 0, words * sizeof(*sums));
	for (__u32 i = 0; i < cpus * words; i++)
		sums[i % words] += values[i];
}

const struct explanation *world_explanation(void)
{
	static struct explanation e;
	__u32 zero = 0;

	if (bpf_map_lookup_elem(now->maps[MAP_explanation], &zero, &e) != 0)
		die("can't read the explanation");
	return &e;
}

int world_execute(bool explain, struct frame *f)
{
	const struct sluice_bpf *s = explain ? now->explain : now->live;
	static unsigned char out[FRAME_MAX];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->bytes, .data_size_in = f->length,
		    .data_out = out, .data_size_out = sizeof(out), .repeat = 1);

	if (bpf_prog_test_run_opts(bpf_program__fd(s->progs.sluice), &opts) != 0)
		die("the kernel refuses a test run");
	f->length = opts.data_size_out;
	memcpy(f->bytes, out, f->length);
	return opts.retval;
}
