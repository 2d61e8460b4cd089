// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "stages/cases.h"
#include "stages/setup.h"

static const unsigned char own_mac[6] = {2, 0, 0, 0, 0, 2};

static struct frame in, out;

static enum verdict run(struct frame_spec spec)
{
	frame_build(&in, spec);
	out = in;
	return world_run(&out);
}

static __u32 ip_length(const unsigned char *ip)
{
	return ip[0] >> 4 == 4 ? frame_be16(ip + 2) : frame_be16(ip + 4) + 40u;
}

static void check_link(int backend, const unsigned char *source, int type)
{
	unsigned char hop[6] = {2, 0, 0, 0, 1, backend % SETUP_BACKENDS};

	CHECK(memcmp(out.bytes, hop, 6) == 0);
	CHECK(memcmp(out.bytes + 6, source, 6) == 0);
	CHECK(memcmp(out.bytes + 12, in.bytes + 12, in.l3 - 14) == 0);
	CHECK_EQUAL(frame_be16(out.bytes + in.l3 - 2), type);
}

static void check_outer4(const unsigned char *ip, int backend, int traffic_class)
{
	__be32 to_be[4];

	setup_address(backend, to_be);
	CHECK_EQUAL(ip[0], 0x45);
	CHECK_EQUAL(ip[1], traffic_class);
	CHECK_EQUAL(frame_be16(ip + 2), 20 + ip_length(in.bytes + in.l3));
	CHECK_EQUAL(frame_be32(ip + 4), 0x4000);
	CHECK_EQUAL(ip[8], 64);
	CHECK_EQUAL(ip[9], in.bytes[in.l3] >> 4 == 4 ? 4 : 41);
	CHECK_EQUAL(frame_be16(ip + 12), WORLD_OUTER4 >> 16);
	CHECK(memcmp(ip + 16, to_be, 4) == 0);
	CHECK_EQUAL(frame_checksum(ip, 20, 0), 0);
}

static void check_outer6(const unsigned char *ip, int backend, int traffic_class)
{
	static const __u32 prefix[] = WORLD_OUTER6;
	__be32 to_be[4];

	setup_address(backend, to_be);
	CHECK_EQUAL(frame_be32(ip) >> 20, 0x600 | traffic_class);
	CHECK_EQUAL(frame_be16(ip + 4), ip_length(in.bytes + in.l3));
	CHECK_EQUAL(ip[6], in.bytes[in.l3] >> 4 == 4 ? 4 : 41);
	CHECK_EQUAL(ip[7], 64);
	CHECK_EQUAL(frame_be32(ip + 8), prefix[0]);
	CHECK_EQUAL(frame_be32(ip + 12), prefix[1]);
	CHECK(memcmp(ip + 24, to_be, 16) == 0);
}

/* What came out is what went in behind a new header, to the last byte of padding. */
static void check_encapsulated(int backend, int traffic_class)
{
	bool outer4 = backend % SETUP_BACKENDS != 1;
	__u32 size = outer4 ? 20 : 40;

	check_link(backend, own_mac, outer4 ? 0x0800 : 0x86dd);
	if (outer4)
		check_outer4(out.bytes + in.l3, backend, traffic_class);
	else
		check_outer6(out.bytes + in.l3, backend, traffic_class);
	CHECK_EQUAL(out.length, in.length + size);
	CHECK(memcmp(out.bytes + in.l3 + size, in.bytes + in.l3, in.length - in.l3) == 0);
	CHECK(frame_is_sound(&out, in.l3) && frame_is_sound(&out, in.l3 + size));
}

void case_forward_mixes(void)
{
	static const struct frame_spec specs[] = {
		{.tcp_flags = SYN},
		{.payload = 1000, .traffic_class = 0xb9},
		{.padding = 6, .vlan = 0x2064},
		{.options = 12, .protocol = IPPROTO_UDP, .payload = 3, .padding = 1},
		{.fragment = 0x4000},
		{.family = 6, .traffic_class = 0xb9, .payload = 1},
		{.family = 6, .vlan = 7, .protocol = IPPROTO_UDP, .padding = 5},
		{.family = 6, .extensions = {IPPROTO_DSTOPTS, IPPROTO_AH}, .payload = 9},
	};

	for (int i = 0; i < 2; i++) {
		setup_site(FEATURE_ALL);
		for (int s = WEB4; s < SETUP_SERVICES; s++)
			setup_slots(s, BACKEND(s, i), BACKEND(s, i));
		for (unsigned int j = 0; j < sizeof(specs) / sizeof(specs[0]); j++) {
			CHECK_EQUAL(run(specs[j]), VERDICT_FORWARDED);
			check_encapsulated(world_explanation()->backend, specs[j].traffic_class);
		}
	}
}

void case_forward_l2(void)
{
	static const struct frame_spec specs[] = {
		{.payload = 1460},
		{.vlan = 9, .padding = 4},
		{.family = 6, .payload = 1440},
	};

	setup_site(FEATURE_ALL);
	for (int s = WEB4; s < SETUP_SERVICES; s++)
		setup_slots(s, BACKEND(s, 2), BACKEND(s, 2));
	for (int i = 0; i < 3; i++) {
		CHECK_EQUAL(run(specs[i]), VERDICT_FORWARDED);
		check_link(2, own_mac, specs[i].family == 6 ? 0x86dd : 0x0800);
		CHECK_EQUAL(out.length, in.length);
		CHECK(memcmp(out.bytes + 12, in.bytes + 12, in.length - 12) == 0);
	}
}

