/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes over the real engine and the real store: the maps are memory that fails when told to, the
 * disk is a real one that fails when told to.
 */
#include "change/change.h"
#include "fake_dataplane.h"
#include "faulty_vfs.h"
#include "state/events.h"
#include "state/store.h"
#include "stored.h"

#include "base/memory.h"
#include "config/read.h"
#include "config/write.h"

#include <criterion/criterion.h>
#include <event2/event.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct site {
	char *dir;
	bool store_is_truth;
	struct event_base *base;
	struct dataplane *dataplane;
	struct engine *engine;
	struct store *store;
	struct events *events;
	struct change *change;
	bool dying; /* with the next commit, the disk gets nothing more */
};

static const char head[] = "capacity: {services: 512, backends: 4096, slots: 262144, flows: 1024}\n"
			   "interfaces: {eth0: {}}\n";
static const char first[] =
	"pools: {web: {backends: [{name: a, address: 10.0.0.1},"
	" {name: b, address: 10.0.0.2}]}}\n"
	"services: {web: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web}}\n";
static const char second[] =
	"pools: {web: {backends: [{name: a, address: 10.0.0.1}, {name: c, address: 10.0.0.3}]}}\n"
	"services: {web: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web},\n"
	"           six: {vip: '2001:db8::1', protocol: udp, port: any, pool: web}}\n";
static const char third[] =
	"pools: {web: {backends: [{name: d, address: 10.0.0.4}]}}\n"
	"services: {web: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web}}\n";

static struct config *read_config(const char *rest)
{
	_cleanup_free_ char *text = sl_printf("%s%s", head, rest);
	struct config *config = NULL;

	cr_assert_eq(config_read("test", text, strlen(text), &config, NULL), 0);
	return config;
}

static void on_committed(void *context, const struct config *config)
{
	struct site *site = context;

	if (site->dying)
		faulty_cut();
}

static void on_watch(void *context, const struct address *addresses, size_t count)
{
}

/* ---- the daemon, in small -------------------------------------------------------------------------- */

static void begin(struct site *site, const char *file)
{
	const struct engine_listener listener = {
		.committed = on_committed, .watch = on_watch, .context = site};
	struct store_options store = STORE_OPTIONS(site->dir);
	struct change_options options = {.store_is_truth = site->store_is_truth,
					 .file = "/etc/sluice/sluice.yaml"};
	struct store_answer recall;

	store.retry_min_ms = store.retry_max_ms = 20;
	site->base = event_base_new();
	cr_assert_eq(store_new(site->base, &store, &site->store, &recall, NULL), 0);
	site->events = events_new(site->base, site->store, recall.recall.last_event);
	cr_assert_eq(engine_new(site->base, site->dataplane, &listener, &site->engine, NULL), 0);
	options.engine = site->engine;
	options.store = site->store;
	options.events = site->events;
	cr_assert_eq(
		change_new(site->base, &options, read_config(file), &recall, &site->change, NULL),
		0);
	store_answer_deinit(&recall);
}

static void end(struct site *site)
{
	change_close(site->change);
	store_free(site->store);
	change_free(site->change);
	events_free(site->events);
	engine_free(site->engine);
	event_base_free(site->base);
}

static struct site open_site(bool store_is_truth)
{
	struct config_capacity capacity = {
		.services = 512, .backends = 4096, .slots = 262144, .flows = 1024};
	struct site site = {.dir = stored_directory(), .store_is_truth = store_is_truth};

	faulty_install();
	cr_assert_eq(dataplane_open(NULL, &capacity, NULL, NULL, &site.dataplane, NULL), 0);
	begin(&site, first);
	return site;
}

static void close_site(struct site *site)
{
	end(site);
	dataplane_close(site->dataplane);
	stored_remove(site->dir);
}

/* ---- requests -------------------------------------------------------------------------------------- */

struct heard {
	unsigned times;
	enum change_result result;
	uint64_t generation;
	bool same;
	char why[256];
};

static void on_done(void *context, struct change_answer *answer)
{
	struct heard *heard = context;

	heard->times++;
	heard->result = answer->result;
	heard->generation = answer->generation;
	heard->same = answer->same;
	cr_expect(answer->result == CHANGE_DONE
			  ? !answer->errors.count
			  : answer->result == CHANGE_UNRECORDED || answer->errors.count,
		  "result %d has %zu errors", answer->result, answer->errors.count);
	if (answer->errors.count)
		record_set(heard->why, answer->errors.list[0].what);
}

static void ask(struct site *site, enum change_kind kind, const char *text, uint32_t confirm_ms,
		struct heard *heard)
{
	struct change_request request = CHANGE_REQUEST(kind);

