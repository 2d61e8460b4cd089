// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the store answers, as its thread does it: one transaction each.
 */
#include "state/tables.h"

#include "base/memory.h"
#include "random.h"
#include "stored.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *dir;
static struct db *db;
static struct store_answer answer;

static void open_db(const struct store_limits *limits)
{
	char notice[DB_NOTICE_MAX];

	cr_assert_eq(db_open(dir, &tables_schema, limits, &db, notice, NULL), 0);
}

static void set_up(void)
{
	const struct store_limits limits = STORE_LIMITS;

	dir = stored_directory();
	open_db(&limits);
}

static void tear_down(void)
{
	store_answer_deinit(&answer);
	stored_check(dir);
	db_close(db);
	stored_remove(dir);
}

TestSuite(store_tables, .init = set_up, .fini = tear_down);

/* Each question's answer replaces the one before. */
static struct store_answer *fresh(void)
{
	store_answer_deinit(&answer);
	return &answer;
}

static uint64_t begin(const char *config)
{
	struct generation generation = stored_generation(config);

	cr_assert_eq(table_begin(db, &generation, NULL, fresh()), STORE_OK);
	return answer.number;
}

static void move(enum table_move how, uint64_t number, enum store_result wanted)
{
	struct event_record event =
		stored_event(EVENT_COMMIT, 1000 * number + how, number,
			     how == MOVE_FINISH || how == MOVE_CONFIRM ? "active" : "");

	cr_assert_eq(table_move(db, how, number, how == MOVE_TRY ? 99000 : 0, "because", &event,
				fresh()),
		     wanted, "%s", answer.errors.count ? answer.errors.list[0].what : "");
}

static void commit(const char *config)
{
	move(MOVE_FINISH, begin(config), STORE_OK);
}

static enum generation_state state_of(uint64_t number)
{
	cr_assert_eq(table_get(db, number, fresh()), STORE_OK);
	return answer.generation.state;
}

Test(store_tables, a_commit_supersedes_the_one_before)
{
	commit("a");
	commit("b");
	cr_expect_eq(state_of(1), GENERATION_SUPERSEDED);
	cr_expect_eq(state_of(2), GENERATION_ACTIVE);
	cr_expect_eq(answer.generation.parent, 1);
	cr_expect_str_eq(answer.generation.config, "b");
	cr_expect_eq(answer.generation.config_size, 1);
	cr_expect_str_eq(answer.generation.author, "uid:1000 ann");
	cr_expect_str_eq(answer.generation.reason, "a reason");
	cr_expect_str_eq(answer.generation.source, "/etc/sluice/sluice.yaml");
	/* printf b | sha256sum */
	cr_expect_str_eq(answer.generation.hash,
			 "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d");
}

Test(store_tables, what_is_tried_leaves_the_active_one_until_it_is_confirmed)
{
	commit("a");
	move(MOVE_TRY, begin("b"), STORE_OK);
	cr_expect_eq(state_of(1), GENERATION_ACTIVE);
	cr_expect_eq(state_of(2), GENERATION_UNCONFIRMED);
	cr_expect_eq(answer.generation.deadline_ms, 99000);
	move(MOVE_CONFIRM, 2, STORE_OK);
	cr_expect_eq(state_of(1), GENERATION_SUPERSEDED);
	cr_expect_eq(state_of(2), GENERATION_ACTIVE);
	cr_expect_eq(answer.generation.deadline_ms, 99000);
}

Test(store_tables, what_is_undone_or_failed_leaves_the_active_one)
{
	commit("a");
	move(MOVE_TRY, begin("b"), STORE_OK);
	move(MOVE_UNDO, 2, STORE_OK);
	cr_expect_eq(state_of(2), GENERATION_UNDONE);
	cr_expect_str_eq(answer.generation.error, "because");
	move(MOVE_FAIL, begin("c"), STORE_OK);
	cr_expect_eq(state_of(3), GENERATION_FAILED);
	cr_expect_eq(state_of(1), GENERATION_ACTIVE);
}

