// SPDX-License-Identifier: GPL-2.0-or-later
#include <netinet/in.h>
#include <string.h>

#include "stages/cases.h"
#include "stages/setup.h"

#define HOP_BY_HOP 256 /* in frame_spec.extensions, where 0 ends the list */

static struct frame frame;

static enum verdict run(struct frame_spec spec)
{
	frame_build(&frame, spec);
	return world_run(&frame);
}

void case_parse_not_ours(void)
{
	setup_site(FEATURE_ALL);
	CHECK_EQUAL(run((struct frame_spec){.destination = "198.51.100.9"}), VERDICT_NOT_SERVICE);
	CHECK_EQUAL(run((struct frame_spec){.destination_port = 81}), VERDICT_NOT_SERVICE);
	CHECK_EQUAL(run((struct frame_spec){.family = 6, .destination = "2001:db8::9"}),
		    VERDICT_NOT_SERVICE);
	CHECK_EQUAL(run((struct frame_spec){.protocol = IPPROTO_UDP, .destination_port = 80}),
		    VERDICT_NOT_SERVICE);
	CHECK_EQUAL(run((struct frame_spec){.protocol = IPPROTO_ICMP,
					    .icmp_type = 8,
					    .destination = "198.51.100.9"}),
		    VERDICT_NOT_SERVICE);
	CHECK_EQUAL(run((struct frame_spec){.protocol = IPPROTO_GRE}), VERDICT_VIP_OTHER);
	CHECK_EQUAL(
		run((struct frame_spec){.protocol = IPPROTO_GRE, .destination = "198.51.100.9"}),
		VERDICT_NOT_SERVICE);
	frame_build(&frame, (struct frame_spec){0});
	frame.bytes[12] = 0x08, frame.bytes[13] = 0x06; /* ARP */
	CHECK_EQUAL(world_run(&frame), VERDICT_NOT_IP);
}

void case_parse_ports(void)
{
	setup_site(FEATURE_ALL);
	CHECK_EQUAL(run((struct frame_spec){0}), VERDICT_FORWARDED);
	CHECK_EQUAL(world_explanation()->service, WEB4);
	CHECK_EQUAL(run((struct frame_spec){.destination = SETUP_ANY_VIP4}), VERDICT_FORWARDED);
	CHECK_EQUAL(world_explanation()->service, WEB4);
	CHECK_EQUAL(
		run((struct frame_spec){.destination = SETUP_ANY_VIP4, .destination_port = 9999}),
		VERDICT_FORWARDED);
	CHECK_EQUAL(world_explanation()->service, ANY4);
	CHECK_EQUAL(run((struct frame_spec){.protocol = IPPROTO_UDP}), VERDICT_FORWARDED);
	CHECK_EQUAL(world_explanation()->service, DNS4);
	CHECK_EQUAL(run((struct frame_spec){.family = 6}), VERDICT_FORWARDED);
	CHECK_EQUAL(world_explanation()->service, WEB6);
	CHECK_EQUAL(run((struct frame_spec){.family = 6, .protocol = IPPROTO_UDP}),
		    VERDICT_FORWARDED);
	CHECK_EQUAL(world_explanation()->service, DNS6);
}

void case_parse_vlan(void)
{
	setup_site(FEATURE_ALL);
	CHECK_EQUAL(run((struct frame_spec){.vlan = 100}), VERDICT_FORWARDED);
	CHECK_EQUAL(run((struct frame_spec){.vlan = 100, .family = 6}), VERDICT_FORWARDED);
	CHECK_EQUAL(run((struct frame_spec){.vlan = 100, .vlan_tpid = 0x88a8}), VERDICT_FORWARDED);
	frame_build(&frame, (struct frame_spec){.vlan = 100});
	frame.bytes[16] = 0x81, frame.bytes[17] = 0x00;
	CHECK_EQUAL(world_run(&frame), VERDICT_NOT_IP);
}

void case_parse_options(void)
{
	setup_site(FEATURE_ALL);
	for (int options = 0; options <= 40; options += 4) {
		CHECK_EQUAL(run((struct frame_spec){.options = options}), VERDICT_FORWARDED);
		CHECK_EQUAL(run((struct frame_spec){
				    .options = options, .vlan = 1, .protocol = IPPROTO_UDP}),
			    VERDICT_FORWARDED);
	}
}

