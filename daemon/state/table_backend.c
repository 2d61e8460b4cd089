// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What belongs to a backend: overrides and health.
 */
#include "state/tables.h"

#include "base/memory.h"

void table_read_overrides(struct db *db, struct recall *recall)
{
	size_t count = db_number(db, "SELECT count(*) FROM override", ""), at = 0;
	sqlite3_stmt *row = db_query(db,
				     "SELECT pool, backend, admin, weight, author, reason,"
				     " since_ms, until_ms FROM override ORDER BY pool, backend",
				     "");

	recall->overrides = sl_calloc(count, sizeof(*recall->overrides));
	for (; at < count && db_row(db, row); at++) {
		struct override *override = &recall->overrides[at];

		record_set(override->pool, db_text(row, 0));
		record_set(override->backend, db_text(row, 1));
		record_set(override->admin, db_text(row, 2));
		override->weight = (int)db_u64(row, 3);
		record_set(override->author, db_text(row, 4));
		record_set(override->reason, db_text(row, 5));
		override->since_ms = db_u64(row, 6);
		override->until_ms = db_u64(row, 7);
	}
	sqlite3_finalize(row);
	recall->n_overrides = at;
}

void table_read_health(struct db *db, struct recall *recall)
{
	size_t count = db_number(db, "SELECT count(*) FROM health", ""), at = 0;
	sqlite3_stmt *row = db_query(db,
				     "SELECT pool, backend, up, since_ms, reason FROM health"
				     " ORDER BY pool, backend",
				     "");

	recall->health = sl_calloc(count, sizeof(*recall->health));
	for (; at < count && db_row(db, row); at++) {
		struct last_health *health = &recall->health[at];

		record_set(health->pool, db_text(row, 0));
		record_set(health->backend, db_text(row, 1));
		health->up = db_u64(row, 2);
		health->since_ms = db_u64(row, 3);
		record_set(health->reason, db_text(row, 4));
	}
	sqlite3_finalize(row);
	recall->n_health = at;
}

static bool has_override(struct db *db, const char *pool, const char *backend)
{
	return db_number(db, "SELECT count(*) FROM override WHERE pool = ? AND backend = ?", "tt",
			 pool, backend);
}

static enum store_result check_room(struct db *db, const struct override *override,
				    struct sl_errors *errors)
{
	uint64_t count = db_number(db, "SELECT count(*) FROM override", "");

	if (count < db->limits.overrides || has_override(db, override->pool, override->backend))
		return STORE_OK;
	sl_fail(errors, 0, "store", "there are %llu overrides, and no more are kept: remove some",
		(unsigned long long)count);
	return STORE_INVALID;
}

enum store_result table_put_override(struct db *db, const struct override *override,
				     const struct event_record *event, struct store_answer *answer)
{
	enum store_result result;

	db_begin(db, true);
	result = check_room(db, override, &answer->errors);
	if (!result) {
		db_do(db, "INSERT OR REPLACE INTO override VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		      "tttittuu", override->pool, override->backend, override->admin,
		      override->weight, override->author, override->reason, override->since_ms,
		      override->until_ms);
		if (event)
			table_add_event(db, event);
	}
	return table_end(db, result, answer);
}

enum store_result table_remove_override(struct db *db, const char *pool, const char *backend,
					const struct event_record *event,
					struct store_answer *answer)
{
	enum store_result result = STORE_OK;

	db_begin(db, true);
	if (!has_override(db, pool, backend) && !db->failed) {
		sl_fail(&answer->errors, 0, "store", "%s/%s has no override", pool, backend);
		result = STORE_NOT_FOUND;
	} else {
		db_do(db, "DELETE FROM override WHERE pool = ? AND backend = ?", "tt", pool,
		      backend);
		if (event)
			table_add_event(db, event);
	}
	return table_end(db, result, answer);
}

enum store_result table_overrides(struct db *db, struct store_answer *answer)
{
	db_begin(db, false);
	table_read_overrides(db, &answer->recall);
	return table_end(db, STORE_OK, answer);
}

enum store_result table_put_health(struct db *db, const struct last_health *health, size_t count,
				   struct store_answer *answer)
{
	db_begin(db, true);
	for (size_t i = 0; i < count; i++)
		db_do(db, "INSERT OR REPLACE INTO health VALUES (?, ?, ?, ?, ?)", "ttiut",
		      health[i].pool, health[i].backend, (int)health[i].up, health[i].since_ms,
		      health[i].reason);
	db->unpruned += count;
	return table_end(db, STORE_OK, answer);
}
