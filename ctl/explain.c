/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail.h"
#include "http.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "192.0.2.1:80" or "[2001:db8::1]:80"; the daemon checks the address. */
static bool split_endpoint(const char *text, char **ret_address, int *ret_port)
{
	const char *colon = strrchr(text, ':');
	size_t size = colon ? colon - text : 0;
	char *end;
	unsigned long port;

	if (!size || colon[1] < '0' || colon[1] > '9')
		return false;
	port = strtoul(colon + 1, &end, 10);
	if (*end || port > 65535)
		return false;
	if (text[0] == '[' && text[size - 1] == ']')
		*ret_address = text_printf("%.*s", (int)size - 2, text + 1);
	else if (memchr(text, ':', size))
		return false;
	else
		*ret_address = text_printf("%.*s", (int)size, text);
	*ret_port = port;
	return true;
}

static int add_endpoint(json_t *body, const char *text, const char *address_member,
			const char *port_member)
{
	_free_ char *address = NULL;
	int port;

	if (!split_endpoint(text, &address, &port))
		return fail(SLUICE_EXIT_USAGE, "\"%s\" is not ADDRESS:PORT (IPv6: [ADDRESS]:PORT)",
			    text);
	json_object_set_new(body, address_member, json_string(address));
	json_object_set_new(body, port_member, json_integer(port));
	return SLUICE_EXIT_OK;
}

static int add_flow(const struct invocation *invocation, json_t *body)
{
	char **arguments = invocation->arguments;
	const char *flags = invocation->values[OPTION_NUMBER_FLAGS];
	int status;

	if (invocation->n_arguments && strcmp(arguments[0], "tcp") && strcmp(arguments[0], "udp"))
		return fail(SLUICE_EXIT_USAGE, "\"%s\" is not tcp or udp", arguments[0]);
	if (invocation->n_arguments != 3)
		return fail(SLUICE_EXIT_USAGE, "usage: sluicectl explain %s, or --hex FRAME",
			    invocation->command->arguments);
	json_object_set_new(body, "protocol", json_string(arguments[0]));
	if (flags)
		json_object_set_new(body, "tcp-flags", json_string(flags));
	status = add_endpoint(body, arguments[1], "source", "source-port");
	return status ? status
		      : add_endpoint(body, arguments[2], "destination", "destination-port");
}

/* As the daemon checks it, but in the words of the command line. */
static int add_frame(json_t *body, const char *hex)
{
	size_t wrong = strspn(hex, "0123456789abcdefABCDEF"), digits = strlen(hex);

	if (hex[wrong] >= ' ' && hex[wrong] < 0x7f)
		return fail(SLUICE_EXIT_USAGE,
			    "explain --hex, character %zu: '%c' is not a hex digit", wrong + 1,
			    hex[wrong]);
	if (hex[wrong])
		return fail(SLUICE_EXIT_USAGE, "explain --hex: character %zu is not a hex digit",
			    wrong + 1);
	if (digits % 2)
		return fail(SLUICE_EXIT_USAGE,
			    "explain --hex: %zu digits are not whole bytes, which have two each",
			    digits);
	if (digits / 2 < SLUICE_FRAME_MIN || digits / 2 > SLUICE_FRAME_MAX)
		return fail(SLUICE_EXIT_USAGE,
			    "explain --hex: %zu bytes are not a frame (%d to %d)", digits / 2,
			    SLUICE_FRAME_MIN, SLUICE_FRAME_MAX);
	json_object_set_new(body, "frame_hex", json_string(hex));
	return SLUICE_EXIT_OK;
}

static int make_body(const struct invocation *invocation, char **ret_text)
{
	const char *interface = invocation->values[OPTION_NUMBER_INTERFACE];
	const char *hex = invocation->values[OPTION_NUMBER_HEX];
	json_t *body = json_object();
	int status = SLUICE_EXIT_OK;

	if (interface)
		json_object_set_new(body, "interface", json_string(interface));
	if (hex && (invocation->n_arguments || invocation->values[OPTION_NUMBER_FLAGS]))
		status = fail(SLUICE_EXIT_USAGE, "--hex is instead of a flow");
	else if (hex)
		status = add_frame(body, hex);
	else
		status = add_flow(invocation, body);
	if (!status)
		*ret_text = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	return status;
}

static void print_explanation(const json_t *object)
{
	const char *output = json_string_value(json_object_get(object, "output_hex"));
	const json_t *stage;
	size_t i;

	json_array_foreach(json_object_get(object, "stages"), i, stage)
		printf("%-9s %s\n", json_string_value(json_object_get(stage, "stage")),
		       json_string_value(json_object_get(stage, "decision")));
	if (output && output[0])
		printf("%-9s %s\n", "frame", output);
}

int run_explain(const struct invocation *invocation)
{
	struct http_request request = {.method = "POST", .path = SLUICE_PATH_EXPLAIN};
	_free_ char *body = NULL;
	json_t *object;
	int status = make_body(invocation, &body);

	if (status)
		return status;
	request.body = body;
	request.size = strlen(body);
	status = http_json(invocation, &request, &object);
	if (status)
		return status;
	if (invocation->json)
		table_print_json(object);
	else
		print_explanation(object);
	json_decref(object);
	return SLUICE_EXIT_OK;
}
