/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/resource.h"

#include "metrics/metrics.h"

void resource_metrics(const struct api_context *context, const struct request *request,
		      struct answer *answer)
{
	const struct metrics_source source = {
		.engine = context->engine,
		.health = context->health,
		.loader = context->loader,
		.store = context->store,
		.events = context->events,
		.change = context->change,
		.interfaces = context->interfaces,
		.n_interfaces = context->n_interfaces,
		.requests = context->requests,
		.n_requests = context->n_requests,
		.lag = context->lag,
		.streams = context->streams,
	};
	struct sl_errors errors = {0};
	char *text;

	if (metrics_write(&source, &text, &errors))
		answer_problem(answer, 500, "counters can't be read", &errors);
	else
		answer_text(answer, "text/plain; version=0.0.4; charset=utf-8", text);
}
