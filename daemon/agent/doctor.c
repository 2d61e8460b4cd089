// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/doctor.h"

#include "base/memory.h"
#include "host/file.h"
#include "host/route.h"

#include <stdlib.h>
#include <string.h>

/* A client's full-size packet in IPv4, and in IPv6. */
enum { WANTED_IPV4 = 1520, WANTED_IPV6 = 1540 };

static bool is_vip(const struct host_address *address)
{
	return !strcmp(address->interface, "lo") && !host_address_is_loopback(&address->ip) &&
	       !host_address_is_link_local(&address->ip);
}

static bool has_vip(const struct agent_facts *facts, bool ipv4_only)
{
	for (size_t i = 0; i < facts->n_addresses; i++)
		if (is_vip(&facts->addresses[i]) &&
		    (!ipv4_only || host_address_is_ipv4(&facts->addresses[i].ip)))
			return true;
	return false;
}

static bool has_interfaces(const struct agent_facts *facts, struct report *report)
{
	if (!facts->n_served)
		report_add(report, REPORT_SKIPPED, "",
			   "no interface has the program, and none a default route");
	return facts->n_served;
}

static void advise_attach(const struct agent_facts *facts, const char *interface,
			  struct report *report)
{
	bool usual = !strcmp(facts->pin_dir, AGENT_PIN_DIR);

	report_remedy(report, "sluice-agent attach %s%s%s", interface, usual ? "" : " --pin-dir ",
		      usual ? "" : facts->pin_dir);
}

static void check_attached(const void *examined, struct report *report)
{
	const struct agent_facts *facts = examined;

	for (size_t i = 0; i < facts->n_attached; i++) {
		const struct agent_status *status = &facts->attached[i];

		if (!status->program_id) {
			report_add(report, REPORT_PROBLEM, status->interface,
				   "the interface that had the program is gone, or was made anew");
			advise_attach(facts, status->interface, report);
		} else if (status->mode == AGENT_MODE_GENERIC) {
			report_add(report, REPORT_WARNING, status->interface,
				   "attached in generic mode, which is slow");
		}
	}
	if (facts->n_attached)
		return;
	report_add(report, REPORT_PROBLEM, "",
		   "the program is on no interface: what a balancer sends by IPIP is not unpacked "
		   "(forward: l2 needs none)");
	advise_attach(facts, facts->n_served ? facts->served[0]->name : "INTERFACE", report);
}

static void check_vip(const void *examined, struct report *report)
{
	const struct agent_facts *facts = examined;

	if (!has_vip(facts, false)) {
		report_add(report, REPORT_PROBLEM, "lo",
			   "no VIP on it: this host does not take packets for VIPs as its own");
		report_remedy(report, "ip address add VIP/32 dev lo");
	}
	for (size_t i = 0; i < facts->n_addresses; i++) {
		const struct host_address *address = &facts->addresses[i];
		struct host_address_text text = host_address_text(&address->ip);
		bool ipv4 = host_address_is_ipv4(&address->ip);

		if (!is_vip(address) || address->prefix == 128)
			continue;
		report_add(report, REPORT_WARNING, "lo",
			   "%s/%d makes its whole prefix this host's own: others in it can't be "
			   "reached",
			   text.text, ipv4 ? address->prefix - 96 : address->prefix);
		report_remedy(report, "ip address add %s/%d dev lo && ip address del %s/%d dev lo",
			      text.text, ipv4 ? 32 : 128, text.text,
			      ipv4 ? address->prefix - 96 : address->prefix);
	}
}

/* A sysctl of IPv4 that must be at least so much on each interface. */
static void at_least(const struct agent_facts *facts, const char *name, long least, const char *why,
		     struct report *report)
{
	long number;

	if (!has_interfaces(facts, report))
		return;
	for (size_t i = 0; i < facts->n_served && has_vip(facts, true); i++) {
		const char *interface = facts->served[i]->name;

		if (host_ipv4_conf(facts->root, interface, name, &number) || number >= least)
			continue;
		report_add(report, REPORT_PROBLEM, interface, "%s is %ld: %s", name, number, why);
		report_remedy(report, "sysctl -w net/ipv4/conf/%s/%s=%ld", interface, name, least);
	}
}

static void check_arp_ignore(const void *examined, struct report *report)
{
	at_least(
		examined, "arp_ignore", 1,
		"the host answers ARP for the VIPs on lo and draws their traffic past the balancer",
		report);
}

static void check_arp_announce(const void *examined, struct report *report)
{
	at_least(examined, "arp_announce", 2,
		 "the host's own ARP requests may name a VIP as the sender, and others learn it",
		 report);
}

static void check_arp(const void *examined, struct report *report)
{
	const struct agent_facts *facts = examined;

	if (!has_interfaces(facts, report))
		return;
	for (size_t i = 0; i < facts->n_served; i++) {
		if (!facts->served[i]->no_arp)
			continue;
		report_add(report, REPORT_PROBLEM, facts->served[i]->name,
			   "it answers no ARP: the balancer finds no next hop to this host");
		report_remedy(report, "ip link set dev %s arp on", facts->served[i]->name);
	}
}

