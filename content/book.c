// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/book.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/db.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"

#define MOST_EVENTS 20000
#define MOST_USAGE 500000 /* rows; agentd has read them long before */
#define MOST_WORKERS 256  /* processes whose last sequence is remembered */

struct book {
	struct db *db;
};

static const char *const migrations[] = {
	"CREATE TABLE event (cursor INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, kind "
	"TEXT NOT NULL,"
	" subject TEXT NOT NULL, reason TEXT NOT NULL);"
	"CREATE TABLE usage (cursor INTEGER PRIMARY KEY AUTOINCREMENT, day INTEGER NOT NULL, "
	"lesson TEXT NOT NULL,"
	" rung TEXT NOT NULL, starts INTEGER NOT NULL, completions INTEGER NOT NULL, watched_s "
	"INTEGER NOT NULL,"
	" sent_bytes INTEGER NOT NULL, devices INTEGER NOT NULL);"
	/* Milliseconds that have not yet made a second. */
	"CREATE TABLE rest (lesson TEXT NOT NULL, rung TEXT NOT NULL, ms INTEGER NOT NULL, PRIMARY "
	"KEY (lesson, rung))"
	" WITHOUT ROWID;"
	"CREATE TABLE worker (place INTEGER PRIMARY KEY AUTOINCREMENT, instance BLOB NOT NULL "
	"UNIQUE,"
	" sequence INTEGER NOT NULL);",
};

int book_open(const char *path, struct book **out, struct fault *why)
{
	AUTO_FREE struct book *b = calloc(1, sizeof(*b));
	if (!b)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int r = db_open(path, DB_FULL, migrations, ARRAY_LEN(migrations), &b->db, why);
	if (r == 0)
		*out = MOVE_PTR(b);
	return r;
}

void book_close(struct book *b)
{
	if (b)
		db_close(b->db);
	free(b);
}

int book_event(struct book *b, int64_t at_s, const char *kind, const char *subject,
	       const char *reason, struct fault *why)
{
	int r = db_begin(b->db, why);
	if (r == 0)
		r = db_exec(b->db, why,
			    "INSERT INTO event (at, kind, subject, reason) VALUES (?, ?, ?, ?)",
			    "ittt", at_s, kind, subject, reason);
	if (r == 0)
		r = db_exec(b->db, why,
			    "DELETE FROM event WHERE cursor <= (SELECT max(cursor) FROM event) - ?",
			    "i", (int64_t)MOST_EVENTS);
	if (r == 0)
		r = db_commit(b->db, why);
	if (r)
		db_rollback(b->db);
	return r;
}

/* What of it adds up to whole seconds; the rest waits for the next tally of this lesson and rung. */
static int take_seconds(struct book *b, const struct want_tally *t, int64_t *seconds,
			struct fault *why)
{
	int64_t rest = 0;
	int r = db_int(b->db, 0, &rest, why, "SELECT ms FROM rest WHERE lesson = ? AND rung = ?",
		       "tt", t->lesson, t->rung);
	if (r)
		return r;
	uint64_t ms = t->watched_ms % (UINT64_C(1) << 40) + (uint64_t)rest;
	*seconds = (int64_t)(ms / 1000);
	return db_exec(b->db, why,
		       "INSERT OR REPLACE INTO rest (lesson, rung, ms) VALUES (?, ?, ?)", "tti",
		       t->lesson, t->rung, (int64_t)(ms % 1000));
}

static int add_row(struct book *b, const struct want_tally *t, struct fault *why)
{
	/* Only what can be a lesson and a rung becomes a row: a worker faces the network. */
	if (!text_is_slug(t->lesson) || !text_is_slug(t->rung))
		return 0;
	int64_t seconds = 0;
	int r = take_seconds(b, t, &seconds, why);
	if (r)
		return r;
	return db_exec(b->db, why,
		       "INSERT INTO usage (day, lesson, rung, starts, completions, watched_s, "
		       "sent_bytes, devices)"
		       " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		       "ittiiiii", (int64_t)t->day, t->lesson, t->rung, (int64_t)t->starts,
		       (int64_t)t->completions, seconds, (int64_t)(t->sent_bytes & INT64_MAX),
		       (int64_t)t->new_devices);
}

