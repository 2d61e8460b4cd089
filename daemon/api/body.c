/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/body.h"

#include "api/number.h"
#include "base/memory.h"
#include "config/config.h"
#include "engine/engine.h"

#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <string.h>

/* One known member, and how it is read into the result. */
struct member {
	const char *name;
	int (*read)(const json_t *value, void *ret, struct sl_errors *errors);
};

/* jansson recurses; its own limit is 2048. */
static bool too_deep(const char *text, size_t size)
{
	size_t depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < size; i++) {
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && (text[i] == '{' || text[i] == '['))
			depth++;
		else if (!quoted && depth && (text[i] == '}' || text[i] == ']'))
			depth--;
		if (depth > BODY_DEPTH)
			return true;
	}
	return false;
}

static json_t *load(const char *text, size_t size, struct sl_errors *errors)
{
	json_error_t error;
	json_t *object;

	if (too_deep(text, size)) {
		sl_fail(errors, EINVAL, "body", "nested deeper than %d", BODY_DEPTH);
		return NULL;
	}
	object = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
	if (!object)
		sl_fail(errors, EINVAL, "body", "line %d, column %d: %s", error.line, error.column,
			error.text);
	else if (!json_is_object(object))
		sl_fail(errors, EINVAL, "body", "not an object");
	if (json_is_object(object))
		return object;
	json_decref(object);
	return NULL;
}

static const struct member *find_member(const struct member *members, const char *name)
{
	for (; members->name; members++)
		if (!strcmp(members->name, name))
			return members;
	return NULL;
}

static int read_object(const char *text, size_t size, const struct member *members, void *ret,
		       struct sl_errors *errors)
{
	json_t *object = load(text, size, errors), *value;
	const char *name;
	int result = 0;

	if (!object)
		return -EINVAL;
	json_object_foreach(object, name, value)
	{
		const struct member *member = find_member(members, name);
		int one = member ? member->read(value, ret, errors)
				 : sl_fail(errors, EINVAL, "body", "unknown member \"%s\"", name);

		result = one ? one : result;
	}
	json_decref(object);
	return result;
}

static int read_integer(const json_t *value, const char *where, json_int_t most, json_int_t *ret,
			struct sl_errors *errors)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    json_integer_value(value) > most)
		return sl_fail(errors, EINVAL, where, "not a number from 0 to %lld",
			       (long long)most);
	*ret = json_integer_value(value);
	return 0;
}

/* "" if it isn't a string: no member takes that. */
static const char *string(const json_t *value)
{
	return json_is_string(value) ? json_string_value(value) : "";
}

#define FOR_MIN_MS 1000

static int read_name(const json_t *value, char ret_name[16], struct sl_errors *errors)
{
	const char *name = string(value);

	if (!name[0] || strlen(name) >= 16)
		return sl_fail(errors, EINVAL, "body.interface", "not an interface's name");
	strcpy(ret_name, name);
	return 0;
}

/* ---- attach ---------------------------------------------------------------------------------------- */

static int read_attached(const json_t *value, void *ret, struct sl_errors *errors)
{
	return read_name(value, ((struct body_attach *)ret)->interface, errors);
}

static int read_trial(const json_t *value, void *ret, struct sl_errors *errors)
{
	json_int_t ms = json_integer_value(value);

	if (!json_is_integer(value) || ms < SLUICE_TRIAL_MIN_MS || ms > SLUICE_TRIAL_MAX_MS)
		return sl_fail(errors, EINVAL, "body.for_ms", "not a number from %d to %d",
			       SLUICE_TRIAL_MIN_MS, SLUICE_TRIAL_MAX_MS);
	((struct body_attach *)ret)->for_ms = ms;
	return 0;
}

int body_parse_attach(const char *text, size_t size, struct body_attach *ret,
		      struct sl_errors *errors)
{
	static const struct member members[] = {
		{"interface", read_attached},
		{"for_ms", read_trial},
		{NULL, NULL},
	};
	struct body_attach body = {0};
	int result = read_object(text, size, members, &body, errors);

	if (!result)
		*ret = body;
	return result;
}

/* ---- backend --------------------------------------------------------------------------------------- */

static int read_admin(const json_t *value, void *ret, struct sl_errors *errors)
{
	struct body_backend *body = ret;

	for (int admin = 0; admin < ADMIN_COUNT; admin++) {
		if (strcmp(string(value), engine_admin_word(admin)))
			continue;
		body->admin = admin;
		body->has_admin = true;
		return 0;
	}
	return sl_fail(errors, EINVAL, "body.admin", "not \"ready\", \"drain\" or \"disabled\"");
}

