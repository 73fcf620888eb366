// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/measure/measure_book.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/db.h"
#include "firmware/base/fault.h"

struct measure_book {
	struct db *db;
};

static const char *const migrations[] = {
	"CREATE TABLE measured(cursor INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,"
	" uplink TEXT NOT NULL, by_hand INTEGER NOT NULL, proved INTEGER NOT NULL,"
	" down_end TEXT NOT NULL, down_bps INTEGER NOT NULL, down_bytes INTEGER NOT NULL,"
	" down_ms INTEGER NOT NULL, down_rtt_us INTEGER NOT NULL,"
	" up_end TEXT NOT NULL, up_bps INTEGER NOT NULL, up_bytes INTEGER NOT NULL,"
	" up_ms INTEGER NOT NULL, up_rtt_us INTEGER NOT NULL);"
	"CREATE INDEX measured_uplink ON measured(uplink, at);",
};

static bool has_rate(const struct ndt_result *r)
{
	return r->end == NDT_END_STABLE || r->end == NDT_END_CAP || r->end == NDT_END_FULL;
}

bool measure_row_good(const struct measure_row *r)
{
	return has_rate(&r->way[NDT_DOWN]) && has_rate(&r->way[NDT_UP]);
}

bool measure_row_truncated(const struct measure_row *r)
{
	return r->way[NDT_DOWN].end != NDT_END_FULL || r->way[NDT_UP].end != NDT_END_FULL;
}

void measure_book_close(struct measure_book *b)
{
	if (!b)
		return;
	db_close(b->db);
	free(b);
}

int measure_book_open(const char *path, struct measure_book **out, struct fault *why)
{
	struct measure_book *b = calloc(1, sizeof(*b));
	if (!b)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int r = db_open(path, DB_FULL, migrations, ARRAY_LEN(migrations), &b->db, why);
	if (r < 0) {
		free(b);
		return r;
	}
	*out = b;
	return 0;
}

int measure_book_add(struct measure_book *b, struct measure_row *r, int64_t keep_from_s,
		     struct fault *why)
{
	const struct ndt_result *down = &r->way[NDT_DOWN], *up = &r->way[NDT_UP];
	int e = db_begin(b->db, why);
	if (e)
		return e;
	DB_TX(b->db);
	e = db_exec(b->db, why, "INSERT INTO measured VALUES(NULL,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
		    "itiitiiiitiiii", r->at_s, r->uplink, (int64_t)r->by, (int64_t)r->proved,
		    ndt_end_name(down->end), (int64_t)down->bps, (int64_t)down->bytes,
		    (int64_t)down->ms, (int64_t)down->rtt_us, ndt_end_name(up->end),
		    (int64_t)up->bps, (int64_t)up->bytes, (int64_t)up->ms, (int64_t)up->rtt_us);
	const int64_t cursor = sqlite3_last_insert_rowid(db_handle(b->db));
	if (e == 0)
		e = db_exec(b->db, why, "DELETE FROM measured WHERE at < ?", "i", keep_from_s);
	if (e == 0)
		e = db_commit(b->db, why);
	if (e == 0)
		r->cursor = cursor;
	return e;
}

static void way_of(sqlite3_stmt *s, int at, struct ndt_result *out)
{
	/* Nobody but us writes it; a word of a later version is as good as broken. */
	if (ndt_end_parse((const char *)sqlite3_column_text(s, at), &out->end))
		out->end = NDT_END_BROKEN;
	out->bps = (uint64_t)sqlite3_column_int64(s, at + 1);
	out->bytes = (uint64_t)sqlite3_column_int64(s, at + 2);
	out->ms = (uint32_t)sqlite3_column_int64(s, at + 3);
	out->rtt_us = (uint32_t)sqlite3_column_int64(s, at + 4);
}

static void row_of(sqlite3_stmt *s, struct measure_row *out)
{
	*out = (struct measure_row){ .cursor = sqlite3_column_int64(s, 0),
				     .at_s = sqlite3_column_int64(s, 1),
				     .by = sqlite3_column_int(s, 3) ? MEASURE_BY_HAND
								    : MEASURE_BY_ITSELF,
				     .proved = sqlite3_column_int(s, 4) != 0 };
	snprintf(out->uplink, sizeof(out->uplink), "%s", (const char *)sqlite3_column_text(s, 2));
	way_of(s, 5, &out->way[NDT_DOWN]);
	way_of(s, 10, &out->way[NDT_UP]);
}

int measure_book_read(struct measure_book *b, int64_t after, unsigned limit,
		      void (*each)(void *data, const struct measure_row *row), void *data,
		      struct fault *why)
{
	sqlite3_stmt *s;
	int given = 0;
	int r = db_query(b->db, &s, why,
			 "SELECT * FROM measured WHERE cursor > ? ORDER BY cursor LIMIT ?", "ii",
			 after, (int64_t)limit);
	while (r >= 0 && (r = db_step(b->db, s, why)) == 1) {
		struct measure_row row;
		row_of(s, &row);
		each(data, &row);
		given++;
	}
	return r < 0 ? r : given;
}

int measure_book_last(struct measure_book *b, const char *uplink, struct measure_row *out,
		      struct fault *why)
{
	sqlite3_stmt *s;
	int r = db_query(
		b->db, &s, why,
		"SELECT * FROM measured WHERE uplink = ? AND down_end IN ('stable', 'cap', "
		"'full') AND up_end IN ('stable', 'cap', 'full') ORDER BY cursor DESC LIMIT 1",
		"t", uplink);
	if (r == 0)
		r = db_step(b->db, s, why);
	if (r != 1)
		return r;
	row_of(s, out);
	sqlite3_reset(s);
	return 1;
}

int measure_book_spent(struct measure_book *b, const char *uplink, int64_t since_s, uint64_t *bytes,
		       int64_t *last_s, struct fault *why)
{
	int64_t sum = 0, last = 0;
	int r = db_int(
		b->db, 0, &sum, why,
		"SELECT sum(down_bytes + up_bytes) FROM measured WHERE uplink = ? AND at >= ?",
		"ti", uplink, since_s);
	if (r == 0)
		r = db_int(b->db, 0, &last, why, "SELECT max(at) FROM measured WHERE uplink = ?",
			   "t", uplink);
	if (r)
		return r;
	*bytes = (uint64_t)sum;
	*last_s = last;
	return 0;
}
