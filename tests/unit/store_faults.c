// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A disk that fails in every place, and a power cut in every place: what was answered STORE_OK is
 * there, what was not is there as a whole or not at all, and the store comes back by itself.
 */
#include "state/keeper.h"

#include "base/clock.h"
#include "base/memory.h"
#include "faulty_vfs.h"
#include "state/task.h"
#include "stored.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS 10

static char *dir;
static struct keeper keeper;
static uint64_t now_ns = NS_PER_S;

static void set_up(void)
{
	faulty_install();
	dir = stored_directory();
}

static void tear_down(void)
{
	stored_remove(dir);
}

TestSuite(store_faults, .init = set_up, .fini = tear_down);

static void start(void)
{
	int ms;

	keeper = (struct keeper){
		.dir = dir,
		.schema = &tables_schema,
		.limits = STORE_LIMITS,
		.retry_min_ms = 200,
		.retry_max_ms = 30000,
	};
	keeper.limits.slice = 4;
	keeper_idle(&keeper, now_ns, &ms);
}

/* ---- a short life, step by step ------------------------------------------------------------------- */

struct life {
	uint64_t number;	      /* of the generation that is under way */
	bool acknowledged[STEPS + 1]; /* steps from 1 */
};

static enum store_result ask_step(struct db *db, struct task *task)
{
	struct generation generation = stored_generation("services: {}\n");
	struct override override = {.pool = "web", .backend = "b1", .weight = 7};
	struct last_health health = {.pool = "web", .backend = "b1", .up = true};
	struct event_record active =
		stored_event(EVENT_COMMIT, task->limit, task->number, "active");
	struct event_record other = stored_event(EVENT_OTHER, task->limit, task->number, "other");

	switch (task->limit) {
	case 1:
	case 3:
	case 5:
	case 7: return table_begin(db, &generation, NULL, &task->answer);
	case 2: return table_move(db, MOVE_FINISH, task->number, 0, NULL, &active, &task->answer);
	case 4: return table_move(db, MOVE_FAIL, task->number, 0, "no", &other, &task->answer);
	case 6: return table_move(db, MOVE_TRY, task->number, 9, NULL, &other, &task->answer);
	case 8: return table_put_override(db, &override, &other, &task->answer);
	case 9: return table_put_health(db, &health, 1, &task->answer);
	default: return table_put_events(db, &other, 1, &task->answer);
	}
}

static enum store_result take_step(struct life *life, int step)
{
	struct task *task = task_new(ask_step, true, NULL, NULL, NULL);
	enum store_result result;

	task->limit = step;
	task->number = life->number;
	keeper_run(&keeper, task, now_ns);
	result = task->answer.result;
	if (result == STORE_OK && (step == 1 || step == 3 || step == 5))
		life->number = task->answer.number;
	task_free(task);
	return result;
}

static void live(struct life *life)
{
	int ms;

	for (int step = 1; step <= STEPS; step++) {
		life->acknowledged[step] = take_step(life, step) == STORE_OK;
		keeper_idle(&keeper, now_ns, &ms);
	}
}

/* What each step leaves behind: SQL that gives 1 when it is there, also after the steps behind it. */
static const char *const traces[STEPS + 1] = {
	[1] = "SELECT count(*) FROM generation WHERE number = 1",
	[2] = "SELECT count(*) FROM generation WHERE number = 1 AND state = 'active'",
	[3] = "SELECT count(*) FROM generation WHERE number = 2",
	[4] = "SELECT count(*) FROM generation g JOIN event e ON g.number = e.generation"
	      " WHERE number = 2 AND state = 'failed' AND e.id = 4",
	[5] = "SELECT count(*) FROM generation WHERE number = 3",
	[6] = "SELECT count(*) FROM generation g JOIN event e ON g.number = e.generation"
	      " WHERE number = 3 AND state = 'unconfirmed' AND e.id = 6",
	[8] = "SELECT count(*) FROM override JOIN event e ON e.id = 8 WHERE weight = 7",
	[9] = "SELECT up FROM health UNION SELECT 0 ORDER BY 1 DESC",
	[10] = "SELECT count(*) FROM event WHERE id = 10",
};

