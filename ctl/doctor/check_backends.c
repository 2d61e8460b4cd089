/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/checks.h"
#include "host/file.h"
#include "host/lockout.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *word(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text ? text : "";
}

struct subject {
	char text[64];
};

static struct subject name_of(const json_t *backend)
{
	struct subject subject;

	snprintf(subject.text, sizeof(subject.text), "%s/%s", word(backend, "pool"),
		 word(backend, "name"));
	return subject;
}

/* ---- MTU ------------------------------------------------------------------------------------------ */

/* Pasted in any order, the commands leave room for all. */
static uint32_t largest_wanted(const struct facts *facts, const char *interface)
{
	const json_t *backend;
	uint32_t largest = 0;
	size_t i;

	json_array_foreach(json_object_get(facts->backends, "backends"), i, backend)
	{
		uint32_t wanted = facts_wanted_size(facts, backend);

		if (wanted > largest &&
		    !strcmp(word(json_object_get(backend, "next_hop"), "interface"), interface))
			largest = wanted;
	}
	return largest;
}

void check_mtu(const void *examined, struct report *report)
{
	const struct facts *facts = examined;
	const json_t *backend;
	size_t i;

	json_array_foreach(json_object_get(facts->backends, "backends"), i, backend)
	{
		const json_t *hop = json_object_get(backend, "next_hop");
		uint32_t mtu = json_integer_value(json_object_get(hop, "mtu"));
		uint32_t wanted = facts_wanted_size(facts, backend);

		if (!mtu || mtu >= wanted)
			continue;
		report_add(report, REPORT_WARNING, name_of(backend).text,
			   "MTU %u on %s, a full-size packet of a client needs %u on its way: "
			   "uploads hang, unless clients' MSS is clamped",
			   mtu, word(hop, "interface"), wanted);
		report_remedy(report, "ip link set dev %s mtu %u", word(hop, "interface"),
			      largest_wanted(facts, word(hop, "interface")));
	}
}

/* The next hop's MTU if the daemon knows it: what it forwards believing that it fits. */
static const json_t *backend_at(const struct facts *facts, const char *address)
{
	const json_t *backend;
	size_t i;

	json_array_foreach(json_object_get(facts->backends, "backends"), i,
			   backend) if (!strcmp(word(backend, "address"), address)) return backend;
	return NULL;
}

static void judge_path(const struct facts *facts, const struct path *path, struct report *report)
{
	struct host_address_text address = host_address_text(&path->to);
	const json_t *backend = backend_at(facts, address.text);
	const json_t *hop = json_object_get(backend, "next_hop");
	uint32_t mtu = json_integer_value(json_object_get(hop, "mtu"));
	struct subject subject = name_of(backend);

	if (!path->largest) {
		report_add(report, REPORT_SKIPPED, subject.text,
			   "%s answers no ICMP echo, so its way can't be measured", address.text);
		return;
	}
	if (path->largest >= path->wanted || (mtu && mtu <= path->largest))
		return; /* what the interface doesn't take is `mtu`'s finding */
	report_add(report, REPORT_PROBLEM, subject.text,
		   "of %u bytes no more than %u reach %s: larger packets are lost on the way "
		   "without a word",
		   path->wanted, path->largest, address.text);
	report_remedy(report, "ip link set dev INTERFACE mtu %u  # on each hop to %s, both ends",
		      path->wanted, address.text);
}

void check_path_mtu(const void *examined, struct report *report)
{
	const struct facts *facts = examined;

	if (facts->paths_error) {
		report_add(report, REPORT_SKIPPED, "", "no ICMP echo may be sent (%s): try as root",
			   strerror(-facts->paths_error));
		return;
	}
	for (size_t i = 0; i < facts->n_paths; i++)
		judge_path(facts, &facts->paths[i], report);
	if (facts->n_paths == PATHS_MAX)
		report_add(report, REPORT_SKIPPED, "",
			   "%d addresses were measured, others were not", PATHS_MAX);
}

/* ---- next hops ------------------------------------------------------------------------------------- */

/* Nothing is shown for those that no service uses. */
static const char *why_unresolved(const json_t *backend)
{
	return word(json_object_get(backend, "next_hop"), "why");
}