void case_parse_extensions_each(void)
{
	setup_site(FEATURE_ALL);
	CHECK_EQUAL(
		run((struct frame_spec){.family = 6,
					.extensions = {HOP_BY_HOP, IPPROTO_DSTOPTS, IPPROTO_ROUTING,
						       IPPROTO_AH, IPPROTO_DSTOPTS}}),
		VERDICT_FORWARDED);
	CHECK_EQUAL(run((struct frame_spec){
			    .family = 6, .protocol = IPPROTO_UDP, .extensions = {IPPROTO_AH}}),
		    VERDICT_FORWARDED);
	/* A fragment header that fragments nothing. */
	CHECK_EQUAL(run((struct frame_spec){.family = 6, .extensions = {IPPROTO_FRAGMENT}}),
		    VERDICT_FORWARDED);
	/* The VIP is only on the way. */
	CHECK_EQUAL(run((struct frame_spec){
			    .family = 6, .segments_left = 1, .extensions = {IPPROTO_ROUTING}}),
		    VERDICT_VIP_OTHER);
	CHECK_EQUAL(run((struct frame_spec){.family = 6, .protocol = IPPROTO_NONE}),
		    VERDICT_VIP_OTHER);
}

void case_parse_too_many(void)
{
	struct frame_spec spec = {.family = 6};

	setup_site(FEATURE_ALL);
	for (int i = 0; i < 5; i++)
		spec.extensions[i] = IPPROTO_DSTOPTS;
	CHECK_EQUAL(run(spec), VERDICT_FORWARDED);
	spec.extensions[5] = IPPROTO_DSTOPTS;
	CHECK_EQUAL(run(spec), VERDICT_TOO_MANY_HEADERS);
	/* Few, but long. */
	frame_build(&frame, (struct frame_spec){
				    .family = 6, .payload = 1300, .extensions = {IPPROTO_DSTOPTS}});
	frame.bytes[14 + 40 + 1] = 150;
	CHECK_EQUAL(world_run(&frame), VERDICT_TOO_MANY_HEADERS);
}

void case_parse_fragments(void)
{
	static const int offsets[] = {0x2000, 0x2010, 0x0010};

	setup_site(FEATURE_ALL);
	for (int i = 0; i < 3; i++) {
		CHECK_EQUAL(run((struct frame_spec){.fragment = offsets[i]}), VERDICT_FRAGMENT);
		CHECK_EQUAL(run((struct frame_spec){.fragment = offsets[i],
						    .destination = "198.51.100.9"}),
			    VERDICT_NOT_SERVICE);
	}
	CHECK_EQUAL(run((struct frame_spec){.fragment = 0x4000}), VERDICT_FORWARDED);
	CHECK_EQUAL(run((struct frame_spec){
			    .family = 6, .fragment = 1, .extensions = {IPPROTO_FRAGMENT}}),
		    VERDICT_FRAGMENT);
	CHECK_EQUAL(run((struct frame_spec){.family = 6,
					    .fragment = 8,
					    .protocol = IPPROTO_UDP,
					    .extensions = {HOP_BY_HOP, IPPROTO_FRAGMENT}}),
		    VERDICT_FRAGMENT);
	CHECK_EQUAL(run((struct frame_spec){.family = 6,
					    .fragment = 8,
					    .destination = "2001:db8::9",
					    .extensions = {IPPROTO_FRAGMENT}}),
		    VERDICT_NOT_SERVICE);
}

void case_parse_icmp(void)
{
	static const int errors4[] = {3, 11, 12}, others4[] = {0, 5, 13, 17};
	static const int errors6[] = {1, 2, 3, 4}, others6[] = {129, 133, 134, 135, 136, 143};

	setup_site(FEATURE_ALL);
	for (int i = 0; i < 3; i++)
		CHECK_EQUAL(run((struct frame_spec){.protocol = IPPROTO_ICMP,
						    .icmp_type = errors4[i],
						    .payload = 28}),
			    VERDICT_ICMP_ERROR);
	for (int i = 0; i < 4; i++)
		CHECK_EQUAL(
			run((struct frame_spec){.protocol = IPPROTO_ICMP, .icmp_type = others4[i]}),
			VERDICT_VIP_OTHER);
	for (int i = 0; i < 4; i++)
		CHECK_EQUAL(run((struct frame_spec){.family = 6,
						    .protocol = IPPROTO_ICMPV6,
						    .icmp_type = errors6[i],
						    .payload = 48}),
			    VERDICT_ICMP_ERROR);
	for (int i = 0; i < 6; i++)
		CHECK_EQUAL(run((struct frame_spec){.family = 6,
						    .protocol = IPPROTO_ICMPV6,
						    .icmp_type = others6[i]}),
			    VERDICT_VIP_OTHER);
	/* ICMP of the other family is no ICMP. */
	CHECK_EQUAL(run((struct frame_spec){.protocol = IPPROTO_ICMPV6, .icmp_type = 8}),
		    VERDICT_VIP_OTHER);
}

static enum verdict run_changed(int family, int offset, int value)
{
	frame_build(&frame, (struct frame_spec){.family = family, .payload = 8});
	frame.bytes[frame.l3 + offset] = value;
	return world_run(&frame);
}