static void check(const struct life *life, unsigned k, const char *what)
{
	stored_look(dir);
	stored_check(dir);
	for (int step = 1; step <= STEPS; step++)
		if (traces[step] && life->acknowledged[step])
			cr_assert_eq(stored_number(dir, traces[step]), 1,
				     "%s at operation %u: step %d was acknowledged and is gone",
				     what, k, step);
	/* An event and its change: both or none. */
	cr_assert_eq(stored_number(dir, "SELECT (SELECT count(*) FROM override) ="
					" (SELECT count(*) FROM event WHERE id = 8)"),
		     1, "%s at operation %u", what, k);
	stored_look_away();
}

static void start_anew(void)
{
	stored_remove(dir);
	dir = stored_directory();
}

/* How many operations an undisturbed life has; every one of its steps is acknowledged. */
static unsigned count_operations(void)
{
	struct life life = {0};
	unsigned count;

	faulty_heal();
	start();
	live(&life);
	keeper_deinit(&keeper);
	count = faulty_operations();
	for (int step = 1; step <= STEPS; step++)
		cr_assert_eq(life.acknowledged[step], step != 7, "step %d", step);
	check(&life, 0, "no fault");
	start_anew();
	return count;
}

/* ---- faults --------------------------------------------------------------------------------------- */

static void recover(struct life *life, unsigned k)
{
	int ms;

	faulty_heal();
	now_ns += 60 * NS_PER_S;
	keeper_idle(&keeper, now_ns, &ms);
	cr_assert_not(keeper.status.degraded, "operation %u: %s", k, keeper.status.why);
	cr_assert_eq(keeper.status.asides, 0, "operation %u: %s", k, keeper.status.notice);
	life->acknowledged[10] |= take_step(life, 10) == STORE_OK;
	cr_assert(life->acknowledged[10], "operation %u", k);
}

static void fail_everywhere(int result, bool for_ever, const char *what)
{
	unsigned count = count_operations(), degraded = 0;

	cr_assert_gt(count, 20);
	for (unsigned k = 1; k <= count; k++) {
		struct life life = {0};

		faulty_fail_at(k, result, for_ever);
		start();
		live(&life);
		degraded += keeper.status.degraded;
		recover(&life, k);
		keeper_deinit(&keeper);
		check(&life, k, what);
		start_anew();
	}
	cr_expect_gt(degraded, count / 2);
}

Test(store_faults, a_full_disk_in_every_place)
{
	fail_everywhere(SQLITE_FULL, true, "full");
}

Test(store_faults, a_write_that_fails_once_in_every_place)
{
	fail_everywhere(SQLITE_IOERR_WRITE, false, "fails once");
}

Test(store_faults, a_sync_that_fails_for_good_in_every_place)
{
	fail_everywhere(SQLITE_IOERR_FSYNC, true, "fails for good");
}

/* ---- power cuts ----------------------------------------------------------------------------------- */

Test(store_faults, power_cut_in_every_place)
{
	unsigned count = count_operations();

	for (unsigned k = 1; k <= count; k++) {
		struct life life = {0};
		_cleanup_free_ char *shm = sl_printf("%s/state.db-shm", dir);
		int ms;

		faulty_watch();
		faulty_fail_at(k, SQLITE_IOERR, true);
		start();
		live(&life);
		keeper_deinit(&keeper);
		remove(shm);
		faulty_power_on();
		start();
		now_ns += 60 * NS_PER_S;
		keeper_idle(&keeper, now_ns, &ms);
		cr_assert_not(keeper.status.degraded, "operation %u: %s", k, keeper.status.why);
		cr_assert_eq(keeper.status.asides, 0, "operation %u: %s", k, keeper.status.notice);
		keeper_deinit(&keeper);
		check(&life, k, "power cut");
		start_anew();
	}
}

