// SPDX-License-Identifier: GPL-2.0-or-later
#include <netinet/in.h>
#include <string.h>

#include "stages/cases.h"
#include "stages/setup.h"

static struct frame in, out;

static enum verdict run(struct frame_spec spec)
{
	frame_build(&in, spec);
	out = in;
	return world_run(&out);
}

/* Sent back where it came from: link and IP addresses swapped, the tag kept, every sum right. */
static void check_answer(int protocol)
{
	const unsigned char *to = out.bytes + in.l3, *from = in.bytes + in.l3;
	bool is4 = from[0] >> 4 == 4;
	int size = is4 ? 4 : 16, source = is4 ? 12 : 8, destination = is4 ? 16 : 24;

	CHECK(memcmp(out.bytes, in.bytes + 6, 6) == 0 && memcmp(out.bytes + 6, in.bytes, 6) == 0);
	CHECK(memcmp(out.bytes + 12, in.bytes + 12, in.l3 - 12) == 0);
	CHECK(memcmp(to + source, from + destination, size) == 0);
	CHECK(memcmp(to + destination, from + source, size) == 0);
	CHECK_EQUAL(is4 ? to[9] : to[6], protocol);
	CHECK_EQUAL(is4 ? to[8] : to[7], 64);
	CHECK(frame_is_sound(&out, in.l3));
}

/* The whole expected reply, built anew. */
static void check_echo4(struct frame_spec spec)
{
	struct frame expected;

	CHECK_EQUAL(run(spec), VERDICT_ECHO_REPLY);
	check_answer(IPPROTO_ICMP);
	spec.icmp_type = 0;
	spec.ttl = 64;
	spec.source = FRAME_VIP4;
	spec.destination = FRAME_CLIENT4;
	frame_build(&expected, spec);
	CHECK_EQUAL(out.length, expected.length);
	CHECK(memcmp(out.bytes + 12, expected.bytes + 12, out.length - 12) == 0);
}

void case_reply_echo4(void)
{
	struct frame_spec spec = {.protocol = IPPROTO_ICMP, .icmp_type = 8};

	setup_site(FEATURE_ALL);
	for (int i = 0; i < 0x10000; i += i < 0x20 || i >= 0xf7e0 ? 1 : 251) {
		spec.id = i;
		spec.number = 0;
		check_echo4(spec);
		spec.number = 0xffff - i;
		check_echo4(spec);
	}
	spec.payload = 57;
	spec.padding = 3;
	spec.vlan = 33;
	spec.options = 8;
	check_echo4(spec);
	spec.zero_payload = true;
	spec.id = spec.number = 0;
	check_echo4(spec);
	for (int ttl = 1; ttl < 256; ttl += 7) {
		spec.ttl = ttl;
		check_echo4(spec);
	}
}

void case_reply_echo6(void)
{
	struct frame_spec spec = {.family = 6, .protocol = IPPROTO_ICMPV6, .icmp_type = 128};

	setup_site(FEATURE_ALL);
	for (int i = 0; i < 0x10000; i += 191) {
		spec.id = i;
		CHECK_EQUAL(run(spec), VERDICT_ECHO_REPLY);
		check_answer(IPPROTO_ICMPV6);
		CHECK_EQUAL(out.bytes[in.l4], 129);
		CHECK(memcmp(out.bytes + in.l4 + 4, in.bytes + in.l4 + 4, in.length - in.l4 - 4) ==
		      0);
	}
	spec.extensions[0] = IPPROTO_DSTOPTS;
	spec.vlan = 3;
	spec.payload = 17;
	CHECK_EQUAL(run(spec), VERDICT_ECHO_REPLY);
	CHECK_EQUAL(out.bytes[in.l4], 129);
	CHECK_EQUAL(frame_checksum(out.bytes + in.l4, 25,
				   frame_pseudo_sum(out.bytes + in.l3, IPPROTO_ICMPV6, 25)),
		    0);
}

static void setup_empty(enum when_empty when_empty)
{
	setup_site(FEATURE_ALL);
	for (int s = WEB4; s < SETUP_SERVICES; s++) {
		setup_service(s, ALGORITHM_MAGLEV, when_empty, TRACKING_MOVING, 0);
		setup_slots(s, SLOT_NONE, SLOT_NONE);
	}
}