/* Every move from every state: only those of the table are made. */
Test(store_tables, only_the_moves_of_the_table_are_made)
{
#define X(name, from, to) {GENERATION_##from, GENERATION_##to},
	static const int moves[][2] = {TABLE_MOVES(X)};
#undef X
	static const enum table_move way[GENERATION_STATE_COUNT][3] = {
		[GENERATION_PENDING] = {MOVE_COUNT},
		[GENERATION_UNCONFIRMED] = {MOVE_TRY, MOVE_COUNT},
		[GENERATION_ACTIVE] = {MOVE_FINISH, MOVE_COUNT},
		[GENERATION_SUPERSEDED] = {MOVE_FINISH, MOVE_COUNT},
		[GENERATION_UNDONE] = {MOVE_TRY, MOVE_UNDO, MOVE_COUNT},
		[GENERATION_FAILED] = {MOVE_FAIL, MOVE_COUNT},
	};

	for (int state = 0; state < GENERATION_STATE_COUNT; state++) {
		for (int how = 0; how < MOVE_COUNT; how++) {
			uint64_t number;
			bool legal;

			db_do(db, "DELETE FROM generation", "");
			db_do(db, "DELETE FROM event", "");
			number = begin("x");
			for (int i = 0; way[state][i] != MOVE_COUNT; i++)
				move(way[state][i], number, STORE_OK);
			if (state == GENERATION_SUPERSEDED)
				commit("y");
			legal = moves[how][0] == state;
			move(how, number, legal ? STORE_OK : STORE_CONFLICT);
			cr_expect_eq((int)state_of(number), legal ? moves[how][1] : state);
			stored_check(dir);
		}
	}
	move(MOVE_FINISH, 12345, STORE_NOT_FOUND);
	cr_expect_str_eq(answer.errors.list[0].what, "there is no generation 12345");
}

Test(store_tables, one_change_at_a_time)
{
	struct generation generation = stored_generation("b");

	begin("a");
	cr_assert_eq(table_begin(db, &generation, NULL, fresh()), STORE_CONFLICT);
	cr_expect_str_eq(answer.errors.list[0].what, "generation 1 is pending: settle it first");
	move(MOVE_TRY, 1, STORE_OK);
	cr_assert_eq(table_begin(db, &generation, NULL, fresh()), STORE_CONFLICT);
	move(MOVE_CONFIRM, 1, STORE_OK);
	cr_expect_eq(begin("b"), 2);
}

Test(store_tables, the_database_itself_holds_no_two)
{
	commit("a");
	begin("b");
	db->failed = 0;
	db_do(db, "UPDATE generation SET state = 'active' WHERE number = 2", "");
	cr_expect_eq(db->failed & 0xff, SQLITE_CONSTRAINT);
	db->failed = 0;
	db_do(db, "UPDATE generation SET state = 'unconfirmed' WHERE number = 1", "");
	cr_expect_eq(db->failed & 0xff, SQLITE_CONSTRAINT);
	cr_expect_not(db->trouble);
}

Test(store_tables, a_configuration_that_is_too_big_is_refused)
{
	struct generation generation = stored_generation("12345");

	db->limits.config_bytes = 4;
	cr_assert_eq(table_begin(db, &generation, NULL, fresh()), STORE_INVALID);
	cr_expect_str_eq(answer.errors.list[0].what,
			 "the configuration has 5 bytes; 4 at most are kept");
	generation.config = "1234";
	cr_assert_eq(table_begin(db, &generation, NULL, fresh()), STORE_OK);
}

