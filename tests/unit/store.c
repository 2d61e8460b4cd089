// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The store as the loop sees it: answers, its own state, beginning and end.
 */
#include "state/store.h"

#include "base/log.h"
#include "base/memory.h"
#include "faulty_vfs.h"
#include "state/events.h"
#include "state/health_batch.h"
#include "state/jobs.h"
#include "stored.h"

#include <criterion/criterion.h>
#include <event2/event.h>
#include <sqlite3.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *dir;
static struct event_base *base;
static struct store *store;
static struct store_answer recall;

static void start(void)
{
	struct store_options options = STORE_OPTIONS(dir);
	struct sl_errors errors = {0};

	options.retry_min_ms = 10;
	options.retry_max_ms = 20;
	store_answer_deinit(&recall);
	cr_assert_eq(store_new(base, &options, &store, &recall, &errors), 0, "%s",
		     errors.count ? errors.list[0].what : "");
}

static void stop(void)
{
	store_free(store);
	store = NULL;
}

static void set_up(void)
{
	faulty_install();
	log_set_level(LOG_LEVEL_ERROR);
	dir = stored_directory();
	base = event_base_new();
	start();
}

static void tear_down(void)
{
	stop();
	store_answer_deinit(&recall);
	event_base_free(base);
	stored_remove(dir);
}

TestSuite(store, .init = set_up, .fini = tear_down, .timeout = 60);

/* ---- asking and waiting --------------------------------------------------------------------------- */

static struct {
	unsigned count;
	enum store_result result;
	uint64_t number;
	char what[256];
	struct generation generation;
} got;

static void on_answer(void *context, struct store_answer *answer)
{
	got.count++;
	got.result = answer->result;
	got.number = answer->number;
	record_set(got.what, answer->errors.count ? answer->errors.list[0].what : "");
	generation_deinit(&got.generation);
	got.generation = answer->generation;
	memset(&answer->generation, 0, sizeof(answer->generation));
}

static void wait_for(unsigned count)
{
	while (got.count < count)
		event_base_loop(base, EVLOOP_ONCE);
}