static int read_weight(const json_t *value, void *ret, struct sl_errors *errors)
{
	struct body_backend *body = ret;
	json_int_t weight = -1;

	if (!json_is_null(value) &&
	    read_integer(value, "body.weight", CONFIG_WEIGHT_MAX, &weight, errors))
		return -EINVAL;
	body->weight = weight;
	body->has_weight = true;
	return 0;
}

static int read_for(const json_t *value, void *ret, struct sl_errors *errors)
{
	struct body_backend *body = ret;

	if (number_parse_duration(string(value), &body->for_ms) && body->for_ms >= FOR_MIN_MS)
		return 0;
	return sl_fail(errors, EINVAL, "body.for", "not a time like \"30s\", \"5m\" or \"2h\"");
}

static int read_reason(const json_t *value, void *ret, struct sl_errors *errors)
{
	struct body_backend *body = ret;

	if (!json_is_string(value) || json_string_length(value) >= sizeof(body->reason))
		return sl_fail(errors, EINVAL, "body.reason", "not a text of at most %zu bytes",
			       sizeof(body->reason) - 1);
	strcpy(body->reason, json_string_value(value));
	return 0;
}

/* Something must begin, or there is nothing to end. */
static bool begins(const struct body_backend *body)
{
	return (body->has_admin && body->admin != ADMIN_READY) ||
	       (body->has_weight && body->weight >= 0);
}

int body_parse_backend(const char *text, size_t size, struct body_backend *ret,
		       struct sl_errors *errors)
{
	static const struct member members[] = {
		{"admin", read_admin}, {"weight", read_weight},
		{"for", read_for},     {"reason", read_reason},
		{NULL, NULL},
	};
	struct body_backend body = {0};
	int result = read_object(text, size, members, &body, errors);

	if (result)
		return result;
	if (!body.has_admin && !body.has_weight)
		return sl_fail(errors, EINVAL, "body", "neither \"admin\" nor \"weight\"");
	if (body.for_ms && !begins(&body))
		return sl_fail(errors, EINVAL, "body.for", "nothing begins that could end");
	*ret = body;
	return 0;
}

/* ---- log ------------------------------------------------------------------------------------------- */

static int read_component(const json_t *value, void *ret, struct sl_errors *errors)
{
	struct body_log *body = ret;

	if (log_component_find(string(value), &body->component))
		return 0;
	return sl_fail(errors, EINVAL, "body.component", "no such component; GET /v1/log has all");
}

static int read_level(const json_t *value, void *ret, struct sl_errors *errors)
{
	struct body_log *body = ret;

	if (log_level_find(string(value), &body->level))
		return 0;
	return sl_fail(errors, EINVAL, "body.level",
		       "not \"error\", \"warning\", \"info\" or \"debug\"");
}

int body_parse_log(const char *text, size_t size, struct body_log *ret, struct sl_errors *errors)
{
	static const struct member members[] = {
		{"component", read_component},
		{"level", read_level},
		{NULL, NULL},
	};
	struct body_log body = {LOG_COMPONENT_ALL, LOG_LEVEL_COUNT};
	int result = read_object(text, size, members, &body, errors);

	if (result)
		return result;
	if (body.level == LOG_LEVEL_COUNT)
		return sl_fail(errors, EINVAL, "body", "needs \"level\"");
	*ret = body;
	return 0;
}

/* ---- explain --------------------------------------------------------------------------------------- */

/* What was given, to tell what is missing. */
enum {
	GIVEN_PROTOCOL = 1,
	GIVEN_SOURCE = 2,
	GIVEN_SOURCE_PORT = 4,
	GIVEN_DESTINATION = 8,
	GIVEN_DESTINATION_PORT = 16,
	GIVEN_FLOW = 31,
	GIVEN_FLAGS = 32,
	GIVEN_FRAME = 64,
};

struct explain {
	struct body_explain *body;
	unsigned given;
};

static int read_interface(const json_t *value, void *ret, struct sl_errors *errors)
{
	struct explain *explain = ret;

	return read_name(value, explain->body->interface, errors);
}

static int read_protocol(const json_t *value, void *ret, struct sl_errors *errors)
{
	struct explain *explain = ret;

	if (!strcmp(string(value), "tcp"))
		explain->body->protocol = IPPROTO_TCP;
	else if (!strcmp(string(value), "udp"))
		explain->body->protocol = IPPROTO_UDP;
	else
		return sl_fail(errors, EINVAL, "body.protocol", "not \"tcp\" or \"udp\"");
	explain->given |= GIVEN_PROTOCOL;
	return 0;
}

static int read_source(const json_t *value, void *ret, struct sl_errors *errors)
{
	struct explain *explain = ret;

	if (!address_parse(string(value), &explain->body->source))
		return sl_fail(errors, EINVAL, "body.source", "not an IPv4 or IPv6 address");
	explain->given |= GIVEN_SOURCE;
	return 0;
}

