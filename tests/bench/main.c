// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/packet_path.h"
#include "bench/reference.h"
#include "bench/hash.skel.h"
#include "veth.h"
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
	struct bench_effort effort = {9, 1000000, false};
	struct bench_result *r;
	struct subjects s = {};
	struct address vip = site_address(4, SITE_SETTLED);
	double t = bench_now_ms();
	if (argc > 1) effort = (struct bench_effort){3, 100000, true};
	if (!veth_enter()) bench_die("needs root");
	s.ifindex = if_nametoindex(VETH_IN);
	s.shim = shim_open();
	s.full = site_open(true, s.ifindex);
	s.plain = site_open(false, s.ifindex);
	s.lru = reference_open(&vip, htons(SITE_PORT));
	s.hash = hash_bpf__open_and_load();
	fprintf(stderr, "open %.0f ms; features %x %x\n", bench_now_ms() - t, site_features(s.full), site_features(s.plain));
	packet_path_prepare(&s);
	fprintf(stderr, "prepared %.0f ms\n", bench_now_ms() - t);
	size_t n = packet_path_measure(&s, &effort, &r);
	for (size_t i = 0; i < n; i++)
		printf("%-24s %8u %7.1f (%.0f..%.0f)\n", r[i].name, r[i].flows, r[i].net_ns, r[i].min_ns, r[i].max_ns);
	fprintf(stderr, "%.0f ms\n", bench_now_ms() - t);
}
