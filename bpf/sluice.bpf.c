// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * sluice.bpf.c - the balancer: one program, attached to an interface, that every packet passes.
 *
 * The order of the stages is here and nowhere else. A stage (stages/NAME.h) answers CONTINUE or a
 * verdict, which ends the chain; it counts no verdict and calls no other stage. All packets leave through
 * conclude(), with exactly one verdict each.
 *
 * What the configuration doesn't use is not in the program: the verifier removes what config.features
 * says is never reached. The read-only instance, made for `explain`, is never attached.
 */
#include "packet.h"
#include "maps.h"
#include "stages/parse.h"
#include "stages/service.h"
#include "stages/flow.h"
#include "stages/select.h"
#include "stages/forward.h"
#include "stages/reply.h"
#include "stages/shadow.h"
#include "conclude.h"

SEC("xdp.frags")
int sluice(struct xdp_md *ctx)
{
	struct packet p = {};
	enum verdict verdict;

	p.backend = SLOT_NONE;
	verdict = stage_parse(ctx, &p) ?: stage_service(&p);
	if (verdict == VERDICT_CONTINUE)
		verdict = stage_shadow(&p, stage_flow(&p) ?: stage_select(&p) ?: stage_record(&p)
				       ?: stage_forward(ctx, &p));
	verdict = stage_reply(ctx, &p, verdict);
	return conclude(&p, verdict);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