static void advise(const char *why, const char *address, struct report *report)
{
	if (!strcmp(why, "neighbour unknown"))
		report_remedy(report, "ip neighbour flush to %s", address);
	else if (!strcmp(why, "no route") || !strcmp(why, "no unicast address"))
		report_remedy(report, "ip route replace %s via GATEWAY", address);
	else if (!strcmp(why, "interface down"))
		report_remedy(report, "ip link set dev INTERFACE up  # ip route get %s names it",
			      address);
}

void check_next_hops(const void *examined, struct report *report)
{
	const struct facts *facts = examined;
	const json_t *backend;
	size_t i;

	json_array_foreach(json_object_get(facts->backends, "backends"), i, backend)
	{
		const char *why = why_unresolved(backend), *address = word(backend, "address");

		if (!why[0])
			continue;
		report_add(report, REPORT_PROBLEM, name_of(backend).text, "no next hop to %s: %s%s",
			   address, why,
			   strcmp(why, "neighbour unknown")
				   ? ""
				   : "; it, or its router, answers no ARP or "
				     "neighbour discovery");
		advise(why, address, report);
	}
}

static bool any_unresolved(const struct facts *facts)
{
	const json_t *backend;
	size_t i;

	json_array_foreach(json_object_get(facts->backends, "backends"), i,
			   backend) if (why_unresolved(backend)[0]) return true;
	return false;
}

void check_forwarding(const void *examined, struct report *report)
{
	const struct facts *facts = examined;

	for (size_t i = 0; any_unresolved(facts) && i < facts->n_served; i++) {
		const char *name = facts->served[i].is.name;
		char sysctl[64];
		long on;

		snprintf(sysctl, sizeof(sysctl), "net/ipv4/conf/%s/forwarding", name);
		if (host_sysctl(facts->root, sysctl, &on) || on)
			continue;
		report_add(report, REPORT_WARNING, name,
			   "forwarding is off: the kernel resolves no next hop for the packet path "
			   "while the daemon knows none");
		report_remedy(report, "sysctl -w %s=1", sysctl);
	}
}

/* ---- lock-out -------------------------------------------------------------------------------------- */

static bool take_service(const json_t *row, struct lockout_service *ret_service)
{
	ret_service->name = word(row, "name");
	ret_service->protocol = strcmp(word(row, "protocol"), "udp") ? IPPROTO_TCP : IPPROTO_UDP;
	ret_service->port = json_integer_value(json_object_get(row, "port"));
	return host_address_parse(word(row, "vip"), &ret_service->vip);
}

/* An address with its prefix is the one that the host lives by: to delete it would be the lock-out. */
static void judge_service(const struct facts *facts, const struct lockout_service *service,
			  struct report *report)
{
	struct lockout found = lockout_judge(service, facts->addresses, facts->n_addresses,
					     facts->listeners, facts->n_listeners);
	struct host_address_text vip = host_address_text(&service->vip);

	if (found.kind == LOCKOUT_NONE)
		return;
	if (found.kind == LOCKOUT_ADDRESS)
		report_add(report, REPORT_WARNING, service->name,
			   "its VIP %s is this host's own address on %s: a VIP should be of the "
			   "backends alone",
			   vip.text, found.address->interface);
	else
		report_add(report, REPORT_PROBLEM, service->name,
			   "it takes port %u of %s from this host, where %s listens: give the "
			   "service another VIP or port",
			   found.port, vip.text, found.kind == LOCKOUT_SSH ? "SSH" : "a server");
	if (found.address->prefix == 128)
		report_remedy(report, "ip address del %s/%d dev %s", vip.text,
			      host_address_is_ipv4(&service->vip) ? 32 : 128,
			      found.address->interface);
	else
		report_remedy(report, "${EDITOR:-vi} %s && sluicectl apply %s", facts->config,
			      facts->config);
}

void check_lockout(const void *examined, struct report *report)
{
	const struct facts *facts = examined;
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(facts->services, "services"), i, row)
	{
		struct lockout_service service;

		if (take_service(row, &service))
			judge_service(facts, &service, report);
	}
}
