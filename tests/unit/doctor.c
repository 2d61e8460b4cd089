/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sluicectl doctor over a made-up host: a healthy one has no finding, and each thing that is spoiled
 * is found by its check, with its severity and its remedy, and by no other.
 *
 * tests/ctl/doctor.golden and doctor_json.golden are what it prints; UPDATE_GOLDENS=1 writes them anew.
 */
#include "doctor/checks.h"
#include "doctor/show.h"
#include "sluice/api.h"
#include "tree.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct tree tree;
static struct facts facts;

/* ---- a healthy host ------------------------------------------------------------------------------ */

static json_t *parse(const char *text)
{
	json_error_t error;
	json_t *object = json_loads(text, 0, &error);

	cr_assert(object, "%s: %s", text, error.text);
	return object;
}

static void fill_tree(void)
{
	tree_put(&tree, "proc/sys/net/core/bpf_jit_enable", "1\n");
	tree_put(&tree, "proc/sys/net/core/bpf_jit_harden", "0\n");
	tree_put(&tree, "proc/sys/net/ipv4/conf/eth0/forwarding", "0\n");
	tree_put(&tree, "proc/self/mounts",
		 "none / ext4 rw 0 0\nsysfs /sys sysfs rw 0 0\nbpf /sys/fs/bpf bpf rw 0 0\n");
	tree_put(&tree, "proc/meminfo", "MemTotal: 999 kB\nMemAvailable: 1000000 kB\n");
	tree_put(&tree, "proc/101/limits", "Limit Soft Hard\nMax open files 1024 4096 files\n");
	tree_put(&tree, "etc/passwd", "root:x:0:0\nsluice:x:999:999\n");
	tree_put(&tree, "etc/sluice/sluice.yaml", "services: {}\n");
	tree_put(&tree, "var/lib/sluice/hash.key", "secret");
	tree_chmod(&tree, "var/lib/sluice/hash.key", 0600);
	tree_put(&tree, "run/sluice/sluiced.sock", "");
	tree_chmod(&tree, "run/sluice/sluiced.sock", 0660);
	tree_put(&tree, "sys/fs/bpf/sluice/v1/services", "");
}

static void answer(void)
{
	json_t *interfaces = parse("{\"interfaces\": [{\"name\": \"eth0\", \"attach\": \"link\", "
				   "\"mode\": \"auto\", \"attached_mode\": \"native\"}]}");

	facts.version = parse("{\"version\": \"" SLUICE_VERSION "\", \"abi\": 1}");
	facts.services =
		parse("{\"services\": [{\"name\": \"www\", \"vip\": \"192.0.2.1\", \"protocol\": "
		      "\"tcp\", \"port\": 80, \"forward\": \"ipip\"}]}");
	facts.backends =
		parse("{\"backends\": [{\"pool\": \"web\", \"name\": \"web1\", \"address\": "
		      "\"10.0.0.11\", \"next_hop\": {\"resolved\": true, \"interface\": \"eth0\", "
		      "\"mtu\": 1520}, \"services\": [{\"service\": \"www\"}]}]}");
	facts.configuration = parse("{\"capacity\": {\"flows\": 1024, \"slots\": 1024, "
				    "\"services\": 64, \"backends\": 64}, \"hash-key-file\": "
				    "\"/var/lib/sluice/hash.key\"}");
	facts_take_interfaces(&facts, interfaces);
	json_decref(interfaces);
}

static void add_listener(const char *ip, uint8_t protocol, uint16_t port)
{
	struct host_listener *listener;

	facts.listeners =
		sl_realloc_array(facts.listeners, facts.n_listeners + 1, sizeof(*facts.listeners));
	listener = &facts.listeners[facts.n_listeners++];
	*listener = (struct host_listener){.protocol = protocol, .port = port};
	cr_assert(host_address_parse(ip, &listener->ip));
}

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

static void add_daemon(int pid, int parent)
{
	facts.daemons =
		sl_realloc_array(facts.daemons, facts.n_daemons + 1, sizeof(*facts.daemons));
	facts.daemons[facts.n_daemons++] = (struct process){pid, parent, true};
}

