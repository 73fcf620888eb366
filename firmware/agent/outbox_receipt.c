// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/agent/outbox_priv.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/record/bytes.h"
#include "firmware/record/report.pb.h"

#define FRAME_BYTES 4u

int outbox_epoch(struct outbox *o, uint32_t *out, struct fault *why)
{
	int64_t epoch = 0;
	int r = outbox_number(o, "epoch", 0, &epoch, why);
	if (!r)
		*out = (uint32_t)epoch;
	return r;
}

int outbox_chain(struct outbox *o, uint32_t epoch, struct chain_state *out, struct fault *why)
{
	struct chain_state c = { .epoch = epoch };
	int64_t ledger = 0;
	memcpy(c.device, o->device, sizeof(c.device));
	int r = outbox_number(o, "ledger", 0, &ledger, why);
	sqlite3_stmt *s;
	if (!r)
		r = db_query(o->db, &s, why,
			     "SELECT sealed_seq, through_seq FROM chain WHERE epoch=?", "i",
			     (int64_t)epoch);
	if (!r)
		r = db_step(o->db, s, why);
	if (r < 0)
		return r;
	if (r == 1) {
		c.sealed_seq = (uint64_t)sqlite3_column_int64(s, 0);
		c.through_seq = (uint64_t)sqlite3_column_int64(s, 1);
		sqlite3_reset(s);
	}
	c.ledger = (uint32_t)ledger;
	*out = c;
	return 0;
}

int outbox_hash(void *data, uint64_t seq, uint8_t out[static 32])
{
	const struct outbox_past *past = data;
	struct db *db = past->outbox->db;
	sqlite3_stmt *s;
	int r = db_query(db, &s, NULL, "SELECT hash FROM envelope WHERE epoch=? AND seq=?", "ii",
			 (int64_t)past->epoch, outbox_whole(seq));
	if (!r)
		r = db_step(db, s, NULL);
	if (r <= 0)
		return r ? r : -ENOENT;
	bool good = sqlite3_column_bytes(s, 0) == 32;
	if (good)
		memcpy(out, sqlite3_column_blob(s, 0), 32);
	sqlite3_reset(s);
	return good ? 0 : -EBADMSG;
}

static int begin_epoch(struct outbox *o, uint32_t epoch, struct fault *why)
{
	static const uint8_t zero[32];
	int r = db_exec(o->db, why,
			"INSERT INTO chain(epoch, sealed_seq, head_hash, through_seq) VALUES(?, 0, "
			"?, 0) ON CONFLICT(epoch) DO NOTHING",
			"ib", (int64_t)epoch, (const void *)zero, sizeof(zero));
	return r ? r : outbox_number_set(o, "epoch", epoch, why);
}

int outbox_enrol(struct outbox *o, uint32_t epoch, const void *grant, size_t len, struct fault *why)
{
	uint32_t now = 0;
	int r = outbox_epoch(o, &now, why);
	if (r)
		return r;
	if (epoch < 1 || epoch < now)
		return fault_set(why, -ESTALE, "grant.epoch",
				 "a grant for epoch %u; this box is in epoch %u already", epoch,
				 now);
	r = db_begin(o->db, why);
	if (r)
		return r;
	DB_TX(o->db);
	r = begin_epoch(o, epoch, why);
	if (!r)
		r = db_exec(o->db, why,
			    "INSERT INTO fact(name, value) VALUES('grant', ?) ON CONFLICT(name) DO "
			    "UPDATE SET value=excluded.value",
			    "b", grant, len);
	return r ? r : db_commit(o->db, why);
}

int outbox_waiting(struct outbox *o, size_t count_max, size_t bytes_max, void **out, size_t *len,
		   size_t *count, struct fault *why)
{
	AUTO_FREE uint8_t *body = NULL;
	size_t used = 0, n = 0;
	uint32_t epoch = 0;
	sqlite3_stmt *s;
	int r = outbox_epoch(o, &epoch, why);
	if (!r)
		r = db_query(o->db, &s, why,
			     "SELECT e.bytes FROM envelope e JOIN chain c ON c.epoch=e.epoch"
			     " WHERE e.epoch=? AND e.seq>c.through_seq ORDER BY e.seq LIMIT ?",
			     "ii", (int64_t)epoch, (int64_t)count_max);
	while (!r && (r = db_step(o->db, s, why)) == 1) {
		size_t size = (size_t)sqlite3_column_bytes(s, 0);
		if (n && used + FRAME_BYTES + size > bytes_max)
			break;
		uint8_t *more = realloc(body, used + FRAME_BYTES + size);
		if (!more) {
			sqlite3_reset(s);
			return fault_set(why, -ENOMEM, "memory", "out of memory");
		}
		body = more;
		bytes_put_u32(body + used, (uint32_t)size);
		memcpy(body + used + FRAME_BYTES, sqlite3_column_blob(s, 0), size);
		used += FRAME_BYTES + size;
		n++;
		r = 0;
	}
	if (r < 0)
		return r;
	if (r == 1)
		sqlite3_reset(s);
	*out = MOVE_PTR(body);
	*len = used;
	*count = n;
	return 0;
}

