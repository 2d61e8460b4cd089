/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One value after the other is changed in a file; the comparison must name it, and it alone.
 */
#include "base/memory.h"
#include "config/diff.h"
#include "config/read.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const char base[] =
	"capacity: {services: 100, backends: 200, slots: 1600, flows: 2048}\n"
	"interfaces: {eth0: {attach: link, mode: native}}\n"
	"api: {socket: /run/a, metrics: 127.0.0.1:9440}\n"
	"hash-key-file: /key\n"
	"encapsulation: {source: 172.16.0.0/16, source6: '100::/64'}\n"
	"pools:\n"
	"  web:\n"
	"    check: {type: http, port: 80, path: /p, host: h, expect: 200, interval: 2s, timeout: "
	"1s, "
	"rise: 2, fall: 3}\n"
	"    backends: [{name: web1, address: 10.0.0.1, weight: 7}]\n"
	"  other: {}\n"
	"services:\n"
	"  web: {vip: 192.0.2.1, protocol: tcp, port: 8080, pool: web, algorithm: source-hash, "
	"source-prefix: 24, forward: ipip, tracking: moving, when-empty: reset, drain: 20m, "
	"udp-grace: 30s}\n";

static struct config *read_text(const char *text)
{
	struct config *config = NULL;

	cr_assert(!config_read("text", text, strlen(text), &config, NULL), "not read:\n%s", text);
	return config;
}