/* A reset with these numbers, if the packet had an ACK or not. */
static void check_reset(struct frame_spec spec, __u32 sequence, __u32 acknowledged, int flags)
{
	const unsigned char *tcp = out.bytes + in.l3 + (spec.family == 6 ? 40 : 20);

	CHECK_EQUAL(run(spec), VERDICT_NO_BACKEND_RESET);
	check_answer(IPPROTO_TCP);
	CHECK_EQUAL(out.length, tcp + 20 - out.bytes);
	CHECK_EQUAL(frame_be16(tcp), frame_be16(in.bytes + in.l4 + 2));
	CHECK_EQUAL(frame_be16(tcp + 2), frame_be16(in.bytes + in.l4));
	CHECK_EQUAL(frame_be32(tcp + 4), sequence);
	CHECK_EQUAL(frame_be32(tcp + 8), acknowledged);
	CHECK_EQUAL(tcp[12], 0x50);
	CHECK_EQUAL(tcp[13], flags);
}

void case_reply_reset(void)
{
	struct frame_spec spec = {.sequence = 0xfffffff0, .acknowledged = 77};

	setup_empty(WHEN_EMPTY_RESET);
	for (int i = 0; i < 4; i++) {
		spec.family = i % 2 ? 6 : 4;
		spec.vlan = i / 2 * 12;
		spec.options = i == 2 ? 16 : 0;
		spec.extensions[0] = i == 3 ? IPPROTO_DSTOPTS : 0;
		spec.padding = 6;
		frame_build(&in, spec);
		spec.payload = 0;
		spec.tcp_flags = SYN;
		check_reset(spec, 0, 0xfffffff1, RST | ACK);
		spec.payload = 100;
		check_reset(spec, 0, 0xfffffff1 + 100, RST | ACK);
		spec.tcp_flags = FIN;
		check_reset(spec, 0, 0xfffffff1 + 100, RST | ACK);
		spec.tcp_flags = ACK;
		check_reset(spec, 77, 0, RST);
		spec.tcp_flags = SYN | ACK;
		check_reset(spec, 77, 0, RST);
	}
}

void case_reply_never_reset(void)
{
	setup_empty(WHEN_EMPTY_RESET);
	CHECK_EQUAL(run((struct frame_spec){.tcp_flags = RST}), VERDICT_NO_BACKEND_DROP);
	CHECK_EQUAL(run((struct frame_spec){.tcp_flags = RST | ACK, .family = 6}),
		    VERDICT_NO_BACKEND_DROP);
}

