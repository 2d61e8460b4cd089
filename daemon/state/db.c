// SPDX-License-Identifier: GPL-2.0-or-later
#include "state/db.h"

#include "base/memory.h"
#include "state/record.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* A rule that was broken, or a value too big, says nothing of the disk. */
static bool is_trouble(int result)
{
	switch (result & 0xff) {
	case SQLITE_CONSTRAINT:
	case SQLITE_TOOBIG:
	case SQLITE_MISMATCH: return false;
	default: return true;
	}
}

static void note_failure(struct db *db, int result)
{
	if (db->failed)
		return;
	db->failed = result;
	db->trouble |= is_trouble(result);
	record_set(db->why, sqlite3_errmsg(db->sqlite));
}

static int errno_of(int result)
{
	switch (result & 0xff) {
	case SQLITE_FULL: return ENOSPC;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: return EUCLEAN;
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return EBUSY;
	case SQLITE_READONLY: return EROFS;
	case SQLITE_CANTOPEN: return EACCES;
	case SQLITE_CONSTRAINT:
	case SQLITE_TOOBIG:
	case SQLITE_MISMATCH: return EINVAL;
	default: return EIO;
	}
}

static sqlite3_stmt *query(struct db *db, const char *sql, const char *types, va_list values)
{
	sqlite3_stmt *query = NULL;
	int result = SQLITE_OK;

	if (db->failed)
		return NULL;
	result = sqlite3_prepare_v2(db->sqlite, sql, -1, &query, NULL);
	for (int i = 1; result == SQLITE_OK && types[i - 1]; i++) {
		switch (types[i - 1]) {
		case 'i': result = sqlite3_bind_int(query, i, va_arg(values, int)); break;
		case 'u': result = sqlite3_bind_int64(query, i, va_arg(values, uint64_t)); break;
		default:
			result = sqlite3_bind_text(query, i, va_arg(values, const char *), -1,
						   SQLITE_TRANSIENT);
		}
	}
	if (result == SQLITE_OK)
		return query;
	note_failure(db, result);
	sqlite3_finalize(query);
	return NULL;
}

sqlite3_stmt *db_query(struct db *db, const char *sql, const char *types, ...)
{
	sqlite3_stmt *made;
	va_list values;

	va_start(values, types);
	made = query(db, sql, types, values);
	va_end(values);
	return made;
}

bool db_row(struct db *db, sqlite3_stmt *query)
{
	int result = query && !db->failed ? sqlite3_step(query) : SQLITE_DONE;

	if (result != SQLITE_ROW && result != SQLITE_DONE)
		note_failure(db, result);
	return result == SQLITE_ROW;
}

void db_do(struct db *db, const char *sql, const char *types, ...)
{
	sqlite3_stmt *made;
	va_list values;

	va_start(values, types);
	made = query(db, sql, types, values);
	va_end(values);
	db_row(db, made);
	sqlite3_finalize(made);
}

uint64_t db_number(struct db *db, const char *sql, const char *types, ...)
{
	sqlite3_stmt *made;
	va_list values;
	uint64_t number;

	va_start(values, types);
	made = query(db, sql, types, values);
	va_end(values);
	number = db_row(db, made) ? db_u64(made, 0) : 0;
	sqlite3_finalize(made);
	return number;
}

uint64_t db_u64(sqlite3_stmt *row, int column)
{
	return sqlite3_column_int64(row, column);
}

const char *db_text(sqlite3_stmt *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	return text ? text : "";
}

void db_begin(struct db *db, bool writes)
{
	db->failed = 0;
	db->why[0] = '\0';
	db_do(db, writes ? "BEGIN IMMEDIATE" : "BEGIN", "");
}

int db_end(struct db *db, int err, struct sl_errors *errors)
{
	if (!err)
		db_do(db, "COMMIT", "");
	/* Some failures have rolled it back already. */
	if (!sqlite3_get_autocommit(db->sqlite))
		sqlite3_exec(db->sqlite, "ROLLBACK", NULL, NULL, NULL);
	if (!db->failed)
		return err;
	return sl_fail(errors, errno_of(db->failed), "store", "%s", db->why);
}
