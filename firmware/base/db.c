// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

enum { BUSY_MS = 5000 };

struct cached {
	struct cached *next;
	sqlite3_stmt *stmt;
	char sql[];
};

struct db {
	sqlite3 *handle;
	struct cached *cache; /* the one used last comes first */
	char path[];
};

CLEAN_FN(db, struct db, db_close)
CLEAN_FN(stmt, sqlite3_stmt, sqlite3_finalize)

static const struct {
	int primary, code;
	const char *id, *remedy;
} meanings[] = {
	{ SQLITE_FULL, -ENOSPC, "db.full", "free some space and try again" },
	{ SQLITE_BUSY, -EBUSY, "db.busy",
	  "another program holds it; end that program and try again" },
	{ SQLITE_LOCKED, -EBUSY, "db.busy", "a statement of this program still reads it" },
	{ SQLITE_CONSTRAINT, -EEXIST, "db.constraint",
	  "the same row is there already, or a rule of the table forbids it" },
	{ SQLITE_NOTADB, -EBADMSG, "db.damaged",
	  "this is no database; move the file away, then start again" },
	{ SQLITE_CORRUPT, -EBADMSG, "db.damaged",
	  "the database is damaged; move the file away (keep it), then start again" },
	{ SQLITE_NOMEM, -ENOMEM, "db.memory", "out of memory" },
	{ SQLITE_READONLY, -EROFS, "db.readonly",
	  "the file cannot be written; look at its owner and at the mount" },
	{ SQLITE_PERM, -EACCES, "db.open",
	  "access denied; look at the owner of the file and its folder" },
	{ SQLITE_CANTOPEN, -ENOENT, "db.open",
	  "cannot be opened; look whether the folder exists and may be written" },
};

static int db_fault(sqlite3 *handle, int rc, const char *path, const char *sql, struct fault *why)
{
	int system = handle ? sqlite3_system_errno(handle) : 0;
	const char *text = handle ? sqlite3_errmsg(handle) : sqlite3_errstr(rc);

	/* A full disk shows as an I/O error when it is met outside a plain write. */
	if ((rc & 0xff) == SQLITE_IOERR && (system == ENOSPC || system == EDQUOT))
		rc = SQLITE_FULL;
	for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
		if (meanings[i].primary != (rc & 0xff))
			continue;
		int code = meanings[i].code;
		if (meanings[i].primary == SQLITE_CANTOPEN && system > 0)
			code = -system;
		return fault_set(why, code, meanings[i].id, "'%s': %s (%s%s%s)", path,
				 meanings[i].remedy, text, sql ? ", in: " : "", sql ? sql : "");
	}
	return fault_set(why, -EIO, "db.io", "'%s': %s; look at the disk%s%s", path, text,
			 sql ? ", in: " : "", sql ? sql : "");
}

static int run(struct db *db, const char *sql, struct fault *why)
{
	int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
	return rc == SQLITE_OK ? 0 : db_fault(db->handle, rc, db->path, sql, why);
}

/* One value of one row, straight from SQLite: used before the statement cache is of any use. */
static int ask(struct db *db, const char *sql, char *text, size_t room, struct fault *why)
{
	CLEANUP(clean_stmt) sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(db->handle, sql, -1, &s, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc != SQLITE_ROW)
		return db_fault(db->handle, rc, db->path, sql, why);
	const unsigned char *got = sqlite3_column_text(s, 0);
	snprintf(text, room, "%s", got ? (const char *)got : "");
	return 0;
}

static int version_of(struct db *db, size_t known, size_t *version, struct fault *why)
{
	char text[32];
	int rc = ask(db, "PRAGMA user_version", text, sizeof(text), why);
	if (rc)
		return rc;
	long stored = strtol(text, NULL, 10);
	if (stored < 0 || (size_t)stored > known)
		return fault_set(
			why, -EPROTO, "db.newer",
			"'%s': written by a newer program (schema %ld, this one knows %zu); "
			"install that program again, or move the file away",
			db->path, stored, known);
	*version = (size_t)stored;
	return 0;
}

