/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine over a data plane of ordinary memory that fails when told to.
 */
#include "engine/engine.h"
#include "fake_dataplane.h"

#include "base/memory.h"
#include "config/read.h"

#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

struct site {
	struct event_base *base;
	struct dataplane *dataplane;
	struct engine *engine;
	unsigned committed;
	struct address watched[16];
	size_t n_watched;
};

static const char head[] = "capacity: {services: 512, backends: 4096, slots: 262144, flows: 1024}\n"
			   "interfaces: {eth0: {}}\n";

static struct config *read_config(const char *rest)
{
	_cleanup_free_ char *text = sl_printf("%s%s", head, rest);
	struct sl_errors errors = {0};
	struct config *config = NULL;

	if (config_read("test", text, strlen(text), &config, &errors))
		cr_log_error("%s", sl_errors_text(&errors));
	cr_assert_not_null(config);
	return config;
}

static const char two[] = "pools: {web: {backends: [{name: a, address: 10.0.0.1},"
			  " {name: b, address: 10.0.0.2}]}}\n"
			  "services: {web: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web}}\n";
static const char three[] =
	"pools: {web: {backends: [{name: a, address: 10.0.0.1}, {name: b, address: 10.0.0.2},"
	" {name: c, address: 10.0.0.3, weight: 50}]}}\n"
	"services: {web: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web},\n"
	"           six: {vip: '2001:db8::1', protocol: udp, port: any, pool: web}}\n";
static const char checked[] =
	"pools: {web: {check: {type: tcp, port: 80}, backends: [{name: a, address: 10.0.0.1},"
	" {name: b, address: 10.0.0.2}]}}\n"
	"services: {web: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web}}\n";

static void on_committed(void *context, const struct config *config)
{
	struct site *site = context;

	cr_expect_not_null(config);
	site->committed++;
}

static void on_watch(void *context, const struct address *addresses, size_t count)
{
	struct site *site = context;

	cr_assert_leq(count, 16);
	memcpy(site->watched, addresses, count * sizeof(*addresses));
	site->n_watched = count;
}

static void open_engine(struct site *site)
{
	const struct engine_listener listener = {
		.committed = on_committed, .watch = on_watch, .context = site};

	cr_assert_eq(engine_new(site->base, site->dataplane, &listener, &site->engine, NULL), 0);
}

static struct site open_site(void)
{
	struct config_capacity capacity = {
		.services = 512, .backends = 4096, .slots = 262144, .flows = 1024};
	struct site site = {.base = event_base_new()};

	cr_assert_eq(dataplane_open(NULL, &capacity, NULL, NULL, &site.dataplane, NULL), 0);
	return site;
}

static void close_site(struct site *site)
{
	engine_free(site->engine);
	dataplane_close(site->dataplane);
	event_base_free(site->base);
}

static void commit(struct site *site, const char *text)
{
	struct sl_errors errors = {0};

	if (engine_commit(site->engine, read_config(text), &errors))
		cr_log_error("%s", sl_errors_text(&errors));
	cr_assert_eq(errors.count, 0);
}

static void stop(evutil_socket_t fd, short what, void *base)
{
	event_base_loopbreak(base);
}

/* Lets the loop run for a while: timers, and grace periods that are over. */
static void run_loop(struct site *site, unsigned ms)
{
	struct timeval end = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_base_once(site->base, -1, EV_TIMEOUT, stop, site->base, &end);
	event_base_dispatch(site->base);
}

static struct engine_backend backend(const struct site *site, size_t service, size_t number)
{
	struct engine_backend view;

	engine_backend(site->engine, service, number, &view);
	return view;
}

/* ---- commits --------------------------------------------------------------------------------------- */

