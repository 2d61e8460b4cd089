/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * db.h - the database file: opening, migrating, moving a corrupt one aside, and statements with an
 * error that sticks. Knows nothing of what is stored (tables.h does). Blocks; for one thread only.
 *
 * DIR/state.db in WAL mode with synchronous=FULL: a transaction that db_end() says is there survives
 * a power cut. Its user_version is the number of migration steps it has been through; each step is
 * one transaction with its number.
 */
#ifndef SLUICE_STATE_DB_H
#define SLUICE_STATE_DB_H

#include "base/error.h"
#include "state/limits.h"

#include <sqlite3.h>

#include <stdbool.h>
#include <stdint.h>

#define DB_FILE		"state.db"
#define DB_ASIDE_MAX	4 /* corrupt databases that are kept; then no new one is begun */
#define DB_NOTICE_MAX	512
#define DB_BUSY_WAIT_MS 1000
#define DB_APPLICATION	0x736c7569 /* application_id: "slui" */

/* SQL that leads from version i to i + 1. Steps are only added, never changed. */
struct db_schema {
	const char *const *steps;
	int n_steps;
};

struct db {
	sqlite3 *sqlite; /* owned */
	struct store_limits limits;
	int failed; /* the first result since db_begin() that wasn't good; what follows does nothing */
	char why[256];	   /* its text */
	bool trouble;	   /* a disk or a file failed, not a rule: close it and open it anew */
	uint32_t unpruned; /* rows written since the last pruning */
};

/* What stands in the way of a database for good, until somebody does something about it. */
enum db_refusal {
	DB_NEWER = 1, /* of a version that this program doesn't know */
	DB_FOREIGN,   /* another program's */
};

/*
 * Opens or makes DIR/state.db and brings it to the schema's version. One that is corrupt is renamed
 * to state.db.corrupt-N with its -wal, and a fresh one begun; ret_notice then says so, and is empty
 * otherwise. 0, an enum db_refusal, or -errno; both with an error.
 */
int db_open(const char *dir, const struct db_schema *schema, const struct store_limits *limits,
	    struct db **ret_db, char ret_notice[DB_NOTICE_MAX], struct sl_errors *errors);
void db_close(struct db *db);

/* ---- transactions and statements ------------------------------------------------------------------ */

void db_begin(struct db *db, bool writes);
/* Commits if `err` is 0 and nothing failed, else rolls back. Returns `err`, or a negative errno with
 * an error: then it isn't known whether what was written is there. */
int db_end(struct db *db, int err, struct sl_errors *errors);

/* Arguments by letter: i int, u uint64_t, t text (copied). NULL when something failed. */
sqlite3_stmt *db_query(struct db *db, const char *sql, const char *types, ...);
/* True: there is a row. */
bool db_row(struct db *db, sqlite3_stmt *query);
/* A statement without rows. */
void db_do(struct db *db, const char *sql, const char *types, ...);
/* The number that a query of one gives; 0 without a row. */
uint64_t db_number(struct db *db, const char *sql, const char *types, ...);

/* Columns */
uint64_t db_u64(sqlite3_stmt *row, int column);
const char *db_text(sqlite3_stmt *row, int column); /* until the next row; never NULL */

#endif