static void check_rp_filter(const void *examined, struct report *report)
{
	const struct agent_facts *facts = examined;
	long number;

	if (!has_interfaces(facts, report))
		return;
	for (size_t i = 0; i < facts->n_served; i++) {
		const char *name = facts->served[i]->name;

		if (host_ipv4_conf(facts->root, name, "rp_filter", &number) || number != 1)
			continue;
		report_add(report, REPORT_WARNING, name,
			   "rp_filter is 1, strict: packets of clients to whom the route goes by "
			   "another interface are dropped after they are unpacked");
		report_remedy(report,
			      "sysctl -w net/ipv4/conf/all/rp_filter=0 "
			      "net/ipv4/conf/%s/rp_filter=0",
			      name);
	}
}

static bool has_global_ipv6(const struct agent_facts *facts, const char *interface)
{
	for (size_t i = 0; i < facts->n_addresses; i++)
		if (!strcmp(facts->addresses[i].interface, interface) &&
		    !host_address_is_ipv4(&facts->addresses[i].ip) &&
		    !host_address_is_link_local(&facts->addresses[i].ip))
			return true;
	return false;
}

static void check_mtu(const void *examined, struct report *report)
{
	const struct agent_facts *facts = examined;

	if (!has_interfaces(facts, report))
		return;
	for (size_t i = 0; i < facts->n_served; i++) {
		const struct host_interface *is = facts->served[i];
		bool ipv6 = has_global_ipv6(facts, is->name);

		if (is->mtu >= WANTED_IPV4)
			continue;
		report_add(report, REPORT_WARNING, is->name,
			   "MTU %u: a full-size packet in its outer header has %d bytes (%d in "
			   "IPv6): uploads hang, unless the MSS is clamped",
			   is->mtu, WANTED_IPV4, WANTED_IPV6);
		report_remedy(report, "ip link set dev %s mtu %d", is->name,
			      ipv6 ? WANTED_IPV6 : WANTED_IPV4);
	}
}

static void check_offloads(const void *examined, struct report *report)
{
	static const enum host_offload merging[] = {HOST_OFFLOAD_LRO, HOST_OFFLOAD_GRO_HW};
	const struct agent_facts *facts = examined;

	if (!has_interfaces(facts, report))
		return;
	for (size_t i = 0; i < facts->n_served; i++)
		for (size_t j = 0; j < sl_count(merging); j++) {
			const struct host_interface *is = facts->served[i];
			const char *word = host_offload_word[merging[j]];

			/* A driver that runs the program natively has seen to it. */
			if (!is->on[merging[j]] || is->xdp == HOST_XDP_NATIVE)
				continue;
			report_add(report, REPORT_WARNING, is->name,
				   "%s is on: it merges packets before the program sees them, and "
				   "some drivers refuse native XDP with it",
				   word);
			report_remedy(report, "ethtool -K %s %s off", is->name, word);
		}
}

static void check_tunnels(const void *examined, struct report *report)
{
	const struct agent_facts *facts = examined;

	for (size_t i = 0; i < facts->n_interfaces; i++) {
		const struct host_interface *is = &facts->interfaces[i];

		if (!is->is_tunnel || !is->up)
			continue;
		report_add(
			report, REPORT_WARNING, is->name,
			"this tunnel device also unpacks IPIP, from anyone, where the program is "
			"not attached; the agent needs none");
		report_remedy(report, "ip link set dev %s down", is->name);
	}
}

/* ---- all of it ------------------------------------------------------------------------------------ */

#define NEEDS_0	   0
#define NEEDS_ROOT CHECK_NEEDS_ROOT

static const struct check agent_checks[AGENT_CHECK_COUNT] = {
#define X(function, name, needs, looks_at, fine)                                                   \
	{name, looks_at, fine, NEEDS_##needs, check_##function},
	AGENT_CHECKS(X)
#undef X
};

static void serve(struct agent_facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->n_interfaces && facts->n_served < AGENT_SERVED_MAX; i++)
		if (!strcmp(facts->interfaces[i].name, name))
			facts->served[facts->n_served++] = &facts->interfaces[i];
}

void agent_facts_serve(struct agent_facts *facts)
{
	struct host_name names[AGENT_SERVED_MAX];
	size_t count;

	facts->n_served = 0;
	for (size_t i = 0; i < facts->n_attached; i++)
		serve(facts, facts->attached[i].interface);
	if (facts->n_served)
		return;
	count = host_default_interfaces(facts->root, names, sl_count(names));
	for (size_t i = 0; i < count; i++)
		serve(facts, names[i].text);
}

void agent_facts_gather(struct agent_facts *facts, const char *pin_dir)
{
	struct sl_errors errors = {};

	*facts = (struct agent_facts){.root = "", .pin_dir = pin_dir};
	agent_list(pin_dir, &facts->attached, &facts->n_attached, &errors);
	sl_errors_deinit(&errors);
	host_interface_list(&facts->interfaces, &facts->n_interfaces);
	host_address_list(&facts->addresses, &facts->n_addresses);
	agent_facts_serve(facts);
}

void agent_facts_deinit(struct agent_facts *facts)
{
	free(facts->attached);
	free(facts->interfaces);
	free(facts->addresses);
}

void agent_examine(const struct agent_facts *facts, const char *no_root, struct report *report)
{
	const char *const reasons[] = {no_root, NULL};

	report_run(report, agent_checks, AGENT_CHECK_COUNT, reasons, facts);
}
