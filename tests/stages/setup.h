/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * setup.h - the site that the cases are about: five services, four backends each.
 *
 *   WEB4  tcp 198.51.100.1:80     DNS4  udp 198.51.100.1:53    ANY4  tcp 198.51.100.2, any port
 *   WEB6  tcp [2001:db8::1]:80    DNS6  udp [2001:db8::1]:53
 *
 * Backend 0 of each is reached by IPIP over IPv4, 1 by IPIP over IPv6, 2 on the segment, 3 by IPIP over
 * IPv4 out of another interface. All are up; every slot is settled on backend 0.
 */
#ifndef SLUICE_TESTS_SETUP_H
#define SLUICE_TESTS_SETUP_H

#include "stages/world.h"

enum setup_service { WEB4 = 1, DNS4, ANY4, WEB6, DNS6, SETUP_SERVICES };

#define SETUP_ANY_VIP4	      "198.51.100.2"
#define SETUP_LOG2	      5
#define SETUP_SLOTS	      (1 << SETUP_LOG2)
#define SETUP_BACKENDS	      4
#define SETUP_MTU	      1500
#define SETUP_OTHER_INTERFACE 7
#define BACKEND(service, i)   ((service)*SETUP_BACKENDS + (i))

/* Loads the program of these features and builds the site. */
void setup_site(__u32 features);

void setup_service(int service, enum algorithm algorithm, enum when_empty when_empty,
		   enum tracking tracking, int source_bits);
/* Until the next setup_service(). */
void setup_shadow(int service);
void setup_grace(int service, __u64 until_ns);
void setup_slots(int service, int current, int origin); /* all; backends' ids, or SLOT_NONE */
void setup_slot(int service, int slot, int current);	/* one, settled */
void setup_state(int backend, enum backend_state state);
void setup_next_hop(int backend, int egress); /* 0: unresolved */

/* The address of a backend, as its entry has it. */
void setup_address(int backend, __be32 ret_addr_be[4]);

/* What a run without side effects says about a frame. */
const struct explanation *setup_explain(const struct frame *f);

/* The frame's flow's record, searched in both its buckets by its signature; 0: none. */
__u64 setup_record(const struct frame *f);
/* Puts one into place 0 to 15, last seen `idle` ticks ago. */
void setup_put_record(const struct frame *f, int place, int backend, int idle,
		      enum flow_state state);
/* Fills both buckets with other flows' records. */
void setup_fill_buckets(const struct frame *f, int backend, int idle, enum flow_state state);
/* The entry in a place of the flow's two buckets. */
__u64 setup_entry(const struct frame *f, int place);

__u64 setup_events(enum flow_event event);
struct traffic_counter setup_traffic(enum map_number map, __u32 index);

#endif
