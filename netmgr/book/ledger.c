// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/book/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/db.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "netmgr/book/chain.h"
#include "netmgr/book/ledger_priv.h"

enum { PRUNE_ROWS = 5000 };

CLEAN_FN(ledger, struct ledger, ledger_close)

static const char *const migrations[] = {
	"CREATE TABLE state(id INTEGER PRIMARY KEY CHECK(id=1), seq INTEGER NOT NULL, mark BLOB "
	"NOT NULL);"
	"CREATE TABLE minutes(cursor INTEGER PRIMARY KEY, minute INTEGER NOT NULL, count INTEGER "
	"NOT NULL,"
	" uplink TEXT NOT NULL, kind INTEGER NOT NULL, up INTEGER NOT NULL, down INTEGER NOT NULL,"
	" unpowered INTEGER NOT NULL, unknown INTEGER NOT NULL, rx INTEGER NOT NULL, tx INTEGER "
	"NOT NULL,"
	" rtt_us INTEGER NOT NULL, down_kbps INTEGER NOT NULL, layer INTEGER NOT NULL);"
	"CREATE TABLE events(cursor INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL,"
	" subject TEXT NOT NULL, reason TEXT NOT NULL);",
	/*
	 * Rows from here on are in the chain. A span is what rows one after the other have in common, from `cursor` on: the
	 * days (since 1970) of their first and last minute.
	 */
	"ALTER TABLE minutes ADD COLUMN before BLOB;"
	"CREATE TABLE span(cursor INTEGER PRIMARY KEY, day INTEGER NOT NULL, until INTEGER NOT "
	"NULL);",
};

void ledger_close(struct ledger *l)
{
	if (!l)
		return;
	db_close(l->db);
	if (l->fd >= 0)
		close(l->fd);
	free(l);
}

/* --- the database --- */

static int read_state(struct ledger *l, struct ledger_found *found, struct fault *why)
{
	sqlite3_stmt *s;
	int r = db_query(l->db, &s, why, "SELECT seq, mark FROM state", "");
	if (r == 0)
		r = db_step(l->db, s, why);
	if (r != 1)
		return r;
	l->seq = l->committed = (uint64_t)sqlite3_column_int64(s, 0);
	r = slot_decode_mark(sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1),
			     &l->mark);
	if (r < 0)
		return fault_set(why, r, "ledger.mark",
				 "the mark in the minutes database is from another version or "
				 "damaged; move the folder "
				 "of '%s' away and start again",
				 l->path);
	found->has_mark = 1;
	(void)db_step(l->db, s, NULL);
	return 0;
}

static int read_span(struct ledger *l, struct fault *why)
{
	sqlite3_stmt *s;
	l->span = (struct ledger_span){ .day = -1, .until = -1 };
	int r = db_query(l->db, &s, why, "SELECT day, until FROM span ORDER BY cursor DESC LIMIT 1",
			 "");
	if (r == 0)
		r = db_step(l->db, s, why);
	if (r != 1)
		return r;
	l->span.day = sqlite3_column_int64(s, 0);
	l->span.until = sqlite3_column_int64(s, 1);
	sqlite3_reset(s);
	return 0;
}

/* Where the row is in the chain and its days are not those of the row before it. */
static int note_span(struct ledger *l, const struct ledger_row *r, struct ledger_span *span,
		     struct fault *why)
{
	struct ledger_span own = ledger_span_of(r);
	if (!chain_begun(r->before) || (own.day == span->day && own.until == span->until))
		return 0;
	*span = own;
	return db_exec(l->db, why, "INSERT INTO span VALUES(?,?,?)", "iii", r->cursor, own.day,
		       own.until);
}

static int insert_row(struct ledger *l, const struct ledger_row *r, struct fault *why)
{
	const uint8_t *s = r->row.seconds;
	return db_exec(l->db, why, "INSERT INTO minutes VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
		       chain_begun(r->before) ? "iiitiiiiiiiiiib" : "iiitiiiiiiiiiin", r->cursor,
		       r->row.minute, (int64_t)r->row.count, r->uplink, (int64_t)r->kind,
		       (int64_t)s[UPLINK_CLASS_UP], (int64_t)s[UPLINK_CLASS_DOWN],
		       (int64_t)s[UPLINK_CLASS_UNPOWERED], (int64_t)s[UPLINK_CLASS_UNKNOWN],
		       (int64_t)r->row.rx_bytes, (int64_t)r->row.tx_bytes, (int64_t)r->row.rtt_us,
		       (int64_t)r->row.down_kbps, (int64_t)r->row.layer, (const void *)r->before,
		       sizeof(r->before));
}

