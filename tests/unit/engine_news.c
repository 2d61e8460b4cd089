/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What health and net say, and what the engine makes of it.
 */
#include "engine_site.h"

/* ---- news ------------------------------------------------------------------------------------------- */

Test(engine_news, a_checked_backend_waits_for_its_first_success)
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
Test(engine_news, a_first_start_waits_for_all_first_results)
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

Test(engine_news, a_first_start_waits_no_longer_than_a_result_can_take)
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
Test(engine_news, a_service_that_has_owners_waits_for_nobody)
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

Test(engine_news, a_dead_backend_is_left_at_once_and_rebuilt_soon)
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

Test(engine_news, a_rebuild_that_fails_is_tried_again)
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

Test(engine_news, a_rebuild_that_goes_on_failing_is_tried_less_often)
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

Test(engine_news, next_hops_reach_the_entries)
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

Test(engine_news, a_backend_that_lingers_is_followed_until_nothing_names_it)
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
Test(engine_news, a_backend_that_only_the_maps_name_is_watched_from_the_first_commit)
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
Test(engine_news, an_interface_that_backends_still_name_is_not_written_over)
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

Test(engine_news, a_program_that_came_too_late_is_not_what_stays)
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
Test(engine_news, a_first_commit_that_fails_leaves_a_program)
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

/* Healthy by the first pool's check says nothing of the second's. */
static const char two_pools[] =
	"pools: {web: {check: {type: tcp, port: 80}, backends: [{name: a, address: 10.0.0.1}]},\n"
	"        api: {check: {type: tcp, port: 81}, backends: [{name: a, address: 10.0.0.1}]}}\n"
	"services: {web: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web},\n"
	"           api: {vip: 192.0.2.1, protocol: tcp, port: 81, pool: api}}\n";

Test(engine_news, health_is_of_a_pool_and_an_address)
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
Test(engine_news, a_service_with_another_pool_keeps_its_backends)
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
