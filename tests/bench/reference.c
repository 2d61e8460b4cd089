// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/reference.h"

#include "balance/maglev.h"
#include "base/memory.h"
#include "bench/bench.h"
#include "bench/lru.h"

#include "bench/lru.skel.h"

#include <bpf/bpf.h>

#include <netinet/in.h>

#include <stdlib.h>
#include <string.h>

#define CPUS_MAX 1024

static void put(const struct bpf_map *map, const void *key, const void *value)
{
	if (bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY))
		bench_die("can't fill the reference's maps");
}

static void fill_backends(const struct lru_bpf *lru)
{
	for (__u32 i = 0; i < LRU_BACKENDS; i++) {
		const __be16 mac_be[3] = {htons(0x200), 0, htons(0x100 + i)};
		struct lru_real real4 = {{htonl(0xac100000 + i)}, {}, 0};
		struct lru_real real6 = {{htonl(0x20010db8), htonl(1), 0, htonl(i)}, {}, 0};
		__u32 number6 = LRU_BACKENDS + i;

		memcpy(real4.mac_be, mac_be, sizeof(mac_be));
		memcpy(real6.mac_be, mac_be, sizeof(mac_be));
		put(lru->maps.reals, &i, &real4);
		put(lru->maps.reals, &number6, &real6);
	}
}

static void fill_ring(const struct lru_bpf *lru)
{
	_cleanup_free_ __u16 *table = sl_calloc(LRU_RING, sizeof(*table));
	struct maglev_backend backends[LRU_BACKENDS];

	for (__u32 i = 0; i < LRU_BACKENDS; i++)
		backends[i] = (struct maglev_backend){{4, {htonl(0xac100000 + i)}}, 1, i};
	maglev_fill(backends, LRU_BACKENDS, LRU_RING, table);
	for (__u32 slot = 0; slot < LRU_RING; slot++) {
		__u32 backend = table[slot];

		put(lru->maps.ring, &slot, &backend);
	}
}

struct lru_bpf *reference_open(const struct address *vip4, const struct address *vip6,
			       __be16 port_be)
{
	struct lru_vip4 key4 = {vip4->word_be[0], LRU_PORT(port_be)};
	struct lru_vip6 key6 = {.port = LRU_PORT(port_be)};
	struct lru_bpf *lru = lru_bpf__open_and_load();
	__u32 number = 1;

	if (!lru)
		bench_die("can't load the reference");
	memcpy(key6.address_be, vip6->word_be, sizeof(key6.address_be));
	put(lru->maps.vips4, &key4, &number);
	put(lru->maps.vips6, &key6, &number);
	fill_backends(lru);
	fill_ring(lru);
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