Test(store_tables, recall_tells_all_that_a_start_needs)
{
	struct override override = {.pool = "web", .backend = "b1", .admin = "drain", .weight = -1};
	struct last_health health = {.pool = "web", .backend = "b2", .since_ms = 7, .reason = "r"};
	struct event_record event = stored_event(EVENT_START, 1ull << 52, 0, "");

	cr_assert_eq(table_recall(db, fresh()), STORE_OK);
	cr_expect_eq(answer.recall.active.number, 0);
	cr_expect_eq(answer.recall.last_event, 0);
	commit("a");
	begin("b");
	cr_assert_eq(table_put_override(db, &override, NULL, fresh()), STORE_OK);
	cr_assert_eq(table_put_health(db, &health, 1, fresh()), STORE_OK);
	cr_assert_eq(table_put_events(db, &event, 1, fresh()), STORE_OK);
	cr_assert_eq(table_recall(db, fresh()), STORE_OK);
	cr_expect_eq(answer.recall.active.number, 1);
	cr_expect_str_eq(answer.recall.active.config, "a");
	cr_expect_eq(answer.recall.pending.number, 2);
	cr_expect_str_eq(answer.recall.pending.config, "b");
	cr_expect_eq(answer.recall.unconfirmed.number, 0);
	cr_expect_eq(answer.recall.n_overrides, 1);
	cr_expect_eq(memcmp(answer.recall.overrides, &override, sizeof(override)), 0);
	cr_expect_eq(answer.recall.n_health, 1);
	cr_expect_eq(memcmp(answer.recall.health, &health, sizeof(health)), 0);
	cr_expect_eq(answer.recall.last_event, 1ull << 52);
	move(MOVE_TRY, 2, STORE_OK);
	cr_assert_eq(table_recall(db, fresh()), STORE_OK);
	cr_expect_eq(answer.recall.pending.number, 0);
	cr_expect_eq(answer.recall.unconfirmed.number, 2);
	cr_expect_eq(answer.recall.unconfirmed.deadline_ms, 99000);
}

Test(store_tables, history_is_read_in_pages)
{
	uint64_t before = 0, wanted = 25;

	for (int i = 0; i < 25; i++)
		commit("x");
	do {
		cr_assert_eq(table_list(db, before, 10, fresh()), STORE_OK);
		for (size_t i = 0; i < answer.n_generations; i++) {
			cr_expect_eq(answer.generations[i].number, wanted--);
			cr_expect_null(answer.generations[i].config);
			before = answer.generations[i].number;
		}
	} while (answer.n_generations);
	cr_expect_eq(wanted, 0);
}

/* ---- limits --------------------------------------------------------------------------------------- */

static void prune_all(void)
{
	while (table_prune(db))
		;
	cr_assert_not(db->trouble);
}

/* A flood of changes that fail pushes out neither the active one nor what a rollback leads to. */
Test(store_tables, pruning_keeps_what_is_needed)
{
	struct store_limits limits = STORE_LIMITS;

	for (int i = 0; i < 6; i++)
		commit("good");
	for (int i = 0; i < 50; i++)
		move(MOVE_FAIL, begin("bad"), STORE_OK);
	limits.generations = 5;
	limits.rollbacks = 2;
	limits.slice = 7;
	db->limits = limits;
	prune_all();
	cr_expect_eq(stored_number(dir, "SELECT count(*) FROM generation"), 5 + 1 + 2);
	cr_expect_eq(state_of(6), GENERATION_ACTIVE);
	cr_expect_eq(state_of(5), GENERATION_SUPERSEDED);
	cr_expect_eq(state_of(4), GENERATION_SUPERSEDED);
	cr_expect_eq(table_get(db, 3, fresh()), STORE_NOT_FOUND);
	cr_expect_eq(begin("next"), 57); /* numbers are not given again */
}

Test(store_tables, pruning_keeps_to_bytes)
{
	struct store_limits limits = STORE_LIMITS;

	for (int i = 0; i < 20; i++)
		commit("0123456789");
	limits.generation_bytes = 75;
	limits.rollbacks = 1;
	db->limits = limits;
	prune_all();
	cr_expect_eq(stored_number(dir, "SELECT count(*) FROM generation"), 7);
	cr_expect_eq(state_of(20), GENERATION_ACTIVE);
}

