/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tables.h - the questions and changes that the store knows, as they are answered in its thread.
 *
 * Each is one transaction. The answer is zeroed before and holds errors unless the result, which is
 * also returned, is STORE_OK. An event that goes with a change is written in the change's transaction,
 * or not at all; NULL: none.
 */
#ifndef SLUICE_STATE_TABLES_H
#define SLUICE_STATE_TABLES_H

#include "state/answer.h"
#include "state/db.h"

extern const struct db_schema tables_schema;

/* Takes author, reason, source, config and least number of `generation`. answer->number is the new
 * one's. */
enum store_result table_begin(struct db *db, const struct generation *generation,
			      const struct event_record *event, struct store_answer *answer);

/* X(NAME, from, to): the moves of a generation; see GENERATION_STATES. */
#define TABLE_MOVES(X)                                                                             \
	X(FINISH, PENDING, ACTIVE)                                                                 \
	X(TRY, PENDING, UNCONFIRMED)                                                               \
	X(FAIL, PENDING, FAILED)                                                                   \
	X(CONFIRM, UNCONFIRMED, ACTIVE)                                                            \
	X(UNDO, UNCONFIRMED, UNDONE)

#define X(name, from, to) MOVE_##name,
enum table_move { TABLE_MOVES(X) MOVE_COUNT };
#undef X

/* deadline_ms is taken by MOVE_TRY, `error` by MOVE_FAIL and MOVE_UNDO. */
enum store_result table_move(struct db *db, enum table_move move, uint64_t number,
			     uint64_t deadline_ms, const char *error,
			     const struct event_record *event, struct store_answer *answer);

enum store_result table_get(struct db *db, uint64_t number, struct store_answer *answer);
/* Newest first, those below `before` (0: all), without configurations. */
enum store_result table_list(struct db *db, uint64_t before, size_t limit,
			     struct store_answer *answer);
enum store_result table_recall(struct db *db, struct store_answer *answer);

enum store_result table_put_override(struct db *db, const struct override *override,
				     const struct event_record *event, struct store_answer *answer);
enum store_result table_remove_override(struct db *db, const char *pool, const char *backend,
					const struct event_record *event,
					struct store_answer *answer);
enum store_result table_overrides(struct db *db, struct store_answer *answer);

enum store_result table_put_health(struct db *db, const struct last_health *health, size_t count,
				   struct store_answer *answer);

/* Events whose id is there already are left as they are: writing twice does no harm. */
enum store_result table_put_events(struct db *db, const struct event_record *events, size_t count,
				   struct store_answer *answer);
enum store_result table_events(struct db *db, const struct event_query *query,
			       struct store_answer *answer);

/* Removes a slice of what is beyond the limits. True: there may be more. Failure: db->trouble. */
bool table_prune(struct db *db);
/* Shows that the disk takes a transaction. */
enum store_result table_touch(struct db *db, struct store_answer *answer);

/* ---- parts, for use within a transaction ------------------------------------------------------------ */

void table_add_event(struct db *db, const struct event_record *event);
void table_read_overrides(struct db *db, struct recall *recall);
void table_read_health(struct db *db, struct recall *recall);
/* Ends the transaction and turns its outcome into the answer's. */
enum store_result table_end(struct db *db, enum store_result result, struct store_answer *answer);

#endif