Test(engine, commits_a_configuration)
{
	struct site site = open_site();
	struct engine_service service;

	open_engine(&site);
	cr_expect_null(engine_config(site.engine));
	commit(&site, two);
	cr_expect_eq(site.committed, 1);
	cr_expect_eq(engine_generation(site.engine), 1);
	engine_service(site.engine, 0, &service);
	cr_expect_neq(service.id, SERVICE_NONE);
	cr_expect_eq(service.settled, service.slots);
	cr_expect_eq(service.usable, 2);
	cr_expect_eq(backend(&site, 0, 0).slots + backend(&site, 0, 1).slots, service.slots);
	close_site(&site);
}

/*
 * One round of: the n-th step fails. Returns false when there was no n-th step. Ids that were undone are
 * held until a walk has passed, and here none does: hence the large capacity.
 */
static bool fails_without_a_trace(struct site *site, unsigned n)
{
	_cleanup_free_ void *before = NULL, *after = NULL;
	struct config *config = read_config(three);
	struct sl_errors errors = {0};
	size_t size, size_after;
	int err;

	before = fake_bytes(site->dataplane, &size);
	fake_fail_at(site->dataplane, n);
	err = engine_commit(site->engine, config, &errors);
	fake_fail_at(site->dataplane, 0);
	if (!err)
		return false;
	after = fake_bytes(site->dataplane, &size_after);
	cr_assert_eq(err, -EIO, "at step %u: %s", n, sl_errors_text(&errors));
	cr_expect_eq(size, size_after);
	cr_expect_arr_eq(before, after, size, "step %u left a trace", n);
	cr_expect_eq(engine_generation(site->engine), 1);
	cr_expect_eq(site->committed, 1);
	cr_expect_eq(engine_config(site->engine)->n_services, 1);
	sl_errors_deinit(&errors);
	config_free(config);
	return true;
}

Test(engine, a_failed_commit_leaves_every_byte)
{
	struct site site = open_site();
	unsigned n = 1;

	open_engine(&site);
	commit(&site, two);
	while (fails_without_a_trace(&site, n))
		n++;
	cr_expect_gt(n, 20, "only %u steps were made to fail", n);
	cr_expect_eq(engine_config(site.engine)->n_services, 2);
	cr_expect_eq(engine_generation(site.engine), 2);
	close_site(&site);
}

/* The VIP that can't be taken away again names a service that lives, until a rebuild takes both. */
Test(engine, an_undo_that_fails_is_told_and_tried_again)
{
	struct site site = open_site();
	struct config *config = read_config(three);
	struct sl_errors errors = {0};
	const struct world *world;
	bool told = false;

	open_engine(&site);
	commit(&site, two);
	world = engine_world(site.engine);
	for (unsigned n = 3; !told; n++) {
		fake_fail_at(site.dataplane, n);
		fake_fail_again(site.dataplane, 1);
		cr_assert_lt(engine_commit(site.engine, config, &errors), 0);
		fake_fail_at(site.dataplane, 0);
		told = errors.count == 2 &&
		       !strncmp(errors.list[1].where, "VIP 2001:db8::1, protocol 17", 28);
		sl_errors_deinit(&errors);
		errors = (struct sl_errors){0};
		for (size_t i = 0; i < world->n_vips; i++)
			cr_assert(world->vips[i].service == SERVICE_NONE ||
				  world->services[world->vips[i].service].word & SERVICE_WORD_LIVE);
		if (told)
			cr_expect_gt(world->n_vips, 2);
		if (!told)
			commit(&site, two); /* heals as well */
	}
	run_loop(&site, 200);
	cr_expect_eq(world->n_vips, 2, "what was left over is gone");
	config_free(config);
	close_site(&site);
}

Test(engine, an_equal_configuration_writes_nothing)
{
	struct site site = open_site();
	unsigned steps;

	open_engine(&site);
	commit(&site, three);
	steps = fake_steps(site.dataplane);
	commit(&site, three);
	cr_expect_eq(fake_steps(site.dataplane), steps);
	cr_expect_eq(engine_generation(site.engine), 2);
	close_site(&site);
}

