// SPDX-License-Identifier: GPL-2.0-or-later
#include "state/db.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* cell_size_check and quick_check() find a damaged file before its rows are believed. */
static const char *const pragmas[] = {
	"PRAGMA journal_mode = WAL",   "PRAGMA synchronous = FULL",
	"PRAGMA foreign_keys = ON",    "PRAGMA trusted_schema = OFF",
	"PRAGMA cell_size_check = ON", "PRAGMA journal_size_limit = 16777216",
};

static bool is_corrupt(const struct db *db)
{
	return (db->failed & 0xff) == SQLITE_CORRUPT || (db->failed & 0xff) == SQLITE_NOTADB;
}

/* SQLite would make it readable for all, and its -wal and -shm take its mode. */
static int make_private(const char *path, struct sl_errors *errors)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EEXIST ? 0 : sl_fail(errors, errno, path, "%s", strerror(errno));
	close(fd);
	return 0;
}

static int connect_file(struct db *db, const char *path, struct sl_errors *errors)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
	int err = make_private(path, errors), result;

	if (err)
		return err;
	result = sqlite3_open_v2(path, &db->sqlite, flags, NULL);
	if (result != SQLITE_OK)
		return sl_fail(errors, EIO, path, "%s",
			       db->sqlite ? sqlite3_errmsg(db->sqlite) : "out of memory");
	sqlite3_extended_result_codes(db->sqlite, 1);
	sqlite3_busy_timeout(db->sqlite, DB_BUSY_WAIT_MS);
	return 0;
}

/* Before anything is written: a file that isn't ours stays as it is. */
static int check_version(struct db *db, const char *path, int known, struct sl_errors *errors)
{
	uint64_t version = db_number(db, "PRAGMA user_version", "");
	uint64_t application = db_number(db, "PRAGMA application_id", "");
	uint64_t objects = db_number(db, "SELECT count(*) FROM sqlite_schema", "");

	if (db->failed)
		return 0;
	if (application != DB_APPLICATION && (application || version || objects)) {
		sl_fail(errors, 0, path, "is another program's database; move it away");
		return DB_FOREIGN;
	}
	if (version > (uint64_t)known) {
		sl_fail(errors, 0, path,
			"has version %llu, and this program knows %d at most: start the newer one "
			"that wrote it, or move the file away and begin anew",
			(unsigned long long)version, known);
		return DB_NEWER;
	}
	return 0;
}

static void check_integrity(struct db *db)
{
	sqlite3_stmt *query = db_query(db, "PRAGMA quick_check(1)", "");

	if (db_row(db, query) && strcmp(db_text(query, 0), "ok") != 0) {
		db->failed = SQLITE_CORRUPT;
		snprintf(db->why, sizeof(db->why), "%s", db_text(query, 0));
	}
	sqlite3_finalize(query);
}

static int migrate(struct db *db, const struct db_schema *schema, struct sl_errors *errors)
{
	int version = db_number(db, "PRAGMA user_version", ""), err = 0;
	char number[64];

	for (int i = version; !err && !db->failed && i < schema->n_steps; i++) {
		db_begin(db, true);
		if (!db->failed && sqlite3_exec(db->sqlite, schema->steps[i], NULL, NULL, NULL)) {
			db->failed = sqlite3_extended_errcode(db->sqlite);
			snprintf(db->why, sizeof(db->why), "version %d: %s", i + 1,
				 sqlite3_errmsg(db->sqlite));
		}
		snprintf(number, sizeof(number), "PRAGMA user_version = %d", i + 1);
		db_do(db, number, "");
		snprintf(number, sizeof(number), "PRAGMA application_id = %d", DB_APPLICATION);
		db_do(db, number, "");
		err = db_end(db, 0, errors);
	}
	return err;
}

static int prepare(struct db *db, const char *path, const struct db_schema *schema,
		   struct sl_errors *errors)
{
	int err = check_version(db, path, schema->n_steps, errors);

	if (err)
		return err;
	for (size_t i = 0; i < sl_count(pragmas); i++)
		db_do(db, pragmas[i], "");
	if (!db->failed)
		check_integrity(db);
	if (!db->failed)
		err = migrate(db, schema, errors);
	if (!err && db->failed)
		return sl_fail(errors, EIO, path, "%s", db->why);
	return err;
}

/* ---- moving aside --------------------------------------------------------------------------------- */