/* All steps done and none synced but by the store's own will: nothing acknowledged is lost. */
Test(store_faults, power_cut_after_each_step)
{
	for (int last = 1; last <= STEPS; last++) {
		_cleanup_free_ char *shm = sl_printf("%s/state.db-shm", dir);
		struct life life = {0};

		faulty_heal();
		faulty_watch();
		start();
		for (int step = 1; step <= last; step++)
			life.acknowledged[step] = take_step(&life, step) == STORE_OK;
		faulty_cut();
		keeper_deinit(&keeper);
		remove(shm);
		faulty_power_on();
		for (int step = last + 1; step <= STEPS; step++)
			life.acknowledged[step] = false;
		if (last > 1)
			cr_assert(life.acknowledged[2]);
		check(&life, last, "cut after step");
		start_anew();
	}
}

/* ---- degraded ------------------------------------------------------------------------------------- */

static enum store_result ask_recall(struct db *db, struct task *task)
{
	return table_recall(db, &task->answer);
}

static enum store_result read_all(void)
{
	struct task *task = task_new(ask_recall, false, NULL, NULL, NULL);
	enum store_result result;

	keeper_run(&keeper, task, now_ns);
	result = task->answer.result;
	task_free(task);
	return result;
}

Test(store_faults, tries_again_later_each_time_and_reads_meanwhile)
{
	struct life life = {0};
	unsigned waits = 0;
	int ms, before = 0;

	start();
	cr_assert_eq(take_step(&life, 1), STORE_OK);
	faulty_fail_at(1, SQLITE_FULL, true);
	cr_assert_eq(take_step(&life, 2), STORE_UNKNOWN);
	cr_expect(keeper.status.degraded);
	cr_expect(strstr(keeper.status.why, "full"), "%s", keeper.status.why);
	cr_expect_eq(read_all(), STORE_UNKNOWN); /* until it is opened again */
	for (keeper_idle(&keeper, now_ns, &ms); ms < 30000; keeper_idle(&keeper, now_ns, &ms)) {
		cr_assert_gt(ms, before);
		before = ms;
		now_ns += ms * NS_PER_MS;
		waits++;
	}
	cr_expect_gt(waits, 4);
	cr_expect_eq(read_all(), STORE_OK);
	cr_expect_eq(take_step(&life, 2), STORE_UNKNOWN);
	faulty_heal();
	cr_expect_eq(take_step(&life, 2), STORE_UNKNOWN); /* not before it was tried */
	now_ns += 31 * NS_PER_S;
	keeper_idle(&keeper, now_ns, &ms);
	cr_expect_eq(ms, -1);
	cr_expect_eq(take_step(&life, 2), STORE_OK);
	keeper_deinit(&keeper);
	stored_check(dir);
}

Test(store_faults, damage_that_shows_while_running_leads_to_a_fresh_one)
{
	_cleanup_free_ char *path = sl_printf("%s/state.db", dir);
	struct life life = {0};
	FILE *file;
	int ms;

	start();
	live(&life);
	keeper_deinit(&keeper);
	start();
	file = fopen(path, "r+");
	for (int i = 0; i < 20 * 4096; i++)
		fputc(0xa5, file);
	fclose(file);
	db_do(keeper.db, "PRAGMA shrink_memory", "");
	for (int i = 0; i < 3 && !keeper.status.degraded; i++)
		take_step(&life, 8);
	cr_assert(keeper.status.degraded);
	now_ns += NS_PER_S;
	keeper_idle(&keeper, now_ns, &ms);
	cr_expect_not(keeper.status.degraded, "%s", keeper.status.why);
	cr_expect_eq(keeper.status.asides, 1);
	cr_expect(strstr(keeper.status.notice, "corrupt-1"), "%s", keeper.status.notice);
	life.number = 0;
	cr_expect_eq(take_step(&life, 1), STORE_OK);
	cr_expect_eq(life.number, 1);
	keeper_deinit(&keeper);
	stored_check(dir);
}
