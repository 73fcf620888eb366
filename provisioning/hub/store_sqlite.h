// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/db.h"
#include "provisioning/hub/store_backend.h"

/* Shared by the files of the SQLite engine only. */
struct sqlite_store {
	struct store base;
	struct db *db;
};

static inline struct db *store_sqlite_db(struct store *s)
{
	return ((struct sqlite_store *)s)->db;
}

/*
 * One row at most of a statement whose db_query() answered `rc`: 0 and a row (then sqlite3_reset(s)), -ENOENT without a
 * sentence, or the database's fault, which is never -ENOENT: "nothing there" and "cannot look" must not be mixed up.
 */
int store_sqlite_one(struct db *db, int rc, sqlite3_stmt *s, struct fault *why);

/* Columns into fixed fields; longer values are cut, shorter blobs padded with zeros. */
void store_sqlite_text(sqlite3_stmt *s, int column, char *out, size_t room);
void store_sqlite_blob(sqlite3_stmt *s, int column, void *out, size_t len);

extern const struct store_registry_ops store_sqlite_registry;
extern const struct store_ledger_ops store_sqlite_ledger;
extern const struct store_rows_ops store_sqlite_rows;
extern const struct store_exchange_ops store_sqlite_exchange;
