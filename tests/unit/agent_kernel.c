// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * agent_kernel.c - the backend's program in the kernel, by BPF_PROG_TEST_RUN: frame in; action,
 * frame and one counted verdict out. Frames are written here byte by byte, not by the program's
 * headers.
 */
#include "agent.skel.h"
#include "sluice/abi.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_MAX 512
#define PAYLOAD	  24 /* of the inner packet */

struct frame {
	unsigned char byte[FRAME_MAX];
	size_t length;
};

struct mix {
	int outer, inner; /* 4 or 6 */
	bool tagged;
};

static const struct mix mixes[] = {
	{4, 4, false}, {4, 6, false}, {6, 4, false}, {6, 6, false},
	{4, 4, true},  {4, 6, true},  {6, 4, true},  {6, 6, true},
};

#define MIXES (sizeof(mixes) / sizeof(mixes[0]))

static struct agent_bpf *program;
static int cpus;

/* ---- frames -----------------------------------------------------------------------------------
 */

static void put(struct frame *frame, const void *bytes, size_t count)
{
	memcpy(frame->byte + frame->length, bytes, count);
	frame->length += count;
}

static void put16(struct frame *frame, unsigned value)
{
	unsigned char bytes[] = {value >> 8, value};

	put(frame, bytes, 2);
}

static void put_link(struct frame *frame, bool tagged, int family)
{
	put(frame, "\2\1\1\1\1\1\2\2\2\2\2\2", 12);
	if (tagged) {
		put16(frame, 0x8100);
		put16(frame, 0x2007);
	}
	put16(frame, family == 4 ? 0x0800 : 0x86dd);
}

static void put_ipv4(struct frame *frame, unsigned protocol, const char *to, size_t payload)
{
	unsigned char header[20] = {0x45, 0, 0, 0, 0, 1, 0, 0, 64, protocol, 0, 0, 198, 51, 100, 9};

	header[2] = (sizeof(header) + payload) >> 8;
	header[3] = sizeof(header) + payload;
	cr_assert(inet_pton(AF_INET, to, header + 16));
	put(frame, header, sizeof(header));
}

static void put_ipv6(struct frame *frame, unsigned protocol, const char *to, size_t payload)
{
	unsigned char header[40] = {0x60, 0, 0, 0, payload >> 8, payload, protocol, 64};

	cr_assert(inet_pton(AF_INET6, "2001:db8::9", header + 8));
	cr_assert(inet_pton(AF_INET6, to, header + 24));
	put(frame, header, sizeof(header));
}

static void put_inner(struct frame *frame, int family)
{
	unsigned char payload[PAYLOAD];

	if (family == 4)
		put_ipv4(frame, 6, "192.0.2.1", PAYLOAD);
	else
		put_ipv6(frame, 6, "2001:db8::1", PAYLOAD);
	for (int i = 0; i < PAYLOAD; i++)
		payload[i] = 0xa0 + i;
	put(frame, payload, PAYLOAD);
}

static size_t header_length(int family)
{
	return family == 4 ? 20 : 40;
}

static size_t link_length(const struct mix *mix)
{
	return mix->tagged ? 18 : 14;
}

/* The offset of the inner packet. */
static size_t inner_at(const struct mix *mix)
{
	return link_length(mix) + header_length(mix->outer);
}

static struct frame tunnel_to(const struct mix *mix, const char *to)
{
	size_t payload = header_length(mix->inner) + PAYLOAD;
	unsigned protocol = mix->inner == 4 ? 4 : 41;
	struct frame frame = {};

	put_link(&frame, mix->tagged, mix->outer);
	if (mix->outer == 4)
		put_ipv4(&frame, protocol, to, payload);
	else
		put_ipv6(&frame, protocol, to, payload);
	put_inner(&frame, mix->inner);
	return frame;
}

static struct frame tunnel(const struct mix *mix)
{
	return tunnel_to(mix, mix->outer == 4 ? "10.9.0.1" : "fd09::1");
}

/* What the backend's kernel must see. */
static struct frame bare(const struct mix *mix)
{
	struct frame frame = {};

	put_link(&frame, mix->tagged, mix->inner);
	put_inner(&frame, mix->inner);
	return frame;
}

/* ---- running ----------------------------------------------------------------------------------
 */

static struct verdict_counter counted(__u32 verdict)
{
	struct verdict_counter values[cpus], sum = {};

	cr_assert_eq(bpf_map_lookup_elem(bpf_map__fd(program->maps.counters), &verdict, values), 0);
	for (int cpu = 0; cpu < cpus; cpu++) {
		sum.packets += values[cpu].packets;
		sum.bytes += values[cpu].bytes;
	}
	return sum;
}