static int read_destination(const json_t *value, void *ret, struct sl_errors *errors)
{
	struct explain *explain = ret;

	if (!address_parse(string(value), &explain->body->destination))
		return sl_fail(errors, EINVAL, "body.destination", "not an IPv4 or IPv6 address");
	explain->given |= GIVEN_DESTINATION;
	return 0;
}

static int read_source_port(const json_t *value, void *ret, struct sl_errors *errors)
{
	struct explain *explain = ret;
	json_int_t port = 0;

	if (read_integer(value, "body.source-port", 65535, &port, errors))
		return -EINVAL;
	explain->body->source_port = port;
	explain->given |= GIVEN_SOURCE_PORT;
	return 0;
}

static int read_destination_port(const json_t *value, void *ret, struct sl_errors *errors)
{
	struct explain *explain = ret;
	json_int_t port = 0;

	if (read_integer(value, "body.destination-port", 65535, &port, errors))
		return -EINVAL;
	explain->body->destination_port = port;
	explain->given |= GIVEN_DESTINATION_PORT;
	return 0;
}

static int read_flags(const json_t *value, void *ret, struct sl_errors *errors)
{
	static const char *const words[] = {"fin", "syn", "rst", "psh",
					    "ack", "urg", "ece", "cwr"}; /* bits 0 to 7 */
	struct explain *explain = ret;
	const char *at = string(value);

	while (*at) {
		size_t size = strcspn(at, ","), i = 0;

		while (i < sl_count(words) && (size != 3 || strncmp(at, words[i], 3)))
			i++;
		if (i == sl_count(words))
			return sl_fail(errors, EINVAL, "body.tcp-flags",
				       "\"%.*s\" is none of fin, syn, rst, psh, ack, urg, ece, cwr",
				       (int)size, at);
		explain->body->tcp_flags |= 1u << i;
		at += size + (at[size] == ',');
	}
	if (!json_is_string(value))
		return sl_fail(errors, EINVAL, "body.tcp-flags", "not a text like \"syn,ack\"");
	explain->given |= GIVEN_FLAGS;
	return 0;
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdefABCDEF", *at = strchr(digits, c);

	if (!c || !at)
		return -1;
	return at - digits < 16 ? at - digits : at - digits - 6;
}

static int read_frame(const json_t *value, void *ret, struct sl_errors *errors)
{
	struct explain *explain = ret;
	const char *text = string(value);
	size_t size = strlen(text) / 2;

	if (size < SLUICE_FRAME_MIN || size > SLUICE_FRAME_MAX || strlen(text) % 2)
		return sl_fail(errors, EINVAL, "body.frame_hex",
			       "not pairs of hex digits for %d to %d bytes", SLUICE_FRAME_MIN,
			       SLUICE_FRAME_MAX);
	for (size_t i = 0; i < size; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return sl_fail(errors, EINVAL, "body.frame_hex",
				       "byte %zu is not two hex digits", i);
		explain->body->frame[i] = high << 4 | low;
	}
	explain->body->frame_size = size;
	explain->given |= GIVEN_FRAME;
	return 0;
}

static int check_explain(const struct explain *explain, struct sl_errors *errors)
{
	const struct body_explain *body = explain->body;

	if (explain->given & GIVEN_FRAME)
		return explain->given == GIVEN_FRAME
			       ? 0
			       : sl_fail(errors, EINVAL, "body", "both a frame and a flow");
	if ((explain->given & GIVEN_FLOW) != GIVEN_FLOW)
		return sl_fail(errors, EINVAL, "body",
			       "needs \"frame_hex\", or \"protocol\", \"source\", \"source-port\", "
			       "\"destination\" and \"destination-port\"");
	if (body->source.family != body->destination.family)
		return sl_fail(errors, EINVAL, "body", "an IPv4 and an IPv6 address");
	if (body->protocol == IPPROTO_UDP && explain->given & GIVEN_FLAGS)
		return sl_fail(errors, EINVAL, "body.tcp-flags", "UDP has no flags");
	return 0;
}

int body_parse_explain(const char *text, size_t size, struct body_explain *ret,
		       struct sl_errors *errors)
{
	static const struct member members[] = {
		{"interface", read_interface},
		{"protocol", read_protocol},
		{"source", read_source},
		{"source-port", read_source_port},
		{"destination", read_destination},
		{"destination-port", read_destination_port},
		{"tcp-flags", read_flags},
		{"frame_hex", read_frame},
		{NULL, NULL},
	};
	struct body_explain body = {0};
	struct explain explain = {.body = &body};
	int result = read_object(text, size, members, &explain, errors);

	if (!result)
		result = check_explain(&explain, errors);
	if (result)
		return result;
	if (!(explain.given & GIVEN_FLAGS))
		body.tcp_flags = 2;
	*ret = body;
	return 0;
}
