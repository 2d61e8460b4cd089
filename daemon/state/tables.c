// SPDX-License-Identifier: GPL-2.0-or-later
#include "state/tables.h"

#include "base/memory.h"

/* `config` comes last: lists don't read it. */
static const char version_1[] =
	"CREATE TABLE generation ("
	" number INTEGER PRIMARY KEY AUTOINCREMENT,"
	" parent INTEGER NOT NULL,"
	" state TEXT NOT NULL CHECK (state IN ('pending', 'unconfirmed', 'active', 'superseded',"
	"  'undone', 'failed')),"
	" begun_ms INTEGER NOT NULL,"
	" ended_ms INTEGER NOT NULL,"
	" deadline_ms INTEGER NOT NULL,"
	" author TEXT NOT NULL,"
	" reason TEXT NOT NULL,"
	" source TEXT NOT NULL,"
	" error TEXT NOT NULL,"
	" hash TEXT NOT NULL,"
	" size INTEGER NOT NULL,"
	" config TEXT NOT NULL"
	") STRICT;"
	/* What must never be twice can't be. */
	"CREATE UNIQUE INDEX generation_active ON generation (state) WHERE state = 'active';"
	"CREATE UNIQUE INDEX generation_unsettled ON generation"
	" (state IN ('pending', 'unconfirmed')) WHERE state IN ('pending', 'unconfirmed');"
	"CREATE TABLE override ("
	" pool TEXT NOT NULL,"
	" backend TEXT NOT NULL,"
	" admin TEXT NOT NULL,"
	" weight INTEGER NOT NULL,"
	" author TEXT NOT NULL,"
	" reason TEXT NOT NULL,"
	" since_ms INTEGER NOT NULL,"
	" until_ms INTEGER NOT NULL,"
	" PRIMARY KEY (pool, backend)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE health ("
	" pool TEXT NOT NULL,"
	" backend TEXT NOT NULL,"
	" up INTEGER NOT NULL,"
	" since_ms INTEGER NOT NULL,"
	" reason TEXT NOT NULL,"
	" PRIMARY KEY (pool, backend)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE event ("
	" id INTEGER PRIMARY KEY,"
	" time_ms INTEGER NOT NULL,"
	" kind TEXT NOT NULL,"
	" generation INTEGER NOT NULL,"
	" actor TEXT NOT NULL,"
	" trace TEXT NOT NULL,"
	" object TEXT NOT NULL,"
	" text TEXT NOT NULL,"
	" detail TEXT NOT NULL"
	") STRICT;"
	"CREATE INDEX event_time ON event (time_ms);"
	"CREATE TABLE touch ("
	" one INTEGER PRIMARY KEY CHECK (one = 1),"
	" time_ms INTEGER NOT NULL"
	") STRICT;";

static const char *const steps[] = {version_1};

const struct db_schema tables_schema = {.steps = steps, .n_steps = sl_count(steps)};

enum store_result table_end(struct db *db, enum store_result result, struct store_answer *answer)
{
	int err = db_end(db, result, &answer->errors);

	answer->result = err < 0 ? STORE_UNKNOWN : result;
	if (err < 0 && !db->trouble)
		answer->result = STORE_INVALID;
	return answer->result;
}

enum store_result table_touch(struct db *db, struct store_answer *answer)
{
	db_begin(db, true);
	db_do(db, "INSERT OR REPLACE INTO touch VALUES (1, ?)", "u", record_now_ms());
	return table_end(db, STORE_OK, answer);
}

/* ---- pruning ---------------------------------------------------------------------------------------- */

/* Beyond the limits, but for what is in force or under way and what a rollback may lead to. */
static void prune_generations(struct db *db)
{
	const struct store_limits *limits = &db->limits;

	db_do(db,
	      "DELETE FROM generation WHERE number IN ("
	      " SELECT number FROM (SELECT number, state, row_number() OVER newest AS place,"
	      "  sum(size) OVER newest AS bytes FROM generation"
	      "  WINDOW newest AS (ORDER BY number DESC))"
	      " WHERE (place > ? OR bytes > ?) AND state IN ('superseded', 'undone', 'failed')"
	      " AND number NOT IN (SELECT number FROM generation WHERE state = 'superseded'"
	      "  ORDER BY number DESC LIMIT ?)"
	      " ORDER BY number LIMIT ?)",
	      "uuuu", (uint64_t)limits->generations, limits->generation_bytes,
	      (uint64_t)limits->rollbacks, (uint64_t)limits->slice);
}

static void prune_events(struct db *db)
{
	const struct store_limits *limits = &db->limits;
	uint64_t now_ms = record_now_ms();

	db_do(db,
	      "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE time_ms < ?"
	      " ORDER BY time_ms LIMIT ?)",
	      "uu", now_ms > limits->event_age_ms ? now_ms - limits->event_age_ms : 0,
	      (uint64_t)limits->slice);
	db_do(db,
	      "DELETE FROM event WHERE id IN (SELECT id FROM event ORDER BY id"
	      " LIMIT min(?, max(0, (SELECT count(*) FROM event) - ?)))",
	      "uu", (uint64_t)limits->slice, (uint64_t)limits->events);
}

static void prune_health(struct db *db)
{
	db_do(db,
	      "DELETE FROM health WHERE (pool, backend) IN (SELECT pool, backend FROM health"
	      " ORDER BY since_ms DESC LIMIT ? OFFSET ?)",
	      "uu", (uint64_t)db->limits.slice, (uint64_t)db->limits.health);
}

bool table_prune(struct db *db)
{
	int before = sqlite3_total_changes(db->sqlite);
	struct store_answer answer = {0};

	db_begin(db, true);
	prune_generations(db);
	prune_events(db);
	prune_health(db);
	table_end(db, STORE_OK, &answer);
	store_answer_deinit(&answer);
	return !db->failed && sqlite3_total_changes(db->sqlite) != before;
}