void case_parse_malformed(void)
{
	setup_site(FEATURE_ALL);
	CHECK_EQUAL(run_changed(4, 0, 0x55), VERDICT_MALFORMED);  /* version */
	CHECK_EQUAL(run_changed(4, 0, 0x44), VERDICT_MALFORMED);  /* header of 16 bytes */
	CHECK_EQUAL(run_changed(4, 3, 19), VERDICT_MALFORMED);	  /* total shorter than header */
	CHECK_EQUAL(run_changed(4, 2, 1), VERDICT_TRUNCATED);	  /* total beyond the frame */
	CHECK_EQUAL(run_changed(4, 32, 0x40), VERDICT_MALFORMED); /* TCP header of 16 bytes */
	CHECK_EQUAL(run_changed(4, 32, 0xf0), VERDICT_TRUNCATED); /* TCP options beyond the end */
	CHECK_EQUAL(run_changed(6, 0, 0x40), VERDICT_MALFORMED);
	CHECK_EQUAL(run_changed(6, 4, 1), VERDICT_TRUNCATED);
	CHECK_EQUAL(run_changed(6, 40 + 12, 0x40), VERDICT_MALFORMED);
}

static const struct frame_spec chains[] = {
	{.payload = 4},
	{.protocol = IPPROTO_UDP, .payload = 4},
	{.protocol = IPPROTO_ICMP, .icmp_type = 8},
	{.vlan = 5, .options = 40},
	{.family = 6},
	{.family = 6, .protocol = IPPROTO_UDP, .vlan = 5},
	{.family = 6, .protocol = IPPROTO_ICMPV6, .icmp_type = 128},
	{.family = 6, .extensions = {HOP_BY_HOP, IPPROTO_ROUTING, IPPROTO_AH, IPPROTO_DSTOPTS}},
	{.family = 6, .extensions = {IPPROTO_FRAGMENT}, .protocol = IPPROTO_UDP},
	{.family = 6, .extensions = {HOP_BY_HOP, IPPROTO_FRAGMENT}, .fragment = 9},
};
#define CHAINS (sizeof(chains) / sizeof(chains[0]))

void case_parse_truncations(void)
{
	enum verdict verdict;
	struct frame whole;

	setup_site(FEATURE_ALL);
	for (__u32 i = 0; i < CHAINS; i++) {
		frame_build(&whole, chains[i]);
		for (__u32 length = 14; length < whole.length; length++) {
			frame = whole;
			frame.length = length;
			verdict = world_run(&frame);
			CHECK_EQUAL(verdict, VERDICT_TRUNCATED);
		}
	}
}

/* Sets the IP packet's own length, leaving the frame as it is. */
static void set_length(struct frame *f, __u32 length)
{
	bool is6 = f->bytes[f->l3] >> 4 == 6;
	unsigned char *field = f->bytes + f->l3 + (is6 ? 4 : 2);

	length -= is6 ? 40 : 0;
	field[0] = length >> 8;
	field[1] = length;
}

void case_parse_short_lengths(void)
{
	enum verdict verdict;
	struct frame whole;
	__u32 shortest;

	setup_site(FEATURE_ALL);
	for (__u32 i = 0; i < CHAINS; i++) {
		frame_build(&whole, chains[i]);
		shortest = whole.bytes[whole.l3] >> 4 == 6 ? 40 : 0;
		for (__u32 length = shortest; length < whole.l4 - whole.l3 + 8; length++) {
			frame = whole;
			set_length(&frame, length);
			verdict = world_run(&frame);
			CHECK(verdict == VERDICT_TRUNCATED || verdict == VERDICT_MALFORMED ||
			      verdict == VERDICT_FRAGMENT);
		}
	}
}

void case_parse_features(void)
{
	setup_site(FEATURE_IPV4 | FEATURE_IPIP);
	CHECK_EQUAL(run((struct frame_spec){0}), VERDICT_FORWARDED);
	CHECK_EQUAL(run((struct frame_spec){.family = 6}), VERDICT_NOT_SERVICE);
	CHECK_EQUAL(
		run((struct frame_spec){.destination = SETUP_ANY_VIP4, .destination_port = 9999}),
		VERDICT_NOT_SERVICE);
	setup_site(FEATURE_IPV6 | FEATURE_L2);
	setup_slots(WEB6, BACKEND(WEB6, 2), BACKEND(WEB6, 2));
	CHECK_EQUAL(run((struct frame_spec){.family = 6}), VERDICT_FORWARDED);
	CHECK_EQUAL(run((struct frame_spec){0}), VERDICT_NOT_SERVICE);
	setup_site(0);
	CHECK_EQUAL(run((struct frame_spec){0}), VERDICT_NOT_SERVICE);
	CHECK_EQUAL(run((struct frame_spec){.family = 6}), VERDICT_NOT_SERVICE);
}
