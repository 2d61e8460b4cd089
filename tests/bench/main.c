// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench [--quick] [--output FILE] - what a packet costs, and what the daemon's work costs.
 *
 * Needs root. Works in a network namespace of its own. docs/performance.md says how to read it.
 */
#include "base/memory.h"
#include "bench/host.h"
#include "bench/live.h"
#include "bench/packet_path.h"
#include "bench/reference.h"
#include "bench/report.h"
#include "veth.h"

#include "bench/hash.skel.h"

#include <net/if.h>
#include <netinet/in.h>

#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static const struct bench_effort thorough = {9, 1000000, {1, 10000, 1000000}};
/* Shows that everything works; measures nothing well. */
static const struct bench_effort quick = {3, 20000, {1, 100, 10000}};

/* One CPU, and ahead of others on it. Where it can't be had, results are only noisier. */
static void settle_down(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	sched_setaffinity(0, sizeof(set), &set);
	setpriority(PRIO_PROCESS, 0, -20);
}

static struct subjects open_subjects(void)
{
	struct address vip4 = site_address(4, SITE_SETTLED), vip6 = site_address(6, SITE_SETTLED);
	struct subjects subjects = {.ifindex = if_nametoindex(VETH_IN), .shim = shim_open()};

	subjects.full = site_open(true, subjects.ifindex);
	subjects.plain = site_open(false, subjects.ifindex);
	subjects.lru = reference_open(&vip4, &vip6, htons(SITE_PORT));
	subjects.hash = hash_bpf__open_and_load();
	if (!subjects.hash)
		bench_die("can't load the hashes");
	return subjects;
}

static void close_subjects(struct subjects *subjects)
{
	hash_bpf__destroy(subjects->hash);
	reference_close(subjects->lru);
	site_close(subjects->plain);
	site_close(subjects->full);
	shim_bpf__destroy(subjects->shim);
}

static void report_sizes(const struct site *site)
{
	struct site_size full = site_measure_size(site, site_features(site));
	struct site_size minimal = site_measure_size(site, FEATURE_IPV4 | FEATURE_IPIP);

	report_size("program with every feature", &full);
	report_size("program for IPv4 and IPIP", &minimal);
}

static void run(const struct bench_effort *effort, const char *output)
{
	struct subjects subjects = open_subjects();
	struct bench_result *packets, *live, *host;
	struct report_list lists[3];

	report_machine();
	report_sizes(subjects.full);
	packet_path_prepare(&subjects, effort);
	lists[0].count = packet_path_measure(&subjects, effort, &packets);
	report_packet_path(packets, lists[0].count);
	lists[1].count = live_measure(&subjects, if_nametoindex(VETH_OUT), effort, &live);
	report_live(live, lists[1].count);
	lists[2].count = host_measure(effort, &host);
	report_host(host, lists[2].count);
	lists[0].results = packets;
	lists[1].results = live;
	lists[2].results = host;
	report_json(output, lists, sl_count(lists));
	free(packets);
	free(live);
	free(host);
	close_subjects(&subjects);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"quick", no_argument, NULL, 'q'},
		{"output", required_argument, NULL, 'o'},
		{},
	};
	const struct bench_effort *effort = &thorough;
	const char *output = "build/bench.json";
	int option;

	while ((option = getopt_long(argc, argv, "qo:", options, NULL)) != -1)
		switch (option) {
		case 'q': effort = &quick; break;
		case 'o': output = optarg; break;
		default: fprintf(stderr, "usage: bench [--quick] [--output FILE]\n"); return 2;
		}
	if (!veth_enter())
		return 1;
	settle_down();
	run(effort, output);
	return 0;
}
