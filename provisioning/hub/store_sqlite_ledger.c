// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "provisioning/hub/store_sqlite.h"

enum { FORKS_MAX = 16 };

static int head_get(struct store *store, const uint8_t device[static 16], uint32_t epoch,
		    struct account_head *out, struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	sqlite3_stmt *s;
	int rc = db_query(
		db, &s, why,
		"SELECT through_seq, hash, held, held_bytes FROM head WHERE device=? AND epoch=?",
		"bi", (const void *)device, (size_t)16, (int64_t)epoch);
	rc = store_sqlite_one(db, rc, s, why);
	if (rc && rc != -ENOENT)
		return rc;
	*out = (struct account_head){ 0 };
	if (rc == -ENOENT)
		return 0;
	out->through_seq = (uint64_t)sqlite3_column_int64(s, 0);
	store_sqlite_blob(s, 1, out->hash, sizeof(out->hash));
	out->held = (uint32_t)sqlite3_column_int64(s, 2);
	out->held_bytes = (uint64_t)sqlite3_column_int64(s, 3);
	sqlite3_reset(s);
	return 0;
}

static int head_put(struct store *store, const uint8_t device[static 16], uint32_t epoch,
		    const struct account_head *head, struct fault *why)
{
	return db_exec(store_sqlite_db(store), why,
		       "INSERT INTO head(device, epoch, through_seq, hash, held, held_bytes) "
		       "VALUES(?1, ?2, ?3, ?4, ?5, ?6)"
		       " ON CONFLICT(device, epoch) DO UPDATE SET through_seq=?3, hash=?4, "
		       "held=?5, held_bytes=?6",
		       "biibii", (const void *)device, (size_t)16, (int64_t)epoch,
		       (int64_t)head->through_seq, (const void *)head->hash, sizeof(head->hash),
		       (int64_t)head->held, (int64_t)head->held_bytes);
}

static int envelope_put(struct store *store, const struct stored_envelope *e, struct fault *why)
{
	return db_exec(store_sqlite_db(store), why,
		       "INSERT INTO envelope(device, epoch, seq, hash, previous, state, first_day, "
		       "last_day, received_s,"
		       " bytes) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		       "biibbiiiib", (const void *)e->device, sizeof(e->device), (int64_t)e->epoch,
		       (int64_t)e->seq, (const void *)e->hash, sizeof(e->hash),
		       (const void *)e->previous, sizeof(e->previous), (int64_t)e->state,
		       (int64_t)e->first_day, (int64_t)e->last_day, e->received_s, e->bytes,
		       (size_t)e->bytes_len);
}

static int copy_bytes(sqlite3_stmt *s, int column, void **out, struct fault *why)
{
	size_t len = (size_t)sqlite3_column_bytes(s, column);
	AUTO_FREE void *copy = malloc(len ? len : 1);
	if (!copy)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	if (len)
		memcpy(copy, sqlite3_column_blob(s, column), len);
	*out = MOVE_PTR(copy);
	return 0;
}

static int envelope_get(struct store *store, const uint8_t device[static 16], uint32_t epoch,
			uint64_t seq, struct stored_envelope *out, void **bytes, struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	sqlite3_stmt *s;
	/* length() reads the header of the row, not the body. */
	int rc = db_query(db, &s, why,
			  bytes ? "SELECT hash, previous, state, first_day, last_day, received_s, "
				  "length(bytes), bytes"
				  " FROM envelope WHERE device=? AND epoch=? AND seq=?"
				: "SELECT hash, previous, state, first_day, last_day, received_s, "
				  "length(bytes)"
				  " FROM envelope WHERE device=? AND epoch=? AND seq=?",
			  "bii", (const void *)device, (size_t)16, (int64_t)epoch, (int64_t)seq);
	rc = store_sqlite_one(db, rc, s, why);
	if (rc)
		return rc;
	if (bytes)
		rc = copy_bytes(s, 7, bytes, why);
	if (rc == 0) {
		*out = (struct stored_envelope){
			.epoch = epoch,
			.seq = seq,
			.state = (enum envelope_state)sqlite3_column_int(s, 2),
			.first_day = sqlite3_column_int(s, 3),
			.last_day = sqlite3_column_int(s, 4),
			.received_s = sqlite3_column_int64(s, 5),
			.bytes_len = (uint32_t)sqlite3_column_int64(s, 6),
		};
		memcpy(out->device, device, sizeof(out->device));
		store_sqlite_blob(s, 0, out->hash, sizeof(out->hash));
		store_sqlite_blob(s, 1, out->previous, sizeof(out->previous));
	}
	sqlite3_reset(s);
	return rc;
}