Test(store_tables, events_are_pruned_by_count_and_by_age)
{
	struct event_record event;

	db->limits.events = 10;
	db->limits.slice = 3;
	for (int i = 1; i <= 40; i++) {
		event = stored_event(EVENT_LIMIT, i, 0, "");
		cr_assert_eq(table_put_events(db, &event, 1, fresh()), STORE_OK);
	}
	prune_all();
	cr_expect_eq(stored_number(dir, "SELECT count(*) FROM event"), 10);
	cr_expect_eq(stored_number(dir, "SELECT min(id) FROM event"), 31);
	event = stored_event(EVENT_LIMIT, 41, 0, "");
	event.time_ms = record_now_ms() - db->limits.event_age_ms - 1000;
	cr_assert_eq(table_put_events(db, &event, 1, fresh()), STORE_OK);
	db->limits.events = 100;
	prune_all();
	cr_expect_eq(stored_number(dir, "SELECT max(id) FROM event"), 40);
}

Test(store_tables, overrides_are_replaced_removed_and_bounded)
{
	struct override override = {.pool = "web", .backend = "b1", .admin = "drain", .weight = -1};
	struct event_record event = stored_event(EVENT_OVERRIDE, 5, 0, "drained");

	db->limits.overrides = 2;
	cr_assert_eq(table_put_override(db, &override, &event, fresh()), STORE_OK);
	override.weight = 7;
	cr_assert_eq(table_put_override(db, &override, NULL, fresh()), STORE_OK);
	record_set(override.backend, "b2");
	cr_assert_eq(table_put_override(db, &override, NULL, fresh()), STORE_OK);
	record_set(override.backend, "b3");
	cr_assert_eq(table_put_override(db, &override, NULL, fresh()), STORE_INVALID);
	cr_assert_eq(table_overrides(db, fresh()), STORE_OK);
	cr_expect_eq(answer.recall.n_overrides, 2);
	cr_expect_eq(answer.recall.overrides[0].weight, 7);
	cr_assert_eq(table_remove_override(db, "web", "b1", NULL, fresh()), STORE_OK);
	cr_assert_eq(table_remove_override(db, "web", "b1", NULL, fresh()), STORE_NOT_FOUND);
	cr_expect_str_eq(answer.errors.list[0].what, "web/b1 has no override");
	cr_assert_eq(table_put_override(db, &override, NULL, fresh()), STORE_OK);
	cr_expect_eq(stored_number(dir, "SELECT id FROM event"), 5);
}

Test(store_tables, health_is_replaced_and_bounded)
{
	struct last_health health = {.pool = "web", .since_ms = 1};

	db->limits.health = 3;
	for (int i = 0; i < 10; i++) {
		snprintf(health.backend, sizeof(health.backend), "b%d", i % 5);
		health.since_ms++;
		health.up = i == 9;
		cr_assert_eq(table_put_health(db, &health, 1, fresh()), STORE_OK);
	}
	cr_expect_eq(stored_number(dir, "SELECT count(*) FROM health"), 5);
	prune_all();
	cr_expect_eq(stored_number(dir, "SELECT count(*) FROM health"), 3);
	cr_assert_eq(table_recall(db, fresh()), STORE_OK);
	cr_expect_str_eq(answer.recall.health[2].backend, "b4");
	cr_expect(answer.recall.health[2].up);
}

/* ---- events --------------------------------------------------------------------------------------- */

