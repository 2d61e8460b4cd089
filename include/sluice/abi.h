/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * abi.h - what the packet path and the daemon share: the shape of every map, and the words for what
 * can happen to a packet.
 *
 * Included by bpf/ and by daemon/, and by nothing else of either side. A change of any shape here is
 * a new SLUICE_ABI: maps are pinned under a directory named by it. "_be" is network byte order, "mac"
 * is in wire order, all else is host byte order. Times are CLOCK_MONOTONIC_COARSE
 * (bpf_ktime_get_coarse_ns), the same on both sides.
 */
#ifndef SLUICE_ABI_H
#define SLUICE_ABI_H

#include <linux/types.h>

#define SLUICE_ABI 1

/* ---- verdicts: one for every way a packet can leave -------------------------------------------- */

/*
 * X(name, XDP action, word, meaning). The word is the metric's label and the CLI's. They
 * stand by what is done: passed, dropped, answered, sent. packet.h compares with the borders.
 */
#define SLUICE_VERDICTS(X)                                                                         \
	X(NOT_IP, XDP_PASS, "not_ip", "neither IPv4 nor IPv6 (ARP and the like)")                  \
	X(NOT_SERVICE, XDP_PASS, "not_service", "not for a service")                               \
	X(TRUNCATED, XDP_PASS, "truncated", "a header runs past the end of the frame")             \
	X(MALFORMED, XDP_PASS, "malformed", "a header's length or version is impossible")          \
	X(TOO_MANY_HEADERS, XDP_PASS, "too_many_headers", "too long a chain of IPv6 headers")      \
	X(FRAGMENT, XDP_PASS, "fragment", "a fragment for a VIP")                                  \
	X(ICMP_ERROR, XDP_PASS, "icmp_error", "an ICMP error for a VIP")                           \
	X(VIP_OTHER, XDP_PASS, "vip_other", "for a VIP's address, but none of its services")       \
	X(TOO_BIG, XDP_PASS, "too_big", "larger than the way to the backend carries")              \
	X(NO_BACKEND_PASS, XDP_PASS, "no_backend_pass", "no usable backend: left to the kernel")   \
	X(LINK_GROUP, XDP_PASS, "link_group",                                                      \
	  "an answer would go to, or from, a MAC address of many: left to the kernel")             \
	X(SHADOW_ANSWERED, XDP_PASS, "shadow_answered",                                            \
	  "a service in shadow mode: would be answered; left to the kernel")                       \
	X(SHADOW_DROPPED, XDP_PASS, "shadow_dropped",                                              \
	  "a service in shadow mode: would be dropped; left to the kernel")                        \
	X(SHADOW_PASSED, XDP_PASS, "shadow_passed",                                                \
	  "a service in shadow mode: would be left to the kernel, and is")                         \
	X(NO_BACKEND_DROP, XDP_DROP, "no_backend_drop", "no usable backend: dropped")              \
	X(NO_NEXT_HOP, XDP_DROP, "no_next_hop", "the backend's next hop isn't resolved")           \
	X(NO_HEADROOM, XDP_DROP, "no_headroom", "no room in front of the frame for a header")      \
	X(MARTIAN_SOURCE, XDP_DROP, "martian_source",                                              \
	  "an answer would go to a source that can't have sent it")                                \
	X(INTERNAL, XDP_DROP, "internal", "a case that should not exist; please report it")        \
	X(ECHO_REPLY, XDP_TX, "echo_reply", "an echo request to a VIP, answered")                  \
	X(NO_BACKEND_RESET, XDP_TX, "no_backend_reset",                                            \
	  "no usable backend: answered with a TCP reset (UDP: port unreachable)")                  \
	X(NO_BACKEND_ICMP, XDP_TX, "no_backend_icmp",                                              \
	  "no usable backend: answered with an ICMP error")                                        \
	X(FORWARDED, XDP_TX, "forwarded", "sent to its backend, out of the interface it came in")  \
	X(REDIRECTED, XDP_REDIRECT, "redirected", "sent to its backend, out of another interface") \
	X(SHADOW_FORWARDED, XDP_PASS, "shadow_forwarded",                                          \
	  "a service in shadow mode: would be sent to its backend; left to the kernel")

enum verdict {
	VERDICT_CONTINUE, /* not a verdict: the next stage decides */
#define X(name, action, word, help) VERDICT_##name,
	SLUICE_VERDICTS(X) VERDICT_COUNT
#undef X
};

