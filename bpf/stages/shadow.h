/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * shadow.h - services in shadow mode: all stages decide about their packets, none touches them.
 *
 * Stages before this one ask shadow_is() before they write to the frame or send it. What the packet
 * would have become decides which of the shadow verdicts it has; they all leave it to the kernel.
 * Flows are recorded as ever: how full the table gets is one of the things to be seen beforehand.
 */
#ifndef SLUICE_STAGES_SHADOW_H
#define SLUICE_STAGES_SHADOW_H

#include "maps.h"
#include "packet.h"

/* Packets without a service have no word. */
static __always_inline bool shadow_is(const struct packet *p)
{
	return FEATURE(SHADOW) && (p->service_word & SERVICE_WORD_SHADOW) != 0;
}

static const __u8 shadow_verdicts[VERDICT_COUNT] = {[VERDICT_CONTINUE] = VERDICT_SHADOW_DROPPED,
#define X(name, action, word, help)                                                                \
	[VERDICT_##name] =                                                                         \
		VERDICT_##name == VERDICT_FORWARDED || VERDICT_##name == VERDICT_REDIRECTED        \
			? VERDICT_SHADOW_FORWARDED                                                 \
		: (action) == XDP_DROP ? VERDICT_SHADOW_DROPPED                                    \
		: (action) == XDP_PASS ? VERDICT_SHADOW_PASSED                                     \
				       : VERDICT_SHADOW_ANSWERED,
						    SLUICE_VERDICTS(X)
#undef X
};

COLD int shadow_turn(struct packet *p, __u32 verdict)
{
	if (!p || verdict >= VERDICT_COUNT)
		return VERDICT_INTERNAL;
	p->would_be = verdict;
	return shadow_verdicts[verdict];
}

/* What would be answered is left to reply, which knows better whether it would. */
static __always_inline enum verdict stage_shadow(struct packet *p, enum verdict verdict)
{
	return shadow_is(p) && !packet_is_answered(verdict) ? shadow_turn(p, verdict) : verdict;
}

#endif
