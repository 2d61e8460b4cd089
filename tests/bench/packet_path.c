// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/packet_path.h"

#include "base/memory.h"
#include "bench/reference.h"

#include "bench/hash.skel.h"

#include <linux/if_link.h>
#include <netinet/in.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SYN 0x02
#define ACK 0x10

enum subject { EMPTY, FULL, PLAIN, LRU, SIPHASH, MIX };

struct scenario {
	const char *name;
	enum subject subject;
	__u8 family;
	__u8 protocol;
	__u8 tcp_flags;
	enum site_vip vip;
	unsigned target_ns[BENCH_FLOW_SETS]; /* 0: none */
};

#define TCP IPPROTO_TCP
#define UDP IPPROTO_UDP
static const struct scenario scenarios[] = {
	{"empty", EMPTY, 4, TCP, ACK, SITE_SETTLED, {}},
	{"v4-tcp-settled", FULL, 4, TCP, ACK, SITE_SETTLED, {45, 0, 60}},
	{"v4-tcp-moving", FULL, 4, TCP, ACK, SITE_MOVING, {}},
	{"v4-tcp-tracked", FULL, 4, TCP, ACK, SITE_TRACKED, {}},
	{"v4-tcp-syn", FULL, 4, TCP, SYN, SITE_SETTLED, {}},
	{"v4-udp-settled", FULL, 4, UDP, 0, SITE_SETTLED, {}},
	{"v6-tcp-settled", FULL, 6, TCP, ACK, SITE_SETTLED, {55, 0, 70}},
	{"v6-tcp-moving", FULL, 6, TCP, ACK, SITE_MOVING, {}},
	{"v6-tcp-tracked", FULL, 6, TCP, ACK, SITE_TRACKED, {}},
	{"v6-tcp-syn", FULL, 6, TCP, SYN, SITE_SETTLED, {}},
	{"v6-udp-settled", FULL, 6, UDP, 0, SITE_SETTLED, {}},
	{"not-ours", FULL, 4, TCP, ACK, SITE_NOT_OURS, {32, 32, 32}},
	{"v6-not-ours", FULL, 6, TCP, ACK, SITE_NOT_OURS, {}},
	{"not-ours-no-any-port", PLAIN, 4, TCP, ACK, SITE_NOT_OURS, {20, 20, 20}},
	{"v4-tcp-settled-plain", PLAIN, 4, TCP, ACK, SITE_SETTLED, {45, 0, 60}},
	{"v6-tcp-settled-plain", PLAIN, 6, TCP, ACK, SITE_SETTLED, {55, 0, 70}},
	{"lru-reference", LRU, 4, TCP, ACK, SITE_SETTLED, {}},
	{"v6-lru-reference", LRU, 6, TCP, ACK, SITE_SETTLED, {}},
	{"hash-siphash", SIPHASH, 4, TCP, ACK, SITE_SETTLED, {}},
	{"hash-mix", MIX, 4, TCP, ACK, SITE_SETTLED, {}},
};

static const struct site *site_of(const struct subjects *subjects, enum subject subject)
{
	return subject == FULL ? subjects->full : subject == PLAIN ? subjects->plain : NULL;
}

static int program_of(const struct subjects *subjects, enum subject subject)
{
	switch (subject) {
	case FULL:
	case PLAIN: return site_program_fd(site_of(subjects, subject));
	case LRU: return reference_program_fd(subjects->lru);
	case SIPHASH: return bpf_program__fd(subjects->hash->progs.siphash);
	case MIX: return bpf_program__fd(subjects->hash->progs.mix);
	case EMPTY: break;
	}
	return bpf_program__fd(subjects->shim->progs.empty);
}

static bool is_forwarded(const struct scenario *scenario)
{
	return scenario->subject == LRU ||
	       (scenario->subject <= PLAIN && scenario->subject != EMPTY &&
		scenario->vip != SITE_NOT_OURS);
}

/* Packets that went the way that the scenario is about, ever. */
static __u64 packets_counted(const struct subjects *subjects, const struct scenario *scenario)
{
	const struct site *site = site_of(subjects, scenario->subject);

	if (site)
		return site_packets(site, is_forwarded(scenario) ? VERDICT_FORWARDED
								 : VERDICT_NOT_SERVICE);
	return scenario->subject == LRU ? reference_hits(subjects->lru) : 0;
}