Test(engine, refuses_what_needs_a_restart)
{
	struct site site = open_site();
	struct sl_errors errors = {0};
	static const char other[] =
		"capacity: {services: 512, backends: 4096, slots: 262144, flows: 2048}\n"
		"interfaces: {eth1: {}}\npools: {}\nservices: {}\n";
	struct config *config = NULL;

	open_engine(&site);
	commit(&site, two);
	cr_assert_eq(config_read("test", other, strlen(other), &config, NULL), 0);
	cr_expect_eq(engine_commit(site.engine, config, &errors), -EBUSY);
	cr_expect_geq(errors.count, 2);
	cr_expect_str_eq(errors.list[0].where, "capacity.flows");
	cr_expect_not_null(strstr(errors.list[0].what, "restart"));
	cr_expect_eq(engine_config(site.engine)->n_services, 1);
	sl_errors_deinit(&errors);
	config_free(config);
	close_site(&site);
}

Test(engine, a_preview_changes_nothing)
{
	struct site site = open_site();
	struct engine_preview preview;
	struct config *config;
	unsigned steps;

	open_engine(&site);
	commit(&site, two);
	steps = fake_steps(site.dataplane);
	config = read_config(three);
	cr_assert_eq(engine_preview(site.engine, config, &preview, NULL), 0);
	cr_expect_gt(preview.changes.count, 0);
	cr_expect_gt(preview.plan.count, 0);
	cr_expect_not(preview.restart);
	cr_expect_eq(fake_steps(site.dataplane), steps);
	cr_expect_eq(engine_generation(site.engine), 1);
	engine_preview_deinit(&preview);
	config_free(config);
	close_site(&site);
}

/* ---- the operator's word ---------------------------------------------------------------------------- */

Test(engine, drain_takes_the_slots_and_keeps_the_flows)
{
	struct site site = open_site();

	open_engine(&site);
	commit(&site, two);
	cr_assert_eq(engine_set_admin(site.engine, "web", "a", ADMIN_DRAIN, NULL), 0);
	cr_expect_eq(backend(&site, 0, 0).state, BACKEND_DRAINING);
	cr_expect_eq(backend(&site, 0, 0).slots, 0);
	cr_expect_gt(backend(&site, 0, 0).slots_moving, 0);
	cr_assert_eq(engine_set_admin(site.engine, "web", "a", ADMIN_DISABLED, NULL), 0);
	cr_expect_eq(backend(&site, 0, 0).state, BACKEND_DOWN);
	run_loop(&site, 1500);
	cr_expect_eq(backend(&site, 0, 0).slots_moving, 0, "a walk makes tails of them");
	cr_assert_eq(engine_set_admin(site.engine, "web", "a", ADMIN_READY, NULL), 0);
	cr_expect_eq(backend(&site, 0, 0).state, BACKEND_UP);
	cr_expect_gt(backend(&site, 0, 0).slots, 0);
	close_site(&site);
}

Test(engine, overrides_outlive_a_commit)
{
	struct site site = open_site();

	open_engine(&site);
	commit(&site, two);
	cr_assert_eq(engine_set_admin(site.engine, "web", "a", ADMIN_DRAIN, NULL), 0);
	cr_assert_eq(engine_set_weight(site.engine, "web", "b", 7, NULL), 0);
	commit(&site, three);
	cr_expect_eq(backend(&site, 0, 0).admin, ADMIN_DRAIN);
	cr_expect_eq(backend(&site, 0, 1).weight, 7);
	cr_expect_eq(backend(&site, 0, 1).configured_weight, 100);
	cr_assert_eq(engine_set_weight(site.engine, "web", "b", -1, NULL), 0);
	cr_expect_eq(backend(&site, 0, 1).weight, 100);
	close_site(&site);
}

