/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way in again, for good or on trial. The loader has the clock of a trial.
 */
#include "api/resource.h"

#include "api/actor.h"
#include "api/body.h"
#include "base/memory.h"
#include "loader/loader.h"

#include <errno.h>
#include <string.h>

static void tell(const struct api_context *context, const struct request *request, const char *name,
		 uint64_t for_ms)
{
	_cleanup_free_ char *object = sl_printf("interface %s", name);

	actor_tell(context, request, EVENT_ATTACH, object, "attached, %s",
		   for_ms ? "on trial" : "for good");
}

/* One that fails doesn't keep the others from being attached. Counts those that are meant. */
static size_t attach(const struct api_context *context, const struct body_attach *body,
		     const struct request *request, struct sl_errors *errors)
{
	size_t meant = 0;

	for (size_t i = 0; i < context->n_interfaces; i++) {
		const char *name = context->interfaces[i].name;

		if (body->interface[0] && strcmp(body->interface, name))
			continue;
		meant++;
		if (!loader_attach(context->loader, i, body->for_ms, errors))
			tell(context, request, name, body->for_ms);
	}
	return meant;
}

/* Answers as GET /v1/interfaces does. */
void resource_attach(const struct api_context *context, const struct request *request,
		     struct answer *answer)
{
	struct sl_errors errors = {0};
	struct body_attach body;

	if (body_parse_attach(request->body, request->size, &body, &errors)) {
		answer_problem(answer, 400, "the request is wrong", &errors);
		return;
	}
	if (!attach(context, &body, request, &errors)) {
		sl_fail(&errors, ENOENT, "body.interface",
			"\"%s\" is none of the daemon's interfaces", body.interface);
		answer_problem(answer, 404, "there is no such interface", &errors);
		return;
	}
	if (errors.count)
		answer_problem(answer, 500, "not all interfaces could be attached", &errors);
	else
		resource_interfaces(context, request, answer);
}