static void set_frames(const struct subjects *subjects, const struct scenario *scenario,
		       __u32 flows)
{
	const struct shim_frames frames = {
		.destination = site_address(scenario->family, scenario->vip),
		.port_be = htons(SITE_PORT),
		.protocol = scenario->protocol,
		.tcp_flags = scenario->tcp_flags,
		.flows = flows,
	};

	shim_set_frames(subjects->shim, &frames);
}

/* ---- records --------------------------------------------------------------------------------------- */

/* The first packet of a flow begins its record, the second confirms it. */
static void record(const struct subjects *subjects, const struct scenario *scenario, __u32 flows)
{
	int program = program_of(subjects, scenario->subject);

	set_frames(subjects, scenario, flows);
	for (int time = 0; time < 2; time++)
		shim_run_each(subjects->shim, program, subjects->ifindex, XDP_TX);
}

static bool needs_records(const struct scenario *scenario)
{
	return scenario->subject == LRU ||
	       (scenario->subject == FULL &&
		(scenario->vip == SITE_MOVING || scenario->vip == SITE_TRACKED));
}

void packet_path_prepare(const struct subjects *subjects, const struct bench_effort *effort)
{
	__u32 flows = effort->flows[BENCH_FLOW_SETS - 1];
	__u64 wanted = 0;

	for (size_t i = 0; i < sl_count(scenarios); i++)
		if (needs_records(&scenarios[i])) {
			record(subjects, &scenarios[i], flows);
			wanted += scenarios[i].subject == FULL ? flows : 0;
		}
	if (site_flow_events(subjects->full, FLOW_EVENT_CREATED) < wanted / 100 * 99)
		bench_die("the flow table doesn't hold the flows that it should");
}

/* ---- measuring ------------------------------------------------------------------------------------- */

/* Every packet of a run must have had the verdict that the scenario is about. */
static double measure(const struct subjects *subjects, const struct scenario *scenario, __u32 flows,
		      __u32 packets)
{
	__u64 before = packets_counted(subjects, scenario), counted;
	double ns;

	set_frames(subjects, scenario, flows);
	ns = shim_run(subjects->shim, program_of(subjects, scenario->subject), subjects->ifindex,
		      packets, is_forwarded(scenario) ? XDP_TX : XDP_PASS);
	counted = packets_counted(subjects, scenario) - before;
	if (counted != packets && scenario->subject <= LRU && scenario->subject != EMPTY) {
		fprintf(stderr, "bench: %s, %u flows: %llu of %u packets went as they should\n",
			scenario->name, flows, counted, packets);
		bench_die("a verdict that isn't what is measured");
	}
	return ns;
}

/* A scenario's samples over the rounds, and those of the empty program right before each. */
struct samples {
	double whole[BENCH_ROUNDS_MAX];
	double net[BENCH_ROUNDS_MAX];
};

/* The rounds are the outer loop: what else the machine does meanwhile falls on all scenarios alike. */
static void measure_round(const struct subjects *subjects, const struct bench_effort *effort,
			  unsigned round, struct samples *samples)
{
	for (size_t i = 0; i < sl_count(scenarios); i++)
		for (int set = 0; set < BENCH_FLOW_SETS; set++, samples++) {
			const struct scenario *empty = &scenarios[EMPTY];
			__u32 flows = effort->flows[set];
			double base = measure(subjects, empty, flows, effort->packets);

			samples->whole[round] =
				measure(subjects, &scenarios[i], flows, effort->packets);
			samples->net[round] = samples->whole[round] - base;
		}
}

size_t packet_path_measure(const struct subjects *subjects, const struct bench_effort *effort,
			   struct bench_result **ret_results)
{
	size_t count = sl_count(scenarios) * BENCH_FLOW_SETS;
	_cleanup_free_ struct samples *samples = sl_calloc(count, sizeof(*samples));
	struct bench_result *results = sl_calloc(count, sizeof(*results));

	for (unsigned round = 0; round < effort->rounds; round++) {
		if (isatty(STDERR_FILENO))
			fprintf(stderr, "\rround %u of %u\r", round + 1, effort->rounds);
		measure_round(subjects, effort, round, samples);
	}
	for (size_t i = 0; i < count; i++) {
		const struct scenario *scenario = &scenarios[i / BENCH_FLOW_SETS];

		results[i].name = scenario->name;
		results[i].flows = effort->flows[i % BENCH_FLOW_SETS];
		results[i].target_ns = scenario->target_ns[i % BENCH_FLOW_SETS];
		results[i].packets = (__u64)effort->packets * effort->rounds;
		bench_summarize(&results[i],
				scenario->subject == EMPTY ? samples[i].whole : samples[i].net,
				effort->rounds);
	}
	*ret_results = results;
	return count;
}
