// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/reference.h"

#include "balance/maglev.h"
#include "base/memory.h"
#include "bench/bench.h"

#include "bench/lru.skel.h"

#include <bpf/bpf.h>

#include <netinet/in.h>

#include <stdlib.h>

#define BACKENDS 100
#define CPUS_MAX 1024

/* As declared in lru.bpf.c. */
struct vip_key {
	__be32 address_be;
	__be16 port_be;
	__u8 protocol;
	__u8 zero;
};

struct real {
	__be32 address_be;
	__be16 mac_be[3];
	__u16 zero;
};

static void put(const struct bpf_map *map, const void *key, const void *value)
{
	if (bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY))
		bench_die("can't fill the reference's maps");
}

static void fill(struct lru_bpf *lru)
{
	__u32 slots = bpf_map__max_entries(lru->maps.ring);
	_cleanup_free_ __u16 *table = sl_calloc(slots, sizeof(*table));
	struct maglev_backend backends[BACKENDS] = {};

	for (__u32 i = 0; i < BACKENDS; i++) {
		struct real real = {htonl(0xac100000 + i), {htons(0x200), 0, htons(0x100 + i)}, 0};

		backends[i] = (struct maglev_backend){{4, {}, {real.address_be}}, 1, i};
		put(lru->maps.reals, &i, &real);
	}
	maglev_fill(backends, BACKENDS, slots, table);
	for (__u32 slot = 0; slot < slots; slot++) {
		__u32 backend = table[slot];

		put(lru->maps.ring, &slot, &backend);
	}
}

struct lru_bpf *reference_open(const struct address *vip, __be16 port_be)
{
	struct vip_key key = {vip->word_be[0], port_be, IPPROTO_TCP, 0};
	struct lru_bpf *lru = lru_bpf__open_and_load();
	__u32 number = 1;

	if (!lru)
		bench_die("can't load the reference");
	put(lru->maps.vips, &key, &number);
	fill(lru);
	return lru;
}

void reference_close(struct lru_bpf *lru)
{
	lru_bpf__destroy(lru);
}

int reference_program_fd(const struct lru_bpf *lru)
{
	return bpf_program__fd(lru->progs.lru);
}

__u64 reference_hits(const struct lru_bpf *lru)
{
	static struct {
		__u64 packets, bytes;
	} counters[CPUS_MAX];
	__u32 hit = 0;
	__u64 sum = 0;

	if (bpf_map_lookup_elem(bpf_map__fd(lru->maps.outcomes), &hit, counters))
		bench_die("can't read the reference's counters");
	for (int cpu = 0; cpu < libbpf_num_possible_cpus() && cpu < CPUS_MAX; cpu++)
		sum += counters[cpu].packets;
	return sum;
}
