// SPDX-License-Identifier: GPL-2.0-or-later
#include "stored.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <sqlite3.h>

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In memory where there is such a place: no test needs a disk, and some need many syncs. */
char *stored_directory(void)
{
	char *dir = sl_strdup("/dev/shm/sluice-store-XXXXXX");

	if (mkdtemp(dir))
		return dir;
	free(dir);
	dir = sl_strdup("/tmp/sluice-store-XXXXXX");
	cr_assert(mkdtemp(dir));
	return dir;
}

void stored_remove(char *dir)
{
	DIR *list = opendir(dir);
	struct dirent *entry;

	cr_assert(list);
	while ((entry = readdir(list)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(list), entry->d_name, 0);
	closedir(list);
	cr_expect_eq(rmdir(dir), 0);
	free(dir);
}

struct generation stored_generation(const char *config)
{
	return (struct generation){
		.author = "uid:1000 ann",
		.reason = "a reason",
		.source = "/etc/sluice/sluice.yaml",
		.config = (char *)config,
	};
}

struct event_record stored_event(enum event_kind kind, uint64_t id, uint64_t generation,
				 const char *text)
{
	struct event_record event = {
		.id = id,
		.time_ms = record_now_ms(),
		.kind = kind,
		.generation = generation,
		.actor = "uid:1000 ann",
	};

	record_set(event.text, text);
	return event;
}

static sqlite3 *kept;

static sqlite3 *look(const char *dir)
{
	_cleanup_free_ char *path = sl_printf("%s/state.db", dir);
	sqlite3 *db;

	cr_assert_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	return db;
}

void stored_look(const char *dir)
{
	kept = look(dir);
}

void stored_look_away(void)
{
	sqlite3_close(kept);
	kept = NULL;
}

char *stored_text(const char *dir, const char *sql)
{
	sqlite3 *db = kept ? kept : look(dir);
	sqlite3_stmt *query = NULL;
	char *text = NULL;

	cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &query, NULL), SQLITE_OK, "%s: %s", sql,
		     sqlite3_errmsg(db));
	cr_assert_eq(sqlite3_step(query), SQLITE_ROW, "%s: %s", sql, sqlite3_errmsg(db));
	text = sl_strdup((const char *)sqlite3_column_text(query, 0));
	sqlite3_finalize(query);
	if (!kept)
		sqlite3_close(db);
	return text;
}

long stored_number(const char *dir, const char *sql)
{
	_cleanup_free_ char *text = stored_text(dir, sql);

	return atol(text);
}

void stored_check(const char *dir)
{
	_cleanup_free_ char *integrity = stored_text(dir, "PRAGMA integrity_check");

	cr_assert_str_eq(integrity, "ok");
	cr_assert_leq(stored_number(dir, "SELECT count(*) FROM generation WHERE state = 'active'"),
		      1);
	cr_assert_leq(stored_number(dir, "SELECT count(*) FROM generation"
					 " WHERE state IN ('pending', 'unconfirmed')"),
		      1);
	cr_assert_eq(stored_number(dir, "SELECT count(*) FROM generation g WHERE"
					" (state IN ('active', 'superseded')) != EXISTS (SELECT 1"
					" FROM event WHERE generation = g.number"
					" AND text = 'active')"),
		     0);
}