Test(engine, a_backend_that_is_renamed_keeps_all)
{
	struct site site = open_site();
	static const char renamed[] =
		"pools: {web: {check: {type: tcp, port: 80}, backends: ["
		"{name: b, address: 10.0.0.1}, {name: a, address: 10.0.0.2},"
		" {name: c, address: 10.0.0.3}]}}\n"
		"services: {web: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web}}\n";
	static const char moved[] =
		"pools: {web: {check: {type: tcp, port: 80}, backends: ["
		"{name: b, address: 10.0.0.9}]}}\n"
		"services: {web: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web}}\n";
	int id;

	open_engine(&site);
	commit(&site, checked);
	engine_set_health(site.engine, "web", "a", true);
	cr_assert_eq(engine_set_admin(site.engine, "web", "a", ADMIN_DRAIN, NULL), 0);
	cr_assert_eq(engine_set_weight(site.engine, "web", "b", 7, NULL), 0);
	id = backend(&site, 0, 0).id;
	commit(&site, renamed);
	cr_expect_eq(backend(&site, 0, 0).id, id);
	cr_expect_eq(backend(&site, 0, 0).admin, ADMIN_DRAIN);
	cr_expect(backend(&site, 0, 0).healthy);
	cr_expect_not(backend(&site, 0, 1).healthy);
	cr_assert_eq(engine_set_weight(site.engine, "web", "b", 5, NULL), 0);
	engine_set_health(site.engine, "web", "a", true);
	cr_expect_eq(backend(&site, 0, 1).weight, 7);
	commit(&site, moved);
	cr_expect_eq(backend(&site, 0, 0).admin, ADMIN_READY, "another address, another backend");
	cr_expect_not(backend(&site, 0, 0).healthy);
	close_site(&site);
}

/* Healthy by the first pool's check says nothing of the second's. */
static const char two_pools[] =
	"pools: {web: {check: {type: tcp, port: 80}, backends: [{name: a, address: 10.0.0.1}]},\n"
	"        api: {check: {type: tcp, port: 81}, backends: [{name: a, address: 10.0.0.1}]}}\n"
	"services: {web: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web},\n"
	"           api: {vip: 192.0.2.1, protocol: tcp, port: 81, pool: api}}\n";

Test(engine, health_is_of_a_pool_and_an_address)
{
	struct site site = open_site();

	open_engine(&site);
	commit(&site, checked);
	engine_set_health(site.engine, "web", "a", true);
	engine_set_health(site.engine, "web", "b", false);
	run_loop(&site, 120);
	commit(&site, two_pools);
	cr_expect(engine_healthy(site.engine, "web", "a"));
	cr_expect_not(engine_healthy(site.engine, "api", "a"));
	cr_expect_eq(backend(&site, 1, 0).state, BACKEND_DOWN);
	engine_free(site.engine);
	open_engine(&site);
	commit(&site, two_pools);
	cr_expect(engine_healthy(site.engine, "web", "a"), "each as it was");
	cr_expect_not(engine_healthy(site.engine, "api", "a"));
	close_site(&site);
}

/* Until the other pool's check has asked, what packets go to is not taken from them. */
Test(engine, a_service_with_another_pool_keeps_its_backends)
{
	struct site site = open_site();
	static const char other_pool[] =
		"pools: {new: {check: {type: tcp, port: 81}, backends: ["
		"{name: a, address: 10.0.0.1}, {name: b, address: 10.0.0.2}]}}\n"
		"services: {web: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: new}}\n";

	open_engine(&site);
	commit(&site, checked);
	engine_set_health(site.engine, "web", "a", true);
	engine_set_health(site.engine, "web", "b", false);
	run_loop(&site, 120);
	commit(&site, other_pool);
	cr_expect_eq(backend(&site, 0, 0).state, BACKEND_UP);
	cr_expect_eq(backend(&site, 0, 1).state, BACKEND_DOWN);
	close_site(&site);
}

Test(engine, an_override_that_fails_is_none)
{
	struct site site = open_site();

	open_engine(&site);
	commit(&site, two);
	fake_fail_at(site.dataplane, 1);
	cr_expect_lt(engine_set_admin(site.engine, "web", "a", ADMIN_DRAIN, NULL), 0);
	cr_expect_eq(backend(&site, 0, 0).admin, ADMIN_READY);
	cr_expect_eq(backend(&site, 0, 0).state, BACKEND_UP);
	close_site(&site);
}