static int insert_all(struct ledger *l, const struct ledger_row *rows, size_t row_count,
		      const struct ledger_event *events, size_t event_count,
		      struct ledger_span *span, struct fault *why)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < row_count; i++) {
		r = insert_row(l, &rows[i], why);
		if (r == 0)
			r = note_span(l, &rows[i], span, why);
	}
	for (size_t i = 0; r == 0 && i < event_count; i++)
		r = db_exec(l->db, why, "INSERT INTO events VALUES(?,?,?,?,?)", "iittt",
			    events[i].cursor, events[i].at_s, events[i].kind, events[i].subject,
			    events[i].reason);
	return r;
}

static int store_state(struct ledger *l, uint64_t seq, const struct mark *mark, struct fault *why)
{
	uint8_t bytes[SLOT_MARK_BYTES];
	size_t len = slot_encode_mark(mark, bytes);
	return db_exec(l->db, why, "INSERT OR REPLACE INTO state VALUES(1,?,?)", "ib", (int64_t)seq,
		       (const void *)bytes, len);
}

/* The tail, and one more entry that no slot holds (mark NULL: none). */
static int commit(struct ledger *l, const struct ledger_row *rows, size_t row_count,
		  const struct ledger_event *events, size_t event_count, const struct mark *mark,
		  int64_t keep_from_minute, struct fault *why)
{
	uint64_t seq = l->seq + (mark ? 1 : 0);
	struct ledger_span span = l->span;
	int r = db_begin(l->db, why);
	if (r == 0)
		r = insert_all(l, l->rows, l->row_count, l->events, l->event_count, &span, why);
	if (r == 0)
		r = insert_all(l, rows, row_count, events, event_count, &span, why);
	if (r == 0)
		r = store_state(l, seq, mark ? mark : &l->mark, why);
	if (r == 0 && keep_from_minute > 0)
		r = db_exec(l->db, why,
			    "DELETE FROM minutes WHERE cursor IN (SELECT cursor FROM minutes ORDER "
			    "BY cursor LIMIT ?)"
			    " AND minute + count <= ?",
			    "ii", (int64_t)PRUNE_ROWS, keep_from_minute);
	if (r == 0 && keep_from_minute > 0)
		r = db_exec(l->db, why,
			    "DELETE FROM events WHERE cursor IN (SELECT cursor FROM events ORDER "
			    "BY cursor LIMIT ?)"
			    " AND at < ?",
			    "ii", (int64_t)PRUNE_ROWS, keep_from_minute * 60);
	if (r == 0 && keep_from_minute > 0)
		r = db_exec(l->db, why,
			    "DELETE FROM span WHERE cursor < (SELECT max(cursor) FROM span WHERE "
			    "cursor <= (SELECT min(cursor) FROM minutes))",
			    "");
	if (r == 0)
		r = db_commit(l->db, why);
	if (r < 0) {
		db_rollback(l->db);
		return r;
	}
	l->seq = l->committed = seq;
	l->span = span;
	l->row_count = l->event_count = 0;
	if (mark)
		l->mark = *mark;
	return 0;
}

/* --- the slots --- */

