// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sluice-agent doctor over a made-up backend: a healthy one has no finding, and each thing that is
 * spoiled is found by its check and by no other.
 */
#include "agent/doctor.h"
#include "tree.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct tree tree;
static struct agent_facts facts;

static void add_address(const char *ip, const char *interface, unsigned char prefix)
{
	struct host_address *address;

	facts.addresses =
		sl_realloc_array(facts.addresses, facts.n_addresses + 1, sizeof(*facts.addresses));
	address = &facts.addresses[facts.n_addresses++];
	*address = (struct host_address){.prefix = prefix};
	strcpy(address->interface, interface);
	cr_assert(host_address_parse(ip, &address->ip));
}

static void conf(const char *interface, const char *name, const char *value)
{
	_cleanup_free_ char *path = sl_printf("proc/sys/net/ipv4/conf/%s/%s", interface, name);

	tree_put(&tree, path, value);
}

static void start(void)
{
	tree = tree_new();
	facts = (struct agent_facts){
		.root = tree.root,
		.pin_dir = AGENT_PIN_DIR,
		.n_attached = 1,
		.n_interfaces = 2,
	};
	facts.attached = sl_calloc(1, sizeof(*facts.attached));
	facts.attached[0] = (struct agent_status){
		.interface = "eth0",
		.program_id = 7,
		.mode = AGENT_MODE_NATIVE,
	};
	facts.interfaces = sl_calloc(2, sizeof(*facts.interfaces));
	facts.interfaces[0] = (struct host_interface){.name = "tunl0", .is_tunnel = true};
	facts.interfaces[1] = (struct host_interface){.name = "eth0", .up = true, .mtu = 1520};
	add_address("127.0.0.1", "lo", 104);
	add_address("192.0.2.1", "lo", 128);
	add_address("10.0.0.11", "eth0", 120);
	conf("all", "arp_ignore", "1\n");
	conf("eth0", "arp_ignore", "0\n");
	conf("all", "arp_announce", "0\n");
	conf("eth0", "arp_announce", "2\n");
	conf("all", "rp_filter", "0\n");
	conf("eth0", "rp_filter", "0\n");
	agent_facts_serve(&facts);
}

static void stop(void)
{
	agent_facts_deinit(&facts);
	tree_free(&tree);
}

TestSuite(agent_doctor, .init = start, .fini = stop, .timeout = 60);

/* Exactly one finding that is not ok, this one; for NULL none. */
static void expect(const char *check, enum report_severity severity, const char *remedy)
{
	const struct finding *found = NULL;
	struct report report = {};

	agent_examine(&facts, NULL, &report);
	for (size_t i = 0; i < report.count; i++) {
		const struct finding *finding = &report.findings[i];

		if (finding->severity == REPORT_OK)
			continue;
		cr_expect(check && !found && !strcmp(finding->check, check), "%s: %s",
			  finding->check, finding->text);
		found = finding;
	}
	cr_expect_eq(found != NULL, check != NULL);
	if (found) {
		cr_expect_eq(found->severity, severity);
		cr_expect_str_eq(found->remedy, remedy);
	}
	report_deinit(&report);
}

Test(agent_doctor, a_healthy_backend_has_no_finding)
{
	expect(NULL, REPORT_OK, "");
}

#define FOUND(name, check, severity, remedy, ...)                                                  \
	Test(agent_doctor, name)                                                                   \
	{                                                                                          \
		__VA_ARGS__;                                                                       \
		expect(check, REPORT_##severity, remedy);                                          \
	}

#define IS (facts.interfaces[1])

/* clang-format off */
FOUND(nothing_attached, "attached", PROBLEM, "sluice-agent attach eth0", facts.n_attached = 0)
FOUND(nothing_pinned_where_told, "attached", PROBLEM,
      "sluice-agent attach eth0 --pin-dir /sys/fs/bpf/x",
      facts.n_attached = 0; facts.pin_dir = "/sys/fs/bpf/x")
FOUND(interface_gone, "attached", PROBLEM, "sluice-agent attach eth0",
      facts.attached[0].program_id = 0)
FOUND(generic_mode, "attached", WARNING, "", facts.attached[0].mode = AGENT_MODE_GENERIC)
FOUND(no_vip, "vip", PROBLEM, "ip address add VIP/32 dev lo",
      strcpy(facts.addresses[1].interface, "eth1"))
FOUND(vip_with_its_prefix, "vip", WARNING,
      "ip address add 192.0.2.1/32 dev lo && ip address del 192.0.2.1/24 dev lo",
      facts.addresses[1].prefix = 120)
FOUND(arp_for_vips, "arp-ignore", PROBLEM, "sysctl -w net/ipv4/conf/eth0/arp_ignore=1",
      conf("all", "arp_ignore", "0\n"))
FOUND(arp_names_vips, "arp-announce", PROBLEM, "sysctl -w net/ipv4/conf/eth0/arp_announce=2",
      conf("eth0", "arp_announce", "1\n"))
FOUND(no_arp, "arp", PROBLEM, "ip link set dev eth0 arp on", IS.no_arp = true)
FOUND(strict_rp_filter, "rp-filter", WARNING,
      "sysctl -w net/ipv4/conf/all/rp_filter=0 net/ipv4/conf/eth0/rp_filter=0",
      conf("all", "rp_filter", "1\n"))
FOUND(small_mtu, "mtu", WARNING, "ip link set dev eth0 mtu 1520", IS.mtu = 1500)
FOUND(small_mtu_with_ipv6, "mtu", WARNING, "ip link set dev eth0 mtu 1540",
      IS.mtu = 1500; add_address("2001:db8::11", "eth0", 64))
FOUND(lro, "offloads", WARNING, "ethtool -K eth0 lro off", IS.on[HOST_OFFLOAD_LRO] = true)
FOUND(a_tunnel, "tunnels", WARNING, "ip link set dev tunl0 down", facts.interfaces[0].up = true)
/* clang-format on */

Test(agent_doctor, loose_filtering_is_no_finding)
{
	conf("all", "rp_filter", "2\n");
	expect(NULL, REPORT_OK, "");
}

Test(agent_doctor, without_ipv4_vips_arp_does_not_matter)
{
	cr_assert(host_address_parse("2001:db8::1", &facts.addresses[1].ip));
	conf("all", "arp_ignore", "0\n");
	conf("eth0", "arp_announce", "0\n");
	expect(NULL, REPORT_OK, "");
}

Test(agent_doctor, without_pins_the_default_routes_interface_is_looked_at)
{
	tree_put(&tree, "proc/net/route",
		 "Iface\tDestination\tGateway\neth1\t0000000A\t0\neth0\t00000000\t0100000A\n");
	facts.n_attached = 0;
	agent_facts_serve(&facts);
	cr_assert_eq(facts.n_served, 1);
	cr_assert_str_eq(facts.served[0]->name, "eth0");
}

Test(agent_doctor, root_alone_sees_the_pins)
{
	struct report report = {};

	facts.n_attached = 0;
	agent_examine(&facts, "no root", &report);
	cr_assert_eq(report.findings[0].severity, REPORT_SKIPPED);
	cr_assert_str_eq(report.findings[0].text, "no root");
	cr_assert_eq(report_verdict(&report), 0);
	report_deinit(&report);
}