static int envelope_state_set(struct store *store, const uint8_t device[static 16], uint32_t epoch,
			      uint64_t seq, enum envelope_state state, struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	int rc =
		db_exec(db, why, "UPDATE envelope SET state=? WHERE device=? AND epoch=? AND seq=?",
			"ibii", (int64_t)state, (const void *)device, (size_t)16, (int64_t)epoch,
			(int64_t)seq);
	return rc ? rc : db_changes(db) == 1 ? 0 : -ENOENT;
}

static int envelope_next(struct store *store, const uint8_t device[static 16], uint32_t epoch,
			 enum envelope_state state, uint64_t after, uint64_t *out,
			 struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	int64_t seq = 0;
	/* state<>1 lets the small index of envelopes set aside answer. */
	int rc = state == ENVELOPE_COUNTED
			 ? db_int(db, 0, &seq, why,
				  "SELECT min(seq) FROM envelope WHERE device=? AND epoch=? AND "
				  "state=1 AND seq>?",
				  "bii", (const void *)device, (size_t)16, (int64_t)epoch,
				  (int64_t)after)
			 : db_int(db, 0, &seq, why,
				  "SELECT min(seq) FROM envelope WHERE device=? AND epoch=? AND "
				  "state=? AND seq>? AND state<>1",
				  "biii", (const void *)device, (size_t)16, (int64_t)epoch,
				  (int64_t)state, (int64_t)after);
	if (rc)
		return rc;
	if (seq == 0)
		return -ENOENT;
	*out = (uint64_t)seq;
	return 0;
}

static int fork_count(struct store *store, const uint8_t device[static 16], int64_t *out,
		      struct fault *why)
{
	return db_int(store_sqlite_db(store), 0, out, why,
		      "SELECT count(*) FROM fork WHERE device=?", "b", (const void *)device,
		      (size_t)16);
}

static int fork_put(struct store *store, const struct stored_envelope *e, struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	int64_t have = 0;
	int rc = db_int(db, 0, &have, why, "SELECT count(*) FROM fork WHERE device=? AND epoch=?",
			"bi", (const void *)e->device, sizeof(e->device), (int64_t)e->epoch);
	if (rc || have >= FORKS_MAX)
		return rc;
	return db_exec(db, why,
		       "INSERT OR IGNORE INTO fork(device, epoch, seq, hash, received_s, bytes) "
		       "VALUES(?, ?, ?, ?, ?, ?)",
		       "biibib", (const void *)e->device, sizeof(e->device), (int64_t)e->epoch,
		       (int64_t)e->seq, (const void *)e->hash, sizeof(e->hash), e->received_s,
		       e->bytes, (size_t)e->bytes_len);
}

static int receipt_put(struct store *store, const struct given_receipt *r, struct fault *why)
{
	return db_exec(
		store_sqlite_db(store), why,
		"INSERT INTO receipt(school, device, epoch, through_seq, head_hash, signed_s)"
		" VALUES(?, ?, ?, ?, ?, ?)",
		"tbiibi", r->school, (const void *)r->device, sizeof(r->device), (int64_t)r->epoch,
		(int64_t)r->through_seq, (const void *)r->head_hash, sizeof(r->head_hash),
		r->signed_s);
}

static int receipts_each(struct store *store, const char *school, int64_t before, int limit,
			 store_receipt_fn *each, void *data, struct fault *why)
{
	struct db *db = store_sqlite_db(store);
	sqlite3_stmt *s;
	int rc = db_query(
		db, &s, why,
		"SELECT id, school, device, epoch, through_seq, head_hash, signed_s FROM receipt"
		" WHERE school=? AND id<? ORDER BY id DESC LIMIT ?",
		"tii", school, before, (int64_t)limit);
	if (rc)
		return rc;
	while ((rc = db_step(db, s, why)) == 1) {
		struct given_receipt r = { .id = sqlite3_column_int64(s, 0),
					   .epoch = (uint32_t)sqlite3_column_int64(s, 3),
					   .through_seq = (uint64_t)sqlite3_column_int64(s, 4),
					   .signed_s = sqlite3_column_int64(s, 6) };
		store_sqlite_text(s, 1, r.school, sizeof(r.school));
		store_sqlite_blob(s, 2, r.device, sizeof(r.device));
		store_sqlite_blob(s, 5, r.head_hash, sizeof(r.head_hash));
		rc = each(data, &r);
		if (rc)
			break;
	}
	sqlite3_reset(s);
	return rc;
}

const struct store_ledger_ops store_sqlite_ledger = {
	.head_get = head_get,
	.head_put = head_put,
	.envelope_put = envelope_put,
	.envelope_get = envelope_get,
	.envelope_state_set = envelope_state_set,
	.envelope_next = envelope_next,
	.fork_put = fork_put,
	.fork_count = fork_count,
	.receipt_put = receipt_put,
	.receipts_each = receipts_each,
};
