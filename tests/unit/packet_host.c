// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What BPF_PROG_TEST_RUN can't arrange: a frame without headroom, and the kernel's answers about routes.
 */
#include "stages/native.h"

#include <errno.h>

#include "stages/check.h"

static struct frame frame;

/* One service, TCP 198.51.100.1:80, with one backend whose next hop is unknown. */
static void open_site(enum forward forward, int family, __u16 hop)
{
	const struct vip4_key key = {
		.addr_be = htobe32(0xc6336401), .port_be = htobe16(80), .protocol = IPPROTO_TCP};

	native_open(2, 1, 1, 2);
	config = (struct program_config){
		.features = FEATURE_ALL, .outer4_bits = 16, .outer6_bits = 64};
	host = (struct host){.fib_result = BPF_FIB_LKUP_RET_SUCCESS};
	host_hash_put(&vips4, &key, 1);
	services.value[1].word =
		SERVICE_WORD(0, 4, ALGORITHM_MAGLEV, WHEN_EMPTY_ICMP, TRACKING_MOVING, 0);
	backends.value[0] = (struct backend_entry){.state = BACKEND_UP,
						   .service = 1,
						   .forward = forward,
						   .family = family,
						   .addr_be = {1, 2, 3, 4}};
	backends.value[0].next_hop.egress = hop;
	egress.value[1] = (struct egress_entry){.ifindex = 1, .mtu = 1500};
	frame_build(&frame, (struct frame_spec){.payload = 10});
}

/* The only verdict counted. */
static enum verdict verdict(void)
{
	enum verdict v = VERDICT_CONTINUE;

	for (int i = 0; i < VERDICT_COUNT; i++)
		if (verdict_counters.value[i].packets)
			v = i;
	return v;
}

static enum verdict run_with_headroom(__u32 headroom)
{
	struct native_buffer buffer;

	native_buffer_init(&buffer, &frame, headroom);
	sluice(&buffer.ctx);
	native_buffer_deinit(&buffer, &frame);
	return verdict();
}

static void case_headroom(void)
{
	open_site(FORWARD_IPIP, 4, 1);
	CHECK_EQUAL(run_with_headroom(20), VERDICT_FORWARDED);
	open_site(FORWARD_IPIP, 4, 1);
	CHECK_EQUAL(run_with_headroom(16), VERDICT_NO_HEADROOM);
	open_site(FORWARD_IPIP, 6, 1);
	CHECK_EQUAL(run_with_headroom(20), VERDICT_NO_HEADROOM);
	open_site(FORWARD_L2, 4, 1);
	CHECK_EQUAL(run_with_headroom(0), VERDICT_FORWARDED);
	open_site(FORWARD_IPIP, 4, 1);
	backends.value[0].state = BACKEND_DOWN;
	CHECK_EQUAL(run_with_headroom(24), VERDICT_NO_HEADROOM); /* an ICMP error needs 28 */
}

static void check_asked(int family, int length)
{
	CHECK_EQUAL(host.fib_asked.family, family == 4 ? 2 : 10);
	CHECK_EQUAL(host.fib_asked.ifindex, 1);
	CHECK_EQUAL(host.fib_asked.tot_len, length);
	CHECK(memcmp(host.fib_asked.ipv6_dst, backends.value[0].addr_be, family == 4 ? 4 : 16) ==
	      0);
}

static void case_route_found(void)
{
	static const struct {
		int family, ifindex, verdict, overhead;
	} rows[] = {
		{4, 1, VERDICT_FORWARDED, 20},
		{6, 1, VERDICT_FORWARDED, 40},
		{4, 9, VERDICT_REDIRECTED, 20},
		{6, 9, VERDICT_REDIRECTED, 40},
	};

	for (int i = 0; i < 4; i++) {
		open_site(FORWARD_IPIP, rows[i].family, 0);
		host.fib = (struct bpf_fib_lookup){
			.ifindex = rows[i].ifindex, .dmac = {2, 1}, .smac = {2, 2}};
		CHECK_EQUAL(run_with_headroom(256), rows[i].verdict);
		check_asked(rows[i].family, 50 + rows[i].overhead);
		CHECK(memcmp(frame.bytes, host.fib.dmac, 6) == 0);
		CHECK(memcmp(frame.bytes + 6, host.fib.smac, 6) == 0);
		CHECK_EQUAL(host.redirected_to, rows[i].ifindex == 9 ? 9 : 0);
	}
	open_site(FORWARD_L2, 4, 0);
	host.fib = (struct bpf_fib_lookup){.ifindex = 1, .dmac = {2, 1}, .smac = {2, 2}};
	CHECK_EQUAL(run_with_headroom(0), VERDICT_FORWARDED);
	check_asked(4, 50);
}

static void case_route_refused(void)
{
	static const int results[] = {BPF_FIB_LKUP_RET_NO_NEIGH, BPF_FIB_LKUP_RET_FWD_DISABLED,
				      BPF_FIB_LKUP_RET_UNREACHABLE, -EINVAL};

	for (int i = 0; i < 4; i++) {
		open_site(FORWARD_IPIP, 4, 0);
		host.fib_result = results[i];
		CHECK_EQUAL(run_with_headroom(256), VERDICT_NO_NEXT_HOP);
	}
	open_site(FORWARD_IPIP, 4, 0);
	host.fib_result = BPF_FIB_LKUP_RET_FRAG_NEEDED;
	CHECK_EQUAL(run_with_headroom(256), VERDICT_TOO_BIG);
}

int main(void)
{
	static const struct check_case cases[] = {
		{"a header needs headroom", case_headroom},
		{"the kernel knows the way", case_route_found},
		{"the kernel knows no way", case_route_refused},
	};

	return check_run(cases, 3);
}
