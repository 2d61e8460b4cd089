/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dataplane/counters.h"

#include "base/memory.h"
#include "sluice/abi.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <errno.h>
#include <string.h>

#define BATCH 256 /* values a system call */

static void add(const __u64 *values, uint32_t count, size_t words, int cpus, __u64 *sums)
{
	memset(sums, 0, count * words * sizeof(*sums));
	for (uint32_t i = 0; i < count; i++)
		for (int cpu = 0; cpu < cpus; cpu++)
			for (size_t word = 0; word < words; word++)
				sums[i * words + word] += *values++;
}

int counters_sum(int map_fd, uint32_t count, size_t words, __u64 *ret_sums)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ __u64 *values = NULL;
	__u32 keys[BATCH], next;
	uint32_t done = 0;

	if (cpus < 0)
		return cpus;
	values = sl_calloc((size_t)BATCH * cpus, words * sizeof(*values));
	while (done < count) {
		__u32 got = count - done < BATCH ? count - done : BATCH;
		int err = bpf_map_lookup_batch(map_fd, done ? &next : NULL, &next, keys, values,
					       &got, NULL);

		/* -ENOENT: these were the map's last */
		if (err && (err != -ENOENT || done + got < count))
			return err;
		add(values, got, words, cpus, ret_sums + done * words);
		done += got;
	}
	return 0;
}

int counters_zero(int map_fd, uint32_t index)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct traffic_counter *zeros = NULL;

	if (cpus < 0)
		return cpus;
	zeros = sl_calloc(cpus, sizeof(*zeros));
	return bpf_map_update_elem(map_fd, &index, zeros, BPF_ANY);
}