static char *replace(const char *text, const char *old, const char *new)
{
	const char *at = strstr(text, old);

	cr_assert(at, "%s isn't there", old);
	cr_assert_null(strstr(at + 1, old), "%s is there twice", old);
	return sl_printf("%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
}

/* "+ path = after", "- path = before", "~ path: before -> after", with "!" for a restart. */
static char *changes_text(const char *old, const char *new)
{
	_cleanup_config_ struct config *a = old ? read_text(old) : NULL, *b = read_text(new);
	struct config_changes changes;
	char *text = sl_strdup("");

	config_diff(a, b, &changes);
	for (size_t i = 0; i < changes.count; i++) {
		const struct config_change *change = &changes.list[i];
		_cleanup_free_ char *before = text;

		text = sl_printf("%s%c%s %s: %s -> %s\n", before, "+-~"[change->kind],
				 change -> restart ? "!" : "", change->path,
				 change->before ? change->before : "()",
				 change->after ? change->after : "()");
	}
	config_changes_deinit(&changes);
	return text;
}

static const struct {
	const char *old, *new, *changes;
} cases[] = {
	{"services: 100", "services: 101", "~! capacity.services: 100 -> 101\n"},
	{"backends: 200", "backends: 201", "~! capacity.backends: 200 -> 201\n"},
	{"slots: 1600", "slots: 3200", "~! capacity.slots: 1600 -> 3200\n"},
	{"flows: 2048", "flows: 4096", "~! capacity.flows: 2048 -> 4096\n"},
	{"attach: link", "attach: shared", "~! interfaces.eth0.attach: link -> shared\n"},
	{"mode: native", "mode: auto", "~! interfaces.eth0.mode: native -> auto\n"},
	{"{eth0:", "{eth1: {}, eth0:", "+! interfaces.eth1: () -> attach link, mode auto\n"},
	{"/run/a", "/run/b", "~! api.socket: /run/a -> /run/b\n"},
	{"127.0.0.1:9440", "none", "~! api.metrics: 127.0.0.1:9440 -> none\n"},
	{":9440", ":9441", "~! api.metrics: 127.0.0.1:9440 -> 127.0.0.1:9441\n"},
	{"/key", "/other", "~! hash-key-file: /key -> /other\n"},
	{"172.16", "172.17", "~ encapsulation.source: 172.16.0.0/16 -> 172.17.0.0/16\n"},
	{"100::/64", "100::/65", "~ encapsulation.source6: 100::/64 -> 100::/65\n"},
	{"port: 80,", "port: 81,", "~ pools.web.check.port: 80 -> 81\n"},
	{"path: /p", "path: /q", "~ pools.web.check.path: /p -> /q\n"},
	{"host: h, ", "", "- pools.web.check.host: h -> ()\n"},
	{"expect: 200", "expect: 200-201", "~ pools.web.check.expect: 200 -> 200-201\n"},
	{"interval: 2s", "interval: 2500ms", "~ pools.web.check.interval: 2s -> 2500ms\n"},
	{"timeout: 1s", "timeout: 900ms", "~ pools.web.check.timeout: 1s -> 900ms\n"},
	{"rise: 2", "rise: 4", "~ pools.web.check.rise: 2 -> 4\n"},
	{"fall: 3", "fall: 4", "~ pools.web.check.fall: 3 -> 4\n"},
	{"type: http, port: 80, path: /p, host: h, expect: 200,", "type: tcp, port: 80,",
	 "~ pools.web.check.type: http -> tcp\n- pools.web.check.path: /p -> ()\n"
	 "- pools.web.check.host: h -> ()\n- pools.web.check.expect: 200 -> ()\n"},
	{"10.0.0.1", "10.0.0.2", "~ pools.web.backends.web1.address: 10.0.0.1 -> 10.0.0.2\n"},
	{"weight: 7", "weight: 8", "~ pools.web.backends.web1.weight: 7 -> 8\n"},
	{"name: web1", "name: web2",
	 "- pools.web.backends.web1: address 10.0.0.1, weight 7 -> ()\n"
	 "+ pools.web.backends.web2: () -> address 10.0.0.1, weight 7\n"},
	{"other: {}", "third: {check: {type: tcp, port: 1}, backends: [{address: 10.0.0.9}]}",
	 "- pools.other: check.type none -> ()\n"
	 "+ pools.third: () -> check.type tcp, check.port 1, check.interval 2s, check.timeout 1s, "
	 "check.rise 2, check.fall 3\n"
	 "+ pools.third.backends.10.0.0.9: () -> address 10.0.0.9, weight 100\n"},
	{"192.0.2.1", "192.0.2.2", "~ services.web.vip: 192.0.2.1 -> 192.0.2.2\n"},
	{"protocol: tcp", "protocol: udp", "~ services.web.protocol: tcp -> udp\n"},
	{"port: 8080", "port: any", "~ services.web.port: 8080 -> any\n"},
	{"pool: web", "pool: other", "~ services.web.pool: web -> other\n"},
	{"source-prefix: 24", "source-prefix: 25", "~ services.web.source-prefix: 24 -> 25\n"},
	{"algorithm: source-hash, source-prefix: 24", "algorithm: maglev",
	 "~ services.web.algorithm: source-hash -> maglev\n"
	 "- services.web.source-prefix: 24 -> ()\n"},
	{"forward: ipip", "forward: l2", "~ services.web.forward: ipip -> l2\n"},
	{"tracking: moving", "tracking: all", "~ services.web.tracking: moving -> all\n"},
	{"when-empty: reset", "when-empty: drop", "~ services.web.when-empty: reset -> drop\n"},
	{"drain: 20m", "drain: 19m", "~ services.web.drain: 20m -> 19m\n"},
	{"udp-grace: 30s", "udp-grace: 31s", "~ services.web.udp-grace: 30s -> 31s\n"},
	{"udp-grace: 30s", "udp-grace: 30s, mode: shadow",
	 "~ services.web.mode: enforce -> shadow\n"},
};

Test(config_diff, each_value_is_named_and_it_alone)
{
	for (size_t i = 0; i < sl_count(cases); i++) {
		_cleanup_free_ char *changed = replace(base, cases[i].old, cases[i].new);
		_cleanup_free_ char *text = changes_text(base, changed);

		cr_expect_str_eq(text, cases[i].changes, "%s -> %s:\n%s", cases[i].old,
				 cases[i].new, text);
	}
}

Test(config_diff, the_order_of_the_file_is_no_difference)
{
	_cleanup_free_ char *text =
		changes_text("interfaces: {a: , b: }\npools: {x: {}, y: {}}\n"
			     "services: {s: {vip: 192.0.2.1, protocol: tcp, port: 1, pool: y}}",
			     "services: {s: {port: 1, protocol: tcp, vip: 192.0.2.1, pool: y}}\n"
			     "pools: {y: {}, x: {}}\ninterfaces: {b: , a: }\n");

	cr_expect_str_eq(text, "");
}

Test(config_diff, against_nothing_everything_is_added)
{
	_cleanup_free_ char *text = changes_text(
		NULL, "interfaces: {eth0: }\npools: {x: {backends: [{address: 10.0.0.1}]}}");

	cr_expect_str_eq(text, "+! capacity.services: () -> 1024\n"
			       "+! capacity.backends: () -> 16384\n"
			       "+! capacity.slots: () -> 1048576\n"
			       "+! capacity.flows: () -> 1048576\n"
			       "+! interfaces.eth0: () -> attach link, mode auto\n"
			       "+! api.socket: () -> /run/sluice/sluiced.sock\n"
			       "+! api.metrics: () -> none\n"
			       "+! api.view-socket: () -> none\n"
			       "+! api.others: () -> operator\n"
			       "+! api.listen: () -> none\n"
			       "+! api.certificate: () -> none\n"
			       "+! api.key: () -> none\n"
			       "+! api.tokens: () -> /etc/sluice/tokens\n"
			       "+! api.rate: () -> 20\n"
			       "+! api.burst: () -> 40\n"
			       "+! hash-key-file: () -> /var/lib/sluice/hash.key\n"
			       "+! config-source: () -> file\n"
			       "+! state.directory: () -> /var/lib/sluice/state\n"
			       "+ encapsulation.source: () -> 172.16.0.0/16\n"
			       "+ encapsulation.source6: () -> 100::/64\n"
			       "+ pools.x: () -> check.type none\n"
			       "+ pools.x.backends.10.0.0.1: () -> address 10.0.0.1, weight 100\n");
}