/* ---- services ------------------------------------------------------------------------------------ */

/* X(name, word): how a new flow finds its backend. */
#define SLUICE_ALGORITHMS(X)                                                                       \
	X(MAGLEV, "maglev")                                                                        \
	X(SOURCE_HASH, "source-hash")                                                              \
	X(ROUND_ROBIN, "round-robin")                                                              \
	X(WEIGHTED_ROUND_ROBIN, "weighted-round-robin")

enum algorithm {
#define X(name, word) ALGORITHM_##name,
	SLUICE_ALGORITHMS(X) ALGORITHM_COUNT
#undef X
};

/* X(name, word): the answer when a service has no usable backend. */
#define SLUICE_WHEN_EMPTY(X)                                                                       \
	X(RESET, "reset")                                                                          \
	X(ICMP, "icmp")                                                                            \
	X(DROP, "drop")                                                                            \
	X(PASS, "pass")

enum when_empty {
#define X(name, word) WHEN_EMPTY_##name,
	SLUICE_WHEN_EMPTY(X) WHEN_EMPTY_COUNT
#undef X
};

/* X(name, word): which flows are recorded in the flow table. */
#define SLUICE_TRACKING(X)                                                                         \
	X(MOVING, "moving")                                                                        \
	X(ALL, "all")

enum tracking {
#define X(name, word) TRACKING_##name,
	SLUICE_TRACKING(X) TRACKING_COUNT
#undef X
};

/* X(name, word): whether what is decided is done. */
#define SLUICE_SERVICE_MODES(X)                                                                    \
	X(ENFORCE, "enforce")                                                                      \
	X(SHADOW, "shadow")

enum service_mode {
#define X(name, word) SERVICE_MODE_##name,
	SLUICE_SERVICE_MODES(X) SERVICE_MODE_COUNT
#undef X
};

/* X(name, word): how a packet reaches its backend. */
#define SLUICE_FORWARDS(X)                                                                         \
	X(IPIP, "ipip")                                                                            \
	X(L2, "l2")

enum forward {
#define X(name, word) FORWARD_##name,
	SLUICE_FORWARDS(X) FORWARD_COUNT
#undef X
};

/*
 * A service is found by what the packet is for. port_be 0 stands for any port. Each VIP address also
 * has one entry {address, 0, IPPROTO_ICMP or IPPROTO_ICMPV6} with the value SERVICE_NONE: it says "an
 * address of ours" for echo requests, ICMP errors and fragments. An address whose services are all in
 * shadow mode has none: it is the host's.
 */
struct vip4_key {
	__be32 addr_be;
	__be16 port_be;
	__u8 protocol;
	__u8 zero;
};

struct vip6_key {
	__be32 addr_be[4];
	__be16 port_be;
	__u8 protocol;
	__u8 zero;
};

/* Service ids index `services`; 0 is never given out. */
#define SERVICE_NONE 0u

/*
 * A service's one mutable word. 0: no such service (packets count as not for a service).
 *   bits  0..31  table: number of the first chunk of its slots
 *   bits 32..36  log2 of its number of slots (4 to 20)
 *   bits 37..39  enum algorithm
 *   bits 40..41  enum when_empty
 *   bits 42..43  enum tracking
 *   bits 44..51  source-hash: how many leading bits of the source address count (1 to 128)
 *   bit  52      live
 *   bit  53      shadow: packets are counted and decided on, and left to the kernel
 */
#define SERVICE_WORD_LIVE	    (1ull << 52)
#define SERVICE_WORD_SHADOW	    (1ull << 53)
#define SERVICE_WORD_CHUNK(w)	    ((__u32)(w))
#define SERVICE_WORD_LOG2(w)	    ((__u32)((w) >> 32) & 31)
#define SERVICE_WORD_ALGORITHM(w)   ((__u32)((w) >> 37) & 7)
#define SERVICE_WORD_WHEN_EMPTY(w)  ((__u32)((w) >> 40) & 3)
#define SERVICE_WORD_TRACKING(w)    ((__u32)((w) >> 42) & 3)
#define SERVICE_WORD_SOURCE_BITS(w) ((__u32)((w) >> 44) & 255)
#define SERVICE_WORD(chunk, log2, algorithm, when_empty, tracking, source_bits)                    \
	(SERVICE_WORD_LIVE | (__u64)(chunk) | (__u64)(log2) << 32 | (__u64)(algorithm) << 37 |     \
	 (__u64)(when_empty) << 40 | (__u64)(tracking) << 42 | (__u64)(source_bits) << 44)

