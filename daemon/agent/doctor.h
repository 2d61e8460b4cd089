/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor.h - what keeps a backend from answering for its VIPs, and how to mend it. Changes nothing.
 */
#ifndef SLUICE_AGENT_DOCTOR_H
#define SLUICE_AGENT_DOCTOR_H

#include "agent/agent.h"
#include "host/address.h"
#include "host/interface.h"
#include "host/report.h"

enum { AGENT_SERVED_MAX = 64 };

struct agent_facts {
	const char *root;	       /* borrowed; "": the machine itself */
	const char *pin_dir;	       /* borrowed */
	struct agent_status *attached; /* owned; interfaces with pins */
	size_t n_attached;
	struct host_interface *interfaces; /* owned; all of them */
	size_t n_interfaces;
	struct host_address *addresses; /* owned */
	size_t n_addresses;
	/* Those with pins; if there is none, those with a default route. Borrowed from interfaces. */
	const struct host_interface *served[AGENT_SERVED_MAX];
	size_t n_served;
};

/* X(function, "name", needs, "what it looks at", "what is so if it finds nothing") */
#define AGENT_CHECKS(X)                                                                            \
	X(attached, "attached", ROOT, "whether the program is attached, and how",                  \
	  "the program takes outer headers off")                                                   \
	X(vip, "vip", 0, "addresses on lo, which VIPs must be", "lo has a VIP")                    \
	X(arp_ignore, "arp-ignore", 0, "whether the host answers ARP for VIPs",                    \
	  "no ARP is answered for VIPs")                                                           \
	X(arp_announce, "arp-announce", 0, "whether the host's own ARP names VIPs",                \
	  "no ARP names VIPs")                                                                     \
	X(arp, "arp", 0, "whether the interface answers ARP at all",                               \
	  "the balancer can find this host")                                                       \
	X(rp_filter, "rp-filter", 0, "reverse path filtering", "it is not strict")                 \
	X(mtu, "mtu", 0, "room for the outer header", "encapsulated full-size packets come in")    \
	X(offloads, "offloads", 0, "LRO and hardware GRO",                                         \
	  "no offload merges packets before the program sees them")                                \
	X(tunnels, "tunnels", 0, "tunnel devices of the kernel's that are up",                     \
	  "no tunnel device is up")

enum agent_check {
#define X(function, name, needs, looks_at, fine) AGENT_CHECK_##function,
	AGENT_CHECKS(X) AGENT_CHECK_COUNT
#undef X
};

/* Pins that can't be read (no root) are left out. */
void agent_facts_gather(struct agent_facts *facts, const char *pin_dir);
/* Fills served from attached, or from the routes below the root. */
void agent_facts_serve(struct agent_facts *facts);
void agent_facts_deinit(struct agent_facts *facts);

/* no_root: why checks that need root are skipped, or NULL. */
void agent_examine(const struct agent_facts *facts, const char *no_root, struct report *report);

#endif
