/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/checks.h"
#include "host/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_generic(const struct served_interface *served)
{
	return !strcmp(served->attached, "generic") || served->is.xdp == HOST_XDP_GENERIC;
}

/* ---- attach ------------------------------------------------------------------------------------- */

static void judge_attachment(const struct served_interface *served, struct report *report)
{
	const char *name = served->is.name;

	if (!served->attached[0]) {
		report_add(report, REPORT_PROBLEM, name,
			   "the program is not attached, packets for VIPs go to the kernel: start "
			   "sluiced anew");
		if (served->is.ifindex && !served->is.up)
			report_remedy(report, "ip link set dev %s up", name);
		return;
	}
	if (strcmp(served->attached, "generic") || !strcmp(served->mode, "generic"))
		return;
	report_add(
		report, REPORT_WARNING, name,
		"attached in generic mode, which is slow, while mode is %s%s", served->mode,
		served->is.can_native == HOST_YES
			? ": the driver could do better, so something was in the way at the start "
			  "(see mtu and queues, and the daemon's log)"
			: "");
	if (served->is.can_native == HOST_YES)
		report_remedy(report, "sluicectl detach  # then start sluiced again");
}

void check_attach(const void *examined, struct report *report)
{
	const struct facts *facts = examined;

	for (size_t i = 0; i < facts->n_served; i++)
		judge_attachment(&facts->served[i], report);
}

/* ---- driver and queues ---------------------------------------------------------------------------- */

static bool has_interfaces(const struct facts *facts, struct report *report)
{
	if (!facts->n_served)
		report_add(report, REPORT_SKIPPED, "",
			   "no daemon says which interfaces, and none has a default route");
	return facts->n_served;
}

void check_driver(const void *examined, struct report *report)
{
	const struct facts *facts = examined;

	if (!has_interfaces(facts, report))
		return;
	for (size_t i = 0; i < facts->n_served; i++) {
		const struct host_interface *is = &facts->served[i].is;

		if (!is->ifindex)
			report_add(report, REPORT_PROBLEM, is->name, "there is no such interface");
		else if (is->can_native == HOST_UNKNOWN)
			report_add(
				report, REPORT_SKIPPED, is->name,
				"this kernel does not tell what driver %s can (6.3 and newer do)",
				is->driver);
		else if (is->can_native == HOST_NO)
			report_add(report, REPORT_WARNING, is->name,
				   "driver %s has no native XDP here: the program runs in generic "
				   "mode, slowly",
				   is->driver[0] ? is->driver : "(unknown)");
	}
}

void check_queues(const void *examined, struct report *report)
{
	const struct facts *facts = examined;

	if (!has_interfaces(facts, report))
		return;
	for (size_t i = 0; i < facts->n_served; i++) {
		const struct host_interface *is = &facts->served[i].is;
		uint32_t useful = is->queues_most < facts->n_cpus ? is->queues_most : facts->n_cpus;

		if (!is->queues)
			report_add(report, REPORT_SKIPPED, is->name,
				   "the driver does not tell its queues");
		else if (is->queues < useful) {
			report_add(report, REPORT_WARNING, is->name,
				   "receive queues: %u, CPUs: %u; no more CPUs than queues forward "
				   "packets",
				   is->queues, facts->n_cpus);
			report_remedy(report, "ethtool -L %s %s %u", is->name,
				      is->queues_combined ? "combined" : "rx", useful);
		}
	}
}

/* ---- offloads ------------------------------------------------------------------------------------- */

/* /proc/net/vlan/config: "NAME | ID | INTERFACE". */
static bool has_vlans(const char *root, const char *interface)
{
	char *text = host_read_file(root, "proc/net/vlan/config"), *state = NULL;
	bool found = false;

	for (char *line = text ? strtok_r(text, "\n", &state) : NULL; line;
	     line = strtok_r(NULL, "\n", &state)) {
		char below[IF_NAMESIZE];

		found |= sscanf(line, "%*s | %*d | %15s", below) == 1 && !strcmp(below, interface);
	}
	free(text);
	return found;
}

static void blame(const struct host_interface *is, enum host_offload offload,
		  enum report_severity severity, const char *why, struct report *report)
{
	report_add(report, severity, is->name, "%s is on: %s", host_offload_word[offload], why);
	report_remedy(report, "ethtool -K %s %s off", is->name, host_offload_word[offload]);
}

static void judge_offloads(const struct facts *facts, const struct served_interface *served,
			   struct report *report)
{
	const struct host_interface *is = &served->is;
	bool generic = is_generic(served);

	if (is->on[HOST_OFFLOAD_LRO])
		blame(is, HOST_OFFLOAD_LRO, generic ? REPORT_PROBLEM : REPORT_WARNING,
		      "it merges packets, which can't be forwarded; with it, drivers refuse native "
		      "XDP",
		      report);
	/* A driver that runs the program natively has seen to it, whatever the flag says. */
	if (is->on[HOST_OFFLOAD_GRO_HW] && is->xdp != HOST_XDP_NATIVE)
		blame(is, HOST_OFFLOAD_GRO_HW, generic ? REPORT_PROBLEM : REPORT_WARNING,
		      "the NIC merges packets, which can't be forwarded; with it, some drivers "
		      "refuse native XDP",
		      report);
	if (is->on[HOST_OFFLOAD_GRO] && generic)
		blame(is, HOST_OFFLOAD_GRO, REPORT_PROBLEM,
		      "in generic mode the program gets merged packets, too large to be "
		      "encapsulated: uploads stall",
		      report);
	if (is->on[HOST_OFFLOAD_RX_VLAN] && has_vlans(facts->root, is->name))
		blame(is, HOST_OFFLOAD_RX_VLAN, REPORT_WARNING,
		      "there are VLANs here, and the NIC takes their tags off before the program "
		      "can see them",
		      report);
}

void check_offloads(const void *examined, struct report *report)
{
	const struct facts *facts = examined;

	if (!has_interfaces(facts, report))
		return;
	for (size_t i = 0; i < facts->n_served; i++)
		judge_offloads(facts, &facts->served[i], report);
}
