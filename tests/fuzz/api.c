/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What outsiders send to the API, and the tokens file: the first byte says which of them the rest is.
 * Refusals have reasons; what is accepted is within bounds, and makes a frame.
 */
#include "api/body.h"
#include "api/frame.h"
#include "api/head.h"
#include "api/match.h"
#include "api/tokens.h"
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
	char id[TRACE_ID_SIZE], parent[TRACE_PARENT_SIZE];
	bool good = trace_parse(header, id);
	struct trace trace;

	must(strlen(id) == (good ? TRACE_ID_SIZE - 1 : 0));
	/* What goes back is good itself, and of the trace that came. */
	trace_begin(header, &trace);
	must(!good || !strcmp(trace.id, id));
	must(trace_parse(trace_format(&trace, parent), id) && !strcmp(trace.id, id));
}

/* No value lets a generation pass without naming it. */
static void check_match(const char *bytes, size_t size)
{
	_cleanup_free_ char *header = sl_printf("%.*s", (int)size, bytes);

	if (match_generation(header, 12) && strcmp(header, "*"))
		must(strstr(header, "\"12\"") != NULL);
}

/* A token that is found has the hash of what came, and every line that was taken is in bounds. */
static void check_tokens(const char *bytes, size_t size)
{
	struct sl_errors errors = {0};
	struct tokens *tokens = NULL;

	if (tokens_read("tokens", bytes, size, &tokens, &errors)) {
		must(errors.count && !tokens);
		sl_errors_deinit(&errors);
		return;
	}
	must(!errors.count && tokens->count <= TOKENS_MAX);
	for (size_t i = 0; i < tokens->count; i++) {
		const struct token *token = &tokens->list[i];

		must(strlen(token->name) && strlen(token->name) < TOKEN_NAME_MAX);
		must(token->role > SLUICE_ROLE_NONE && token->role < SLUICE_ROLE_COUNT);
		for (size_t j = 0; j < token->n_from; j++)
			must(prefix_contains(&token->from[j], &token->from[j].address));
	}
	tokens_free(tokens);
}

static void check_authorization(const char *bytes, size_t size)
{
	/* sha256 of "abc" */
	static const char file[] =
		"ci sha256=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff6"
		"1f20015ad role=admin\n";
	_cleanup_free_ char *header = sl_printf("%.*s", (int)size, bytes);
	const char *bearer = tokens_bearer(header);
	const struct address from = {.family = 4};
	const struct token *token;
	struct tokens *tokens;

	if (!bearer)
		return;
	must(bearer > header && bearer[0] && !strpbrk(bearer, " \t,"));
	must(!tokens_read("file", file, strlen(file), &tokens, NULL));
	must((tokens_find(tokens, bearer, &from, 0, &token) == TOKEN_GOOD) ==
	     !strcmp(bearer, "abc"));
	tokens_free(tokens);
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
	else if (data[0] == 'm')
		check_match(bytes, size - 1);
	else if (data[0] == 'k')
		check_tokens(bytes, size - 1);
	else if (data[0] == 'a')
		check_authorization(bytes, size - 1);
	else
		check_explain(bytes, size - 1);
	free(bytes);
	return 0;
}