static int keep_receipt(struct outbox *o, const wasl_Receipt *r, const void *record, size_t len,
			int64_t now_s, struct fault *why)
{
	int64_t minutes = 0;
	int rc = outbox_minutes_of(o, r->epoch, r->through_seq, &minutes, why);
	if (!rc)
		rc = db_exec(o->db, why,
			     "INSERT INTO receipt(epoch, through_seq, head_hash, hub_s, stored_s, "
			     "record, minutes) VALUES(?, ?, ?, ?, ?, ?, ?)",
			     "iibiibi", (int64_t)r->epoch, outbox_whole(r->through_seq),
			     (const void *)r->head_hash, sizeof(r->head_hash), r->hub_unix_s, now_s,
			     record, len, minutes);
	return rc ? rc : outbox_number_set(o, "ledger", r->ledger, why);
}

int outbox_receipt(struct outbox *o, enum chain_verdict verdict, const wasl_Receipt *r,
		   const void *record, size_t len, int64_t now_s, struct fault *why)
{
	if (verdict != CHAIN_ADVANCE && verdict != CHAIN_REFILL)
		return 0;
	int rc = db_begin(o->db, why);
	if (rc)
		return rc;
	DB_TX(o->db);
	rc = keep_receipt(o, r, record, len, now_s, why);
	if (!rc)
		rc = db_exec(o->db, why, "UPDATE chain SET through_seq=? WHERE epoch=?", "ii",
			     outbox_whole(r->through_seq), (int64_t)r->epoch);
	/* What a restored hub lost is as good as never sent: it must not be pruned. */
	if (!rc)
		rc = db_exec(o->db, why,
			     "UPDATE envelope SET receipted_s=NULL WHERE epoch=? AND seq>? AND "
			     "receipted_s IS NOT NULL",
			     "ii", (int64_t)r->epoch, outbox_whole(r->through_seq));
	if (!rc)
		rc = db_exec(o->db, why,
			     "UPDATE envelope SET receipted_s=? WHERE epoch=? AND seq<=? AND "
			     "receipted_s IS NULL",
			     "iii", now_s, (int64_t)r->epoch, outbox_whole(r->through_seq));
	return rc ? rc : db_commit(o->db, why);
}

/* Rows sealed above `through` are open again; their envelopes will never count. */
static int reopen(struct outbox *o, uint32_t epoch, int64_t through, uint64_t *rows,
		  struct fault *why)
{
	static const char *const opens[] = {
		"UPDATE hour SET epoch=NULL, seq=NULL WHERE epoch=? AND seq>?",
		"UPDATE use SET epoch=NULL, seq=NULL WHERE epoch=? AND seq>?",
		"UPDATE event SET epoch=NULL, seq=NULL WHERE epoch=? AND seq>?",
		"UPDATE offer SET epoch=NULL, seq=NULL WHERE epoch=? AND seq>?",
	};
	for (size_t i = 0; i < ARRAY_LEN(opens); i++) {
		int r = db_exec(o->db, why, opens[i], "ii", (int64_t)epoch, through);
		if (r)
			return r;
		*rows += (uint64_t)db_changes(o->db);
	}
	return db_exec(o->db, why, "DELETE FROM envelope WHERE epoch=? AND seq>?", "ii",
		       (int64_t)epoch, through);
}

int outbox_end_epoch(struct outbox *o, const wasl_Close *c, uint64_t *reopened, struct fault *why)
{
	uint32_t now = 0;
	uint64_t rows = 0;
	int64_t through = outbox_whole(c->through_seq);
	int r = outbox_epoch(o, &now, why);
	if (!r)
		r = db_begin(o->db, why);
	if (r)
		return r;
	DB_TX(o->db);
	r = reopen(o, c->epoch, through, &rows, why);
	if (!r)
		r = db_exec(o->db, why,
			    "UPDATE chain SET through_seq=?1, sealed_seq=?1,"
			    " head_hash=coalesce((SELECT hash FROM envelope WHERE epoch=?2 AND "
			    "seq=?1), head_hash) WHERE epoch=?2",
			    "ii", through, (int64_t)c->epoch);
	if (!r && now < c->new_epoch)
		r = begin_epoch(o, c->new_epoch, why);
	if (!r)
		r = db_commit(o->db, why);
	if (!r)
		*reopened = rows;
	return r;
}

int outbox_receipts(struct outbox *o, int64_t after, size_t limit,
		    void (*each)(void *data, const struct outbox_receipt_row *), void *data,
		    struct fault *why)
{
	sqlite3_stmt *s;
	int r = db_query(o->db, &s, why,
			 "SELECT cursor, epoch, through_seq, head_hash, hub_s, stored_s FROM "
			 "receipt WHERE cursor>? ORDER BY cursor LIMIT ?",
			 "ii", after, (int64_t)limit);
	while (!r && (r = db_step(o->db, s, why)) == 1) {
		struct outbox_receipt_row row = {
			.cursor = sqlite3_column_int64(s, 0),
			.epoch = (uint32_t)sqlite3_column_int64(s, 1),
			.through_seq = (uint64_t)sqlite3_column_int64(s, 2),
			.hub_s = sqlite3_column_int64(s, 4),
			.stored_s = sqlite3_column_int64(s, 5),
		};
		if (sqlite3_column_bytes(s, 3) == (int)sizeof(row.head_hash))
			memcpy(row.head_hash, sqlite3_column_blob(s, 3), sizeof(row.head_hash));
		each(data, &row);
		r = 0;
	}
	return r;
}

