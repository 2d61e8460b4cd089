/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "balance/step.h"

#include <arpa/inet.h>
#include <stdio.h>

/* How each kind is spoken of; "%u" is the index. */
static const char *const formats[STEP_COUNT] = {
	[STEP_PROGRAM] = "program",
	[STEP_SERVICE_NOTE] = "service %u: note",
	[STEP_SLOT] = "slot %u",
	[STEP_CHUNK] = "slot chunk %u",
	[STEP_SERVICE_WORD] = "service %u: word",
	[STEP_SERVICE_GRACE] = "service %u: grace",
	[STEP_BACKEND_ENTRY] = "backend %u",
	[STEP_BACKEND_STATE] = "backend %u: state",
	[STEP_BACKEND_NEXT_HOP] = "backend %u: next hop",
	[STEP_EGRESS] = "egress %u",
};

static const char *vip_name(const struct step *step, char *text, size_t size)
{
	const struct vip *vip =
		step->after.vip.address.family ? &step->after.vip : &step->before.vip;
	char address[ADDRESS_TEXT_MAX];

	snprintf(text, size, "VIP %s, protocol %u, port %u", address_format(&vip->address, address),
		 vip->protocol, ntohs(vip->port_be));
	return text;
}

const char *step_name(const struct step *step, char *text, size_t size)
{
	if (step->kind == STEP_VIP)
		return vip_name(step, text, size);
	snprintf(text, size, formats[step->kind], step->index);
	return text;
}

struct step step_inverse(const struct step *step)
{
	struct step inverse = *step;

	inverse.before = step->after;
	inverse.after = step->before;
	return inverse;
}
