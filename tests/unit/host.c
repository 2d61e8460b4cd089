/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What host/ reads of the system, over made-up trees and, where the kernel itself must answer, in a
 * network namespace of the test's own.
 */
#include "host/address.h"
#include "host/file.h"
#include "host/interface.h"
#include "host/listener.h"
#include "host/lockout.h"
#include "host/report.h"
#include "host/route.h"
#include "tree.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct tree tree;

static void start(void)
{
	tree = tree_new();
}

static void stop(void)
{
	tree_free(&tree);
}

TestSuite(host, .init = start, .fini = stop, .timeout = 60);

static struct in6_addr ip_of(const char *text)
{
	struct in6_addr ip;

	cr_assert(host_address_parse(text, &ip), "%s", text);
	return ip;
}

/* ---- files and addresses -------------------------------------------------------------------------- */

Test(host, numbers)
{
	long number = 77;

	tree_put(&tree, "proc/sys/net/a", "-12\n");
	tree_put(&tree, "proc/sys/net/b", "word\n");
	cr_expect_eq(host_sysctl(tree.root, "net/a", &number), 0);
	cr_expect_eq(number, -12);
	cr_expect_eq(host_sysctl(tree.root, "net/b", &number), -EINVAL);
	cr_expect_eq(host_sysctl(tree.root, "net/c", &number), -ENOENT);
	cr_expect_eq(number, -12);
}

Test(host, files_of_any_size)
{
	static char large[100001];
	char *text;

	memset(large, 'x', sizeof(large) - 1);
	tree_put(&tree, "large", large);
	text = host_read_file(tree.root, "/large");
	cr_expect_str_eq(text, large);
	free(text);
	tree_put(&tree, "empty", "");
	text = host_read_file(tree.root, "empty");
	cr_expect_str_eq(text, "");
	free(text);
}

Test(host, addresses_are_written_as_they_were_read)
{
	static const char *const texts[] = {"192.0.2.1", "0.0.0.0", "2001:db8::1", "::", "fe80::1"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct in6_addr ip = ip_of(texts[i]);

		cr_expect_str_eq(host_address_text(&ip).text, texts[i]);
		cr_expect_eq(host_address_is_ipv4(&ip), !strchr(texts[i], ':'));
		cr_expect_eq(host_address_is_any(&ip), i % 2 == 1);
	}
}

Test(host, default_routes)
{
	struct host_name names[2];

	tree_put(&tree, "proc/net/route",
		 "Iface\tDestination\neth2\t0000000A\neth0\t00000000\neth0\t00000000\n"
		 "eth1\t00000000\neth3\t00000000\n");
	cr_expect_eq(host_default_interfaces(tree.root, names, 2), 2);
	cr_expect_str_eq(names[0].text, "eth0");
	cr_expect_str_eq(names[1].text, "eth1");
}

/* ---- listeners ------------------------------------------------------------------------------------ */

Test(host, listeners)
{
	static const struct {
		const char *ip;
		uint8_t protocol;
		uint16_t port;
	} wanted[] = {
		{"0.0.0.0", IPPROTO_TCP, 22},
		{"127.0.0.1", IPPROTO_TCP, 9440},
		{"::", IPPROTO_TCP, 80},
		{"fd80::2", IPPROTO_UDP, 53},
	};
	struct host_listener *list;
	size_t count;

	tree_put(&tree, "proc/net/tcp",
		 "  sl  local_address rem_address   st tx_queue rx_queue\n"
		 "   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000\n"
		 "   1: 0100007F:24E0 00000000:0000 0A 00000000:00000000 00:00000000\n"
		 "   2: 0200A8C0:0016 0A00A8C0:C350 01 00000000:00000000 00:00000000\n");
	tree_put(
		&tree, "proc/net/tcp6",
		"   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 "
		"0A 00000000:00000000\n");
	tree_put(
		&tree, "proc/net/udp6",
		"   0: 000080FD000000000000000002000000:0035 00000000000000000000000000000000:0000 "
		"07 00000000:00000000\n");
	list = host_listener_list(tree.root, &count);
	cr_assert_eq(count, sizeof(wanted) / sizeof(*wanted));
	for (size_t i = 0; i < count; i++) {
		cr_expect_str_eq(host_address_text(&list[i].ip).text, wanted[i].ip);
		cr_expect_eq(list[i].protocol, wanted[i].protocol);
		cr_expect_eq(list[i].port, wanted[i].port);
	}
	free(list);
}

/* ---- lock-out ------------------------------------------------------------------------------------- */

struct lockout_case {
	const char *vip;
	uint8_t protocol;
	uint16_t port;
	enum lockout_kind kind;
	uint16_t taken;
};