	request.desired = text ? read_config(text) : NULL;
	request.confirm_ms = confirm_ms;
	record_set(request.author, "uid:1 ann");
	record_set(request.source, "test");
	change_submit(site->change, &request, on_done, heard);
}

static struct heard ask_and_wait(struct site *site, enum change_kind kind, const char *text,
				 uint32_t confirm_ms)
{
	struct heard heard = {0};

	ask(site, kind, text, confirm_ms, &heard);
	while (!heard.times)
		event_base_loop(site->base, EVLOOP_ONCE);
	cr_assert_eq(heard.times, 1);
	return heard;
}

/* A question that changes nothing is answered when all before it is done. */
static void come_to_rest(struct site *site)
{
	ask_and_wait(site, CHANGE_CONFIRM, NULL, 0);
}

/* ---- what must hold -------------------------------------------------------------------------------- */

static char *text_in_force(const struct site *site)
{
	return config_write(engine_config(site->engine));
}

static bool agrees(const struct site *site)
{
	return stored_number(site->dir, "SELECT count(*) FROM generation WHERE state IN"
					" ('pending', 'unconfirmed')") == 0 &&
	       (uint64_t)stored_number(site->dir, "SELECT ifnull(max(number), 0) FROM generation"
						  " WHERE state = 'active'") ==
		       engine_generation(site->engine);
}

static void expect_agreement(const struct site *site)
{
	_cleanup_free_ char *maps = text_in_force(site);
	_cleanup_free_ char *stored =
		stored_text(site->dir, "SELECT config FROM generation WHERE state = 'active'");

	cr_expect_str_eq(maps, stored);
	cr_expect_eq(engine_generation(site->engine),
		     (uint64_t)stored_number(site->dir, "SELECT number FROM generation"
							" WHERE state = 'active'"));
	cr_expect_eq(stored_number(site->dir, "SELECT count(*) FROM generation WHERE state IN"
					      " ('pending', 'unconfirmed')"),
		     0);
}

static long count_events(const struct site *site, const char *kind)
{
	_cleanup_free_ char *sql = sl_printf("SELECT count(*) FROM event WHERE kind = '%s'", kind);

	return stored_number(site->dir, sql);
}

/* ---- one change ------------------------------------------------------------------------------------ */

Test(change, is_in_force_and_on_the_disk_when_answered)
{
	struct site site = open_site(false);
	struct heard heard = ask_and_wait(&site, CHANGE_APPLY, second, 0);

	cr_expect_eq(heard.result, CHANGE_DONE);
	cr_expect_eq(heard.generation, 2);
	cr_expect_eq(engine_config(site.engine)->n_services, 2);
	expect_agreement(&site);
	cr_expect_eq(count_events(&site, "commit"), 2);
	heard = ask_and_wait(&site, CHANGE_APPLY, second, 0);
	cr_expect(heard.same && heard.generation == 2, "the same is no new generation");
	close_site(&site);
}

Test(change, which_the_maps_refuse_has_failed)
{
	struct site site = open_site(true);
	unsigned n = 1, failed = 0;

	come_to_rest(&site);
	for (;; n++) {
		_cleanup_free_ void *before = NULL, *after = NULL;
		size_t size, size_after;
		struct heard heard;

		before = fake_bytes(site.dataplane, &size);
		fake_fail_at(site.dataplane, n);
		heard = ask_and_wait(&site, CHANGE_APPLY, second, 0);
		fake_fail_at(site.dataplane, 0);
		if (heard.result == CHANGE_DONE)
			break;
		after = fake_bytes(site.dataplane, &size_after);
		cr_assert_eq(heard.result, CHANGE_FAILED);
		cr_expect_eq(heard.generation, 1);
		cr_expect_arr_eq(before, after, size);
		expect_agreement(&site);
		failed++;
	}
	cr_expect_gt(failed, 5);
	cr_expect_eq(count_events(&site, "commit_failed"), failed);
	cr_expect_eq(stored_number(site.dir, "SELECT count(*) FROM generation WHERE"
					     " state = 'failed' AND error != ''"),
		     failed);
	expect_agreement(&site);
	close_site(&site);
}

Test(change, waits_for_its_turn_or_is_refused)
{
	struct site site = open_site(false);
	struct heard heard[CHANGE_QUEUE + 1] = {0};
	size_t done = 0;

	come_to_rest(&site);
	for (size_t i = 0; i <= CHANGE_QUEUE; i++)
		ask(&site, CHANGE_APPLY, i % 2 ? first : second, 0, &heard[i]);
	cr_expect_eq(heard[CHANGE_QUEUE].result, CHANGE_UNAVAILABLE);
	cr_expect(strstr(heard[CHANGE_QUEUE].why, "too many changes wait"));
	while (!heard[CHANGE_QUEUE - 1].times)
		event_base_loop(site.base, EVLOOP_ONCE);
	for (size_t i = 0; i < CHANGE_QUEUE; i++) {
		cr_expect_eq(heard[i].times, 1);
		cr_expect_eq(heard[i].result, CHANGE_DONE);
		cr_expect_eq(heard[i].generation, 2 + done++, "in the order of asking");
	}
	expect_agreement(&site);
	close_site(&site);
}