static void add_path(const char *ip, uint32_t wanted, uint32_t largest)
{
	facts.paths = sl_realloc_array(facts.paths, facts.n_paths + 1, sizeof(*facts.paths));
	facts.paths[facts.n_paths] = (struct path){.wanted = wanted, .largest = largest};
	cr_assert(host_address_parse(ip, &facts.paths[facts.n_paths++].to));
}

static void start(void)
{
	tree = tree_new();
	facts = (struct facts){
		.root = tree.root,
		.socket = SLUICE_SOCKET,
		.config = SLUICE_CONFIG,
		.pin_dir = SLUICE_PIN_DIR,
		.release = "6.1.0-40-amd64",
		.membarrier = HOST_YES,
		.n_cpus = 4,
		.n_interfaces = 1,
	};
	for (int i = 0; i < KERNEL_FEATURE_COUNT; i++)
		facts.can[i] = HOST_YES;
	facts.interfaces = sl_calloc(1, sizeof(*facts.interfaces));
	facts.interfaces[0] = (struct host_interface){
		.name = "eth0",
		.ifindex = 2,
		.mtu = 1520,
		.up = true,
		.xdp = HOST_XDP_NATIVE,
		.driver = "mlx5_core",
		.queues = 4,
		.queues_most = 8,
		.queues_combined = true,
		.can_native = HOST_YES,
	};
	fill_tree();
	answer();
	add_address("127.0.0.1", "lo", 104);
	add_address("10.0.0.1", "eth0", 120);
	add_listener("0.0.0.0", IPPROTO_TCP, 22);
	add_daemon(100, 1);
	add_daemon(101, 100);
	add_path("10.0.0.11", 1520, 1520);
}

static void stop(void)
{
	facts_deinit(&facts);
	tree_free(&tree);
}

TestSuite(doctor, .init = start, .fini = stop, .timeout = 60);

/* ---- what is found ------------------------------------------------------------------------------- */

static struct report examine(void)
{
	struct report report = {0};

	doctor_run(&facts, NULL, NULL, &report);
	return report;
}

static void print(const struct report *report)
{
	for (size_t i = 0; i < report->count; i++)
		if (report->findings[i].severity != REPORT_OK)
			fprintf(stderr, "# %s %s %s: %s\n",
				report_severity_word[report->findings[i].severity],
				report->findings[i].check, report->findings[i].subject,
				report->findings[i].text);
}

Test(doctor, a_healthy_host_has_no_finding)
{
	struct report report = examine();

	print(&report);
	cr_assert_eq(report_verdict(&report), 0);
	cr_assert_eq(report.count, DOCTOR_CHECK_COUNT);
	for (size_t i = 0; i < report.count; i++)
		cr_expect_eq(report.findings[i].severity, REPORT_OK, "%s",
			     report.findings[i].check);
	report_deinit(&report);
}

/* Exactly one finding that is not ok: this one. */
static void expect(const char *check, enum report_severity severity, const char *remedy)
{
	struct report report = examine();
	const struct finding *found = NULL;
	size_t others = 0;

	for (size_t i = 0; i < report.count; i++) {
		const struct finding *finding = &report.findings[i];

		if (finding->severity == REPORT_OK)
			continue;
		if (!found && !strcmp(finding->check, check))
			found = finding;
		else
			others++;
	}
	if (!found || others)
		print(&report);
	cr_assert(found, "%s found nothing", check);
	cr_expect_eq(others, 0, "%s: %zu other findings", check, others);
	cr_expect_eq(found->severity, severity, "%s: %s", check,
		     report_severity_word[found->severity]);
	cr_expect_str_eq(found->remedy, remedy);
	cr_expect_eq(report_verdict(&report), severity == REPORT_PROBLEM   ? 2
					      : severity == REPORT_WARNING ? 1
									   : 0);
	report_deinit(&report);
}

