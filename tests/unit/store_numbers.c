// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Numbers of generations, and what a start is told of those that were undone.
 */
#include "state/tables.h"

#include "stored.h"

#include <criterion/criterion.h>

static char *dir;
static struct db *db;
static struct store_answer answer;

static void set_up(void)
{
	const struct store_limits limits = STORE_LIMITS;
	char notice[DB_NOTICE_MAX];

	dir = stored_directory();
	cr_assert_eq(db_open(dir, &tables_schema, &limits, &db, notice, NULL), 0);
}

static void tear_down(void)
{
	store_answer_deinit(&answer);
	db_close(db);
	stored_remove(dir);
}

TestSuite(store_numbers, .init = set_up, .fini = tear_down);

static uint64_t begin(const char *config, uint64_t least)
{
	struct generation generation = stored_generation(config);

	generation.number = least;
	store_answer_deinit(&answer);
	cr_assert_eq(table_begin(db, &generation, NULL, &answer), STORE_OK);
	return answer.number;
}

static void move(enum table_move how, uint64_t number)
{
	store_answer_deinit(&answer);
	cr_assert_eq(table_move(db, how, number, how == MOVE_TRY ? 1000 : 0, "", NULL, &answer),
		     STORE_OK);
}

static const struct recall *recall(void)
{
	store_answer_deinit(&answer);
	cr_assert_eq(table_recall(db, &answer), STORE_OK);
	return &answer.recall;
}

Test(store_numbers, at_least_what_is_asked_for_and_never_twice)
{
	static const struct {
		uint64_t least, number;
	} cases[] = {{0, 1}, {0, 2}, {7, 7}, {3, 8}, {0, 9}, {10, 10}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cr_expect_eq(begin("a", cases[i].least), cases[i].number, "case %zu", i);
		cr_expect_eq(recall()->last_number, cases[i].number);
		move(MOVE_FAIL, cases[i].number);
	}
}

static void undo(const char *config)
{
	uint64_t number = begin(config, 0);

	move(MOVE_TRY, number);
	move(MOVE_UNDO, number);
}

Test(store_numbers, the_one_undone_last_until_its_text_is_used)
{
	cr_expect_eq(recall()->undone.number, 0);
	move(MOVE_FINISH, begin("a", 0));
	undo("b");
	cr_expect_eq(recall()->undone.number, 2);
	cr_expect_null(recall()->undone.config);
	move(MOVE_FINISH, begin("c", 0));
	cr_expect_eq(recall()->undone.number, 2, "another text changes nothing");
	move(MOVE_FAIL, begin("b", 0));
	cr_expect_eq(recall()->undone.number, 2, "nor does one that was never in force");
	move(MOVE_FINISH, begin("b", 0));
	cr_expect_eq(recall()->undone.number, 0);
	move(MOVE_FINISH, begin("d", 0));
	cr_expect_eq(recall()->undone.number, 0, "superseded by now");
	undo("b");
	cr_expect_eq(recall()->undone.number, 7, "undone again");
}