Test(change, is_answered_when_the_daemon_ends)
{
	struct site site = open_site(false);
	struct heard heard[3] = {0};

	come_to_rest(&site);
	ask(&site, CHANGE_APPLY, second, 0, &heard[0]);
	ask(&site, CHANGE_APPLY, third, 0, &heard[1]);
	ask(&site, CHANGE_ROLLBACK, NULL, 0, &heard[2]);
	end(&site);
	for (size_t i = 0; i < sl_count(heard); i++)
		cr_expect_eq(heard[i].times, 1, "request %zu: %u answers", i, heard[i].times);
	cr_expect_eq(heard[0].result, CHANGE_DONE, "it was under way");
	cr_expect_eq(heard[1].result, CHANGE_UNAVAILABLE);
	begin(&site, second);
	come_to_rest(&site);
	cr_expect_eq(engine_generation(site.engine), 2);
	close_site(&site);
}

/* ---- a disk that fails ------------------------------------------------------------------------------ */

/* Once the store has recovered. */
static void confirm_at_last(struct site *site)
{
	while (ask_and_wait(site, CHANGE_CONFIRM, NULL, 0).result == CHANGE_UNAVAILABLE)
		usleep(1000);
}

static void wait_for_agreement(struct site *site)
{
	for (int i = 0; i < 5000 && !agrees(site); i++) {
		event_base_loop(site->base, EVLOOP_NONBLOCK);
		usleep(1000);
	}
}

/* True: the k-th operation of a change was made to fail. */
static bool change_with_failing_disk(bool store_is_truth, unsigned k, uint32_t confirm_ms)
{
	struct site site = open_site(store_is_truth);
	struct heard heard;
	bool failed;

	come_to_rest(&site);
	faulty_fail_at(k, SQLITE_IOERR, true);
	heard = ask_and_wait(&site, CHANGE_APPLY, second, confirm_ms);
	failed = faulty_operations() >= k;
	if (failed && heard.result != CHANGE_DONE) {
		cr_expect_eq(heard.result,
			     store_is_truth || confirm_ms ? heard.result : CHANGE_UNRECORDED);
		if (heard.result == CHANGE_UNAVAILABLE)
			cr_expect_eq(engine_config(site.engine)->n_services, 1,
				     "nothing has changed");
		else
			cr_expect_eq(engine_config(site.engine)->n_services, 2);
	}
	faulty_heal();
	if (confirm_ms && heard.result == CHANGE_DONE)
		confirm_at_last(&site);
	wait_for_agreement(&site);
	expect_agreement(&site);
	close_site(&site);
	return failed;
}

static void change_with_any_failure(bool store_is_truth, uint32_t confirm_ms)
{
	unsigned k = 1;

	while (change_with_failing_disk(store_is_truth, k, confirm_ms))
		k++;
	cr_expect_gt(k, 4, "only %u operations were made to fail", k - 1);
}

Test(change, goes_on_without_the_store_where_the_file_is_the_truth)
{
	change_with_any_failure(false, 0);
}

Test(change, is_all_or_nothing_where_the_store_is_the_truth)
{
	change_with_any_failure(true, 0);
}

Test(change, on_trial_is_refused_without_the_store)
{
	change_with_any_failure(false, 60000);
}

/* ---- a crash in the middle of the maps -------------------------------------------------------------- */

/* The maps hold what the engine takes them to hold, and nothing is left to be done. */
static void expect_converged(const struct site *site)
{
	const struct world *is = engine_world(site->engine);
	struct engine_preview preview;
	struct world maps;

	world_init(&maps, is->size);
	cr_assert_eq(dataplane_read(site->dataplane, &maps, NULL), 0);
	cr_assert_eq(maps.n_vips, is->n_vips);
	for (size_t i = 0; i < maps.n_vips; i++)
		cr_expect_eq(vip_compare(&maps.vips[i], &is->vips[i]), 0);
	cr_expect_arr_eq(maps.services, is->services, is->size.services * sizeof(*is->services));
	cr_expect_arr_eq(maps.backends, is->backends, is->size.backends * sizeof(*is->backends));
	cr_expect_arr_eq(maps.slots, is->slots,
			 (size_t)is->size.chunks * SLOTS_PER_CHUNK * sizeof(*is->slots));
	world_deinit(&maps);
	cr_assert_eq(engine_preview(site->engine, engine_config(site->engine), &preview, NULL), 0);
	cr_expect_eq(preview.plan.count, 0, "%zu steps are left", preview.plan.count);
	engine_preview_deinit(&preview);
}