/* Runs `in`; exactly this verdict must be counted, and `out` must come out. */
static void expect(const struct frame *in, enum agent_verdict verdict, const struct frame *out,
		   const char *what)
{
	static const int action[] = {
#define X(name, action_, word, help) [AGENT_##name] = action_,
		SLUICE_AGENT_VERDICTS(X)
#undef X
	};
	struct verdict_counter before[AGENT_VERDICT_COUNT], after;
	unsigned char result[FRAME_MAX];
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in->byte, .data_size_in = in->length,
		    .data_out = result, .data_size_out = sizeof(result), .repeat = 1);

	for (int i = 0; i < AGENT_VERDICT_COUNT; i++)
		before[i] = counted(i);
	cr_assert_eq(bpf_prog_test_run_opts(bpf_program__fd(program->progs.sluice_agent), &run), 0,
		     "%s: %m", what);
	for (int i = 0; i < AGENT_VERDICT_COUNT; i++) {
		after = counted(i);
		cr_assert_eq(after.packets - before[i].packets, i == (int)verdict,
			     "%s: verdict %d counted", what, i);
		cr_assert_eq(after.bytes - before[i].bytes, i == (int)verdict ? in->length : 0,
			     "%s: bytes of verdict %d", what, i);
	}
	cr_assert_eq((int)run.retval, action[verdict], "%s: action %u", what, run.retval);
	cr_assert_eq(run.data_size_out, out->length, "%s: %u bytes out", what, run.data_size_out);
	cr_assert_arr_eq(result, out->byte, out->length, "%s: wrong bytes out", what);
}

static void expect_untouched(const struct frame *in, enum agent_verdict verdict, const char *what)
{
	expect(in, verdict, in, what);
}

static const char *name_of(const struct mix *mix)
{
	static char name[64];

	snprintf(name, sizeof(name), "IPv%d in IPv%d%s", mix->inner, mix->outer,
		 mix->tagged ? ", tagged" : "");
	return name;
}

static void add_address(const struct agent_address *address)
{
	const __u8 present = 1;

	cr_assert_eq(bpf_map__update_elem(program->maps.addresses, address, sizeof(*address),
					  &present, sizeof(present), BPF_ANY),
		     0);
}

static void load(void)
{
	struct agent_address address = {{0, 0, htonl(0xffff), 0}};

	cpus = libbpf_num_possible_cpus();
	program = agent_bpf__open_and_load();
	cr_assert_not_null(program, "needs root and BPF");
	inet_pton(AF_INET, "10.9.0.1", &address.addr_be[3]);
	add_address(&address);
	inet_pton(AF_INET6, "fd09::1", &address);
	add_address(&address);
}

static void unload(void)
{
	agent_bpf__destroy(program);
}

TestSuite(agent_kernel, .init = load, .fini = unload);

/* ---- cases ------------------------------------------------------------------------------------
 */

Test(agent_kernel, every_mix_loses_its_outer_header)
{
	for (size_t i = 0; i < MIXES; i++) {
		struct frame in = tunnel(&mixes[i]), out = bare(&mixes[i]);

		expect(&in, AGENT_DECAPSULATED, &out, name_of(&mixes[i]));
	}
}

Test(agent_kernel, every_truncation)
{
	for (size_t i = 0; i < MIXES; i++) {
		const struct mix *mix = &mixes[i];
		struct frame frame = tunnel(mix);
		size_t whole = frame.length;

		for (frame.length = 14; frame.length < whole; frame.length++)
			expect_untouched(&frame,
					 frame.length < inner_at(mix) ? AGENT_NOT_TUNNEL
								      : AGENT_MALFORMED,
					 name_of(mix));
	}
}

Test(agent_kernel, padding_behind_the_inner_packet_stays)
{
	for (size_t i = 0; i < MIXES; i++) {
		struct frame in = tunnel(&mixes[i]), out = bare(&mixes[i]);

		put(&in, "\0\0\0\0\0\0", 6);
		put(&out, "\0\0\0\0\0\0", 6);
		expect(&in, AGENT_DECAPSULATED, &out, name_of(&mixes[i]));
	}
}

Test(agent_kernel, outer_ipv4_options_are_removed_too)
{
	const struct mix mix = {4, 4, false};

	for (int words = 1; words <= 10; words++) {
		struct frame plain = tunnel(&mix), out = bare(&mix), in = {};

		put(&in, plain.byte, inner_at(&mix));
		for (int i = 0; i < words; i++)
			put(&in, "\1\1\1\1", 4);
		put(&in, plain.byte + inner_at(&mix), plain.length - inner_at(&mix));
		in.byte[14] += words;
		in.byte[17] += words * 4;
		expect(&in, AGENT_DECAPSULATED, &out, "options");
	}
}

