// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The database file: made, migrated, refused, moved aside.
 */
#include "state/tables.h"

#include "base/memory.h"
#include "stored.h"

#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *dir;
static char notice[DB_NOTICE_MAX];

static void make_dir(void)
{
	dir = stored_directory();
}

static void remove_dir(void)
{
	stored_remove(dir);
}

TestSuite(store_db, .init = make_dir, .fini = remove_dir);

static struct db *open_with(const struct db_schema *schema)
{
	const struct store_limits limits = STORE_LIMITS;
	struct sl_errors errors = {0};
	struct db *db = NULL;

	cr_assert_eq(db_open(dir, schema, &limits, &db, notice, &errors), 0, "%s",
		     errors.count ? errors.list[0].what : "");
	cr_assert_eq(errors.count, 0);
	return db;
}

static void refuse(int wanted, const char *part)
{
	const struct store_limits limits = STORE_LIMITS;
	struct sl_errors errors = {0};
	struct db *db = NULL;
	int err = db_open(dir, &tables_schema, &limits, &db, notice, &errors);

	cr_assert_eq(err > 0 ? err : err < 0 ? -1 : 0, wanted);
	cr_assert_null(db);
	cr_assert_eq(errors.count, 1);
	cr_expect(strstr(errors.list[0].what, part), "%s", errors.list[0].what);
	cr_expect(strstr(errors.list[0].where, "/state.db"), "%s", errors.list[0].where);
	sl_errors_deinit(&errors);
}

static void execute(const char *sql)
{
	_cleanup_free_ char *path = sl_printf("%s/state.db", dir);
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
	sqlite3_close(db);
}

static bool exists(const char *name)
{
	_cleanup_free_ char *path = sl_printf("%s/%s", dir, name);

	return !access(path, F_OK);
}

static void scribble(const char *name, long offset, size_t size)
{
	_cleanup_free_ char *path = sl_printf("%s/%s", dir, name), *bytes = sl_calloc(1, size);
	int fd = open(path, O_RDWR | O_CREAT, 0600);

	memset(bytes, 0xa5, size);
	cr_assert_eq(pwrite(fd, bytes, size, offset), (ssize_t)size);
	close(fd);
}

static void begin_one(struct db *db, const char *text)
{
	struct generation generation = stored_generation(text);
	struct store_answer answer = {0};

	cr_assert_eq(table_begin(db, &generation, NULL, &answer), STORE_OK);
	store_answer_deinit(&answer);
}

Test(store_db, is_durable_and_private)
{
	_cleanup_free_ char *path = sl_printf("%s/state.db", dir), *mode = NULL;
	struct db *db = open_with(&tables_schema);
	struct stat about;

	cr_expect_eq(db_number(db, "PRAGMA synchronous", ""), 2);
	cr_expect_eq(db_number(db, "PRAGMA foreign_keys", ""), 1);
	mode = stored_text(dir, "PRAGMA journal_mode");
	cr_expect_str_eq(mode, "wal");
	cr_expect_eq(stored_number(dir, "PRAGMA user_version"), tables_schema.n_steps);
	cr_assert_eq(stat(path, &about), 0);
	cr_expect_eq(about.st_mode & 0777, 0600);
	cr_expect_str_empty(notice);
	db_close(db);
	db = open_with(&tables_schema);
	cr_expect_str_empty(notice);
	db_close(db);
}

Test(store_db, version_1_opens_in_a_later_version)
{
	const char *steps[3] = {
		tables_schema.steps[0],
		"ALTER TABLE generation ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue'",
		"UPDATE generation SET colour = 'red' WHERE number = 1",
	};
	const struct db_schema later = {.steps = steps, .n_steps = 3};
	_cleanup_free_ char *config = NULL, *colour = NULL;
	struct db *db = open_with(&(struct db_schema){.steps = steps, .n_steps = 1});

	begin_one(db, "services: {}\n");
	db_close(db);
	db = open_with(&later);
	db_close(db);
	cr_expect_eq(stored_number(dir, "PRAGMA user_version"), 3);
	config = stored_text(dir, "SELECT config FROM generation WHERE number = 1");
	cr_expect_str_eq(config, "services: {}\n");
	colour = stored_text(dir, "SELECT colour FROM generation WHERE number = 1");
	cr_expect_str_eq(colour, "red");
	refuse(DB_NEWER, "has version 3");
}