/* Asks and waits. */
#define ask(call, ...)                                                                             \
	do {                                                                                       \
		unsigned before_ = got.count;                                                      \
		cr_assert_eq(call(store, ##__VA_ARGS__, on_answer, NULL, NULL), 0);                \
		cr_assert_eq(got.count, before_); /* never from within */                          \
		wait_for(before_ + 1);                                                             \
	} while (0)

static void commit(const char *config)
{
	struct generation generation = stored_generation(config);
	struct event_record event;

	ask(store_begin, &generation, NULL);
	cr_assert_eq(got.result, STORE_OK, "%s", got.what);
	event = stored_event(EVENT_COMMIT, 100 + got.number, got.number, "active");
	ask(store_finish, got.number, 0, &event);
	cr_assert_eq(got.result, STORE_OK, "%s", got.what);
}

static void wait_degraded(bool wanted)
{
	struct store_status status;
	struct override override = {.pool = "web"};

	for (store_status(store, &status); status.degraded != wanted;
	     store_status(store, &status)) {
		if (wanted)
			ask(store_put_override, &override, NULL);
		else
			event_base_loop(base, EVLOOP_ONCE);
	}
}

/* ---- the way of a change -------------------------------------------------------------------------- */

Test(store, a_commit_with_confirm_over_a_restart)
{
	struct generation generation = stored_generation("second");
	struct event_record event = stored_event(EVENT_CONFIRM, 900, 2, "active");

	cr_expect_eq(recall.result, STORE_OK);
	cr_expect_eq(recall.recall.active.number, 0);
	commit("first");
	ask(store_begin, &generation, NULL);
	ask(store_finish, got.number, 4711, NULL);
	cr_expect_eq(got.result, STORE_OK);
	stop();
	start();
	cr_expect_eq(recall.recall.active.number, 1);
	cr_expect_str_eq(recall.recall.active.config, "first");
	cr_expect_eq(recall.recall.unconfirmed.number, 2);
	cr_expect_eq(recall.recall.unconfirmed.deadline_ms, 4711);
	cr_expect_str_eq(recall.recall.unconfirmed.config, "second");
	cr_expect_eq(recall.recall.last_event, 101);
	ask(store_confirm, 2, &event);
	cr_expect_eq(got.result, STORE_OK);
	ask(store_undo, 2, "late", NULL);
	cr_expect_eq(got.result, STORE_CONFLICT);
	cr_expect_str_eq(got.what, "generation 2 is active, not unconfirmed");
	ask(store_get, 1);
	cr_expect_eq(got.generation.state, GENERATION_SUPERSEDED);
	cr_expect_str_eq(got.generation.config, "first");
	ask(store_get, 7);
	cr_expect_eq(got.result, STORE_NOT_FOUND);
	generation_deinit(&got.generation);
	stored_check(dir);
}

Test(store, overrides_and_health_over_a_restart)
{
	struct override override = {.pool = "web", .backend = "b1", .admin = "drain", .weight = -1};
	struct last_health health = {.pool = "web", .backend = "b1", .up = true, .reason = "200"};

	ask(store_put_override, &override, NULL);
	cr_expect_eq(got.result, STORE_OK);
	ask(store_remove_override, "web", "b9", NULL);
	cr_expect_eq(got.result, STORE_NOT_FOUND);
	ask(store_overrides);
	cr_expect_eq(got.result, STORE_OK);
	store_note_health(store, &health);
	health.up = false;
	store_note_health(store, &health);
	stop();
	start();
	cr_expect_eq(recall.recall.n_overrides, 1);
	cr_expect_str_eq(recall.recall.overrides[0].admin, "drain");
	cr_expect_eq(recall.recall.n_health, 1);
	cr_expect_not(recall.recall.health[0].up);
}

/* The one that is noted is written by itself, once, with the others. */
Test(store, health_is_written_lazily)
{
	struct last_health health = {.pool = "web", .backend = "b1", .up = true};

	store_note_health(store, &health);
	cr_expect_eq(stored_number(dir, "SELECT count(*) FROM health"), 0);
	while (!stored_number(dir, "SELECT count(*) FROM health"))
		event_base_loop(base, EVLOOP_ONCE);
}

/* ---- the end -------------------------------------------------------------------------------------- */

static void on_answer_ask_again(void *context, struct store_answer *answer)
{
	struct event_record event = stored_event(EVENT_STOP, 50, 0, "");

	got.count++;
	cr_assert_eq(store_put_events(store, &event, 1, on_answer, NULL, NULL), 0);
}

Test(store, the_end_answers_all_and_what_the_answers_ask)
{
	struct generation generation = stored_generation("x");

	for (int i = 0; i < 100; i++)
		cr_assert_eq(store_list(store, 0, 1, on_answer, NULL, NULL), 0);
	cr_assert_eq(store_begin(store, &generation, NULL, on_answer_ask_again, NULL, NULL), 0);
	stop();
	cr_expect_eq(got.count, 102);
	cr_expect_eq(stored_number(dir, "SELECT count(*) FROM generation"), 1);
	cr_expect_eq(stored_number(dir, "SELECT count(*) FROM event WHERE id = 50"), 1);
	start();
}

/* A lock that another holds keeps the thread busy, and the loop goes on taking until it is full. */
Test(store, what_is_too_much_is_refused_and_counted)
{
	_cleanup_free_ char *path = sl_printf("%s/state.db", dir);
	struct sl_errors errors = {0};
	struct override override = {.pool = "web", .weight = 1};
	struct store_status status;
	unsigned taken = 0;
	sqlite3 *other;

	cr_assert_eq(sqlite3_open(path, &other), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	while (!store_put_override(store, &override, NULL, on_answer, NULL, &errors))
		taken++;
	cr_expect_eq(taken, JOBS_MAX);
	cr_expect_eq(got.count, 0);
	cr_expect_str_eq(errors.list[0].what, "too much is waiting for the disk: try again");
	sl_errors_deinit(&errors);
	sqlite3_close(other);
	wait_for(taken);
	store_status(store, &status);
	cr_expect_eq(status.refused, 1);
	cr_expect_eq(status.waiting, 0);
	cr_expect_eq(got.result, STORE_OK);
}

/* ---- trouble -------------------------------------------------------------------------------------- */

static struct {
	unsigned calls;
	bool degraded;
} seen;

static void on_status(void *context, const struct store_status *status)
{
	seen.calls++;
	cr_expect_neq(seen.degraded, status->degraded);
	seen.degraded = status->degraded;
}

Test(store, goes_on_without_the_disk_and_comes_back)
{
	struct override override = {.pool = "web", .backend = "b1"};
	struct event_record event = stored_event(EVENT_OVERRIDE, 5, 0, "");
	struct last_health health = {.pool = "web", .backend = "b1", .up = true};
	struct store_status status;

	log_set_level(-1);
	store_watch(store, on_status, NULL);
	commit("first");
	faulty_fail_at(1, SQLITE_FULL, true);
	ask(store_put_override, &override, &event);
	cr_expect_eq(got.result, STORE_UNKNOWN);
	wait_degraded(true);
	ask(store_put_override, &override, NULL);
	cr_expect_eq(got.result, STORE_UNKNOWN);
	cr_expect(strstr(got.what, "degraded: "), "%s", got.what);
	cr_expect(strstr(got.what, "full"), "%s", got.what);
	store_status(store, &status);
	cr_expect_gt(status.unknown, 1);
	cr_expect_eq(status.events_lost, 1);
	cr_expect(strstr(status.why, "full"));
	store_note_health(store, &health);
	cr_expect_eq(seen.calls, 1);
	faulty_heal();
	wait_degraded(false);
	cr_expect_eq(seen.calls, 2);
	ask(store_put_override, &override, &event);
	cr_expect_eq(got.result, STORE_OK);
	ask(store_get, 1);
	cr_expect_eq(got.generation.state, GENERATION_ACTIVE);
	generation_deinit(&got.generation);
	stop();
	cr_expect_eq(stored_number(dir, "SELECT count(*) FROM health"), 1);
	start();
}

Test(store, begins_degraded_where_there_is_no_directory)
{
	struct store_options options = STORE_OPTIONS("/nonexistent");
	struct store_answer answer;
	struct store_status status;
	struct store *other;

	log_set_level(-1);
	cr_assert_eq(store_new(base, &options, &other, &answer, NULL), 0);
	cr_expect_eq(answer.result, STORE_UNKNOWN);
	cr_expect_str_eq(answer.errors.list[0].what,
			 "degraded: /nonexistent/state.db: No such file or directory");
	store_status(other, &status);
	cr_expect(status.degraded);
	store_answer_deinit(&answer);
	store_free(other);
}

Test(store, a_newer_database_is_refused)
{
	_cleanup_free_ char *path = sl_printf("%s/state.db", dir);
	struct store_options options = STORE_OPTIONS(dir);
	struct sl_errors errors = {0};
	struct store_answer answer;
	struct store *other;
	sqlite3 *db;

	log_set_level(-1);
	stop();
	sqlite3_open(path, &db);
	sqlite3_exec(db, "PRAGMA user_version = 9", NULL, NULL, NULL);
	sqlite3_close(db);
	cr_assert_lt(store_new(base, &options, &other, &answer, &errors), 0);
	cr_expect(strstr(errors.list[0].what, "has version 9, and this program knows"));
	sl_errors_deinit(&errors);
}

/* ---- parts ---------------------------------------------------------------------------------------- */

static void add_health(struct health_batch *batch, const char *pool, const char *backend, int since)
{
	struct last_health health = {.since_ms = since};

	record_set(health.pool, pool);
	record_set(health.backend, backend);
	health_batch_add(batch, &health);
}

Test(store_health, the_last_word_on_each_backend_goes)
{
	_cleanup_(health_batch_deinit) struct health_batch batch = {0};
	_cleanup_free_ struct last_health *list = NULL, *again = NULL;
	size_t count, count_again;

	cr_expect_null(health_batch_take(&batch, &count));
	for (int i = 0; i < 1000; i++)
		add_health(&batch, i % 2 ? "a" : "b", i % 3 ? "x" : "y", i);
	list = health_batch_take(&batch, &count);
	cr_assert_eq(count, 4);
	for (size_t i = 0; i < count; i++)
		cr_expect_geq(list[i].since_ms, 994);
	add_health(&batch, "a", "x", 2000);
	health_batch_return(&batch, list, count);
	again = health_batch_take(&batch, &count_again);
	cr_assert_eq(count_again, 4);
	cr_expect_eq(again[0].since_ms, 2000);
	cr_expect_str_eq(again[0].pool, "a");
	cr_expect_str_eq(again[0].backend, "x");
}

Test(store_health, is_bounded_by_backends_and_counts_what_is_lost)
{
	_cleanup_(health_batch_deinit) struct health_batch batch = {0};
	char name[16];

	for (int i = 0; i < 3 * HEALTH_BATCH_MAX; i++) {
		snprintf(name, sizeof(name), "b%d", i % 100);
		add_health(&batch, "web", name, i);
	}
	cr_expect_eq(batch.lost, 0);
	cr_expect_leq(batch.room, 256);
	for (int i = 0; i < HEALTH_BATCH_MAX + 5; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		add_health(&batch, "web", name, i);
	}
	cr_expect_eq(batch.lost, 105);
	cr_expect_eq(batch.count, HEALTH_BATCH_MAX);
}
