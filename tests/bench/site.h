/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * site.h - the real program over real maps, filled by the daemon's own plan and data plane.
 *
 * A full site has services that between them use every feature; a plain one has TCP and UDP services
 * by maglev and IPIP alone. Each kind of service stands at an address of its own, in IPv4 and in IPv6.
 */
#ifndef SLUICE_BENCH_SITE_H
#define SLUICE_BENCH_SITE_H

#include "balance/plan.h"
#include "dataplane/dataplane.h"

enum site_vip {
	SITE_NOT_OURS, /* an address without a service */
	SITE_SETTLED,  /* TCP and UDP */
	SITE_MOVING,   /* every slot changed hands: all new backends, the old ones drain */
	SITE_TRACKED,  /* records every flow */
	SITE_ANY_PORT, /* from here on only in a full site: what makes it full */
	SITE_SOURCE_HASH,
	SITE_TURNS,
	SITE_VIPS,
};

#define SITE_PORT 80

/* What the flow table, and the reference's, are made for. */
#define SITE_FLOWS (4u << 20)

struct site;

/* Packets come in, and go out again, by this interface. Ends the program on failure. */
struct site *site_open(bool full, unsigned ifindex);
void site_close(struct site *site);

int site_program_fd(const struct site *site); /* borrowed */
struct address site_address(unsigned family, enum site_vip vip);
__u64 site_packets(const struct site *site, enum verdict verdict);
__u64 site_flow_events(const struct site *site, enum flow_event event);
__u32 site_features(const struct site *site);

/* How large the program of these features is. */
struct site_size {
	__u32 instructions; /* of BPF, after the verifier */
	__u32 jited_bytes;
	__u32 verified; /* instructions that the verifier walked */
	double load_ms;
};
struct site_size site_measure_size(const struct site *site, __u32 features);

#endif
