/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What outsiders send to the API: the first byte says whether the rest is a head, a body or the header
 * traceparent. Refusals
 * have reasons; what is accepted is within bounds, and makes a frame.
 */
#include "api/body.h"
#include "api/frame.h"
#include "api/head.h"
#include "api/trace.h"
#include "base/memory.h"
#include "config/config.h"
#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

/* A good head stays good with anything behind it, and no beginning of it was refused. */
static void check_head(const char *bytes, size_t size)
{
	struct head_refusal refusal = {0};
	enum head_result result = head_check(bytes, size, &refusal);

	must((result == HEAD_BAD) == (refusal.why != NULL));
	if (result == HEAD_GOOD)
		for (size_t shorter = 0; shorter < size; shorter++)
			must(head_check(bytes, shorter, &refusal) != HEAD_BAD);
}

static void check_backend(const char *bytes, size_t size)
{
	struct body_backend body;
	struct sl_errors errors = {0};

	if (body_parse_backend(bytes, size, &body, &errors))
		must(errors.count);
	else
		must((!body.has_admin || (unsigned)body.admin < ADMIN_COUNT) &&
		     (!body.has_weight || (body.weight >= -1 && body.weight <= CONFIG_WEIGHT_MAX)));
	sl_errors_deinit(&errors);
}

static void check_log(const char *bytes, size_t size)
{
	struct body_log body;
	struct sl_errors errors = {0};

	if (body_parse_log(bytes, size, &body, &errors))
		must(errors.count);
	else
		must(body.component <= LOG_COMPONENT_ALL && body.level < LOG_LEVEL_COUNT);
	sl_errors_deinit(&errors);
}

static void check_trace(const char *bytes, size_t size)
{
	_cleanup_free_ char *header = sl_printf("%.*s", (int)size, bytes);
	char id[TRACE_ID_SIZE];

	bool good = trace_parse(header, id);

	must(strlen(id) == (good ? TRACE_ID_SIZE - 1 : 0));
}

static void check_attach(const char *bytes, size_t size)
{
	struct body_attach body;
	struct sl_errors errors = {0};

	if (body_parse_attach(bytes, size, &body, &errors))
		must(errors.count);
	else
		must(!body.for_ms ||
		     (body.for_ms >= SLUICE_TRIAL_MIN_MS && body.for_ms <= SLUICE_TRIAL_MAX_MS));
	sl_errors_deinit(&errors);
}

static void check_explain(const char *bytes, size_t size)
{
	struct body_explain body;
	struct sl_errors errors = {0};
	uint8_t frame[FRAME_FLOW_MAX];

	if (body_parse_explain(bytes, size, &body, &errors)) {
		must(errors.count);
	} else if (body.frame_size) {
		must(body.frame_size <= SLUICE_FRAME_MAX);
		free(frame_hex(body.frame, body.frame_size));
	} else {
		must(frame_of_flow(&body, frame) <= sizeof(frame));
	}
	sl_errors_deinit(&errors);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	char *bytes;

	if (!size)
		return 0;
	/* A copy of the very size, so that one byte too far is found. */
	bytes = malloc(size - 1 ? size - 1 : 1);
	must(bytes);
	memcpy(bytes, data + 1, size - 1);
	if (data[0] == 'h')
		check_head(bytes, size - 1);
	else if (data[0] == 'b')
		check_backend(bytes, size - 1);
	else if (data[0] == 'a')
		check_attach(bytes, size - 1);
	else if (data[0] == 'l')
		check_log(bytes, size - 1);
	else if (data[0] == 't')
		check_trace(bytes, size - 1);
	else
		check_explain(bytes, size - 1);
	free(bytes);
	return 0;
}