struct service_entry {
	__u64 word;	      /* SERVICE_WORD */
	__u64 grace_until_ns; /* UDP: until then an unrecorded flow of a moving slot is its origin's */
};

/* ---- slots --------------------------------------------------------------------------------------- */

/*
 * A slot is one word { current:16, origin:16 }, both backend ids.
 *   settled  origin == current     moving  origin is another backend    tail  origin == SLOT_NONE
 * Slots of a service without any backend are { SLOT_NONE, SLOT_NONE }. 16 slots make a 64-byte chunk.
 */
#define SLOT_NONE	      0xffffu
#define SLOTS_PER_CHUNK	      16
#define SLOT_LOG2_MIN	      4
#define SLOT_LOG2_MAX	      20
#define SLOT(current, origin) ((__u32)(current) | (__u32)(origin) << 16)
#define SLOT_CURRENT(w)	      (0xffffu & (w))
#define SLOT_ORIGIN(w)	      ((w) >> 16)

struct slot_chunk {
	__u32 slot[SLOTS_PER_CHUNK];
};

/* ---- backends ------------------------------------------------------------------------------------ */

/* Zero must read as not usable: it is what a freed or never used entry holds. */
enum backend_state {
	BACKEND_FREE,
	BACKEND_DOWN,	  /* not usable: its packets go elsewhere at once */
	BACKEND_DRAINING, /* keeps its flows, is given no slots */
	BACKEND_UP,
};
#define BACKEND_USABLE(state) ((state) >= BACKEND_DRAINING)

/*
 * The next hop in one mutable word: destination MAC in wire order in the low six bytes of memory, the
 * index into `egress` in the upper two (host order). Index 0: unresolved, the packet path asks
 * bpf_fib_lookup.
 */
union next_hop {
	__u64 word;
	struct {
		__u8 mac[6];
		__u16 egress;
	};
	__be16 mac_be[3]; /* the MAC again, as the packet path copies it */
};

/* A backend id is one (service, backend) pair; 0 to 65534. */
struct backend_entry {
	__u8 state;   /* enum backend_state; mutable on its own */
	__u8 forward; /* enum forward */
	__u8 family;  /* 4 or 6: which words of addr_be count */
	__u8 zero;
	__u32 service;		 /* the service id it belongs to */
	union next_hop next_hop; /* mutable on its own */
	__be32 addr_be[4];	 /* IPv4: [0] */
};

/* An interface that packets may leave by. Index 0 stays empty. Written before a next hop names it. */
struct egress_entry {
	__u32 ifindex;
	__u8 mac[6];
	__u16 mtu; /* of IP packets, without the Ethernet header; 65535 at most */
};
#define EGRESS_MAX 64

/* ---- flows --------------------------------------------------------------------------------------- */

/*
 * One flow is one 64-bit word in a 64-byte bucket of eight; 0 is empty.
 *   bits  0..31  signature: high half of the keyed 64-bit hash of the flow
 *   bits 32..47  backend id
 *   bits 48..59  time of the last packet, in ticks of 2^32 ns (4.3 s), modulo 4096
 *   bits 60..63  enum flow_state
 * The bucket is (low half of the hash) & (buckets - 1), then its neighbour (bucket ^ 1).
 * The slot is (signature * slots) >> 32, so a record tells its slot.
 */
enum flow_state {
	FLOW_EMPTY,
	FLOW_UNCONFIRMED, /* begun; no second packet that is no SYN was seen */
	FLOW_ESTABLISHED,
	FLOW_CLOSING, /* FIN or RST seen */
};

#define FLOWS_PER_BUCKET  8
#define FLOW_ENTRIES	  2 /* a flow of the configured capacity: with one, buckets fill up */
#define FLOW_TICK_SHIFT	  32
#define FLOW_TICK_MASK	  0xfffu
#define FLOW_SIGNATURE(e) ((__u32)(e))
#define FLOW_BACKEND(e)	  ((__u32)((e) >> 32) & 0xffff)
#define FLOW_TICK(e)	  ((__u32)((e) >> 48) & FLOW_TICK_MASK)
#define FLOW_STATE(e)	  ((__u32)((e) >> 60))
#define FLOW_ENTRY(signature, backend, tick, state)                                                \
	((__u64)(signature) | (__u64)(backend) << 32 | (__u64)((tick)&FLOW_TICK_MASK) << 48 |      \
	 (__u64)(state) << 60)