Test(store_tables, events_come_back_as_they_went_in)
{
	struct event_record event = {.id = 9, .time_ms = 8, .kind = EVENT_UNDO, .generation = 7};

	record_set(event.actor, "token:ci");
	record_set(event.trace, "0123456789abcdef0123456789abcdef");
	record_set(event.object, "web/b1");
	record_set(event.text, "it's \"undone\"; \xc3\xa4");
	record_set(event.detail, "{\"after\":\"60s\"}");
	cr_assert_eq(table_put_events(db, &event, 1, fresh()), STORE_OK);
	cr_assert_eq(table_put_events(db, &event, 1, fresh()), STORE_OK); /* once more: no harm */
	cr_assert_eq(table_events(db, &(struct event_query){0}, fresh()), STORE_OK);
	cr_assert_eq(answer.n_events, 1);
	cr_expect_eq(memcmp(answer.events, &event, sizeof(event)), 0);
}

Test(store_tables, a_kind_of_another_version_is_shown_as_other)
{
	db->failed = 0;
	db_do(db, "INSERT INTO event VALUES (1, 1, 'eclipse', 0, '', '', '', 'dark', '')", "");
	cr_assert_eq(table_events(db, &(struct event_query){0}, fresh()), STORE_OK);
	cr_expect_eq(answer.events[0].kind, EVENT_OTHER);
	cr_expect_str_eq(answer.events[0].text, "dark");
}

/* Random queries against a plain walk over all events. */
Test(store_tables, queries_find_what_a_plain_walk_finds)
{
	static struct event_record all[300], wanted[300];
	struct random random = {.state = 4};

	for (int i = 0; i < 300; i++) {
		all[i] = stored_event(random_below(&random, EVENT_KIND_COUNT), 10 * i + 10, 0, "");
		all[i].time_ms = 1000 + i / 3;
	}
	cr_assert_eq(table_put_events(db, all, 300, fresh()), STORE_OK);
	for (int round = 0; round < 300; round++) {
		struct event_query query = {
			.after_id = random_below(&random, 3100),
			.since_ms = 990 + random_below(&random, 120),
			.kinds = random_one_in(&random, 3) ? 0 : random_next(&random),
			.limit = 1 + random_below(&random, 40),
			.newest = random_one_in(&random, 2),
		};
		size_t n = 0, from = 0;

		for (int i = 0; i < 300; i++)
			if (all[i].id > query.after_id && all[i].time_ms >= query.since_ms &&
			    (!query.kinds || query.kinds >> all[i].kind & 1))
				wanted[n++] = all[i];
		if (query.newest && n > query.limit)
			from = n - query.limit;
		n = n - from < query.limit ? n - from : query.limit;
		cr_assert_eq(table_events(db, &query, fresh()), STORE_OK);
		cr_assert_eq(answer.n_events, n);
		cr_assert_eq(memcmp(answer.events, wanted + from, n * sizeof(*wanted)), 0);
	}
}

/* ---- records -------------------------------------------------------------------------------------- */

Test(store_records, texts_are_cut_at_a_character)
{
	char text[6];

	memset(text, 'x', sizeof(text));
	record_set(text, "abc");
	cr_expect_eq(memcmp(text, "abc\0\0\0", 6), 0);
	record_set(text, "abcdef");
	cr_expect_str_eq(text, "abcde");
	record_set(text, "abcd\xc3\xa4"); /* ends behind the room */
	cr_expect_str_eq(text, "abcd");
	record_set(text, "ab\xe2\x82\xac");
	cr_expect_str_eq(text, "ab\xe2\x82\xac");
	record_set(text, NULL);
	cr_expect_str_empty(text);
}

Test(store_records, words_lead_back)
{
	for (int i = 0; i < EVENT_KIND_COUNT; i++)
		cr_expect_eq((int)event_kind_find(event_kind_word(i)), i);
	for (int i = 0; i < GENERATION_STATE_COUNT; i++)
		cr_expect_eq((int)generation_state_find(generation_state_word(i)), i);
	cr_expect_eq(event_kind_find("nothing"), EVENT_KIND_COUNT);
	cr_expect_eq(generation_state_find("Active"), GENERATION_STATE_COUNT);
}