Test(host, lockout)
{
	static const struct lockout_case cases[] = {
		{"192.0.2.1", IPPROTO_TCP, 22, LOCKOUT_NONE, 0},
		{"192.0.2.1", IPPROTO_TCP, 0, LOCKOUT_NONE, 0},
		{"10.0.0.1", IPPROTO_TCP, 80, LOCKOUT_ADDRESS, 0},
		{"10.0.0.1", IPPROTO_UDP, 22, LOCKOUT_ADDRESS, 0},
		{"10.0.0.1", IPPROTO_TCP, 8443, LOCKOUT_SERVER, 8443},
		{"10.0.0.2", IPPROTO_TCP, 8443, LOCKOUT_ADDRESS, 0},
		{"10.0.0.1", IPPROTO_TCP, 22, LOCKOUT_SSH, 22},
		{"10.0.0.1", IPPROTO_TCP, 0, LOCKOUT_SSH, 22},
		{"10.0.0.1", IPPROTO_UDP, 0, LOCKOUT_SERVER, 53},
		{"fd80::1", IPPROTO_TCP, 22, LOCKOUT_ADDRESS, 0},
		{"fd80::1", IPPROTO_UDP, 53, LOCKOUT_SERVER, 53},
	};
	const struct host_address addresses[] = {
		{ip_of("10.0.0.1"), "eth0", 120},
		{ip_of("10.0.0.2"), "eth1", 120},
		{ip_of("fd80::1"), "eth0", 64},
	};
	const struct host_listener listeners[] = {
		{ip_of("10.0.0.1"), IPPROTO_TCP, 8443},
		{ip_of("0.0.0.0"), IPPROTO_TCP, 22},
		{ip_of("::"), IPPROTO_UDP, 53},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct lockout_service service = {
			.name = "www",
			.vip = ip_of(cases[i].vip),
			.protocol = cases[i].protocol,
			.port = cases[i].port,
		};
		struct lockout found = lockout_judge(&service, addresses, 3, listeners, 3);

		cr_expect_eq(found.kind, cases[i].kind, "case %zu: %d", i, found.kind);
		cr_expect_eq(found.port, cases[i].taken, "case %zu", i);
		cr_expect_eq(found.address != NULL, cases[i].kind != LOCKOUT_NONE);
	}
}

/* ---- the kernel's answers ------------------------------------------------------------------------- */

static void run(const char *command)
{
	cr_assert_eq(system(command), 0, "%s", command);
}

Test(host, interfaces_as_ethtool_and_ip_have_them)
{
	struct host_interface interface;
	struct host_interface *list;
	size_t count;

	if (geteuid())
		cr_skip_test("needs root");
	cr_assert_eq(unshare(CLONE_NEWNET), 0);
	run("ip link add e0 mtu 1400 type veth peer name e1");
	cr_assert_eq(host_interface_get("e0", &interface), 0);
	cr_expect_eq(interface.mtu, 1400);
	cr_expect_not(interface.up);
	cr_expect_str_eq(interface.driver, "veth");
	cr_expect_eq(interface.xdp, HOST_XDP_NONE);
	cr_expect_not(interface.on[HOST_OFFLOAD_GRO]);
	cr_expect(interface.queues >= 1);
	cr_expect(interface.can_native != HOST_NO);
	run("ip link set e0 up arp off mtu 1520; ethtool -K e0 gro on; "
	    "ip link set dev e0 xdpgeneric obj build/lab.bpf.o sec xdp");
	cr_assert_eq(host_interface_get("e0", &interface), 0);
	cr_expect(interface.up && interface.no_arp);
	cr_expect_eq(interface.mtu, 1520);
	cr_expect(interface.on[HOST_OFFLOAD_GRO]);
	cr_expect_eq(interface.xdp, HOST_XDP_GENERIC);
	cr_expect_eq(host_interface_get("e9", &interface), -ENODEV);
	cr_assert_eq(host_interface_list(&list, &count), 0);
	cr_expect_geq(count, 3);
	free(list);
}

Test(host, addresses_of_this_namespace)
{
	struct host_address *list;
	size_t count, seen = 0;

	if (geteuid())
		cr_skip_test("needs root");
	cr_assert_eq(unshare(CLONE_NEWNET), 0);
	run("ip link set lo up; ip address add 192.0.2.1/25 dev lo; "
	    "ip address add 2001:db8::1/64 dev lo");
	cr_assert_eq(host_address_list(&list, &count), 0);
	for (size_t i = 0; i < count; i++) {
		const char *text = host_address_text(&list[i].ip).text;

		cr_expect_str_eq(list[i].interface, "lo");
		seen += !strcmp(text, "192.0.2.1") && list[i].prefix == 121;
		seen += !strcmp(text, "2001:db8::1") && list[i].prefix == 64;
	}
	cr_expect_eq(seen, 2);
	free(list);
}

/* ---- reports -------------------------------------------------------------------------------------- */

Test(host, the_verdict_is_the_worst)
{
	static const int verdicts[] = {0, 0, 1, 2};
	struct report report = {.check = "one"};

	for (int severity = 0; severity < REPORT_SEVERITY_COUNT; severity++) {
		report_add(&report, severity, "", "%s", "");
		cr_expect_eq(report_verdict(&report), verdicts[severity]);
	}
	report_add(&report, REPORT_OK, "", "%s", "");
	cr_expect_eq(report_verdict(&report), 2);
	report_deinit(&report);
}