static int open_slots(struct ledger *l, struct fault *why)
{
	off_t size = (off_t)LEDGER_SLOTS * SLOT_BYTES;
	l->fd = open(l->path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (l->fd < 0)
		return fault_set(why, -errno, "ledger.slots", "cannot open '%s': %s", l->path,
				 strerror(errno));
	if (lseek(l->fd, 0, SEEK_END) == size)
		return 0;
	/* Blocks now, not at the first full disk. */
	int r = -posix_fallocate(l->fd, 0, size);
	if (r == 0 && fsync(l->fd) < 0)
		r = -errno;
	if (r == 0)
		r = fileio_sync_parent(l->path);
	if (r < 0)
		return fault_set(why, r, "ledger.slots", "cannot set 256 KiB aside for '%s': %s",
				 l->path, strerror(-r));
	return 0;
}

static int by_seq(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return (x[0] > y[0]) - (x[0] < y[0]);
}

static int read_slot(struct ledger *l, size_t index, struct fault *why)
{
	uint8_t bytes[SLOT_BYTES];
	int r = fileio_pread_all(l->fd, bytes, sizeof(bytes), index * SLOT_BYTES);
	if (r < 0)
		return fault_set(why, -EIO, "ledger.slots",
				 "cannot read '%s': %s; look at the disk", l->path, strerror(-r));
	r = slot_decode(bytes, sizeof(bytes), &l->slot);
	return r == 0 && l->slot.seq % LEDGER_SLOTS != index ? -EBADMSG : r;
}

static void into_tail(struct ledger *l, const struct ledger_row *rows, size_t row_count,
		      const struct ledger_event *events, size_t event_count)
{
	memcpy(&l->rows[l->row_count], rows, row_count * sizeof(*rows));
	memcpy(&l->events[l->event_count], events, event_count * sizeof(*events));
	l->row_count += row_count;
	l->event_count += event_count;
}

static int replay(struct ledger *l, struct ledger_found *found, struct fault *why)
{
	uint64_t order[LEDGER_SLOTS][2];
	size_t count = 0;
	for (size_t i = 0; i < LEDGER_SLOTS; i++) {
		int r = read_slot(l, i, why);
		if (r == -EIO)
			return r;
		found->torn += r == -EBADMSG;
		if (r == 0 && l->slot.seq > l->committed) {
			order[count][0] = l->slot.seq;
			order[count++][1] = i;
		}
	}
	qsort(order, count, sizeof(order[0]), by_seq);
	for (size_t i = 0; i < count; i++) {
		int r = read_slot(l, order[i][1], why);
		if (r < 0)
			return r;
		chain_resume(l->slot.mark.before, l->slot.rows, l->slot.row_count);
		into_tail(l, l->slot.rows, l->slot.row_count, l->slot.events, l->slot.event_count);
		l->seq = l->slot.seq;
		l->mark = l->slot.mark;
		found->has_mark = 1;
		found->replayed++;
	}
	int r = count ? commit(l, NULL, 0, NULL, 0, NULL, 0, why) : 0;
	/* A full disk must not keep the lines down: the slots still hold it all, and so does the tail. */
	return r == -ENOSPC ? 0 : r;
}

int ledger_open(const char *folder, struct ledger **out, struct ledger_found *found,
		struct fault *why)
{
	CLEANUP(clean_ledger) struct ledger *l = calloc(1, sizeof(*l));
	if (!l)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	l->fd = -1;
	l->mark.next_cursor = l->mark.next_event = 1;
	memset(found, 0, sizeof(*found));
	char db[PATH_MAX];
	if ((size_t)snprintf(db, sizeof(db), "%s/minutes.db", folder) >= sizeof(db) ||
	    (size_t)snprintf(l->path, sizeof(l->path), "%s/minutes.slots", folder) >=
		    sizeof(l->path))
		return fault_set(why, -ENAMETOOLONG, "ledger.folder", "'%s': the name is too long",
				 folder);
	int r = paths_mkdir(folder, 0750, why);
	if (r == 0)
		r = db_open(db, DB_FULL, migrations, ARRAY_LEN(migrations), &l->db, why);
	if (r == 0)
		r = read_state(l, found, why);
	if (r == 0)
		r = read_span(l, why);
	if (r == 0)
		r = open_slots(l, why);
	if (r == 0)
		r = replay(l, found, why);
	if (r < 0)
		return r;
	found->mark = l->mark;
	*out = MOVE_PTR(l);
	return 0;
}

static int write_slot(struct ledger *l, struct fault *why)
{
	uint8_t bytes[SLOT_BYTES];
	slot_encode(&l->slot, bytes);
	int r = fileio_pwrite_all(l->fd, bytes, sizeof(bytes),
				  l->slot.seq % LEDGER_SLOTS * SLOT_BYTES);
	if (r == 0 && fdatasync(l->fd) < 0)
		r = -errno;
	return r == 0 ? 0
		      : fault_set(why, r, "ledger.slots", "cannot write '%s': %s; look at the disk",
				  l->path, strerror(-r));
}

int ledger_put(struct ledger *l, struct ledger_row *rows, size_t row_count,
	       struct ledger_event *events, size_t event_count, struct mark *mark,
	       struct fault *why)
{
	mark->next_cursor = l->mark.next_cursor;
	mark->next_event = l->mark.next_event;
	for (size_t i = 0; i < row_count; i++) {
		rows[i].cursor = mark->next_cursor;
		mark->next_cursor += rows[i].row.count;
	}
	for (size_t i = 0; i < event_count; i++)
		events[i].cursor = mark->next_event++;
	chain_go_on(l->mark.head, rows, row_count, mark);

	bool full = l->seq - l->committed >= LEDGER_SLOTS;
	if (full || row_count > SLOT_ROWS || event_count > SLOT_EVENTS)
		return commit(l, rows, row_count, events, event_count, mark, 0, why);

	l->slot.seq = l->seq + 1;
	l->slot.mark = *mark;
	l->slot.row_count = row_count;
	l->slot.event_count = event_count;
	memcpy(l->slot.rows, rows, row_count * sizeof(*rows));
	memcpy(l->slot.events, events, event_count * sizeof(*events));
	int r = write_slot(l, why);
	if (r < 0)
		return r;
	l->seq++;
	l->mark = *mark;
	into_tail(l, rows, row_count, events, event_count);
	return 0;
}

int ledger_commit(struct ledger *l, int64_t keep_from_minute, struct fault *why)
{
	return commit(l, NULL, 0, NULL, 0, NULL, keep_from_minute, why);
}

/* --- reading --- */

struct reader {
	int64_t after;
	unsigned left, given;
	void (*each)(void *data, const struct ledger_row *row);
	void *data;
};

/* A run is given out minute by minute, one cursor each. */
static void give(struct reader *r, const struct ledger_row *run)
{
	int64_t skip = r->after >= run->cursor ? r->after - run->cursor + 1 : 0;
	struct ledger_row one = *run;
	one.row.count = 1;
	one.row.line = 0; /* means something within one entry only */
	for (int64_t i = skip; i < run->row.count && r->left; i++) {
		one.cursor = run->cursor + i;
		one.row.minute = run->row.minute + i;
		r->each(r->data, &one);
		r->after = one.cursor;
		r->left--;
		r->given++;
	}
}

void ledger_row_of(sqlite3_stmt *s, struct ledger_row *out)
{
	memset(out, 0, sizeof(*out));
	out->cursor = sqlite3_column_int64(s, 0);
	out->row.minute = sqlite3_column_int64(s, 1);
	out->row.count = (uint32_t)sqlite3_column_int64(s, 2);
	snprintf(out->uplink, sizeof(out->uplink), "%s", (const char *)sqlite3_column_text(s, 3));
	out->kind = (uint8_t)sqlite3_column_int(s, 4);
	for (int c = 0; c < UPLINK_CLASSES; c++)
		out->row.seconds[c] = (uint8_t)sqlite3_column_int(s, 5 + c);
	out->row.rx_bytes = (uint64_t)sqlite3_column_int64(s, 9);
	out->row.tx_bytes = (uint64_t)sqlite3_column_int64(s, 10);
	out->row.rtt_us = (uint32_t)sqlite3_column_int64(s, 11);
	out->row.down_kbps = (uint32_t)sqlite3_column_int64(s, 12);
	out->row.layer = (uint8_t)sqlite3_column_int(s, 13);
	if (sqlite3_column_bytes(s, 14) == sizeof(out->before))
		memcpy(out->before, sqlite3_column_blob(s, 14), sizeof(out->before));
}

int ledger_minutes(struct ledger *l, int64_t after, unsigned limit,
		   void (*each)(void *data, const struct ledger_row *row), void *data,
		   struct fault *why)
{
	struct reader reader = { after > 0 ? after : 0, limit, 0, each, data };
	sqlite3_stmt *s;
	int r = db_query(l->db, &s, why,
			 "SELECT * FROM minutes WHERE cursor >= coalesce((SELECT max(cursor) FROM "
			 "minutes WHERE cursor"
			 " <= ?1), 0) ORDER BY cursor",
			 "i", reader.after + 1);
	if (r < 0)
		return r;
	while (reader.left && (r = db_step(l->db, s, why)) == 1) {
		struct ledger_row row;
		ledger_row_of(s, &row);
		give(&reader, &row);
	}
	sqlite3_reset(s);
	for (size_t i = 0; r >= 0 && reader.left && i < l->row_count; i++)
		give(&reader, &l->rows[i]);
	return r < 0 ? r : (int)reader.given;
}

int ledger_events(struct ledger *l, int64_t after, unsigned limit,
		  void (*each)(void *data, const struct ledger_event *event), void *data,
		  struct fault *why)
{
	sqlite3_stmt *s;
	unsigned given = 0;
	int r = db_query(l->db, &s, why,
			 "SELECT cursor, at, kind, subject, reason FROM events WHERE cursor > ? "
			 "ORDER BY cursor",
			 "i", after);
	if (r < 0)
		return r;
	while (given < limit && (r = db_step(l->db, s, why)) == 1) {
		struct ledger_event e = { .cursor = sqlite3_column_int64(s, 0),
					  .at_s = sqlite3_column_int64(s, 1) };
		snprintf(e.kind, sizeof(e.kind), "%s", (const char *)sqlite3_column_text(s, 2));
		snprintf(e.subject, sizeof(e.subject), "%s",
			 (const char *)sqlite3_column_text(s, 3));
		snprintf(e.reason, sizeof(e.reason), "%s", (const char *)sqlite3_column_text(s, 4));
		each(data, &e);
		given++;
	}
	sqlite3_reset(s);
	for (size_t i = 0; r >= 0 && given < limit && i < l->event_count; i++) {
		if (l->events[i].cursor <= after)
			continue;
		each(data, &l->events[i]);
		given++;
	}
	return r < 0 ? r : (int)given;
}

int64_t ledger_last_minute(const struct ledger *l)
{
	return l->mark.next_cursor - 1;
}

int64_t ledger_last_event(const struct ledger *l)
{
	return l->mark.next_event - 1;
}