Test(engine, overrides_name_what_is_unknown)
{
	struct site site = open_site();
	struct sl_errors errors = {0};

	open_engine(&site);
	cr_expect_eq(engine_set_admin(site.engine, "web", "a", ADMIN_DRAIN, NULL), -ENOENT);
	commit(&site, two);
	cr_expect_eq(engine_set_admin(site.engine, "wbe", "a", ADMIN_DRAIN, &errors), -ENOENT);
	cr_expect_eq(engine_set_weight(site.engine, "web", "z", 1, &errors), -ENOENT);
	cr_expect_eq(errors.count, 2);
	cr_expect_str_eq(errors.list[0].where, "wbe");
	cr_expect_str_eq(errors.list[1].where, "z");
	sl_errors_deinit(&errors);
	close_site(&site);
}

/* ---- news ------------------------------------------------------------------------------------------- */

Test(engine, a_checked_backend_waits_for_its_first_success)
{
	struct site site = open_site();

	open_engine(&site);
	commit(&site, checked);
	cr_expect_eq(backend(&site, 0, 0).state, BACKEND_DOWN);
	engine_set_health(site.engine, "web", "a", true);
	engine_set_health(site.engine, "web", "b", false);
	run_loop(&site, 120);
	cr_expect_eq(backend(&site, 0, 0).state, BACKEND_UP);
	cr_expect_gt(backend(&site, 0, 0).slots, 0);
	cr_expect_eq(backend(&site, 0, 1).slots, 0);
	close_site(&site);
}

static struct engine_service service(const struct site *site, size_t number)
{
	struct engine_service view;

	engine_service(site->engine, number, &view);
	return view;
}

static const char first_start[] =
	"pools: {web: {check: {type: tcp, port: 80, interval: 2s, timeout: 500ms}, backends: ["
	"{name: a, address: 10.0.0.1}, {name: b, address: 10.0.0.2},"
	" {name: c, address: 10.0.0.3}, {name: off, address: 10.0.0.4, weight: 0}]}}\n"
	"services: {web: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web},\n"
	"           udp: {vip: 192.0.2.1, protocol: udp, port: 80, pool: web}}\n";

/* No slot changes hands while backends come up one by one; none waits for one that gets no flows. */
Test(engine, a_first_start_waits_for_all_first_results)
{
	struct site site = open_site();

	open_engine(&site);
	commit(&site, first_start);
	engine_set_health(site.engine, "web", "a", true);
	run_loop(&site, 120);
	cr_expect_eq(backend(&site, 0, 0).state, BACKEND_UP);
	cr_expect_eq(backend(&site, 0, 0).slots, 0);
	cr_expect_eq(service(&site, 0).usable, 0, "when-empty answers");
	engine_set_health(site.engine, "web", "c", false);
	run_loop(&site, 120);
	cr_expect_eq(backend(&site, 0, 0).slots, 0);
	engine_set_health(site.engine, "web", "b", true);
	run_loop(&site, 120);
	for (size_t i = 0; i < 2; i++) {
		cr_expect_gt(backend(&site, i, 0).slots, 0);
		cr_expect_gt(backend(&site, i, 1).slots, 0);
		cr_expect_eq(service(&site, i).settled, service(&site, i).slots);
		cr_expect_eq(service(&site, i).usable, 2);
	}
	engine_set_health(site.engine, "web", "c", true);
	run_loop(&site, 120);
	cr_expect_gt(service(&site, 0).moving, 0, "this is a change of the pool");
	close_site(&site);
}

Test(engine, a_first_start_waits_no_longer_than_a_result_can_take)
{
	struct site site = open_site();

	open_engine(&site);
	commit(&site, first_start);
	engine_set_health(site.engine, "web", "a", true);
	for (int i = 0; i < 100 && !backend(&site, 0, 0).slots; i++)
		run_loop(&site, 100);
	cr_expect_eq(backend(&site, 0, 0).slots, service(&site, 0).slots);
	cr_expect_eq(service(&site, 0).settled, service(&site, 0).slots);
	close_site(&site);
}