static void check_unreachable(struct frame_spec spec, int code, enum verdict verdict)
{
	bool is6 = spec.family == 6;
	const unsigned char *icmp;
	__u32 quoted;

	CHECK_EQUAL(run(spec), verdict);
	check_answer(is6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	icmp = out.bytes + in.l3 + (is6 ? 40 : 20);
	quoted = in.l4 - in.l3 + 8;
	CHECK_EQUAL(icmp[0], is6 ? 1 : 3);
	CHECK_EQUAL(icmp[1], code);
	CHECK_EQUAL(frame_be32(icmp + 4), 0);
	CHECK_EQUAL(out.length, icmp + 8 - out.bytes + quoted);
	CHECK(memcmp(icmp + 8, in.bytes + in.l3, quoted) == 0);
}

void case_reply_unreachable(void)
{
	struct frame_spec spec = {.payload = 700, .padding = 2};

	for (int i = 0; i < 4; i++) {
		spec.family = i % 2 ? 6 : 4;
		spec.vlan = i / 2 * 12;
		spec.options = i == 2 ? 40 : 0;
		spec.extensions[0] = i == 3 ? IPPROTO_AH : 0;
		spec.protocol = IPPROTO_TCP;
		setup_empty(WHEN_EMPTY_ICMP);
		check_unreachable(spec, i % 2 ? 3 : 1, VERDICT_NO_BACKEND_ICMP);
		spec.protocol = IPPROTO_UDP;
		check_unreachable(spec, i % 2 ? 3 : 1, VERDICT_NO_BACKEND_ICMP);
		setup_empty(WHEN_EMPTY_RESET);
		check_unreachable(spec, i % 2 ? 4 : 3, VERDICT_NO_BACKEND_RESET);
	}
	/* The smallest packet there is. */
	setup_empty(WHEN_EMPTY_RESET);
	check_unreachable((struct frame_spec){.protocol = IPPROTO_UDP}, 3,
			  VERDICT_NO_BACKEND_RESET);
}

void case_reply_drop_pass(void)
{
	setup_empty(WHEN_EMPTY_DROP);
	CHECK_EQUAL(run((struct frame_spec){0}), VERDICT_NO_BACKEND_DROP);
	CHECK_EQUAL(world_explanation()->choice, CHOICE_NONE);
	setup_empty(WHEN_EMPTY_PASS);
	CHECK_EQUAL(run((struct frame_spec){.family = 6}), VERDICT_NO_BACKEND_PASS);
}

static void check_martians(enum when_empty answer, struct frame_spec spec)
{
	static const char *sources[2][9] = {
		{"0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.255", "224.0.0.1", "239.1.2.3",
		 "240.0.0.1", "255.255.255.255", FRAME_VIP4},
		{"::", "::1", "ff00::", "ff02::1", "ffff::1", FRAME_VIP6},
	};
	static const char *near[2][5] = {
		{"1.0.0.0", "126.255.255.255", "128.0.0.1", "223.255.255.255", "198.51.100.3"},
		{"::2", "1::", "feff::1", "fe80::1", "2001:db8::2"},
	};
	const int is6 = spec.family == 6;

	setup_empty(answer);
	for (int i = 0; i < 9 && sources[is6][i]; i++) {
		spec.source = sources[is6][i];
		CHECK_EQUAL(run(spec), VERDICT_MARTIAN_SOURCE);
	}
	for (int i = 0; i < 5; i++) {
		spec.source = near[is6][i];
		CHECK(run(spec) != VERDICT_MARTIAN_SOURCE);
		check_answer(in.bytes[in.l3 + (is6 ? 6 : 9)] == IPPROTO_TCP &&
					     answer == WHEN_EMPTY_RESET
				     ? IPPROTO_TCP
			     : is6 ? IPPROTO_ICMPV6
				   : IPPROTO_ICMP);
	}
}

void case_reply_bad_source(void)
{
	for (int family = 4; family <= 6; family += 2) {
		const int icmp = family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
		const int request = family == 4 ? 8 : 128;

		for (enum when_empty answer = WHEN_EMPTY_RESET; answer <= WHEN_EMPTY_ICMP;
		     answer++) {
			check_martians(answer, (struct frame_spec){.family = family});
			check_martians(answer, (struct frame_spec){.family = family,
								   .protocol = IPPROTO_UDP});
		}
		check_martians(WHEN_EMPTY_RESET, (struct frame_spec){.family = family,
								     .protocol = icmp,
								     .icmp_type = request});
	}
	/* What gets no answer keeps its verdict. */
	setup_empty(WHEN_EMPTY_DROP);
	CHECK_EQUAL(run((struct frame_spec){.source = "0.0.0.0"}), VERDICT_NO_BACKEND_DROP);
}

/* In each way that a frame gets an answer: by one bit of a MAC it passes instead. */
static void check_link_group(struct frame_spec spec)
{
	for (int i = 1; i < 4; i++) {
		spec.to_group = i & 1;
		spec.from_group = i & 2;
		CHECK_EQUAL(run(spec), VERDICT_LINK_GROUP);
	}
	spec.to_group = spec.from_group = false;
	CHECK(run(spec) != VERDICT_LINK_GROUP);
}

void case_reply_link_group(void)
{
	for (int family = 4; family <= 6; family += 2) {
		const int icmp = family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;

		setup_empty(WHEN_EMPTY_RESET);
		check_link_group((struct frame_spec){.family = family, .tcp_flags = SYN});
		check_link_group((struct frame_spec){.family = family, .protocol = IPPROTO_UDP});
		check_link_group((struct frame_spec){
			.family = family, .protocol = icmp, .icmp_type = family == 4 ? 8 : 128});
		setup_empty(WHEN_EMPTY_ICMP);
		check_link_group((struct frame_spec){.family = family, .vlan = 12});
	}
	/* What is sent on has a MAC of ours: some networks reach a VIP by a group's. */
	setup_site(FEATURE_ALL);
	CHECK_EQUAL(run((struct frame_spec){.to_group = true}), VERDICT_FORWARDED);
}
