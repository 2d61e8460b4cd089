// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/live.h"

#include "base/memory.h"
#include "bench/reference.h"

#include <bpf/bpf.h>

#include <linux/if_link.h>
#include <netinet/in.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A veth ring holds 256 frames; larger batches lose some. */
#define BATCH 64
#define ACK   0x10

/* As enum count in shim.bpf.c. */
enum count { GENERATED, RETURNED, RETURNED_TUNNEL, COUNTS };

enum far_end { DROP, TRANSMIT, SLUICE, LRU, FAR_ENDS };

static const char *const names[FAR_ENDS] = {"live-drop", "live-tx", "live-sluice", "live-lru"};

static int program_of(const struct subjects *subjects, enum far_end far_end)
{
	switch (far_end) {
	case SLUICE: return site_program_fd(subjects->full);
	case LRU: return reference_program_fd(subjects->lru);
	case TRANSMIT: return bpf_program__fd(subjects->shim->progs.transmit);
	default: return bpf_program__fd(subjects->shim->progs.drop);
	}
}

static void attach(unsigned ifindex, int program)
{
	int err = bpf_xdp_attach(ifindex, program, XDP_FLAGS_DRV_MODE, NULL);

	if (err)
		bench_die(strerror(-err));
}

/* A busy machine loses a few in the ring; a way that doesn't work loses all. */
static void check(enum far_end far_end, const __u64 *counts, __u32 packets)
{
	__u64 expected = far_end == DROP ? 0 : packets;
	__u64 tunnel = far_end == SLUICE || far_end == LRU ? counts[RETURNED] : 0;

	if (counts[GENERATED] != packets || counts[RETURNED] > expected ||
	    counts[RETURNED] < expected / 2 || counts[RETURNED_TUNNEL] != tunnel) {
		fprintf(stderr, "bench: %s: %llu generated, %llu returned, %llu of them tunneled\n",
			names[far_end], counts[GENERATED], counts[RETURNED],
			counts[RETURNED_TUNNEL]);
		bench_die("live frames don't come back as they should");
	}
}

static double measure(const struct subjects *subjects, enum far_end far_end, __u32 flows,
		      __u32 packets, __u64 *returned)
{
	static unsigned char data[FRAME_SIZE];
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = data, .data_size_in = FRAME_SIZE,
		    .repeat = packets, .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = BATCH);
	const struct shim_frames frames = {
		.destination = site_address(4, SITE_SETTLED),
		.port_be = htons(SITE_PORT),
		.protocol = IPPROTO_TCP,
		.tcp_flags = ACK,
		.flows = flows,
	};
	struct shim_bpf *shim = subjects->shim;

	shim_set_frames(shim, &frames);
	memset(shim->bss->counts, 0, sizeof(shim->bss->counts));
	attach(subjects->ifindex, program_of(subjects, far_end));
	if (bpf_prog_test_run_opts(bpf_program__fd(shim->progs.generate), &run))
		bench_die("the kernel refuses live frames");
	usleep(20000); /* the last batch comes back later */
	check(far_end, shim->bss->counts, packets);
	*returned += shim->bss->counts[RETURNED];
	return run.duration;
}

static void prepare(const struct subjects *subjects, unsigned outside)
{
	__u32 zero = 0;

	if (bpf_map_update_elem(bpf_map__fd(subjects->shim->maps.wire), &zero, &outside, 0))
		bench_die("can't redirect into the veth pair");
	attach(outside, bpf_program__fd(subjects->shim->progs.sink));
}

size_t live_measure(const struct subjects *subjects, unsigned outside,
		    const struct bench_effort *effort, struct bench_result **ret_results)
{
	struct bench_result *results = sl_calloc(FAR_ENDS, sizeof(*results));
	double samples[FAR_ENDS][BENCH_ROUNDS_MAX];
	__u32 flows = effort->flows[BENCH_FLOW_SETS - 1];

	prepare(subjects, outside);
	for (unsigned round = 0; round < effort->rounds; round++)
		for (enum far_end end = 0; end < FAR_ENDS; end++)
			samples[end][round] = measure(subjects, end, flows, effort->packets,
						      &results[end].packets);
	for (enum far_end end = 0; end < FAR_ENDS; end++) {
		results[end].name = names[end];
		results[end].flows = flows;
		bench_summarize(&results[end], samples[end], effort->rounds);
		results[end].per_second = 1e9 / results[end].net_ns;
	}
	*ret_results = results;
	return FAR_ENDS;
}
