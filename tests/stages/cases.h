/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cases.h - what the packet path must do, packet by packet; run in either world (world.h).
 */
#ifndef SLUICE_TESTS_CASES_H
#define SLUICE_TESTS_CASES_H

#include "stages/check.h"

/* X(function, name), by file. */
#define PARSE_CASES(X)                                                                             \
	X(parse_not_ours, "what is for no service passes")                                         \
	X(parse_ports, "exact port before any port")                                               \
	X(parse_vlan, "one VLAN tag is stepped over, two are not")                                 \
	X(parse_options, "IPv4 options of every length")                                           \
	X(parse_extensions_each, "IPv6 extension headers")                                         \
	X(parse_too_many, "a long chain of headers ends in its own verdict")                       \
	X(parse_fragments, "fragments for a VIP, and for none")                                    \
	X(parse_icmp, "ICMP errors and neighbour discovery pass")                                  \
	X(parse_malformed, "impossible lengths and versions")                                      \
	X(parse_truncations, "every truncation of every header chain passes unchanged")            \
	X(parse_short_lengths, "every IP length too short for its headers passes unchanged")       \
	X(parse_features, "a program has only its features")

#define STEER_CASES(X)                                                                             \
	X(steer_settled, "a settled slot's packets go to its backend, unrecorded")                 \
	X(steer_moving, "a moving slot: new flows to current, old ones to origin, recorded")       \
	X(steer_tail, "a tail: records are followed, all else goes to current, unrecorded")        \
	X(steer_fallback, "a dead backend's packets fall back and are recorded")                   \
	X(steer_draining, "a draining backend keeps its flows")                                    \
	X(steer_other_service, "a record of another service's backend is none")                    \
	X(steer_syn_meets_record, "a SYN that meets a record")                                     \
	X(steer_stale_record, "a record that isn't followed is replaced, even in a tail")          \
	X(steer_states, "a record's life: unconfirmed, established, closing")                      \
	X(steer_refresh, "a record's time: its flow's own packets keep it alive, a SYN doesn't")   \
	X(steer_udp_grace, "UDP in a moving slot, before and after the grace")                     \
	X(steer_udp_states, "UDP's second packet confirms")                                        \
	X(steer_turns, "round-robin: turns for new flows, records for the rest")                   \
	X(steer_turn_hash, "round-robin: an unknown flow goes by hash and is recorded")            \
	X(steer_track_all, "tracking all records flows of settled slots")                          \
	X(steer_source, "source-hash: one prefix, one slot")                                       \
	X(steer_slot_number, "the slot is the hash's high half")                                   \
	X(table_places, "a full bucket: neighbour, expired, then the idlest unconfirmed")          \
	X(table_floods, "floods of SYNs and of lone ACKs push out no established flow")            \
	X(table_icmp_error, "an ICMP error never begins a record")                                 \
	X(count_traffic, "services and backends count packets, bytes and new flows")

#define FORWARD_CASES(X)                                                                           \
	X(forward_mixes, "IPIP in all four mixes, options, extensions, tag and padding")           \
	X(forward_l2, "the same segment: only MACs change")                                        \
	X(forward_redirect, "another interface: redirected")                                       \
	X(forward_too_big, "too big by one byte passes untouched")                                 \
	X(forward_entropy, "the outer source has its prefix and differs by flow")                  \
	X(forward_unresolved, "no next hop, no interface")                                         \
	X(forward_jumbo, "a jumbo frame in fragments")

#define REPLY_CASES(X)                                                                             \
	X(reply_echo4, "echo: every id and number is answered right")                              \
	X(reply_echo6, "echo over IPv6")                                                           \
	X(reply_reset, "no backend: reset, as RFC 9293 has it")                                    \
	X(reply_never_reset, "a reset is never answered")                                          \
	X(reply_unreachable, "no backend: ICMP unreachable")                                       \
	X(reply_drop_pass, "no backend: drop, pass")                                               \
	X(reply_bad_source, "nothing is answered to a source that can't be")                       \
	X(reply_link_group, "what was sent to or from a group's MAC passes unanswered")

#define SHADOW_CASES(X)                                                                            \
	X(shadow_decides, "shadow: every decision as if enforced, and the frame passes untouched") \
	X(shadow_counts, "shadow: services and backends count what would be sent")                 \
	X(shadow_records, "shadow: flows are recorded and their records followed")                 \
	X(shadow_beside, "shadow: other services and the host's own traffic are as ever")

#define X(function, name) void case_##function(void);
PARSE_CASES(X)
STEER_CASES(X)
FORWARD_CASES(X)
REPLY_CASES(X)
SHADOW_CASES(X)
#undef X

/* Runs all of them as TAP; returns the exit status. */
int cases_run(void);

#endif
