// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/agent/outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/agent/outbox_priv.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

static const char *const migrations[] = {
	"CREATE TABLE fact(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"CREATE TABLE cursor(feed TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE hour("
	" id INTEGER PRIMARY KEY, day INTEGER NOT NULL, hour INTEGER NOT NULL, uplink TEXT NOT "
	"NULL, kind INTEGER NOT NULL,"
	" up_s INTEGER NOT NULL, down_s INTEGER NOT NULL, unpowered_s INTEGER NOT NULL, unknown_s "
	"INTEGER NOT NULL,"
	" rx_bytes INTEGER NOT NULL, tx_bytes INTEGER NOT NULL, rtts BLOB NOT NULL, kbps BLOB NOT "
	"NULL,"
	" epoch INTEGER, seq INTEGER);"
	"CREATE INDEX hour_of_uplink ON hour(uplink, day, hour);"
	"CREATE INDEX hour_open ON hour(day) WHERE seq IS NULL;"
	"CREATE INDEX hour_sealed ON hour(epoch, seq) WHERE seq IS NOT NULL;"
	"CREATE TABLE use("
	" id INTEGER PRIMARY KEY, day INTEGER NOT NULL, lesson TEXT NOT NULL, rung TEXT NOT NULL, "
	"starts INTEGER NOT NULL,"
	" completions INTEGER NOT NULL, watched_s INTEGER NOT NULL, sent_bytes INTEGER NOT NULL, "
	"devices INTEGER NOT NULL,"
	" epoch INTEGER, seq INTEGER);"
	"CREATE INDEX use_open ON use(day, lesson, rung) WHERE seq IS NULL;"
	"CREATE INDEX use_sealed ON use(epoch, seq) WHERE seq IS NOT NULL;"
	/* Numbers of events are never used twice, also after the rows are gone. */
	"CREATE TABLE event("
	" number INTEGER PRIMARY KEY AUTOINCREMENT, at_s INTEGER NOT NULL, kind TEXT NOT NULL, "
	"subject TEXT NOT NULL,"
	" reason TEXT NOT NULL, epoch INTEGER, seq INTEGER);"
	"CREATE INDEX event_open ON event(number) WHERE seq IS NULL;"
	"CREATE INDEX event_sealed ON event(epoch, seq) WHERE seq IS NOT NULL;"
	"CREATE TABLE chain("
	" epoch INTEGER PRIMARY KEY, sealed_seq INTEGER NOT NULL, head_hash BLOB NOT NULL, "
	"through_seq INTEGER NOT NULL);"
	/* The sealed bytes come last: the rest of a row is read without them. */
	"CREATE TABLE envelope("
	" epoch INTEGER NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL, size INTEGER NOT NULL,"
	" receipted_s INTEGER, bytes BLOB NOT NULL, PRIMARY KEY(epoch, seq));"
	"CREATE INDEX envelope_size ON envelope(size);"
	"CREATE INDEX envelope_receipted ON envelope(receipted_s) WHERE receipted_s IS NOT NULL;"
	"CREATE TABLE receipt("
	" cursor INTEGER PRIMARY KEY AUTOINCREMENT, epoch INTEGER NOT NULL, through_seq INTEGER "
	"NOT NULL,"
	" head_hash BLOB NOT NULL, hub_s INTEGER NOT NULL, stored_s INTEGER NOT NULL, record BLOB "
	"NOT NULL);",
	/* One row a lesson; a change takes the next number, also after rows are gone. */
	"CREATE TABLE offer("
	" number INTEGER PRIMARY KEY AUTOINCREMENT, lesson TEXT NOT NULL UNIQUE, withdrawn "
	"INTEGER NOT NULL,"
	" title_ar TEXT NOT NULL, title_fr TEXT NOT NULL, title_en TEXT NOT NULL, language TEXT "
	"NOT NULL,"
	" duration_ms INTEGER NOT NULL, film_bytes INTEGER NOT NULL, film BLOB NOT NULL,"
	" epoch INTEGER, seq INTEGER);"
	"CREATE INDEX offer_open ON offer(number) WHERE seq IS NULL;"
	"CREATE INDEX offer_sealed ON offer(epoch, seq) WHERE seq IS NOT NULL;",
	/* The number of the last minute that the envelope it names speaks of: 0 none. */
	("ALTER TABLE receipt ADD COLUMN minutes INTEGER NOT NULL DEFAULT 0;"
	 "CREATE INDEX receipt_named ON receipt(epoch, through_seq);"),
	("ALTER TABLE offer ADD COLUMN subject TEXT NOT NULL DEFAULT '';"
	 "ALTER TABLE offer ADD COLUMN grade INTEGER NOT NULL DEFAULT 0;"),
};

CLEAN_FN(outbox, struct outbox, outbox_close)

int64_t outbox_whole(uint64_t n)
{
	return n > INT64_MAX ? INT64_MAX : (int64_t)n;
}

static int check_owner(struct outbox *o, const char *path, struct fault *why)
{
	AUTO_FREE void *owner = NULL;
	size_t len = 0;
	int r = outbox_blob(o, "device", &owner, &len, why);
	if (r == -ENOENT)
		return db_exec(o->db, why, "INSERT INTO fact(name, value) VALUES('device', ?)", "b",
			       (const void *)o->device, sizeof(o->device));
	if (r)
		return r;
	if (len != sizeof(o->device) || memcmp(owner, o->device, len) != 0)
		return fault_set(why, -EPERM, "outbox.owner",
				 "'%s' holds the reports of another box; move it away (keep it) "
				 "and start again",
				 path);
	return 0;
}

int outbox_open(const char *path, const uint8_t device[static 16], struct outbox **out,
		struct fault *why)
{
	CLEANUP(clean_outbox) struct outbox *o = calloc(1, sizeof(*o));
	if (!o)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	memcpy(o->device, device, sizeof(o->device));
	int r = db_open(path, DB_FULL, migrations, ARRAY_LEN(migrations), &o->db, why);
	if (!r)
		r = check_owner(o, path, why);
	if (r)
		return r;
	*out = MOVE_PTR(o);
	return 0;
}

void outbox_close(struct outbox *o)
{
	if (!o)
		return;
	db_close(o->db);
	free(o);
}

int outbox_number(struct outbox *o, const char *name, int64_t fallback, int64_t *out,
		  struct fault *why)
{
	return db_int(o->db, fallback, out, why, "SELECT value FROM fact WHERE name=?", "t", name);
}

int outbox_number_set(struct outbox *o, const char *name, int64_t value, struct fault *why)
{
	return db_exec(o->db, why,
		       "INSERT INTO fact(name, value) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET "
		       "value=excluded.value",
		       "ti", name, value);
}

int outbox_blob(struct outbox *o, const char *name, void **out, size_t *len, struct fault *why)
{
	sqlite3_stmt *s;
	int r = db_query(o->db, &s, why, "SELECT value FROM fact WHERE name=?", "t", name);
	if (!r)
		r = db_step(o->db, s, why);
	if (r <= 0)
		return r ? r
			 : fault_set(why, -ENOENT, "outbox.fact", "nothing is kept under '%s'",
				     name);
	size_t n = (size_t)sqlite3_column_bytes(s, 0);
	const void *bytes = sqlite3_column_blob(s, 0);
	void *copy = malloc(n ? n : 1);
	if (copy && n)
		memcpy(copy, bytes, n);
	sqlite3_reset(s);
	if (!copy)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	*out = copy;
	*len = n;
	return 0;
}

int outbox_blob_set(struct outbox *o, const char *name, const void *bytes, size_t len,
		    struct fault *why)
{
	return db_exec(o->db, why,
		       "INSERT INTO fact(name, value) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET "
		       "value=excluded.value",
		       "tb", name, bytes, len);
}

int outbox_begin(struct outbox *o, struct fault *why)
{
	return db_begin(o->db, why);
}

int outbox_commit(struct outbox *o, struct fault *why)
{
	return db_commit(o->db, why);
}

void outbox_rollback(struct outbox *o)
{
	db_rollback(o->db);
}

int outbox_cursor(struct outbox *o, const char *feed, int64_t *out, struct fault *why)
{
	return db_int(o->db, 0, out, why, "SELECT at FROM cursor WHERE feed=?", "t", feed);
}

int outbox_cursor_set(struct outbox *o, const char *feed, int64_t at, struct fault *why)
{
	return db_exec(o->db, why,
		       "INSERT INTO cursor(feed, at) VALUES(?, ?) ON CONFLICT(feed) DO UPDATE SET "
		       "at=excluded.at",
		       "ti", feed, at);
}

/* --- rows ------------------------------------------------------------------------------------- */

static void read_samples(sqlite3_stmt *s, int column, uint32_t out[static AGGREGATE_SAMPLES],
			 uint32_t *count)
{
	size_t bytes = (size_t)sqlite3_column_bytes(s, column);
	*count = (uint32_t)(bytes / sizeof(*out) < AGGREGATE_SAMPLES ? bytes / sizeof(*out)
								     : AGGREGATE_SAMPLES);
	if (*count)
		memcpy(out, sqlite3_column_blob(s, column), *count * sizeof(*out));
}

void outbox_read_hour(sqlite3_stmt *s, int64_t *id, struct aggregate_hour *h)
{
	*h = (struct aggregate_hour){
		.day = sqlite3_column_int(s, 1),
		.hour = (uint32_t)sqlite3_column_int(s, 2),
		.kind = (uint32_t)sqlite3_column_int(s, 4),
		.up_s = (uint32_t)sqlite3_column_int(s, 5),
		.down_s = (uint32_t)sqlite3_column_int(s, 6),
		.unpowered_s = (uint32_t)sqlite3_column_int(s, 7),
		.unknown_s = (uint32_t)sqlite3_column_int(s, 8),
		.rx_bytes = (uint64_t)sqlite3_column_int64(s, 9),
		.tx_bytes = (uint64_t)sqlite3_column_int64(s, 10),
	};
	*id = sqlite3_column_int64(s, 0);
	outbox_read_text(s, 3, h->uplink, sizeof(h->uplink));
	read_samples(s, 11, h->rtts, &h->rtt_count);
	read_samples(s, 12, h->kbps, &h->kbps_count);
}

void outbox_read_text(sqlite3_stmt *s, int column, char *out, size_t room)
{
	const char *text = (const char *)sqlite3_column_text(s, column);
	size_t len = text ? strnlen(text, room - 1) : 0;
	if (len)
		memcpy(out, text, len);
	out[len] = '\0';
}

static int insert_hour(struct outbox *o, const struct aggregate_hour *h, struct fault *why)
{
	return db_exec(o->db, why,
		       "INSERT INTO hour(day, hour, uplink, kind, up_s, down_s, unpowered_s, "
		       "unknown_s, rx_bytes, tx_bytes, rtts, kbps)"
		       " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		       "iitiiiiiiibb", (int64_t)h->day, (int64_t)h->hour, h->uplink,
		       (int64_t)h->kind, (int64_t)h->up_s, (int64_t)h->down_s,
		       (int64_t)h->unpowered_s, (int64_t)h->unknown_s, outbox_whole(h->rx_bytes),
		       outbox_whole(h->tx_bytes), (const void *)h->rtts,
		       h->rtt_count * sizeof(h->rtts[0]), (const void *)h->kbps,
		       h->kbps_count * sizeof(h->kbps[0]));
}

static int update_hour(struct outbox *o, int64_t id, const struct aggregate_hour *h,
		       struct fault *why)
{
	return db_exec(o->db, why,
		       "UPDATE hour SET kind=?, up_s=?, down_s=?, unpowered_s=?, unknown_s=?, "
		       "rx_bytes=?, tx_bytes=?, rtts=?, kbps=?"
		       " WHERE id=?",
		       "iiiiiiibbi", (int64_t)h->kind, (int64_t)h->up_s, (int64_t)h->down_s,
		       (int64_t)h->unpowered_s, (int64_t)h->unknown_s, outbox_whole(h->rx_bytes),
		       outbox_whole(h->tx_bytes), (const void *)h->rtts,
		       h->rtt_count * sizeof(h->rtts[0]), (const void *)h->kbps,
		       h->kbps_count * sizeof(h->kbps[0]), id);
}

int outbox_add_minute(struct outbox *o, const struct aggregate_minute *m, struct fault *why)
{
	struct aggregate_hour begun, h;
	aggregate_begin(m, &begun);
	sqlite3_stmt *s;
	int r = db_query(o->db, &s, why,
			 "SELECT " OUTBOX_HOUR_COLUMNS
			 " FROM hour WHERE uplink=? AND day=? AND hour=? AND seq IS NULL"
			 " ORDER BY id DESC LIMIT 1",
			 "tii", m->uplink, (int64_t)begun.day, (int64_t)begun.hour);
	if (!r)
		r = db_step(o->db, s, why);
	if (r < 0)
		return r;
	int64_t id = 0;
	if (r == 1) {
		outbox_read_hour(s, &id, &h);
		sqlite3_reset(s);
	}
	/* An open piece that has its 60 minutes already is left alone. */
	if (r == 0 || aggregate_add(&h, m))
		return insert_hour(o, &begun, why);
	return update_hour(o, id, &h, why);
}

void outbox_read_use(sqlite3_stmt *s, int64_t *id, struct aggregate_use *u)
{
	*id = sqlite3_column_int64(s, 0);
	*u = (struct aggregate_use){
		.day = sqlite3_column_int(s, 1),
		.starts = (uint64_t)sqlite3_column_int64(s, 4),
		.completions = (uint64_t)sqlite3_column_int64(s, 5),
		.watched_s = (uint64_t)sqlite3_column_int64(s, 6),
		.sent_bytes = (uint64_t)sqlite3_column_int64(s, 7),
		.devices = (uint64_t)sqlite3_column_int64(s, 8),
	};
	outbox_read_text(s, 2, u->lesson, sizeof(u->lesson));
	outbox_read_text(s, 3, u->rung, sizeof(u->rung));
}

int outbox_add_use(struct outbox *o, const struct aggregate_use *u, struct fault *why)
{
	sqlite3_stmt *s;
	int r = db_query(o->db, &s, why,
			 "SELECT " OUTBOX_USE_COLUMNS
			 " FROM use WHERE day=? AND lesson=? AND rung=? AND seq IS NULL"
			 " ORDER BY id DESC LIMIT 1",
			 "itt", (int64_t)u->day, u->lesson, u->rung);
	if (!r)
		r = db_step(o->db, s, why);
	if (r < 0)
		return r;
	if (r == 0)
		return db_exec(o->db, why,
			       "INSERT INTO use(day, lesson, rung, starts, completions, watched_s, "
			       "sent_bytes, devices)"
			       " VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
			       "ittiiiii", (int64_t)u->day, u->lesson, u->rung,
			       outbox_whole(u->starts), outbox_whole(u->completions),
			       outbox_whole(u->watched_s), outbox_whole(u->sent_bytes),
			       outbox_whole(u->devices));
	struct aggregate_use have;
	int64_t id = 0;
	outbox_read_use(s, &id, &have);
	sqlite3_reset(s);
	aggregate_use_add(&have, u);
	return db_exec(o->db, why,
		       "UPDATE use SET starts=?, completions=?, watched_s=?, sent_bytes=?, "
		       "devices=? WHERE id=?",
		       "iiiiii", outbox_whole(have.starts), outbox_whole(have.completions),
		       outbox_whole(have.watched_s), outbox_whole(have.sent_bytes),
		       outbox_whole(have.devices), id);
}

int outbox_add_event(struct outbox *o, const struct outbox_event *e, struct fault *why)
{
	return db_exec(o->db, why,
		       "INSERT INTO event(at_s, kind, subject, reason) VALUES(?, ?, ?, ?)", "ittt",
		       e->at_s, e->kind, e->subject, e->reason);
}
