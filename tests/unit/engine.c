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

static void open_engine(struct site *site)
{
	cr_assert_eq(
		engine_new(site->base, site->dataplane, on_committed, site, &site->engine, NULL),
		0);
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

	if (engine_commit(site->engine, read_config(text), engine_generation(site->engine) + 1,
			  &errors))
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
	err = engine_commit(site->engine, config, 99, &errors);
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
	cr_expect_eq(engine_generation(site.engine), 99, "the number that it was handed");
	engine_renumber(site.engine, 100);
	cr_expect_eq(engine_generation(site.engine), 100);
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
	cr_expect_eq(engine_commit(site.engine, config, 99, &errors), -EBUSY);
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
	run_loop(&site, 120);
	cr_expect_eq(backend(&site, 0, 0).state, BACKEND_UP);
	cr_expect_gt(backend(&site, 0, 0).slots, 0);
	cr_expect_eq(backend(&site, 0, 1).slots, 0);
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
	cr_expect_eq(engine_commit(site.engine, larger, 99, &errors), -ETIMEDOUT);
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
	cr_expect_eq(engine_commit(site.engine, config, 99, &errors), -EIO);
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
	run_loop(&site, 120);
	before = backend(&site, 0, 0);
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