void case_forward_redirect(void)
{
	static const unsigned char other_mac[6] = {2, 0, 0, 0, 0, 3};

	setup_site(FEATURE_ALL);
	setup_slots(WEB4, BACKEND(WEB4, 3), BACKEND(WEB4, 3));
	CHECK_EQUAL(run((struct frame_spec){0}), VERDICT_REDIRECTED);
	check_link(3, other_mac, 0x0800);
	check_outer4(out.bytes + in.l3, BACKEND(WEB4, 3), 0);
}

void case_forward_too_big(void)
{
	static const struct {
		int family, backend, headers;
	} rows[] = {
		{4, 0, 20 + 20 + 20}, {4, 1, 40 + 20 + 20}, {4, 2, 20 + 20},
		{6, 0, 20 + 40 + 20}, {6, 1, 40 + 40 + 20},
	};

	for (int i = 0; i < 5; i++) {
		int service = rows[i].family == 4 ? WEB4 : WEB6;
		int payload = SETUP_MTU - rows[i].headers;

		setup_site(FEATURE_ALL);
		setup_slots(service, BACKEND(service, rows[i].backend),
			    BACKEND(service, rows[i].backend));
		CHECK_EQUAL(run((struct frame_spec){
				    .family = rows[i].family, .payload = payload, .padding = 8}),
			    VERDICT_FORWARDED);
		CHECK_EQUAL(
			run((struct frame_spec){.family = rows[i].family, .payload = payload + 1}),
			VERDICT_TOO_BIG);
	}
}

/* How many of 64 flows have an outer source (last four bytes) of their own? */
static int sources(int backend, int algorithm)
{
	__u32 seen[64];
	int count = 0, j;

	setup_site(FEATURE_ALL);
	setup_service(WEB4, algorithm, WHEN_EMPTY_RESET, TRACKING_MOVING, 32);
	setup_slots(WEB4, BACKEND(WEB4, backend), BACKEND(WEB4, backend));
	for (int i = 0; i < 64; i++) {
		CHECK_EQUAL(run((struct frame_spec){.source_port = 1000 + i}), VERDICT_FORWARDED);
		seen[count] = frame_be32(out.bytes + in.l3 + (backend == 1 ? 20 : 12));
		for (j = 0; seen[j] != seen[count]; j++)
			;
		count += j == count;
	}
	return count;
}

void case_forward_entropy(void)
{
	unsigned char source[16];

	for (int backend = 0; backend < 2; backend++) {
		CHECK(sources(backend, ALGORITHM_MAGLEV) > 60);
		CHECK(sources(backend, ALGORITHM_SOURCE_HASH) > 60);
	}
	/* Packets of one flow have one. */
	CHECK_EQUAL(run((struct frame_spec){.payload = 1}), VERDICT_FORWARDED);
	memcpy(source, out.bytes + in.l3 + 8, sizeof(source));
	CHECK_EQUAL(run((struct frame_spec){.payload = 900, .tcp_flags = SYN}), VERDICT_FORWARDED);
	CHECK(memcmp(source, out.bytes + in.l3 + 8, sizeof(source)) == 0);
}

void case_forward_unresolved(void)
{
	setup_site(FEATURE_ALL);
	setup_next_hop(BACKEND(WEB4, 0), 0);
	CHECK_EQUAL(run((struct frame_spec){0}), VERDICT_NO_NEXT_HOP);
	setup_next_hop(BACKEND(WEB4, 0), 5);
	CHECK_EQUAL(run((struct frame_spec){0}), VERDICT_NO_NEXT_HOP);
	setup_next_hop(BACKEND(WEB4, 0), 60000);
	CHECK_EQUAL(run((struct frame_spec){0}), VERDICT_NO_NEXT_HOP);
}

void case_forward_jumbo(void)
{
	struct egress_entry wide = {WORLD_INTERFACE, {2, 0, 0, 0, 0, 2}, 9000};
	__u32 one = 1;

	setup_site(FEATURE_ALL);
	CHECK_EQUAL(run((struct frame_spec){.payload = 8900}), VERDICT_TOO_BIG);
	world_put(MAP_egress, &one, &wide);
	CHECK_EQUAL(run((struct frame_spec){.payload = 8900}), VERDICT_FORWARDED);
	check_encapsulated(BACKEND(WEB4, 0), 0);
	CHECK_EQUAL(setup_traffic(MAP_service_counters, WEB4).bytes, 8900 + 54);
	/* The answer to one is as short as any. */
	setup_state(BACKEND(WEB4, 0), BACKEND_DOWN);
	CHECK_EQUAL(run((struct frame_spec){.payload = 8900}), VERDICT_NO_BACKEND_RESET);
	CHECK_EQUAL(out.length, 54);
	CHECK_EQUAL(run((struct frame_spec){.padding = 8000}), VERDICT_NO_BACKEND_RESET);
	CHECK_EQUAL(out.length, 54);
}