/* The maps get the first n - 1 steps of a change, the disk nothing after it. False: it has fewer. */
static bool crash_at_step(bool store_is_truth, unsigned n, uint32_t confirm_ms)
{
	struct site site = open_site(store_is_truth);
	struct heard heard = {0};
	unsigned steps;

	come_to_rest(&site);
	faulty_watch();
	steps = fake_steps(site.dataplane);
	fake_freeze_at(site.dataplane, n);
	site.dying = true;
	ask(&site, CHANGE_APPLY, second, confirm_ms, &heard);
	while (!heard.times)
		event_base_loop(site.base, EVLOOP_ONCE);
	steps = fake_steps(site.dataplane) - steps;
	end(&site);
	cr_expect_neq(heard.result, CHANGE_DONE, "the disk has nothing of it");
	faulty_power_on();
	fake_freeze_at(site.dataplane, 0);
	site.dying = false;
	begin(&site, store_is_truth ? first : second);
	come_to_rest(&site);
	expect_agreement(&site);
	expect_converged(&site);
	cr_expect_eq(engine_config(site.engine)->n_services, store_is_truth ? 1 : 2);
	close_site(&site);
	return n <= steps;
}

/* At every step, or at every so many: a life takes a grace period or two. */
static void crash_at_any_step(bool store_is_truth, uint32_t confirm_ms, unsigned stride)
{
	unsigned n = 1;

	while (crash_at_step(store_is_truth, n, confirm_ms))
		n += stride;
	cr_expect_gt(n, 10, "only %u steps", n - 1);
}

Test(change, cut_off_between_two_steps_is_made_good_by_the_next_start)
{
	crash_at_any_step(true, 0, 1);
	crash_at_any_step(false, 0, 7);
	crash_at_any_step(true, 60000, 7);
}

/* ---- trials and the way back ------------------------------------------------------------------------ */

Test(change, not_confirmed_is_undone)
{
	struct site site = open_site(false);
	struct change_view view;

	ask_and_wait(&site, CHANGE_APPLY, second, CHANGE_CONFIRM_MIN_MS);
	cr_expect_eq(ask_and_wait(&site, CHANGE_APPLY, third, 0).result, CHANGE_IN_TRIAL);
	do {
		event_base_loop(site.base, EVLOOP_ONCE);
		change_view(site.change, &view);
	} while (view.unconfirmed);
	come_to_rest(&site);
	cr_expect_eq(engine_generation(site.engine), 1);
	cr_expect_eq(engine_config(site.engine)->n_services, 1);
	expect_agreement(&site);
	cr_expect_eq(count_events(&site, "undo"), 1);
	close_site(&site);
}

Test(change, rolls_back_to_any_generation)
{
	struct site site = open_site(false);

	ask_and_wait(&site, CHANGE_APPLY, second, 0);
	ask_and_wait(&site, CHANGE_APPLY, third, 0);
	cr_expect_eq(ask_and_wait(&site, CHANGE_ROLLBACK, NULL, 0).generation, 4);
	cr_expect_eq(engine_config(site.engine)->n_services, 2, "the one before was `second`");
	cr_expect_eq(ask_and_wait(&site, CHANGE_ROLLBACK, NULL, 0).generation, 5);
	cr_expect_eq(engine_config(site.engine)->n_services, 1, "and before that, `third`");
	expect_agreement(&site);
	cr_expect_eq(count_events(&site, "rollback"), 2);
	close_site(&site);
}

/* What is fixed at the start stays as the file has it, whatever the store's text says. */
Test(change, of_the_store_fits_what_the_file_fixes)
{
	struct site site = open_site(true);
	static const char with_metrics[] =
		"api: {metrics: 127.0.0.1:9440}\n"
		"pools: {web: {backends: [{name: a, address: 10.0.0.1}]}}\n"
		"services: {web: {vip: 192.0.2.1, protocol: tcp, port: 80, pool: web}}\n";

	ask_and_wait(&site, CHANGE_APPLY, second, 0);
	end(&site);
	begin(&site, with_metrics);
	come_to_rest(&site);
	cr_expect_eq(engine_config(site.engine)->n_services, 2);
	cr_expect_eq(engine_config(site.engine)->api.metrics_port, 9440);
	cr_expect_eq(engine_generation(site.engine), 3, "it is another text");
	expect_agreement(&site);
	cr_expect_eq(ask_and_wait(&site, CHANGE_APPLY, third, 0).result, CHANGE_INVALID,
		     "it would need a restart");
	close_site(&site);
}