Test(agent_kernel, tunnels_to_others_pass)
{
	for (size_t i = 0; i < MIXES; i++) {
		struct frame frame =
			tunnel_to(&mixes[i], mixes[i].outer == 4 ? "10.9.0.2" : "fd09::2");

		expect_untouched(&frame, AGENT_NOT_OURS, name_of(&mixes[i]));
	}
}

Test(agent_kernel, what_is_no_tunnel_passes)
{
	for (size_t i = 0; i < MIXES; i++) {
		struct frame frame = bare(&mixes[i]);

		expect_untouched(&frame, AGENT_NOT_TUNNEL, name_of(&mixes[i]));
		frame = tunnel(&mixes[i]);
		frame.byte[link_length(&mixes[i]) - 1] ^= 0x01; /* not the ethertype of IP */
		expect_untouched(&frame, AGENT_NOT_TUNNEL, "other ethertype");
		frame = tunnel(&mixes[i]);
		frame.byte[link_length(&mixes[i])] ^= 0x10; /* version 5 or 7 */
		expect_untouched(&frame, AGENT_NOT_TUNNEL, "other outer version");
	}
}

Test(agent_kernel, an_impossible_outer_header_length_passes)
{
	struct frame frame = tunnel(&mixes[0]);

	frame.byte[14] = 0x44;
	expect_untouched(&frame, AGENT_NOT_TUNNEL, "four words");
}

Test(agent_kernel, fragments_of_a_tunnel_pass)
{
	static const unsigned char flags[][2] = {{0x20, 0}, {0, 1}, {0x1f, 0xff}};
	struct frame frame = tunnel(&mixes[0]), out = bare(&mixes[0]);

	for (int i = 0; i < 3; i++) {
		memcpy(frame.byte + 14 + 6, flags[i], 2);
		expect_untouched(&frame, AGENT_FRAGMENT, "fragment");
	}
	memcpy(frame.byte + 14 + 6, "\x40\0", 2);
	expect(&frame, AGENT_DECAPSULATED, &out, "don't fragment");
}

Test(agent_kernel, garbage_inside_is_dropped)
{
	for (size_t i = 0; i < MIXES; i++) {
		const struct mix *mix = &mixes[i];
		struct frame frame = tunnel(mix);
		unsigned char *inner = frame.byte + inner_at(mix);

		for (int version = 0; version < 16; version++) {
			inner[0] = version << 4 | 5;
			if (version != mix->inner)
				expect_untouched(&frame, AGENT_MALFORMED, "inner version");
		}
		inner[0] = mix->inner << 4 | 5;
		inner[mix->inner == 4 ? 2 : 4] = 0xff; /* its length */
		expect_untouched(&frame, AGENT_MALFORMED, "inner longer than the frame");
	}
}

Test(agent_kernel, impossible_inner_ipv4_lengths_are_dropped)
{
	for (size_t i = 0; i < MIXES; i++) {
		const struct mix *mix = &mixes[i];
		struct frame frame = tunnel(mix);
		unsigned char *inner = frame.byte + inner_at(mix);

		if (mix->inner != 4)
			continue;
		inner[0] = 0x44;
		expect_untouched(&frame, AGENT_MALFORMED, "header of four words");
		inner[0] = 0x45;
		inner[3] = 19;
		expect_untouched(&frame, AGENT_MALFORMED, "shorter than its header");
	}
}

/* Any bytes: whatever comes out, one verdict is counted, and only a decapsulated frame is changed.
 */
Test(agent_kernel, random_frames_have_one_verdict)
{
	srand(1);
	for (int round = 0; round < 20000; round++) {
		struct frame in = tunnel(&mixes[round % MIXES]);
		unsigned char result[FRAME_MAX];
		unsigned long long before = 0, after = 0, cut;
		LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in.byte, .data_out = result,
			    .data_size_out = sizeof(result), .repeat = 1);

		for (int i = rand() % 4; i >= 0; i--)
			in.byte[12 + rand() % (in.length - 12)] = rand();
		in.length -= rand() % 2 ? rand() % (in.length - 14) : 0;
		run.data_size_in = in.length;
		for (int i = 0; i < AGENT_VERDICT_COUNT; i++)
			before += counted(i).packets;
		cut = counted(AGENT_DECAPSULATED).packets;
		cr_assert_eq(
			bpf_prog_test_run_opts(bpf_program__fd(program->progs.sluice_agent), &run),
			0);
		cut = counted(AGENT_DECAPSULATED).packets - cut;
		for (int i = 0; i < AGENT_VERDICT_COUNT; i++)
			after += counted(i).packets;
		cr_assert_eq(after - before, 1);
		cr_assert_eq(run.data_size_out < in.length, cut);
		if (!cut)
			cr_assert_arr_eq(result, in.byte, in.length);
	}
}
