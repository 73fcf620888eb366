// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

struct fault;

/*
 * One SQLite database in WAL mode, migrated at opening. An acknowledged write survives a power cut
 * when `durability` is DB_FULL (synchronous=FULL); DB_NORMAL is for what can be made again.
 */
struct db;
enum db_durability { DB_NORMAL, DB_FULL };

/*
 * `migrations[i]` brings the schema from user_version i to i+1, each in its own transaction. A file
 * with a higher version than the program knows is refused (-EPROTO), never touched.
 * A file that is not a database is refused (-EBADMSG) and the sentence says what to do.
 */
int db_open(const char *path, enum db_durability durability, const char *const *migrations,
	    size_t count, struct db **out, struct fault *why);
void db_close(struct db *db);      /* NULL is fine */
sqlite3 *db_handle(struct db *db); /* borrowed */

/* BEGIN IMMEDIATE / COMMIT / ROLLBACK. DB_TX rolls back at the end of the block unless committed. */
int db_begin(struct db *db, struct fault *why);
int db_commit(struct db *db, struct fault *why);
void db_rollback(struct db *db); /* no-op outside a transaction */

/*
 *	if (db_begin(db, why)) return …;
 *	DB_TX(db);
 *	…					leaving here undoes it all
 *	return db_commit(db, why);
 */
#define DB_TX(held) __attribute__((cleanup(clean_db_tx), unused)) struct db *db_tx_open = (held)
static inline void clean_db_tx(struct db **held)
{
	db_rollback(*held);
}

/*
 * A prepared statement, cached by its text for the life of the database and reset here.
 * `binds` has one letter per parameter: i int64_t, t const char * (NULL -> NULL), b const void * then
 * size_t, n (NULL, takes no argument), d double.
 *
 *	sqlite3_stmt *s;
 *	if (db_query(db, &s, why, "SELECT body FROM outbox WHERE seq=?", "i", (int64_t)seq)) return …;
 *	while (db_step(db, s, why) == 1) …
 */
int db_query(struct db *db, sqlite3_stmt **out, struct fault *why, const char *sql,
	     const char *binds, ...);
/*
 * 1 a row, 0 done, negative errno (ENOSPC, EIO, EBUSY, EEXIST for a constraint). Done or failed resets the
 * statement; whoever leaves the loop earlier calls sqlite3_reset(s), or the read lock stays.
 */
int db_step(struct db *db, sqlite3_stmt *s, struct fault *why);
/* Runs a statement that returns no row. */
int db_exec(struct db *db, struct fault *why, const char *sql, const char *binds, ...);
/* First column of the first row; `fallback` when there is none, or when it is NULL (max() of nothing). */
int db_int(struct db *db, int64_t fallback, int64_t *out, struct fault *why, const char *sql,
	   const char *binds, ...);
int64_t db_changes(struct db *db);
