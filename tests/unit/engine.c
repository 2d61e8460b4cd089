/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's commits, overrides and restarts.
 */
#include "engine_site.h"

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
		cr_assert_lt(engine_commit(site.engine, config, 99, &errors), 0);
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
