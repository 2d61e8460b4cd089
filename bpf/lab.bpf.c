// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * lab.bpf.c - what the peer of a veth needs before frames sent by XDP_TX can reach it: a native
 * program, any. Real NICs have no such peer; only scripts/lab uses this.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp") int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