static int migrate_one(struct db *db, const char *const *migrations, size_t count, size_t *at,
		       struct fault *why)
{
	int rc = db_begin(db, why);
	if (rc)
		return rc;
	DB_TX(db);
	/* Another process may have been quicker while this one waited for the lock. */
	rc = version_of(db, count, at, why);
	if (rc || *at == count)
		return rc;
	rc = run(db, migrations[*at], why);
	if (rc)
		return rc;
	char set[48];
	snprintf(set, sizeof(set), "PRAGMA user_version=%zu", *at + 1);
	rc = run(db, set, why);
	if (rc)
		return rc;
	rc = db_commit(db, why);
	if (!rc)
		(*at)++;
	return rc;
}

static int configure(struct db *db, enum db_durability durability, struct fault *why)
{
	sqlite3_busy_timeout(db->handle, BUSY_MS);
	sqlite3_extended_result_codes(db->handle, 1);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);

	char mode[32];
	int rc = ask(db, "PRAGMA journal_mode=WAL", mode, sizeof(mode), why);
	if (rc)
		return rc;
	if (strcmp(mode, "wal") && strcmp(db->path, ":memory:"))
		return fault_set(why, -EROFS, "db.readonly",
				 "'%s': the journal stays in '%s' mode instead of wal; the folder "
				 "must be writable",
				 db->path, mode);
	rc = run(db,
		 durability == DB_FULL ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL",
		 why);
	return rc ? rc : run(db, "PRAGMA foreign_keys=ON", why);
}

/* The file is made here with a narrow mode; SQLite gives its journals the mode of the database. */
static int make_file(const char *path, struct fault *why)
{
	if (!strcmp(path, ":memory:"))
		return 0;
	AUTO_FD int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return fault_set(why, -errno, "db.open",
				 "'%s': %s; look whether the folder exists and may be written",
				 path, strerror(errno));
	return 0;
}

int db_open(const char *path, enum db_durability durability, const char *const *migrations,
	    size_t count, struct db **out, struct fault *why)
{
	int rc = make_file(path, why);
	if (rc)
		return rc;
	size_t len = strlen(path);
	CLEANUP(clean_db) struct db *db = calloc(1, sizeof(*db) + len + 1);
	if (!db)
		return fault_set(why, -ENOMEM, "db.memory", "out of memory");
	memcpy(db->path, path, len + 1);

	rc = sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
	if (rc != SQLITE_OK)
		return db_fault(db->handle, rc, path, NULL, why);

	/* Look before anything is changed: a newer file must stay as it is. */
	sqlite3_busy_timeout(db->handle, BUSY_MS);
	size_t at = 0;
	rc = version_of(db, count, &at, why);
	if (!rc)
		rc = configure(db, durability, why);
	while (!rc && at < count)
		rc = migrate_one(db, migrations, count, &at, why);
	if (rc)
		return rc;
	*out = MOVE_PTR(db);
	return 0;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	while (db->cache) {
		struct cached *next = db->cache->next;
		sqlite3_finalize(db->cache->stmt);
		free(db->cache);
		db->cache = next;
	}
	sqlite3_close_v2(db->handle);
	free(db);
}

sqlite3 *db_handle(struct db *db)
{
	return db->handle;
}

int db_begin(struct db *db, struct fault *why)
{
	return run(db, "BEGIN IMMEDIATE", why);
}

int db_commit(struct db *db, struct fault *why)
{
	return run(db, "COMMIT", why);
}

void db_rollback(struct db *db)
{
	if (!sqlite3_get_autocommit(db->handle))
		sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

static struct cached *cache_find(struct db *db, const char *sql)
{
	for (struct cached **at = &db->cache; *at; at = &(*at)->next) {
		struct cached *hit = *at;
		if (strcmp(hit->sql, sql))
			continue;
		*at = hit->next;
		hit->next = db->cache;
		db->cache = hit;
		return hit;
	}
	return NULL;
}

static int prepare(struct db *db, const char *sql, sqlite3_stmt **out, struct fault *why)
{
	struct cached *hit = cache_find(db, sql);
	if (hit) {
		sqlite3_reset(hit->stmt);
		sqlite3_clear_bindings(hit->stmt);
		*out = hit->stmt;
		return 0;
	}
	size_t len = strlen(sql);
	AUTO_FREE struct cached *made = calloc(1, sizeof(*made) + len + 1);
	if (!made)
		return fault_set(why, -ENOMEM, "db.memory", "out of memory");
	memcpy(made->sql, sql, len + 1);
	int rc = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &made->stmt,
				    NULL);
	if (rc != SQLITE_OK)
		return db_fault(db->handle, rc, db->path, sql, why);
	if (!made->stmt)
		return fault_set(why, -EINVAL, "db.statement",
				 "'%s': an empty statement was asked for", db->path);
	*out = made->stmt;
	made->next = db->cache;
	db->cache = MOVE_PTR(made);
	return 0;
}