/* Whoever has slots gives some of them to those that come up, one by one, without a wait. */
Test(engine, a_service_that_has_owners_waits_for_nobody)
{
	struct site site = open_site();

	open_engine(&site);
	commit(&site, checked);
	engine_set_health(site.engine, "web", "a", true);
	engine_set_health(site.engine, "web", "b", false);
	run_loop(&site, 120);
	commit(&site, first_start);
	cr_expect_gt(backend(&site, 0, 0).slots, 0);
	cr_expect_gt(service(&site, 0).usable, 0);
	engine_set_health(site.engine, "web", "b", true);
	run_loop(&site, 120);
	cr_expect_gt(backend(&site, 0, 1).slots, 0);
	cr_expect_gt(service(&site, 0).moving, 0);
	close_site(&site);
}

Test(engine, a_dead_backend_is_left_at_once_and_rebuilt_soon)
{
	struct site site = open_site();
	uint32_t slots;

	open_engine(&site);
	commit(&site, checked);
	engine_set_health(site.engine, "web", "a", true);
	engine_set_health(site.engine, "web", "b", true);
	run_loop(&site, 120);
	slots = backend(&site, 0, 0).slots;
	cr_expect_gt(slots, 0);
	engine_set_health(site.engine, "web", "a", false);
	cr_expect_eq(backend(&site, 0, 0).state, BACKEND_DOWN, "the state byte is at once");
	cr_expect_eq(backend(&site, 0, 0).slots, slots, "the slots are not");
	run_loop(&site, 120);
	cr_expect_eq(backend(&site, 0, 0).slots, 0);
	close_site(&site);
}

Test(engine, a_rebuild_that_fails_is_tried_again)
{
	struct site site = open_site();

	open_engine(&site);
	commit(&site, checked);
	engine_set_health(site.engine, "web", "a", true);
	fake_fail_at(site.dataplane, 1);
	run_loop(&site, 300);
	cr_expect_eq(backend(&site, 0, 0).state, BACKEND_UP);
	close_site(&site);
}

Test(engine, a_rebuild_that_goes_on_failing_is_tried_less_often)
{
	struct site site = open_site();
	unsigned steps;

	open_engine(&site);
	commit(&site, checked);
	engine_set_health(site.engine, "web", "a", true);
	steps = fake_steps(site.dataplane);
	for (int i = 0; i < 20; i++) {
		fake_fail_at(site.dataplane, 1);
		run_loop(&site, 50);
		cr_expect_neq(backend(&site, 0, 0).state, BACKEND_UP);
	}
	/* 50, 150, 350 and 750 ms; every 50 ms would be twenty. */
	cr_expect_leq(fake_steps(site.dataplane) - steps, 4);
	fake_fail_at(site.dataplane, 0);
	run_loop(&site, 2000);
	cr_expect_eq(backend(&site, 0, 0).state, BACKEND_UP);
	close_site(&site);
}

Test(engine, next_hops_reach_the_entries)
{
	struct site site = open_site();
	struct address address = {.family = 4, .word_be = {htonl(0x0a000001)}};
	const uint8_t to[6] = {2, 0, 0, 0, 0, 1}, from[6] = {2, 0, 0, 0, 0, 9};
	const struct world *world;
	union next_hop hop;

	open_engine(&site);
	commit(&site, two);
	cr_expect_not(backend(&site, 0, 0).resolved);
	engine_set_next_hop(site.engine, &address, true, 3, to, from, 1500);
	run_loop(&site, 120);
	world = engine_world(site.engine);
	hop = world->backends[backend(&site, 0, 0).id].next_hop;
	cr_expect_arr_eq(hop.mac, to, 6);
	cr_expect_eq(world->egress[hop.egress].ifindex, 3);
	cr_expect_arr_eq(world->egress[hop.egress].mac, from, 6);
	engine_set_next_hop(site.engine, &address, false, 0, to, from, 0);
	run_loop(&site, 120);
	cr_expect_not(backend(&site, 0, 0).resolved);
	close_site(&site);
}

