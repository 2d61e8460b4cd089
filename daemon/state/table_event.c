// SPDX-License-Identifier: GPL-2.0-or-later
#include "state/tables.h"

#include "base/memory.h"

#include <string.h>

void table_add_event(struct db *db, const struct event_record *event)
{
	db_do(db, "INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", "uututtttt",
	      event->id, event->time_ms, event_kind_word(event->kind), event->generation,
	      event->actor, event->trace, event->object, event->text, event->detail);
	db->unpruned++;
}

enum store_result table_put_events(struct db *db, const struct event_record *events, size_t count,
				   struct store_answer *answer)
{
	db_begin(db, true);
	for (size_t i = 0; i < count; i++)
		table_add_event(db, &events[i]);
	return table_end(db, STORE_OK, answer);
}

static void read_event(sqlite3_stmt *row, struct event_record *event)
{
	event->id = db_u64(row, 0);
	event->time_ms = db_u64(row, 1);
	event->kind = event_kind_find(db_text(row, 2));
	if (event->kind == EVENT_KIND_COUNT)
		event->kind = EVENT_OTHER;
	event->generation = db_u64(row, 3);
	record_set(event->actor, db_text(row, 4));
	record_set(event->trace, db_text(row, 5));
	record_set(event->object, db_text(row, 6));
	record_set(event->text, db_text(row, 7));
	record_set(event->detail, db_text(row, 8));
}

static void reverse(struct event_record *events, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		struct event_record other = events[i];

		events[i] = events[count - 1 - i];
		events[count - 1 - i] = other;
	}
}

/* Kinds are chosen here and not in SQL: an unknown one is EVENT_OTHER. */
enum store_result table_events(struct db *db, const struct event_query *query,
			       struct store_answer *answer)
{
	size_t limit = query->limit, at = 0;
	struct event_record event = {0};
	sqlite3_stmt *row;

	if (!limit || limit > RECORD_PAGE_MAX)
		limit = RECORD_PAGE_MAX;
	answer->events = sl_calloc(limit, sizeof(*answer->events));
	db_begin(db, false);
	row = db_query(db,
		       query->newest ? "SELECT * FROM event WHERE id > ? AND time_ms >= ?"
				       " ORDER BY id DESC"
				     : "SELECT * FROM event WHERE id > ? AND time_ms >= ?"
				       " ORDER BY id",
		       "uu", query->after_id, query->since_ms);
	while (at < limit && db_row(db, row)) {
		read_event(row, &event);
		if (event_matches(query, &event))
			answer->events[at++] = event;
	}
	sqlite3_finalize(row);
	answer->n_events = at;
	if (query->newest)
		reverse(answer->events, at);
	return table_end(db, STORE_OK, answer);
}
