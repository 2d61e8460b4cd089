// SPDX-License-Identifier: GPL-2.0-or-later
#include "state/tables.h"

#include "base/memory.h"
#include "base/sha256.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(SHA256_HEX_MAX == RECORD_HASH_MAX, "a hash fits its record");

#define HEAD                                                                                       \
	"number, parent, state, begun_ms, ended_ms, deadline_ms, author, reason, source, error,"   \
	" hash, size"

static void read_head(sqlite3_stmt *row, struct generation *generation)
{
	generation->number = db_u64(row, 0);
	generation->parent = db_u64(row, 1);
	generation->state = generation_state_find(db_text(row, 2));
	generation->begun_ms = db_u64(row, 3);
	generation->ended_ms = db_u64(row, 4);
	generation->deadline_ms = db_u64(row, 5);
	record_set(generation->author, db_text(row, 6));
	record_set(generation->reason, db_text(row, 7));
	record_set(generation->source, db_text(row, 8));
	record_set(generation->error, db_text(row, 9));
	record_set(generation->hash, db_text(row, 10));
	generation->config_size = db_u64(row, 11);
}

/* The one that the query gives, with its configuration; none: number 0. */
static void read_whole(struct db *db, sqlite3_stmt *query, struct generation *generation)
{
	if (db_row(db, query)) {
		read_head(query, generation);
		generation->config = sl_strdup(db_text(query, 12));
	}
	sqlite3_finalize(query);
}

static void read_in_state(struct db *db, enum generation_state state, struct generation *generation)
{
	read_whole(db,
		   db_query(db, "SELECT " HEAD ", config FROM generation WHERE state = ?", "t",
			    generation_state_word(state)),
		   generation);
}

static void read_undone(struct db *db, struct generation *generation)
{
	sqlite3_stmt *query = db_query(
		db,
		"SELECT " HEAD " FROM generation WHERE number ="
		" (SELECT max(number) FROM generation WHERE state = 'undone') AND NOT EXISTS"
		" (SELECT 1 FROM generation later WHERE later.number > generation.number"
		" AND later.hash = generation.hash AND later.state IN ('active', 'superseded'))",
		"");

	if (db_row(db, query))
		read_head(query, generation);
	sqlite3_finalize(query);
}

static void read_number(struct db *db, uint64_t number, struct generation *generation)
{
	sqlite3_stmt *query =
		db_query(db, "SELECT " HEAD " FROM generation WHERE number = ?", "u", number);

	if (db_row(db, query))
		read_head(query, generation);
	sqlite3_finalize(query);
}

/* ---- beginning ---------------------------------------------------------------------------------- */

static enum store_result check_settled(struct db *db, struct sl_errors *errors)
{
	sqlite3_stmt *query = db_query(db,
				       "SELECT number, state FROM generation"
				       " WHERE state IN ('pending', 'unconfirmed')",
				       "");
	enum store_result result = STORE_OK;

	if (db_row(db, query)) {
		sl_fail(errors, 0, "store", "generation %llu is %s: settle it first",
			(unsigned long long)db_u64(query, 0), db_text(query, 1));
		result = STORE_CONFLICT;
	}
	sqlite3_finalize(query);
	return result;
}

/* That was ever given, also to a generation that is pruned by now. */
static uint64_t last_number(struct db *db)
{
	return db_number(db, "SELECT max(seq) FROM sqlite_sequence WHERE name = 'generation'", "");
}

static void insert(struct db *db, const struct generation *generation, size_t size)
{
	uint64_t parent = db_number(db, "SELECT number FROM generation WHERE state = 'active'", "");
	uint64_t now_ms = record_now_ms(), next = last_number(db) + 1;
	char hash[SHA256_HEX_MAX];

	sha256_hex(generation->config, size, hash);
	db_do(db,
	      "INSERT INTO generation (number, parent, state, begun_ms, ended_ms, deadline_ms, "
	      "author,"
	      " reason, source, error, hash, size, config)"
	      " VALUES (?, ?, 'pending', ?, ?, 0, ?, ?, ?, '', ?, ?, ?)",
	      "uuuuttttut", generation->number > next ? generation->number : next, parent, now_ms,
	      now_ms, generation->author, generation->reason, generation->source, hash,
	      (uint64_t)size, generation->config);
}