/* An empty blob is not NULL, whatever its address. */
static int bind_blob(sqlite3_stmt *s, int at, const void *bytes, size_t len)
{
	if (!bytes && len > 0)
		return SQLITE_MISUSE;
	if (!len)
		return sqlite3_bind_zeroblob(s, at, 0);
	return sqlite3_bind_blob64(s, at, bytes, len, SQLITE_TRANSIENT);
}

static int bind_all(sqlite3_stmt *s, const char *binds, va_list args)
{
	int rc = sqlite3_bind_parameter_count(s) == (int)strlen(binds) ? SQLITE_OK : SQLITE_RANGE;

	for (int i = 0; rc == SQLITE_OK && binds[i]; i++) {
		const void *bytes;
		switch (binds[i]) {
		case 'i':
			rc = sqlite3_bind_int64(s, i + 1, va_arg(args, int64_t));
			break;
		case 'd':
			rc = sqlite3_bind_double(s, i + 1, va_arg(args, double));
			break;
		case 't':
			rc = sqlite3_bind_text(s, i + 1, va_arg(args, const char *), -1,
					       SQLITE_TRANSIENT);
			break;
		case 'b':
			bytes = va_arg(args, const void *);
			rc = bind_blob(s, i + 1, bytes, va_arg(args, size_t));
			break;
		case 'n':
			rc = sqlite3_bind_null(s, i + 1);
			break;
		default:
			rc = SQLITE_MISUSE;
		}
	}
	return rc;
}

static int query_va(struct db *db, sqlite3_stmt **out, struct fault *why, const char *sql,
		    const char *binds, va_list args)
{
	sqlite3_stmt *s = NULL;
	int rc = prepare(db, sql, &s, why);
	if (rc)
		return rc;
	rc = bind_all(s, binds, args);
	if (rc == SQLITE_RANGE || rc == SQLITE_MISUSE)
		return fault_set(why, -EINVAL, "db.bind",
				 "'%s': \"%s\" does not fit the parameters of: %s", db->path, binds,
				 sql);
	if (rc != SQLITE_OK)
		return db_fault(db->handle, rc, db->path, sql, why);
	*out = s;
	return 0;
}

int db_query(struct db *db, sqlite3_stmt **out, struct fault *why, const char *sql,
	     const char *binds, ...)
{
	va_list args;
	va_start(args, binds);
	int rc = query_va(db, out, why, sql, binds, args);
	va_end(args);
	return rc;
}

int db_step(struct db *db, sqlite3_stmt *s, struct fault *why)
{
	int rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		return 1;
	int result =
		rc == SQLITE_DONE ? 0 : db_fault(db->handle, rc, db->path, sqlite3_sql(s), why);
	/* A statement left open holds a read lock, and the journal could never be folded back. */
	sqlite3_reset(s);
	return result;
}

int db_exec(struct db *db, struct fault *why, const char *sql, const char *binds, ...)
{
	sqlite3_stmt *s = NULL;
	va_list args;
	va_start(args, binds);
	int rc = query_va(db, &s, why, sql, binds, args);
	va_end(args);
	if (rc)
		return rc;
	do
		rc = db_step(db, s, why);
	while (rc == 1);
	return rc;
}

int db_int(struct db *db, int64_t fallback, int64_t *out, struct fault *why, const char *sql,
	   const char *binds, ...)
{
	sqlite3_stmt *s = NULL;
	va_list args;
	va_start(args, binds);
	int rc = query_va(db, &s, why, sql, binds, args);
	va_end(args);
	if (rc)
		return rc;
	rc = db_step(db, s, why);
	if (rc < 0)
		return rc;
	*out = rc == 1 && sqlite3_column_type(s, 0) != SQLITE_NULL ? sqlite3_column_int64(s, 0)
								   : fallback;
	sqlite3_reset(s);
	return 0;
}

int64_t db_changes(struct db *db)
{
	return sqlite3_changes64(db->handle);
}