#define ROWS_ABOVE_RECEIPT                                                                \
	"(SELECT count(*) FROM hour h WHERE h.seq>c.through_seq AND h.epoch=c.epoch)"     \
	" + (SELECT count(*) FROM use u WHERE u.seq>c.through_seq AND u.epoch=c.epoch)"   \
	" + (SELECT count(*) FROM event e WHERE e.seq>c.through_seq AND e.epoch=c.epoch)" \
	" + (SELECT count(*) FROM offer f WHERE f.seq>c.through_seq AND f.epoch=c.epoch)"

int outbox_count(struct outbox *o, struct outbox_counts *out, struct fault *why)
{
	static const struct {
		const char *sql;
		size_t at;
	} sums[] = {
		{ "SELECT (SELECT count(*) FROM hour WHERE seq IS NULL) + (SELECT count(*) FROM "
		  "use WHERE seq IS NULL)"
		  " + (SELECT count(*) FROM event WHERE seq IS NULL)"
		  " + (SELECT count(*) FROM offer WHERE seq IS NULL)",
		  offsetof(struct outbox_counts, open_rows) },
		{ "SELECT " ROWS_ABOVE_RECEIPT
		  " FROM chain c WHERE c.epoch=(SELECT value FROM fact WHERE name='epoch')",
		  offsetof(struct outbox_counts, waiting_rows) },
		{ "SELECT sum(" ROWS_ABOVE_RECEIPT
		  ") FROM chain c WHERE c.epoch<(SELECT value FROM fact WHERE name='epoch')",
		  offsetof(struct outbox_counts, parked_rows) },
		{ "SELECT sum(size) FROM envelope", offsetof(struct outbox_counts, kept_bytes) },
		{ "SELECT stored_s FROM receipt ORDER BY cursor DESC LIMIT 1",
		  offsetof(struct outbox_counts, last_receipt_s) },
	};
	struct outbox_counts counts;
	for (size_t i = 0; i < ARRAY_LEN(sums); i++) {
		int64_t n = 0;
		int r = db_int(o->db, 0, &n, why, sums[i].sql, "");
		if (r)
			return r;
		memcpy((char *)&counts + sums[i].at, &n, sizeof(n));
	}
	*out = counts;
	return 0;
}

static int drop_envelope(struct outbox *o, int64_t epoch, int64_t seq, struct fault *why)
{
	static const char *const drops[] = {
		"DELETE FROM hour WHERE epoch=? AND seq=?",
		"DELETE FROM use WHERE epoch=? AND seq=?",
		"DELETE FROM event WHERE epoch=? AND seq=?",
		/* What is offered still is known, so that it is not told again. */
		"DELETE FROM offer WHERE epoch=? AND seq=? AND withdrawn",
		"DELETE FROM envelope WHERE epoch=? AND seq=?",
	};
	int r = 0;
	for (size_t i = 0; !r && i < ARRAY_LEN(drops); i++)
		r = db_exec(o->db, why, drops[i], "ii", epoch, seq);
	return r;
}

/* Those that tell the last months apart; each one covers all before it. */
static int prune_receipts(struct outbox *o, struct fault *why)
{
	return db_exec(o->db, why,
		       "DELETE FROM receipt WHERE cursor <= (SELECT max(cursor) FROM receipt) - ?",
		       "i", (int64_t)OUTBOX_RECEIPTS);
}

int outbox_prune(struct outbox *o, int64_t now_s, uint32_t days, uint64_t bytes, struct fault *why)
{
	int64_t kept = 0;
	int r = prune_receipts(o, why);
	if (!r)
		r = db_int(o->db, 0, &kept, why, "SELECT sum(size) FROM envelope", "");
	for (;;) {
		sqlite3_stmt *s;
		if (!r)
			r = db_query(o->db, &s, why,
				     "SELECT epoch, seq, size, receipted_s FROM envelope WHERE "
				     "receipted_s IS NOT NULL"
				     " ORDER BY receipted_s, epoch, seq LIMIT 1",
				     "");
		if (!r)
			r = db_step(o->db, s, why);
		if (r <= 0)
			return r;
		int64_t epoch = sqlite3_column_int64(s, 0), seq = sqlite3_column_int64(s, 1),
			size = sqlite3_column_int64(s, 2);
		bool old = sqlite3_column_int64(s, 3) < now_s - (int64_t)days * 86400;
		sqlite3_reset(s);
		if (!old && (uint64_t)kept <= bytes)
			return 0;
		r = db_begin(o->db, why);
		if (r)
			return r;
		DB_TX(o->db);
		r = drop_envelope(o, epoch, seq, why);
		if (!r)
			r = db_commit(o->db, why);
		kept -= size;
	}
}
