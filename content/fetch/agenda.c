// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/agenda.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "firmware/base/clean.h"
#include "firmware/base/db.h"
#include "firmware/base/fault.h"

struct agenda {
	struct db *db;
};

static const char *const migrations[] = {
	"CREATE TABLE request (lesson TEXT PRIMARY KEY, day INTEGER NOT NULL, added INTEGER NOT "
	"NULL) WITHOUT ROWID;"
	"CREATE TABLE night (line TEXT NOT NULL, night INTEGER NOT NULL, spent INTEGER NOT NULL,"
	" meant INTEGER NOT NULL, PRIMARY KEY (line, night)) WITHOUT ROWID;"
	"CREATE TABLE blind (one INTEGER PRIMARY KEY CHECK (one = 1), night INTEGER NOT NULL,"
	" up INTEGER NOT NULL);",
};

int agenda_open(const char *path, struct agenda **out, struct fault *why)
{
	AUTO_FREE struct agenda *a = calloc(1, sizeof(*a));
	if (!a)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int r = db_open(path, DB_FULL, migrations, ARRAY_LEN(migrations), &a->db, why);
	if (r == 0)
		*out = MOVE_PTR(a);
	return r;
}

void agenda_close(struct agenda *a)
{
	if (a)
		db_close(a->db);
	free(a);
}

/* --- requests --------------------------------------------------------------------------------------- */

int agenda_ask(struct agenda *a, const struct agenda_request *r, struct fault *why)
{
	int64_t others = 0;
	int code = db_int(a->db, 0, &others, why, "SELECT count(*) FROM request WHERE lesson <> ?",
			  "t", r->lesson);
	if (code)
		return code;
	if (others >= AGENDA_MOST_REQUESTS)
		return fault_set(why, -ENOSPC, "request.count",
				 "%d lessons are asked for already; withdraw one first",
				 AGENDA_MOST_REQUESTS);
	return db_exec(a->db, why,
		       "INSERT OR REPLACE INTO request (lesson, day, added) VALUES (?, ?, ?)",
		       "tii", r->lesson, (int64_t)r->day, r->added_s);
}

int agenda_withdraw(struct agenda *a, const char *lesson, struct fault *why)
{
	int r = db_exec(a->db, why, "DELETE FROM request WHERE lesson = ?", "t", lesson);
	if (r == 0 && db_changes(a->db) == 0)
		r = fault_set(why, -ENOENT, "request.none", "nobody asked for '%.64s'", lesson);
	return r;
}

int agenda_forget_before(struct agenda *a, int32_t day, struct fault *why)
{
	return db_exec(a->db, why, "DELETE FROM request WHERE day < ?", "i", (int64_t)day);
}

int agenda_requests(struct agenda *a, int (*each)(void *data, const struct agenda_request *r),
		    void *data, struct fault *why)
{
	sqlite3_stmt *s;
	int r = db_query(a->db, &s, why,
			 "SELECT lesson, day, added FROM request ORDER BY day, added, lesson", "");
	if (r)
		return r;
	while ((r = db_step(a->db, s, why)) == 1) {
		struct agenda_request one = { .day = (int32_t)sqlite3_column_int64(s, 1),
					      .added_s = sqlite3_column_int64(s, 2) };
		snprintf(one.lesson, sizeof(one.lesson), "%s",
			 (const char *)sqlite3_column_text(s, 0));
		r = each(data, &one);
		if (r) {
			sqlite3_reset(s);
			return r;
		}
	}
	return r;
}

/* --- nights ----------------------------------------------------------------------------------------- */

int agenda_note(struct agenda *a, const struct agenda_night *n, struct fault *why)
{
	int r = db_begin(a->db, why);
	if (r)
		return r;
	DB_TX(a->db);
	r = db_exec(a->db, why,
		    "INSERT INTO night (line, night, spent, meant) VALUES (?, ?, ?, ?)"
		    " ON CONFLICT (line, night) DO UPDATE SET spent = max(spent, excluded.spent),"
		    " meant = max(meant, excluded.meant)",
		    "tiii", n->line, (int64_t)n->night, (int64_t)(n->spent_bytes & INT64_MAX),
		    (int64_t)(n->meant_bytes & INT64_MAX));
	if (r == 0)
		r = db_exec(a->db, why, "DELETE FROM night WHERE line = ? AND night < ?", "ti",
			    n->line, (int64_t)n->night - AGENDA_NIGHTS);
	return r ? r : db_commit(a->db, why);
}

int agenda_nights(struct agenda *a, const char *line, int32_t night,
		  int (*each)(void *data, const struct agenda_night *n), void *data,
		  struct fault *why)
{
	sqlite3_stmt *s;
	int r = db_query(a->db, &s, why,
			 "SELECT night, spent, meant FROM night WHERE line = ? AND night >= ?"
			 " ORDER BY night",
			 "ti", line, (int64_t)night);
	if (r)
		return r;
	while ((r = db_step(a->db, s, why)) == 1) {
		struct agenda_night one = { .night = (int32_t)sqlite3_column_int64(s, 0),
					    .spent_bytes = (uint64_t)sqlite3_column_int64(s, 1),
					    .meant_bytes = (uint64_t)sqlite3_column_int64(s, 2) };
		snprintf(one.line, sizeof(one.line), "%s", line);
		r = each(data, &one);
		if (r) {
			sqlite3_reset(s);
			return r;
		}
	}
	return r;
}

int agenda_had_lines(struct agenda *a, bool *out, struct fault *why)
{
	int64_t count = 0;
	int r = db_int(a->db, 0, &count, why, "SELECT count(*) FROM night WHERE line <> ''", "");
	if (r == 0)
		*out = count > 0;
	return r;
}

int agenda_blind(struct agenda *a, struct agenda_blind *out, struct fault *why)
{
	int64_t night = 0, up = 0;
	int r = db_int(a->db, 0, &night, why, "SELECT night FROM blind", "");
	if (r == 0)
		r = db_int(a->db, 0, &up, why, "SELECT up FROM blind", "");
	if (r == 0)
		*out = (struct agenda_blind){ (int32_t)night, up };
	return r;
}

int agenda_note_blind(struct agenda *a, const struct agenda_blind *b, struct fault *why)
{
	return db_exec(a->db, why, "INSERT OR REPLACE INTO blind (one, night, up) VALUES (1, ?, ?)",
		       "ii", (int64_t)b->night, b->up_s);
}
