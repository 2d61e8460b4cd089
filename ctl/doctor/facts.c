/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/facts.h"

#include "connection.h"
#include "fail.h"
#include "host/route.h"
#include "http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>

/* What a client's packet has at most on an Ethernet without jumbo frames, which the Internet is. */
enum { CLIENT_PACKET_MAX = 1500, IPV4_HEADER = 20, IPV6_HEADER = 40 };

static const char *word(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text ? text : "";
}

/* ---- the daemon's answers ----------------------------------------------------------------------- */

static const char *why_no_daemon(const struct invocation *invocation)
{
	if (access(invocation->socket, W_OK))
		return errno == EACCES
			       ? "only root and the daemon's group may ask sluiced: try as root"
			       : "sluiced does not run: its socket is missing";
	if (connection_is_daemon_there(invocation))
		return NULL;
	return "sluiced does not run: nobody listens on its socket";
}

static bool ask_daemon(struct facts *facts, const struct invocation *invocation,
		       json_t **ret_interfaces)
{
	const struct {
		const char *path;
		json_t **answer;
	} questions[] = {
		{SLUICE_PATH_VERSION, &facts->version},
		{SLUICE_PATH_INTERFACES, ret_interfaces},
		{SLUICE_PATH_SERVICES, &facts->services},
		{SLUICE_PATH_BACKENDS, &facts->backends},
		{SLUICE_PATH_CONFIG "?format=json", &facts->configuration},
	};

	for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++)
		if (http_get(invocation, questions[i].path, questions[i].answer))
			return false;
	return true;
}

static struct served_interface *add_served(struct facts *facts, const char *name)
{
	struct served_interface *served = &facts->served[facts->n_served];

	if (facts->n_served == SERVED_MAX)
		return NULL;
	*served = (struct served_interface){0};
	snprintf(served->is.name, sizeof(served->is.name), "%s", name);
	for (size_t i = 0; i < facts->n_interfaces; i++)
		if (!strcmp(facts->interfaces[i].name, name))
			served->is = facts->interfaces[i];
	facts->n_served++;
	return served;
}

void facts_take_interfaces(struct facts *facts, const json_t *interfaces)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(interfaces, "interfaces"), i, row)
	{
		struct served_interface *served = add_served(facts, word(row, "name"));

		if (!served)
			return;
		snprintf(served->mode, sizeof(served->mode), "%s", word(row, "mode"));
		snprintf(served->by, sizeof(served->by), "%s", word(row, "attach"));
		snprintf(served->attached, sizeof(served->attached), "%s",
			 word(row, "attached_mode"));
	}
}

static void take_default_routes(struct facts *facts)
{
	struct host_name names[SERVED_MAX];
	size_t count = host_default_interfaces(facts->root, names, SERVED_MAX);

	for (size_t i = 0; i < count; i++)
		add_served(facts, names[i].text);
}

/* ---- ways to backends ---------------------------------------------------------------------------- */

static uint32_t header_of(const json_t *services, const char *name, const char *address)
{
	const json_t *service;
	size_t i;

	json_array_foreach(json_object_get(services, "services"), i, service)
	{
		if (strcmp(word(service, "name"), name))
			continue;
		if (strcmp(word(service, "forward"), "ipip"))
			return 0;
		return strchr(address, ':') ? IPV6_HEADER : IPV4_HEADER;
	}
	return 0;
}

uint32_t facts_wanted_size(const struct facts *facts, const json_t *backend)
{
	uint32_t wanted = 0;
	const json_t *use;
	size_t i;

	json_array_foreach(json_object_get(backend, "services"), i, use)
	{
		uint32_t header =
			header_of(facts->services, word(use, "service"), word(backend, "address"));

		if (CLIENT_PACKET_MAX + header > wanted)
			wanted = CLIENT_PACKET_MAX + header;
	}
	return wanted;
}

static void add_path(struct facts *facts, const json_t *backend)
{
	struct path path = {.wanted = facts_wanted_size(facts, backend)};

	if (!path.wanted || facts->n_paths == PATHS_MAX ||
	    !host_address_parse(word(backend, "address"), &path.to))
		return;
	for (size_t i = 0; i < facts->n_paths; i++)
		if (!memcmp(&facts->paths[i].to, &path.to, sizeof(path.to))) {
			if (path.wanted > facts->paths[i].wanted)
				facts->paths[i].wanted = path.wanted;
			return;
		}
	facts->paths = grow(facts->paths, (facts->n_paths + 1) * sizeof(*facts->paths));
	facts->paths[facts->n_paths++] = path;
}

static void measure_paths(struct facts *facts)
{
	const json_t *backend;
	size_t i;

	json_array_foreach(json_object_get(facts->backends, "backends"), i, backend)
		add_path(facts, backend);
	facts->paths_error = path_measure(facts->paths, facts->n_paths);
}

/* ---- all of it ------------------------------------------------------------------------------------ */

static void gather_machine(struct facts *facts)
{
	struct timex clock = {0};
	struct utsname name;

	if (!uname(&name))
		snprintf(facts->release, sizeof(facts->release), "%s", name.release);
	kernel_probe(facts->can);
	facts->membarrier = kernel_membarrier();
	facts->clock_unsynchronised = adjtimex(&clock) == TIME_ERROR || clock.status & STA_UNSYNC;
	facts->n_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	host_interface_list(&facts->interfaces, &facts->n_interfaces);
	host_address_list(&facts->addresses, &facts->n_addresses);
	facts->listeners = host_listener_list(facts->root, &facts->n_listeners);
	facts->daemons = process_list(facts->root, "sluiced", &facts->n_daemons);
}

void facts_gather(struct facts *facts, const struct invocation *invocation, const char **ret_why)
{
	const char *pin_dir = invocation->values[OPTION_NUMBER_PIN_DIR];
	json_t *interfaces = NULL;

	*facts = (struct facts){
		.root = "",
		.socket = invocation->socket,
		.config = SLUICE_CONFIG,
		.pin_dir = pin_dir ? pin_dir : SLUICE_PIN_DIR,
	};
	gather_machine(facts);
	*ret_why = why_no_daemon(invocation);
	if (!*ret_why && !ask_daemon(facts, invocation, &interfaces))
		*ret_why = "sluiced did not answer all questions";
	if (!*ret_why) {
		facts_take_interfaces(facts, interfaces);
		measure_paths(facts);
	} else {
		take_default_routes(facts);
	}
	json_decref(interfaces);
}

void facts_deinit(struct facts *facts)
{
	free(facts->interfaces);
	free(facts->addresses);
	free(facts->listeners);
	free(facts->daemons);
	free(facts->paths);
	json_decref(facts->version);
	json_decref(facts->services);
	json_decref(facts->backends);
	json_decref(facts->configuration);
}

char *facts_configured(const struct facts *facts, const char *block, const char *key)
{
	const json_t *in =
		block ? json_object_get(facts->configuration, block) : facts->configuration;
	const json_t *value = json_object_get(in, key);

	if (json_is_integer(value))
		return text_printf("%lld", (long long)json_integer_value(value));
	return json_is_string(value) ? text_printf("%s", json_string_value(value)) : NULL;
}