static const char only_a[] =
	"pools: {web: {backends: [{name: a, address: 10.0.0.1}]}}\n"
	"services: {web: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web, drain: 1s}}\n";
static const char a_and_b[] =
	"pools: {web: {backends: [{name: a, address: 10.0.0.1}, {name: b, address: 10.0.0.2}]}}\n"
	"services: {web: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web, drain: 1s}}\n";

Test(engine, a_backend_that_lingers_is_followed_until_nothing_names_it)
{
	struct site site = open_site();
	struct address b = {.family = 4, .word_be = {htonl(0x0a000002)}};
	const uint8_t to[6] = {2, 0, 0, 0, 0, 1}, moved[6] = {2, 0, 0, 0, 0, 2};
	const uint8_t from[6] = {2, 0, 0, 0, 0, 9};
	const struct world *world;
	int id;

	open_engine(&site);
	commit(&site, a_and_b);
	id = backend(&site, 0, 1).id;
	engine_set_next_hop(site.engine, &b, true, 3, to, from, 1500);
	commit(&site, only_a);
	world = engine_world(site.engine);
	cr_expect_eq(world->backends[id].state, BACKEND_DRAINING);
	cr_expect_eq(site.n_watched, 2);
	cr_expect_arr_eq(world->backends[id].next_hop.mac, to, 6);
	engine_set_next_hop(site.engine, &b, true, 4, moved, from, 1500);
	run_loop(&site, 120);
	cr_expect_arr_eq(world->backends[id].next_hop.mac, moved, 6);
	cr_expect_eq(world->egress[world->backends[id].next_hop.egress].ifindex, 4);
	for (int i = 0; i < 100 && site.n_watched > 1; i++)
		run_loop(&site, 100);
	cr_expect_eq(world->backends[id].state, BACKEND_FREE);
	cr_expect_eq(site.n_watched, 1);
	commit(&site, a_and_b);
	cr_expect_eq(site.n_watched, 2);
	cr_expect_not(backend(&site, 0, 1).resolved, "what was known of it is old");
	close_site(&site);
}

/* As after a restart with a smaller file: the maps alone name it. */
Test(engine, a_backend_that_only_the_maps_name_is_watched_from_the_first_commit)
{
	struct site site = open_site();

	open_engine(&site);
	commit(&site, a_and_b);
	engine_free(site.engine);
	open_engine(&site);
	commit(&site, only_a);
	cr_expect_eq(site.n_watched, 2);
	close_site(&site);
}

/* News of a next hop waits to be committed; grace periods meanwhile are about something else. */
Test(engine, an_interface_that_backends_still_name_is_not_written_over)
{
	struct site site = open_site();
	struct address a = {.family = 4, .word_be = {htonl(0x0a000001)}};
	struct address b = {.family = 4, .word_be = {htonl(0x0a000002)}};
	const uint8_t to[6] = {2, 0, 0, 0, 0, 1}, from[6] = {2, 0, 0, 0, 0, 9};
	const struct world *world;
	__u16 named;

	open_engine(&site);
	commit(&site, three);
	engine_set_next_hop(site.engine, &a, true, 3, to, from, 1500);
	run_loop(&site, 120);
	world = engine_world(site.engine);
	named = world->backends[backend(&site, 0, 0).id].next_hop.egress;
	commit(&site, two); /* gives a service back: a grace period begins */
	engine_set_next_hop(site.engine, &a, true, 4, to, from, 1500);
	run_loop(&site, 45);
	engine_set_next_hop(site.engine, &b, true, 5, to, from, 1500);
	run_loop(&site, 120);
	cr_expect_neq(world->backends[backend(&site, 0, 1).id].next_hop.egress, named);
	close_site(&site);
}