/*
 * Ticks since the record's last packet. Another CPU may be ahead of this one, and the clock wraps:
 * the last few ticks of a turn, longer than any idle time, are the future and count as none.
 */
#define FLOW_FUTURE_TICKS 64

static inline __attribute__((always_inline)) __u32 flow_idle_ticks(__u64 entry, __u32 now_tick)
{
	__u32 idle = (now_tick - FLOW_TICK(entry)) & FLOW_TICK_MASK;

	return idle > FLOW_TICK_MASK - FLOW_FUTURE_TICKS ? 0 : idle;
}

struct flow_bucket {
	__u64 entry[FLOWS_PER_BUCKET];
};

/* X(name, word, meaning): what the flow table did; counted per CPU, exact. */
#define SLUICE_FLOW_EVENTS(X)                                                                      \
	X(CREATED, "created", "records begun")                                                     \
	X(UNRECORDED, "unrecorded", "flows not recorded: both buckets full of better entries")     \
	X(EVICTED_UNCONFIRMED, "evicted_unconfirmed", "unconfirmed records given up for others")   \
	X(CLAIM_LOST, "claim_lost", "claims lost to another CPU's record of the same flow")        \
	X(FALLBACK, "fallback", "packets whose backend was not usable, sent to another")

enum flow_event {
#define X(name, word, help) FLOW_EVENT_##name,
	SLUICE_FLOW_EVENTS(X) FLOW_EVENT_COUNT
#undef X
};

/* ---- counters (per CPU; written by the packet path) ---------------------------------------------- */

struct verdict_counter {
	__u64 packets;
	__u64 bytes; /* of the frame as it came */
};

struct traffic_counter { /* index: service id, or backend id */
	__u64 packets;
	__u64 bytes;
	__u64 new_flows; /* TCP SYNs, and first packets of recorded UDP flows */
};

/* ---- what is fixed at load ----------------------------------------------------------------------- */

/* X(name, meaning): code that a configuration without it doesn't contain. */
#define SLUICE_FEATURES(X)                                                                         \
	X(IPV4, "an IPv4 VIP")                                                                     \
	X(IPV6, "an IPv6 VIP")                                                                     \
	X(ANY_PORT, "a service on any port")                                                       \
	X(IPIP, "a backend reached by encapsulation")                                              \
	X(L2, "a backend reached on the same segment")                                             \
	X(SOURCE_HASH, "a service that hashes the source alone")                                   \
	X(TURNS, "a round-robin service")                                                          \
	X(TRACK_ALL, "a service that records all flows")                                           \
	X(SHADOW, "a service in shadow mode")

enum feature_number {
#define X(name, help) FEATURE_NUMBER_##name,
	SLUICE_FEATURES(X) FEATURE_COUNT
#undef X
};

enum feature {
#define X(name, help) FEATURE_##name = 1u << FEATURE_NUMBER_##name,
	SLUICE_FEATURES(X)
#undef X
		FEATURE_ALL = (1u << FEATURE_COUNT) - 1,
};

/*
 * What a program is loaded with, besides the secret hash key. Fixed size, no strings: this is also
 * the body of the worker's request to the loader.
 * The outer source address is the prefix, its remaining bits filled from the flow's hash.
 */
struct program_config {
	__u32 features;	  /* enum feature bits */
	__u8 outer4_bits; /* prefix length, 8 to 32 */
	__u8 outer6_bits; /* prefix length, 32 to 128 */
	__u16 zero;
	__be32 outer4_be;
	__be32 outer6_be[4];
	__u16 idle_unconfirmed_ticks; /* after that many ticks a record in this state has expired */
	__u16 idle_established_ticks;
	__u16 idle_closing_ticks;
	__u16 zero2;
};

/* The secret of SipHash-1-3 over a flow's addresses and ports; equal on all nodes of a cluster. */
struct hash_key {
	__u64 word[2];
};

/* ---- explain ------------------------------------------------------------------------------------- */

