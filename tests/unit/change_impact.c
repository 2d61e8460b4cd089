/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a configuration would do: flows, shares, restarts, and what could lock the operator out. The
 * fake engine has six records for each backend, and moves 16 slots of 64.
 */
#include "change/impact.h"
#include "fake_engine.h"

#include "base/memory.h"
#include "config/read.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define BEGIN	       "interfaces: {eth0: }\n"
#define POOL(backends) "pools: {web: {backends: [" backends "]}}\n"
#define A	       "{name: a, address: 10.0.0.1}"
#define B	       "{name: b, address: 10.0.0.2}"
#define WEB(more)      "services: {web: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web" more "}}\n"

static struct impact find(const char *before, const char *after)
{
	struct address own;
	struct config *desired;
	struct impact impact;

	fake_start(before);
	cr_assert(address_parse(FAKE_OWN, &own));
	cr_assert_eq(config_read("after", after, strlen(after), &desired, NULL), 0);
	cr_assert_eq(impact_find(fake_context().engine, desired, &own, 1, &impact, NULL), 0);
	config_free(desired);
	return impact;
}

static void end(struct impact *impact)
{
	impact_deinit(impact);
	fake_stop();
}

Test(change_impact, flows_of_backends_that_get_no_new_ones)
{
	static const struct {
		const char *before, *after;
		uint64_t flows;
		bool exact;
	} cases[] = {
		{BEGIN POOL(A "," B) WEB(""), BEGIN POOL(A) WEB(""), 6, false},
		{BEGIN POOL(A "," B) WEB(", tracking: all"), BEGIN POOL(A) WEB(", tracking: all"),
		 6, true},
		{BEGIN POOL(A "," B) WEB(""),
		 BEGIN POOL(A ", {name: b, address: 10.0.0.2, weight: 0}") WEB(""), 6, false},
		{BEGIN POOL(A "," B) WEB(""), BEGIN POOL(A "," B) WEB(", drain: 1m"), 0, false},
		/* another name is the same host */
		{BEGIN POOL(A "," B) WEB(""),
		 BEGIN POOL(A ", {name: x, address: 10.0.0.2}") WEB(""), 0, false},
		/* which slot a flow looks at is another: none stays */
		{BEGIN POOL(A "," B) WEB(""), BEGIN POOL(A "," B) WEB(", algorithm: source-hash"),
		 12, false},
		{BEGIN POOL(A "," B) WEB(", algorithm: source-hash"),
		 BEGIN POOL(A "," B) WEB(", algorithm: source-hash, source-prefix: 24"), 12, false},
	};

	for (size_t i = 0; i < sl_count(cases); i++) {
		struct impact impact = find(cases[i].before, cases[i].after);

		cr_assert_eq(impact.n_services, 1, "case %zu", i);
		cr_expect_eq(impact.services[0].flows, cases[i].flows, "case %zu: %lu", i,
			     impact.services[0].flows);
		cr_expect_eq(impact.services[0].flows_exact, cases[i].exact, "case %zu", i);
		cr_expect(!impact.services[0].comes && !impact.services[0].goes);
		end(&impact);
	}
}

Test(change_impact, services_that_come_and_go)
{
	struct impact impact = find(BEGIN POOL(A "," B) WEB(""),
				    BEGIN POOL(A "," B) "services: {new: {vip: 192.0.2.2, protocol:"
							" udp, port: any, pool: web}}\n");

	cr_assert_eq(impact.n_services, 2);
	cr_expect_str_eq(impact.services[0].name, "new");
	cr_expect(impact.services[0].comes && !impact.services[0].flows);
	cr_expect_str_eq(impact.services[1].name, "web");
	cr_expect(impact.services[1].goes);
	cr_expect_eq(impact.services[1].flows, 12);
	end(&impact);
}

Test(change_impact, as_much_as_is_allowed)
{
	static const struct {
		const char *after;
		uint32_t max_ppm;
		int err;
	} cases[] = {
		{BEGIN POOL(A) WEB(""), 1000000, 0},
		{BEGIN POOL(A) WEB(""), 250000, 0}, /* 16 of 64 */
		{BEGIN POOL(A) WEB(""), 249999, -EXDEV},
		{BEGIN POOL(A) WEB(""), 0, -EXDEV},
		{BEGIN POOL(A), 999999, -EXDEV}, /* the service goes */
		{BEGIN POOL(A), 1000000, 0},
	};

	for (size_t i = 0; i < sl_count(cases); i++) {
		struct impact impact = find(BEGIN POOL(A "," B) WEB(""), cases[i].after);
		struct sl_errors errors = {0};

		cr_expect_eq(impact_check_moves(&impact, cases[i].max_ppm, &errors), cases[i].err,
			     "case %zu", i);
		cr_expect_eq(errors.count, cases[i].err != 0);
		sl_errors_deinit(&errors);
		end(&impact);
	}
}

Test(change_impact, what_needs_a_restart)
{
	struct impact impact =
		find(BEGIN POOL(A) WEB(""), "interfaces: {eth1: }\n" POOL(A) WEB(""));
	struct sl_errors errors = {0};

	cr_expect(impact.restart);
	cr_expect_eq(impact_check_restart(&impact, &errors), -EBUSY);
	cr_expect_eq(errors.count, 2);
	cr_expect_str_eq(errors.list[0].where, "interfaces.eth0");
	sl_errors_deinit(&errors);
	end(&impact);
}

#define OWN(protocol, port)                                                                        \
	"services: {own: {vip: " FAKE_OWN ", protocol: " protocol ", port: " port ", pool: "       \
	"web}}\n"

Test(change_impact, what_could_lock_out)
{
	static const struct {
		const char *services, *said;
	} cases[] = {
		{WEB(""), NULL},
		{OWN("tcp", "22"), "SSH's port"},
		{OWN("tcp", "any"), "any port of it, SSH's too"},
		{OWN("udp", "any"), "what this host itself serves"},
		{OWN("tcp", "9440"), "metrics"},
		{OWN("tcp", "80"), "what this host itself serves"},
	};

	for (size_t i = 0; i < sl_count(cases); i++) {
		_cleanup_free_ char *after = sl_printf(
			BEGIN "api: {metrics: 127.0.0.1:9440}\n" POOL(A) "%s", cases[i].services);
		struct impact impact = find(BEGIN POOL(A), after);

		cr_assert_eq(impact.warnings.count, cases[i].said != NULL, "case %zu", i);
		if (cases[i].said)
			cr_expect(strstr(impact.warnings.list[0].what, cases[i].said),
				  "case %zu: %s", i, impact.warnings.list[0].what);
		end(&impact);
	}
}

Test(change_impact, what_is_in_force_already_is_no_news)
{
	struct impact impact =
		find(BEGIN POOL(A) OWN("tcp", "22"), BEGIN POOL(A "," B) OWN("tcp", "22"));

	cr_expect_eq(impact.warnings.count, 0);
	end(&impact);
}