struct slow_loader {
	unsigned loads;
	struct program_config loaded;
	bool is_slow;
};

/* Told too late that it worked. */
static int load_slowly(void *context, const struct program_config *config, struct sl_errors *errors)
{
	struct slow_loader *loader = context;

	loader->loads++;
	loader->loaded = *config;
	return loader->is_slow ? sl_fail(errors, ETIMEDOUT, "loader", "no answer") : 0;
}

Test(engine, a_program_that_came_too_late_is_not_what_stays)
{
	struct config_capacity capacity = {
		.services = 512, .backends = 4096, .slots = 262144, .flows = 1024};
	struct slow_loader loader = {0};
	struct site site = {.base = event_base_new()};
	struct program_config before;
	struct config *larger = read_config(three);
	struct sl_errors errors = {0};

	cr_assert_eq(dataplane_open(NULL, &capacity, load_slowly, &loader, &site.dataplane, NULL),
		     0);
	open_engine(&site);
	commit(&site, two);
	before = loader.loaded;
	loader.is_slow = true;
	cr_expect_eq(engine_commit(site.engine, larger, &errors), -ETIMEDOUT);
	cr_expect_neq(loader.loaded.features, before.features);
	loader.is_slow = false;
	commit(&site, two);
	cr_expect_arr_eq(&loader.loaded, &before, sizeof(before));
	sl_errors_deinit(&errors);
	config_free(larger);
	close_site(&site);
}

/* The first program of a daemon has none before it that could be put back. */
Test(engine, a_first_commit_that_fails_leaves_a_program)
{
	struct config_capacity capacity = {
		.services = 512, .backends = 4096, .slots = 262144, .flows = 1024};
	struct slow_loader loader = {0};
	struct site site = {.base = event_base_new()};
	struct config *config = read_config(three);
	struct sl_errors errors = {0};

	cr_assert_eq(dataplane_open(NULL, &capacity, load_slowly, &loader, &site.dataplane, NULL),
		     0);
	open_engine(&site);
	commit(&site, two);
	engine_free(site.engine);
	open_engine(&site);
	fake_fail_at(site.dataplane, 3);
	cr_expect_eq(engine_commit(site.engine, config, &errors), -EIO);
	cr_expect(loader.loaded.features & FEATURE_IPV4, "packets still pass it");
	sl_errors_deinit(&errors);
	config_free(config);
	close_site(&site);
}

/* ---- restart and reclaim ------------------------------------------------------------------------------ */

Test(engine, a_restart_goes_on_where_it_was)
{
	struct site site = open_site();
	struct engine_backend before;
	unsigned steps;

	open_engine(&site);
	commit(&site, checked);
	engine_set_health(site.engine, "web", "a", true);
	engine_set_health(site.engine, "web", "b", false);
	run_loop(&site, 120);
	before = backend(&site, 0, 0);
	cr_expect_gt(before.slots, 0);
	engine_free(site.engine);

	open_engine(&site);
	steps = fake_steps(site.dataplane);
	commit(&site, checked);
	cr_expect_leq(fake_steps(site.dataplane), steps + 2, "only program and notes are new");
	cr_expect(engine_healthy(site.engine, "web", "a"), "it had flows a moment ago");
	cr_expect_not(engine_healthy(site.engine, "web", "b"));
	cr_expect_eq(backend(&site, 0, 0).id, before.id);
	cr_expect_eq(backend(&site, 0, 0).slots, before.slots);
	close_site(&site);
}

Test(engine, what_is_given_back_can_be_given_out_again)
{
	struct site site = open_site();

	open_engine(&site);
	/* Far more services than there is room for at once. */
	for (int i = 0; i < 24; i++) {
		commit(&site, i % 2 ? two : "pools: {}\nservices: {}\n");
		run_loop(&site, i % 2 ? 150 : 2300);
		if (i > 5 && i % 2)
			break;
	}
	cr_expect_gt(backend(&site, 0, 0).slots, 0);
	close_site(&site);
}