static int tally_all(struct book *b, uint64_t worker, const struct want_tally *tallies,
		     size_t count, uint64_t *through, struct fault *why)
{
	int64_t last = 0;
	int r = db_int(b->db, 0, &last, why, "SELECT sequence FROM worker WHERE instance = ?", "b",
		       &worker, sizeof(worker));
	for (size_t i = 0; r == 0 && i < count; i++) {
		if (tallies[i].sequence <= (uint64_t)last || tallies[i].sequence > INT64_MAX)
			continue;
		r = add_row(b, &tallies[i], why);
		last = (int64_t)tallies[i].sequence;
	}
	if (r == 0)
		r = db_exec(b->db, why,
			    "INSERT OR REPLACE INTO worker (instance, sequence) VALUES (?, ?)",
			    "bi", &worker, sizeof(worker), last);
	if (r == 0)
		r = db_exec(b->db, why,
			    "DELETE FROM usage WHERE cursor <= (SELECT max(cursor) FROM usage) - ?",
			    "i", (int64_t)MOST_USAGE);
	if (r == 0)
		r = db_exec(b->db, why,
			    "DELETE FROM worker WHERE place <= (SELECT max(place) FROM worker) - ?",
			    "i", (int64_t)MOST_WORKERS);
	*through = (uint64_t)last;
	return r;
}

int book_tally(struct book *b, uint64_t worker, const struct want_tally *tallies, size_t count,
	       uint64_t *through, struct fault *why)
{
	uint64_t last = 0;
	int r = db_begin(b->db, why);
	if (r == 0)
		r = tally_all(b, worker, tallies, count, &last, why);
	if (r == 0)
		r = db_commit(b->db, why);
	if (r)
		db_rollback(b->db);
	else
		*through = last;
	return r;
}

/* Columns by their names, texts and numbers; the last row's cursor is where the reader goes on. */
static json_t *rows_of(struct book *b, const char *table, const char *sql, int64_t after,
		       int64_t limit, struct fault *why)
{
	sqlite3_stmt *s;
	int64_t last = 0;
	limit = limit < 1 ? 1 : limit > 1000 ? 1000 : limit;
	if (db_query(b->db, &s, why, sql, "ii", after, limit))
		return NULL;
	json_t *rows = json_array();
	int64_t next = after;
	int r;
	while ((r = db_step(b->db, s, why)) == 1) {
		json_t *row = json_object();
		for (int i = 0; i < sqlite3_column_count(s); i++)
			json_object_set_new(
				row, sqlite3_column_name(s, i),
				sqlite3_column_type(s, i) == SQLITE_TEXT
					? json_string((const char *)sqlite3_column_text(s, i))
					: json_integer(sqlite3_column_int64(s, i)));
		next = sqlite3_column_int64(s, 0);
		json_array_append_new(rows, row);
	}
	/* A reader who is beyond the end knows an earlier book; a lower cursor tells him. */
	if (r == 0 && json_array_size(rows) == 0)
		r = db_int(b->db, 0, &last, why, "SELECT seq FROM sqlite_sequence WHERE name=?",
			   "t", table);
	if (r == 0 && json_array_size(rows) == 0 && next > last)
		next = last;
	if (r == 0)
		return json_pack("{s:o,s:I}", "rows", rows, "next", (json_int_t)next);
	json_decref(rows);
	return NULL;
}

json_t *book_events(struct book *b, int64_t after, int64_t limit, struct fault *why)
{
	return rows_of(b, "event",
		       "SELECT cursor, at, kind, subject, reason FROM event WHERE cursor > ? ORDER "
		       "BY cursor LIMIT ?",
		       after, limit, why);
}

json_t *book_usage(struct book *b, int64_t after, int64_t limit, struct fault *why)
{
	return rows_of(b, "usage",
		       "SELECT cursor, day, lesson, rung, starts, completions, watched_s, "
		       "sent_bytes, devices FROM usage"
		       " WHERE cursor > ? ORDER BY cursor LIMIT ?",
		       after, limit, why);
}
