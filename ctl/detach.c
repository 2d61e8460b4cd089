/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "connection.h"
#include "fail.h"
#include "http.h"
#include "sluiced.h"
#include "table.h"

#include <stdio.h>

static void print_detached(const json_t *object)
{
	const json_t *interface;
	size_t i;

	json_array_foreach(json_object_get(object, "interfaces"), i, interface) printf(
		"%s: %s\n", json_string_value(json_object_get(interface, "name")),
		json_is_true(json_object_get(interface, "was_attached")) ? "detached"
									 : "was not attached");
	printf("sluiced still runs; sluicectl attach attaches again\n");
}

static int detach_by_daemon(const struct invocation *invocation)
{
	const struct http_request request = {
		.method = "POST",
		.path = SLUICE_PATH_DETACH,
		.body = "{}",
		.size = 2,
	};
	json_t *object;
	int status = http_json(invocation, &request, &object);

	if (status)
		return status;
	if (invocation->json)
		table_print_json(object);
	else
		print_detached(object);
	json_decref(object);
	return SLUICE_EXIT_OK;
}

/* Other pins than the daemon's are meant by --pin-dir: the daemon is not asked. */
int run_detach(const struct invocation *invocation)
{
	const char *pin_dir = invocation->values[OPTION_NUMBER_PIN_DIR];
	char *argv[6] = {NULL, "--detach"};
	int n = 2;

	if (!pin_dir && connection_is_daemon_there(invocation))
		return detach_by_daemon(invocation);
	if (pin_dir) {
		argv[n++] = "-p";
		argv[n++] = (char *)pin_dir;
	}
	if (invocation->json)
		argv[n++] = "--json";
	fprintf(stderr, "no daemon is asked: sluiced --detach does it\n");
	return sluiced_exec(argv);
}