Test(store_db, a_step_that_fails_leaves_the_version_before_it)
{
	const char *steps[3] = {
		tables_schema.steps[0],
		"CREATE TABLE second (x INTEGER) STRICT",
		"CREATE TABLE third (x INTEGER) STRICT; INSERT INTO nowhere VALUES (1)",
	};
	const struct db_schema broken = {.steps = steps, .n_steps = 3};
	const struct store_limits limits = STORE_LIMITS;
	struct sl_errors errors = {0};
	struct db *db = NULL;

	cr_assert_lt(db_open(dir, &broken, &limits, &db, notice, &errors), 0);
	cr_expect(strstr(errors.list[0].what, "version 3: no such table: nowhere"), "%s",
		  errors.list[0].what);
	sl_errors_deinit(&errors);
	cr_expect_eq(stored_number(dir, "PRAGMA user_version"), 2);
	cr_expect_eq(stored_number(dir, "SELECT count(*) FROM sqlite_schema WHERE name = 'third'"),
		     0);
	cr_expect_not(exists("state.db.corrupt-1"));
}

Test(store_db, a_newer_version_is_refused_and_left_alone)
{
	db_close(open_with(&tables_schema));
	execute("PRAGMA user_version = 77");
	refuse(DB_NEWER, "has version 77, and this program knows 1 at most");
	cr_expect_eq(stored_number(dir, "PRAGMA user_version"), 77);
}

Test(store_db, another_programs_database_is_refused_and_left_alone)
{
	execute("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (5)");
	refuse(DB_FOREIGN, "another program's");
	cr_expect_eq(stored_number(dir, "SELECT x FROM theirs"), 5);
	cr_expect_eq(stored_number(dir, "SELECT count(*) FROM sqlite_schema"), 1);
}

Test(store_db, one_whose_header_is_lost_is_kept_beside_a_fresh_one)
{
	struct db *db = open_with(&tables_schema);

	begin_one(db, "services: {}\n");
	db_close(db);
	scribble("state.db", 0, 100);
	db = open_with(&tables_schema);
	cr_expect(strstr(notice, "was corrupt"), "%s", notice);
	cr_expect(strstr(notice, "state.db.corrupt-1"), "%s", notice);
	cr_expect(exists("state.db.corrupt-1"));
	db_close(db);
	cr_expect_eq(stored_number(dir, "SELECT count(*) FROM generation"), 0);
}

Test(store_db, a_damaged_page_is_found_before_it_is_believed)
{
	struct db *db = open_with(&tables_schema);

	begin_one(db, "services: {}\n");
	db_close(db);
	scribble("state.db", 4096, 1000);
	scribble("state.db", 2 * 4096, 1000);
	db = open_with(&tables_schema);
	cr_expect(exists("state.db.corrupt-1"));
	db_close(db);
}

Test(store_db, of_many_corrupt_ones_none_is_overwritten)
{
	for (int i = 1; i <= DB_ASIDE_MAX; i++) {
		_cleanup_free_ char *name = sl_printf("state.db.corrupt-%d", i);

		scribble("state.db", 0, 1000 + i);
		db_close(open_with(&tables_schema));
		cr_expect(exists(name));
	}
	scribble("state.db", 0, 2000);
	refuse(-1, "no new one is begun until they are looked at");
	cr_expect(exists("state.db"));
}

/* So it looks when a move aside was cut off between its two parts. */
Test(store_db, a_wal_alone_is_kept)
{
	struct db *db;

	scribble("state.db-wal", 0, 5000);
	db = open_with(&tables_schema);
	cr_expect(exists("state.db.corrupt-1-wal"));
	cr_expect(strstr(notice, "stood alone"), "%s", notice);
	db_close(db);
}

Test(store_db, a_directory_that_is_not_there_is_an_error)
{
	const struct store_limits limits = STORE_LIMITS;
	struct sl_errors errors = {0};
	struct db *db = NULL;

	cr_assert_lt(db_open("/nonexistent", &tables_schema, &limits, &db, notice, &errors), 0);
	cr_expect_str_eq(errors.list[0].where, "/nonexistent/state.db");
	cr_expect_str_eq(errors.list[0].what, "No such file or directory");
	sl_errors_deinit(&errors);
}