enum store_result table_begin(struct db *db, const struct generation *generation,
			      const struct event_record *event, struct store_answer *answer)
{
	size_t size = strlen(generation->config);
	enum store_result result;

	if (size > db->limits.config_bytes) {
		sl_fail(&answer->errors, 0, "store",
			"the configuration has %zu bytes; %llu at most are kept", size,
			(unsigned long long)db->limits.config_bytes);
		return answer->result = STORE_INVALID;
	}
	db_begin(db, true);
	result = check_settled(db, &answer->errors);
	if (!result) {
		insert(db, generation, size);
		answer->number = sqlite3_last_insert_rowid(db->sqlite);
		db->unpruned += db->limits.slice;
		if (event)
			table_add_event(db, event);
	}
	return table_end(db, result, answer);
}

/* ---- moves -------------------------------------------------------------------------------------- */

#define X(name, from, to) {GENERATION_##from, GENERATION_##to},
static const struct {
	enum generation_state from, to;
} moves[] = {TABLE_MOVES(X)};
#undef X

static enum store_result check_state(struct db *db, uint64_t number, enum generation_state wanted,
				     struct sl_errors *errors)
{
	struct generation found = {0};

	read_number(db, number, &found);
	if (db->failed)
		return STORE_OK;
	if (!found.number) {
		sl_fail(errors, 0, "store", "there is no generation %llu",
			(unsigned long long)number);
		return STORE_NOT_FOUND;
	}
	if (found.state != wanted) {
		sl_fail(errors, 0, "store", "generation %llu is %s, not %s",
			(unsigned long long)number, generation_state_word(found.state),
			generation_state_word(wanted));
		return STORE_CONFLICT;
	}
	return STORE_OK;
}

enum store_result table_move(struct db *db, enum table_move move, uint64_t number,
			     uint64_t deadline_ms, const char *error,
			     const struct event_record *event, struct store_answer *answer)
{
	uint64_t now_ms = record_now_ms();
	enum store_result result;

	answer->number = number;
	db_begin(db, true);
	result = check_state(db, number, moves[move].from, &answer->errors);
	if (!result && moves[move].to == GENERATION_ACTIVE)
		db_do(db,
		      "UPDATE generation SET state = 'superseded', ended_ms = ?"
		      " WHERE state = 'active'",
		      "u", now_ms);
	if (!result) {
		db_do(db,
		      "UPDATE generation SET state = ?, ended_ms = ?,"
		      " deadline_ms = max(deadline_ms, ?), error = ? WHERE number = ?",
		      "tuutu", generation_state_word(moves[move].to), now_ms, deadline_ms,
		      error ? error : "", number);
		if (event)
			table_add_event(db, event);
	}
	return table_end(db, result, answer);
}

/* ---- questions ---------------------------------------------------------------------------------- */

enum store_result table_get(struct db *db, uint64_t number, struct store_answer *answer)
{
	enum store_result result = STORE_OK;

	db_begin(db, false);
	read_whole(db,
		   db_query(db, "SELECT " HEAD ", config FROM generation WHERE number = ?", "u",
			    number),
		   &answer->generation);
	if (!db->failed && !answer->generation.number) {
		sl_fail(&answer->errors, 0, "store", "there is no generation %llu",
			(unsigned long long)number);
		result = STORE_NOT_FOUND;
	}
	answer->number = number;
	return table_end(db, result, answer);
}

enum store_result table_list(struct db *db, uint64_t before, size_t limit,
			     struct store_answer *answer)
{
	sqlite3_stmt *query;

	if (!limit || limit > RECORD_PAGE_MAX)
		limit = RECORD_PAGE_MAX;
	answer->generations = sl_calloc(limit, sizeof(*answer->generations));
	db_begin(db, false);
	query = db_query(db,
			 "SELECT " HEAD " FROM generation WHERE number < ? ORDER BY number DESC"
			 " LIMIT ?",
			 "uu", before ? before : (uint64_t)INT64_MAX, (uint64_t)limit);
	while (db_row(db, query))
		read_head(query, &answer->generations[answer->n_generations++]);
	sqlite3_finalize(query);
	return table_end(db, STORE_OK, answer);
}

enum store_result table_recall(struct db *db, struct store_answer *answer)
{
	struct recall *recall = &answer->recall;

	db_begin(db, false);
	read_in_state(db, GENERATION_ACTIVE, &recall->active);
	read_in_state(db, GENERATION_PENDING, &recall->pending);
	read_in_state(db, GENERATION_UNCONFIRMED, &recall->unconfirmed);
	read_undone(db, &recall->undone);
	recall->last_number = last_number(db);
	table_read_overrides(db, recall);
	table_read_health(db, recall);
	recall->last_event = db_number(db, "SELECT max(id) FROM event", "");
	return table_end(db, STORE_OK, answer);
}