#define FOUND(name, check, severity, remedy, ...)                                                  \
	Test(doctor, name)                                                                         \
	{                                                                                          \
		__VA_ARGS__;                                                                       \
		expect(check, REPORT_##severity, remedy);                                          \
	}

#define SERVED (facts.served[0])
#define IS     (facts.served[0].is)

static void set_backend(const char *member, json_t *value)
{
	json_t *backend = json_array_get(json_object_get(facts.backends, "backends"), 0);

	json_object_set_new(json_object_get(backend, "next_hop"), member, value);
}

static void set_service(const char *member, json_t *value)
{
	json_object_set_new(json_array_get(json_object_get(facts.services, "services"), 0), member,
			    value);
}

/* clang-format off */
FOUND(another_version, "daemon", WARNING, "kill 100  # then start sluiced again",
      json_object_set_new(facts.version, "version", json_string("0.0.1")))
FOUND(a_second_daemon, "daemons", WARNING, "kill 200", add_daemon(200, 1); add_daemon(201, 200))
FOUND(not_attached, "attach", PROBLEM, "", strcpy(SERVED.attached, ""))
FOUND(interface_down, "attach", PROBLEM, "ip link set dev eth0 up",
      strcpy(SERVED.attached, ""); IS.up = false)
FOUND(generic_though_native_can_be, "attach", WARNING,
      "sluicectl detach  # then start sluiced again", strcpy(SERVED.attached, "generic"))
FOUND(no_interface, "driver", PROBLEM, "", IS.ifindex = 0)
FOUND(driver_without_native_xdp, "driver", WARNING, "", IS.can_native = HOST_NO)
FOUND(driver_not_told, "driver", SKIPPED, "", IS.can_native = HOST_UNKNOWN)
FOUND(too_few_queues, "queues", WARNING, "ethtool -L eth0 combined 4", IS.queues = 1)
FOUND(rx_queues, "queues", WARNING, "ethtool -L eth0 rx 2",
      IS.queues = 1; IS.queues_most = 2; IS.queues_combined = false)
FOUND(lro_on, "offloads", WARNING, "ethtool -K eth0 lro off", IS.on[HOST_OFFLOAD_LRO] = true)
FOUND(hardware_gro_on, "offloads", WARNING, "ethtool -K eth0 rx-gro-hw off",
      IS.on[HOST_OFFLOAD_GRO_HW] = true; IS.xdp = HOST_XDP_NONE)
FOUND(gro_in_generic_mode, "offloads", PROBLEM, "ethtool -K eth0 gro off",
      strcpy(SERVED.attached, "generic"); strcpy(SERVED.mode, "generic");
      IS.on[HOST_OFFLOAD_GRO] = true)
FOUND(vlan_stripping, "offloads", WARNING, "ethtool -K eth0 rxvlan off",
      IS.on[HOST_OFFLOAD_RX_VLAN] = true;
      tree_put(&tree, "proc/net/vlan/config", "eth0.7         | 7  | eth0\n"))
FOUND(mtu_too_small, "mtu", WARNING, "ip link set dev eth0 mtu 1520",
      set_backend("mtu", json_integer(1500)); facts.paths[0].largest = 1500)
FOUND(path_mtu_too_small, "path-mtu", PROBLEM,
      "ip link set dev INTERFACE mtu 1520  # on each hop to 10.0.0.11, both ends",
      facts.paths[0].largest = 1500)
FOUND(no_echo, "path-mtu", SKIPPED, "", facts.paths[0].largest = 0)
FOUND(no_echo_may_be_sent, "path-mtu", SKIPPED, "", facts.paths_error = -EPERM)
FOUND(vip_is_own_address, "lockout", WARNING, "ip address del 192.0.2.1/32 dev eth0",
      add_address("192.0.2.1", "eth0", 128))
FOUND(service_takes_ssh, "lockout", PROBLEM,
      "${EDITOR:-vi} /etc/sluice/sluice.yaml && sluicectl apply /etc/sluice/sluice.yaml",
      add_address("192.0.2.1", "eth0", 120); set_service("port", json_integer(22)))
FOUND(service_takes_any_port, "lockout", PROBLEM,
      "${EDITOR:-vi} /etc/sluice/sluice.yaml && sluicectl apply /etc/sluice/sluice.yaml",
      add_address("192.0.2.1", "eth0", 120); set_service("port", json_integer(0)))
FOUND(old_kernel, "kernel", PROBLEM, "apt-get install linux-image-amd64",
      strcpy(facts.release, "5.15.0-1"))
FOUND(kernel_refuses, "kernel-features", PROBLEM, "", facts.can[KERNEL_XDP_LINK] = HOST_NO)
FOUND(kernel_not_asked, "kernel-features", SKIPPED, "", facts.can[KERNEL_XDP_LINK] = HOST_UNKNOWN)
FOUND(no_membarrier, "kernel-features", WARNING, "", facts.membarrier = HOST_NO)
FOUND(jit_off, "jit", PROBLEM, "sysctl -w net/core/bpf_jit_enable=1",
      tree_put(&tree, "proc/sys/net/core/bpf_jit_enable", "0\n"))
FOUND(not_compiled, "jit", PROBLEM, "sysctl -w net/core/bpf_jit_enable=1",
      facts.can[KERNEL_JIT] = HOST_NO)
FOUND(jit_for_root_to_see, "jit", SKIPPED, "", facts.can[KERNEL_JIT] = HOST_UNKNOWN;
      tree_put(&tree, "proc/sys/net/core/bpf_jit_enable", ""))
FOUND(jit_hardened, "jit", WARNING, "sysctl -w net/core/bpf_jit_harden=1",
      tree_put(&tree, "proc/sys/net/core/bpf_jit_harden", "2\n"))
FOUND(no_bpffs, "bpffs", PROBLEM, "mount -t bpf bpf /sys/fs/bpf",
      tree_put(&tree, "proc/self/mounts", "none / ext4 rw 0 0\nsysfs /sys sysfs rw 0 0\n"))
FOUND(old_pins, "pins", WARNING, "rm -r /sys/fs/bpf/sluice/v0",
      tree_put(&tree, "sys/fs/bpf/sluice/v0/services", ""))
FOUND(clock_not_synchronised, "clock", WARNING, "apt-get install chrony",
      facts.clock_unsynchronised = true)
FOUND(few_files, "limits", WARNING, "prlimit --pid 101 --nofile=514:514",
      tree_put(&tree, "proc/101/limits", "Max open files 256 4096 files\n"))
FOUND(little_memory, "memory", WARNING, "", tree_put(&tree, "proc/meminfo", "MemAvailable: 9 kB\n"))
FOUND(config_for_all_to_write, "config-file", PROBLEM, "chmod o-w /etc/sluice/sluice.yaml",
      tree_chmod(&tree, "etc/sluice/sluice.yaml", 0646))
FOUND(config_for_root_to_read, "config-file", WARNING,
      "chgrp sluice /etc/sluice/sluice.yaml && chmod g+r /etc/sluice/sluice.yaml",
      tree_chmod(&tree, "etc/sluice/sluice.yaml", 0600))
FOUND(open_hash_key, "hash-key", PROBLEM, "chmod 600 /var/lib/sluice/hash.key",
      tree_chmod(&tree, "var/lib/sluice/hash.key", 0640))
FOUND(open_socket, "socket", PROBLEM, "chmod 660 /run/sluice/sluiced.sock",
      tree_chmod(&tree, "run/sluice/sluiced.sock", 0666))
FOUND(no_user, "user", WARNING,
      "useradd --system --no-create-home --shell /usr/sbin/nologin sluice",
      tree_put(&tree, "etc/passwd", "root:x:0:0\nnosluice:x:1:1\n"))
/* clang-format on */

/* Both are findings of one cause: no next hop, and nobody else to ask for it. */
Test(doctor, next_hop_unresolved)
{
	struct report report;
	size_t seen = 0;

	set_backend("why", json_string("neighbour unknown"));
	set_backend("mtu", json_null());
	report = examine();
	for (size_t i = 0; i < report.count; i++) {
		const struct finding *finding = &report.findings[i];

		if (!strcmp(finding->check, "next-hops") &&
		    !strcmp(finding->remedy, "ip neighbour flush to 10.0.0.11"))
			seen |= 1;
		if (!strcmp(finding->check, "forwarding") &&
		    !strcmp(finding->remedy, "sysctl -w net/ipv4/conf/eth0/forwarding=1"))
			seen |= 2;
	}
	cr_assert_eq(seen, 3);
	report_deinit(&report);
	tree_put(&tree, "proc/sys/net/ipv4/conf/eth0/forwarding", "1\n");
	expect("next-hops", REPORT_PROBLEM, "ip neighbour flush to 10.0.0.11");
}

Test(doctor, a_daemon_of_another_namespace)
{
	struct report report;

	add_daemon(200, 1);
	facts.daemons[2].is_here = false;
	report = examine();
	cr_assert_eq(report_verdict(&report), 0);
	report_deinit(&report);
}

Test(doctor, processes_by_name_and_namespace)
{
	_cleanup_free_ char *own = sl_printf("%s/proc/self/ns/net", tree.root);
	_cleanup_free_ char *here = sl_printf("%s/proc/300/ns/net", tree.root);
	_cleanup_free_ char *there = sl_printf("%s/proc/400/ns/net", tree.root);
	struct process *list;
	size_t count;

	tree_put(&tree, "proc/self/ns/x", "");
	tree_put(&tree, "proc/300/ns/x", "");
	tree_put(&tree, "proc/400/ns/x", "");
	tree_put(&tree, "proc/300/stat", "300 (sluiced) S 1 300\n");
	tree_put(&tree, "proc/400/stat", "400 (sluiced) S 300 400\n");
	tree_put(&tree, "proc/500/stat", "500 (a (sluiced) S) S 1 500\n");
	cr_assert(!symlink("net:[1]", own) && !symlink("net:[1]", here) &&
		  !symlink("net:[2]", there));
	list = process_list(tree.root, "sluiced", &count);
	cr_assert_eq(count, 2);
	for (size_t i = 0; i < count; i++) {
		cr_expect_eq(list[i].parent, list[i].pid == 300 ? 1 : 300);
		cr_expect_eq(list[i].is_here, list[i].pid == 300);
	}
	free(list);
	cr_expect_eq(process_file_limit(tree.root, 101), 1024);
	cr_expect_eq(process_file_limit(tree.root, 300), -1);
}

Test(doctor, offloads_that_native_mode_has_seen_to)
{
	struct report report;

	IS.on[HOST_OFFLOAD_GRO_HW] = IS.on[HOST_OFFLOAD_GRO] = IS.on[HOST_OFFLOAD_RX_VLAN] = true;
	report = examine();
	cr_assert_eq(report_verdict(&report), 0);
	report_deinit(&report);
}

Test(doctor, a_larger_packet_for_ipv6_backends)
{
	json_t *backend = json_array_get(json_object_get(facts.backends, "backends"), 0);

	cr_expect_eq(facts_wanted_size(&facts, backend), 1520);
	json_object_set_new(backend, "address", json_string("2001:db8::11"));
	cr_expect_eq(facts_wanted_size(&facts, backend), 1540);
	set_service("forward", json_string("l2"));
	cr_expect_eq(facts_wanted_size(&facts, backend), 1500);
	json_object_set_new(backend, "services", json_array());
	cr_expect_eq(facts_wanted_size(&facts, backend), 0);
}

Test(doctor, a_key_of_its_own_block_only)
{
	char *text;

	json_decref(facts.configuration);
	facts.configuration = parse("{\"a\": {\"flows\": 1}, \"capacity\": {\"slots\": 2},"
				    " \"b\": {\"flows\": 3}, \"flows\": \"4\"}");
	cr_expect_null(facts_configured(&facts, "capacity", "flows"));
	text = facts_configured(&facts, "capacity", "slots");
	cr_expect_str_eq(text, "2");
	free(text);
	text = facts_configured(&facts, NULL, "flows");
	cr_expect_str_eq(text, "4");
	free(text);
	cr_expect_null(facts_configured(&facts, "c", "flows"));
}

Test(doctor, what_needs_root_or_a_daemon_is_skipped_with_the_reason)
{
	struct report report = {0};
	size_t skipped = 0;

	doctor_run(&facts, "no root", "no daemon", &report);
	cr_assert_eq(report.count, DOCTOR_CHECK_COUNT);
	for (size_t i = 0; i < report.count; i++) {
		uint32_t needs = doctor_checks[i].needs;

		cr_expect_str_eq(report.findings[i].check, doctor_checks[i].name);
		cr_expect_eq(report.findings[i].severity, needs ? REPORT_SKIPPED : REPORT_OK);
		if (needs)
			cr_expect_str_eq(report.findings[i].text,
					 needs & CHECK_NEEDS_ROOT ? "no root" : "no daemon");
		skipped += needs != 0;
	}
	cr_expect(skipped > 5);
	cr_expect_eq(report_verdict(&report), 0);
	report_deinit(&report);
}

/* ---- what it prints ------------------------------------------------------------------------------- */

static void compare(const char *name, bool json)
{
	const struct invocation invocation = {.json = json, .headers = true};
	_cleanup_free_ char *golden = sl_printf("tests/ctl/%s.golden", name);
	_cleanup_free_ char *printed = sl_printf("%s/printed", tree.root);
	char *is, *should;
	int out = dup(STDOUT_FILENO), fd;
	struct report report = examine();

	fflush(stdout);
	fd = open(getenv("UPDATE_GOLDENS") ? golden : printed, O_CREAT | O_TRUNC | O_WRONLY, 0644);
	cr_assert(out >= 0 && fd >= 0);
	dup2(fd, STDOUT_FILENO);
	doctor_show(&invocation, &report);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	close(fd);
	close(out);
	report_deinit(&report);
	is = tree_read(getenv("UPDATE_GOLDENS") ? golden : printed);
	should = tree_read(golden);
	cr_expect_str_eq(is, should, "%s\n--- is:\n%s\n--- should be:\n%s", golden, is, should);
	free(is);
	free(should);
}

static void spoil(void)
{
	IS.on[HOST_OFFLOAD_LRO] = true;
	facts.paths[0].largest = 1500;
	add_address("192.0.2.1", "eth0", 128);
	facts.can[KERNEL_XDP_LINK] = HOST_UNKNOWN;
	tree_put(&tree, "proc/sys/net/core/bpf_jit_enable", "0\n");
}

Test(doctor, table)
{
	spoil();
	compare("doctor", false);
}

Test(doctor, json)
{
	spoil();
	compare("doctor_json", true);
}

/* Short enough for the terminal's buffer: nobody reads while it is printed. */
Test(doctor, a_terminal_gets_whole_words)
{
	static const char wanted[] = "RESULT  CHECK SUBJECT FINDING\r\n"
				     "ok      jit   -       one two\r\n"
				     "                      three four\r\n"
				     "warning mtu   eth0    a\r\n"
				     "\r\nTo mend, as root:\r\n  ip link set dev eth0 mtu 1520\r\n";
	const struct invocation invocation = {.headers = true};
	const struct winsize size = {.ws_col = 34, .ws_row = 24};
	struct report report = {.check = "jit"};
	int out = dup(STDOUT_FILENO), terminal, screen;
	char printed[1024];
	size_t used = 0;
	ssize_t more;

	report_add(&report, REPORT_OK, "", "one two three four");
	report.check = "mtu";
	report_add(&report, REPORT_WARNING, "eth0", "a");
	report_remedy(&report, "ip link set dev eth0 mtu 1520");
	setenv("NO_COLOR", "1", 1);
	cr_assert(!openpty(&screen, &terminal, NULL, NULL, &size));
	fflush(stdout);
	dup2(terminal, STDOUT_FILENO);
	doctor_show(&invocation, &report);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	fcntl(screen, F_SETFL, O_NONBLOCK);
	while ((more = read(screen, printed + used, sizeof(printed) - 1 - used)) > 0)
		used += more;
	printed[used] = '\0';
	cr_expect_str_eq(printed, wanted, "%s", printed);
	close(out);
	close(terminal);
	close(screen);
	report_deinit(&report);
}
