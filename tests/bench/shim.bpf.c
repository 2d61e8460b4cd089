// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * shim.bpf.c - what stands before the program under test, and the yardsticks.
 *
 * BPF_PROG_TEST_RUN with `repeat` hands the same buffer to each run as the run before left it: grown by
 * an outer header, with other addresses. So the shim takes the head back, writes every header byte
 * anew, draws the next flow, and only then tail-calls what is measured. Live frames come back the
 * same way. What the shim costs is measured with an empty program and subtracted; that is why it
 * adjusts the head even where there is nothing to take back.
 *
 * The frame is written in words of the size that headers are read in: a load that spans two recent
 * stores waits for both to reach the cache, which no packet from a NIC would.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/in.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "frame.h"

#define WORD_IP4_SOURCE	 3
#define WORD_IP4_PORTS	 5
#define WORD_IP6_SOURCE	 5 /* the last of four */
#define WORD_IP6_PORTS	 10
#define PORTS_PER_SOURCE 4096

enum count { GENERATED, RETURNED, RETURNED_TUNNEL, COUNTS };

struct bench_frame frame = {};
__u64 counts[COUNTS] = {}; /* of live frames; one CPU runs them all */

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} under_test SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} wire SEC(".maps");

static __always_inline __u32 next_flow(void)
{
	if (frame.sequential)
		return frame.next++;
	return (__u64)bpf_get_prandom_u32() * frame.flows >> 32;
}

/* Addresses and ports by number: no table of flows, which would take cache from what is measured. */
static __always_inline void write_source(__be32 *word, __u32 flow)
{
	__be32 source_be = bpf_htonl(0x0a000000 + flow / PORTS_PER_SOURCE);
	__be16 port_be = bpf_htons(1024 + flow % PORTS_PER_SOURCE);

	if (frame.family == 4) {
		word[WORD_IP4_SOURCE] = source_be;
		word[WORD_IP4_PORTS] = frame.word[WORD_IP4_PORTS] | port_be;
	} else {
		word[WORD_IP6_SOURCE] = source_be;
		word[WORD_IP6_PORTS] = frame.word[WORD_IP6_PORTS] | port_be;
	}
}

static __always_inline int write_frame(struct xdp_md *ctx)
{
	unsigned char *data = (unsigned char *)(long)ctx->data;
	__be32 *word = (__be32 *)(data + ETH_HLEN);

	if (data + FRAME_SIZE > (unsigned char *)(long)ctx->data_end)
		return -1;
	*(__u32 *)data = 2;
	*(__u32 *)(data + 4) = 2;
	*(__u32 *)(data + 8) = 2;
	*(__be16 *)(data + 12) = frame.type_be;
	for (int i = 0; i < FRAME_WORDS; i++)
		word[i] = frame.word[i];
	write_source(word, next_flow());
	return 0;
}

SEC("xdp.frags")
int shim(struct xdp_md *ctx)
{
	int grown = (int)(ctx->data_end - ctx->data) - FRAME_SIZE;

	if (bpf_xdp_adjust_head(ctx, grown) == 0 && write_frame(ctx) == 0)
		bpf_tail_call(ctx, &under_test, 0);
	return XDP_ABORTED;
}

SEC("xdp.frags")
int empty(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp.frags")
int generate(struct xdp_md *ctx)
{
	if (write_frame(ctx) != 0)
		return XDP_ABORTED;
	counts[GENERATED]++;
	return bpf_redirect_map(&wire, 0, XDP_DROP);
}

/* What comes back over the wire. */
SEC("xdp.frags")
int sink(struct xdp_md *ctx)
{
	const unsigned char *data = (const unsigned char *)(long)ctx->data;
	const struct iphdr *ip = (const struct iphdr *)(data + ETH_HLEN);

	counts[RETURNED]++;
	if ((void *)(ip + 1) <= (void *)(long)ctx->data_end && ip->protocol == IPPROTO_IPIP)
		counts[RETURNED_TUNNEL]++;
	return XDP_DROP;
}

/* The yardsticks of live frames. */
SEC("xdp.frags")
int drop(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("xdp.frags")
int transmit(struct xdp_md *ctx)
{
	return XDP_TX;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
