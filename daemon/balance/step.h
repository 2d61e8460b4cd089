/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * step.h - one write to one map, with what stood there before: so every step has an inverse.
 */
#ifndef SLUICE_STEP_H
#define SLUICE_STEP_H

#include "base/address.h"
#include "sluice/abi.h"

/*
 * X(name): in the maps' terms. PROGRAM and VIP may fail; the others are stores to mapped memory, or
 * to nothing but the world.
 */
#define SLUICE_STEPS(X)                                                                            \
	X(PROGRAM)	/* load the program for a set of features, swap it in */                   \
	X(VIP)		/* index unused */                                                         \
	X(SERVICE_NOTE) /* of the world alone: what the maps needn't know */                       \
	X(SLOT)		/* index: slot, in place */                                                \
	X(CHUNK)	/* index: chunk; 16 slots that no service word points to yet */            \
	X(SERVICE_WORD)                                                                            \
	X(SERVICE_GRACE)                                                                           \
	X(BACKEND_ENTRY) /* a whole entry that no packet reads: from or to all zero, or free */    \
	X(BACKEND_STATE)                                                                           \
	X(BACKEND_NEXT_HOP)                                                                        \
	X(EGRESS)

enum step_kind {
#define X(name) STEP_##name,
	SLUICE_STEPS(X) STEP_COUNT
#undef X
};

/* What packets are for, and the service that gets them. address.family 0: no such entry. */
struct vip {
	struct address address;
	__be16 port_be;
	__u8 protocol;
	__u32 service; /* SERVICE_NONE for the {address, 0, ICMP} entries */
};

struct service_note {
	__u64 fingerprint; /* of what the slots were filled from; 0: unknown */
	__u32 drain_ms;
	__u32 udp_grace_ms;
};

union step_value {
	__u32 slot;
	__u64 word; /* service word, grace, next hop */
	__u8 state;
	struct vip vip;
	struct service_note note;
	struct slot_chunk chunk;
	struct backend_entry backend;
	struct egress_entry egress;
	struct program_config program;
};

struct step {
	enum step_kind kind;
	__u32 index;
	union step_value before;
	union step_value after;
};

/* "backend 17: state" and the like, for errors and logs. Static or in `text`. */
const char *step_name(const struct step *step, char *text, size_t size);
struct step step_inverse(const struct step *step);

#endif