static void sync_directory(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static int rename_part(const char *path, const char *aside, const char *suffix,
		       struct sl_errors *errors)
{
	_cleanup_free_ char *from = sl_printf("%s%s", path, suffix);
	_cleanup_free_ char *to = sl_printf("%s%s", aside, suffix);

	if (!rename(from, to) || errno == ENOENT)
		return 0;
	return sl_fail(errors, errno, from, "can't be moved to %s: %s", to, strerror(errno));
}

/* The first name that neither a database nor a lone -wal has. */
static char *free_name(const char *path)
{
	for (int i = 1; i <= DB_ASIDE_MAX; i++) {
		_cleanup_free_ char *name = sl_printf("%s.corrupt-%d", path, i);
		_cleanup_free_ char *wal = sl_printf("%s-wal", name);

		if (access(name, F_OK) && access(wal, F_OK))
			return steal(&name);
	}
	return NULL;
}

/*
 * The file goes before its -wal, whose committed transactions may be worth as much: between the two,
 * a -wal stands alone, and SQLite would delete it. db_open() looks for that first.
 */
static int move_aside(const char *dir, const char *path, const char *why,
		      char ret_notice[DB_NOTICE_MAX], struct sl_errors *errors)
{
	_cleanup_free_ char *aside = free_name(path), *shm = sl_printf("%s-shm", path);
	int err;

	if (!aside)
		return sl_fail(errors, EEXIST, path,
			       "is corrupt (%s), and %d corrupt ones lie beside it: no new one is "
			       "begun until they are looked at and removed",
			       why, DB_ASIDE_MAX);
	err = rename_part(path, aside, "", errors);
	if (!err)
		err = rename_part(path, aside, "-wal", errors);
	if (err)
		return err;
	unlink(shm); /* an index of the -wal, made anew from it */
	sync_directory(dir);
	snprintf(ret_notice, DB_NOTICE_MAX,
		 "%s was corrupt (%s): it is kept as %s, and a fresh one is begun", path, why,
		 aside);
	return 0;
}

static bool is_alone(const char *path)
{
	_cleanup_free_ char *wal = sl_printf("%s-wal", path);

	return access(path, F_OK) && !access(wal, F_OK);
}

/* ---- opening ---------------------------------------------------------------------------------------- */

void db_close(struct db *db)
{
	if (!db)
		return;
	sqlite3_close_v2(db->sqlite);
	free(db);
}

/* *ret_corrupt: why, if the file is; owned by the caller. */
static int try_open(const char *path, const struct db_schema *schema,
		    const struct store_limits *limits, struct db **ret_db, char **ret_corrupt,
		    struct sl_errors *errors)
{
	struct db *db = sl_calloc(1, sizeof(*db));
	struct sl_errors found = {0};
	int err;

	db->limits = *limits;
	err = connect_file(db, path, &found);
	if (!err)
		err = prepare(db, path, schema, &found);
	if (!err) {
		db->trouble = false;
		*ret_db = db;
		return 0;
	}
	if (is_corrupt(db))
		*ret_corrupt = sl_strdup(db->why);
	else
		sl_fail(errors, 0, found.list[0].where, "%s", found.list[0].what);
	sl_errors_deinit(&found);
	/* What is wrong with it is to be looked at: no -wal is worked into it now. */
	if (db->sqlite)
		sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	db_close(db);
	return err;
}

int db_open(const char *dir, const struct db_schema *schema, const struct store_limits *limits,
	    struct db **ret_db, char ret_notice[DB_NOTICE_MAX], struct sl_errors *errors)
{
	_cleanup_free_ char *path = sl_printf("%s/%s", dir, DB_FILE), *corrupt = NULL;
	_cleanup_free_ char *corrupt_again = NULL;
	int err = 0;

	ret_notice[0] = '\0';
	if (is_alone(path))
		err = move_aside(dir, path, "its -wal stood alone", ret_notice, errors);
	if (!err)
		err = try_open(path, schema, limits, ret_db, &corrupt, errors);
	if (!err || !corrupt)
		return err;
	err = move_aside(dir, path, corrupt, ret_notice, errors);
	if (err)
		return err;
	err = try_open(path, schema, limits, ret_db, &corrupt_again, errors);
	if (corrupt_again)
		sl_fail(errors, 0, path, "%s, though it is fresh", corrupt_again);
	return err;
}