/* X(name, word, meaning): why a packet has its backend. */
#define SLUICE_CHOICES(X)                                                                          \
	X(NONE, "none", "no backend was looked for, or found")                                     \
	X(SETTLED, "settled", "the slot's backend; nothing moves")                                 \
	X(RECORD, "record", "the flow's record names it")                                          \
	X(ORIGIN, "origin", "no record in a moving slot: the flow is older than the move")         \
	X(CURRENT, "current", "a new flow, or a slot's tail: the slot's backend")                  \
	X(TURN, "turn", "a new flow of a round-robin service: the next in turn")                   \
	X(FALLBACK, "fallback", "its backend isn't usable: the next candidate")

enum choice {
#define X(name, word, help) CHOICE_##name,
	SLUICE_CHOICES(X) CHOICE_COUNT
#undef X
};

/* Written by the read-only instance of the program on each run; index 0 of `explanation`. */
struct explanation {
	__u16 verdict;	 /* enum verdict */
	__u16 would_be;	 /* enum verdict: without shadow mode; VERDICT_CONTINUE: the same */
	__u32 service;	 /* SERVICE_NONE: no service */
	__u32 backend;	 /* SLOT_NONE: no backend */
	__u32 slot;	 /* number within the service's table */
	__u32 slot_word; /* SLOT() */
	__u32 choice;	 /* enum choice */
	__u64 hash;	 /* of the flow */
	__u64 record;	 /* the flow's record, 0: none, or not asked */
	__u64 service_word;
};

/* ---- the maps ------------------------------------------------------------------------------------ */

/* X(name): every map of the balancer, by its name in bpf/maps.h. Descriptors are handed over in this order. */
#define SLUICE_MAPS(X)                                                                             \
	X(vips4)                                                                                   \
	X(vips6)                                                                                   \
	X(services)                                                                                \
	X(slots)                                                                                   \
	X(backends)                                                                                \
	X(egress)                                                                                  \
	X(flows)                                                                                   \
	X(turns)                                                                                   \
	X(verdict_counters)                                                                        \
	X(service_counters)                                                                        \
	X(backend_counters)                                                                        \
	X(flow_events)                                                                             \
	X(explanation)

enum map_number {
#define X(name) MAP_##name,
	SLUICE_MAPS(X) MAP_COUNT
#undef X
};

/* ---- the agent (backend side) -------------------------------------------------------------------- */

/* X(name, XDP action, word, meaning) */
#define SLUICE_AGENT_VERDICTS(X)                                                                   \
	X(NOT_TUNNEL, XDP_PASS, "not_tunnel", "not an encapsulated packet")                        \
	X(NOT_OURS, XDP_PASS, "not_ours", "encapsulated, but not for an address of this host")     \
	X(FRAGMENT, XDP_PASS, "fragment", "a piece of an encapsulated packet; left to the kernel") \
	X(DECAPSULATED, XDP_PASS, "decapsulated", "outer header removed")                          \
	X(MALFORMED, XDP_DROP, "malformed", "the inner packet is truncated or of no known version")

enum agent_verdict {
#define X(name, action, word, help) AGENT_##name,
	SLUICE_AGENT_VERDICTS(X) AGENT_VERDICT_COUNT
#undef X
};

/* An address of the backend host; IPv4 as ::ffff:a.b.c.d, so that one map holds both families. */
struct agent_address {
	__be32 addr_be[4];
};
#define AGENT_ADDRESSES_MAX 4096

_Static_assert(sizeof(struct vip4_key) == 8, "vip4_key");
_Static_assert(sizeof(struct vip6_key) == 20, "vip6_key");
_Static_assert(sizeof(struct service_entry) == 16, "service_entry");
_Static_assert(sizeof(struct slot_chunk) == 64, "slot_chunk");
_Static_assert(sizeof(union next_hop) == 8, "next_hop");
_Static_assert(sizeof(struct backend_entry) == 32, "backend_entry");
_Static_assert(sizeof(struct egress_entry) == 12, "egress_entry");
_Static_assert(sizeof(struct flow_bucket) == 64, "flow_bucket");
_Static_assert(sizeof(struct program_config) == 36, "program_config");
_Static_assert(sizeof(struct explanation) == 48, "explanation");
_Static_assert(sizeof(struct agent_address) == 16, "agent_address");

#endif
