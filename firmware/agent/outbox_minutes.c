// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "firmware/agent/outbox_priv.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/record/bytes.h"
#include "firmware/record/envelope.h"

enum { KEPT_BYTES = 8 + 32 };

int outbox_set_minutes(struct outbox *o, const struct outbox_minutes *m, struct fault *why)
{
	uint8_t bytes[KEPT_BYTES];
	bytes_put_u64(bytes, m->through);
	memcpy(bytes + 8, m->head, sizeof(m->head));
	return db_exec(o->db, why,
		       "INSERT INTO fact(name, value) VALUES('minutes', ?) ON CONFLICT(name) DO "
		       "UPDATE SET value=excluded.value",
		       "b", (const void *)bytes, sizeof(bytes));
}

int outbox_minutes(struct outbox *o, struct outbox_minutes *out, struct fault *why)
{
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	*out = (struct outbox_minutes){ 0 };
	int r = outbox_blob(o, "minutes", &bytes, &len, why);
	if (r == -ENOENT || (r == 0 && len != KEPT_BYTES))
		return 0;
	if (r)
		return r;
	out->through = bytes_get_u64(bytes);
	memcpy(out->head, (const uint8_t *)bytes + 8, sizeof(out->head));
	return 0;
}

int outbox_minutes_of(struct outbox *o, uint32_t epoch, uint64_t seq, int64_t *out,
		      struct fault *why)
{
	struct envelope_header h;
	size_t total = 0;
	sqlite3_stmt *s;
	*out = 0;
	int r = db_query(o->db, &s, why, "SELECT bytes FROM envelope WHERE epoch=? AND seq=?", "ii",
			 (int64_t)epoch, outbox_whole(seq));
	if (!r)
		r = db_step(o->db, s, why);
	if (r <= 0)
		return r;
	if (envelope_peek(sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0), &h, &total,
			  NULL) == 0)
		*out = (int64_t)h.minutes_through;
	sqlite3_reset(s);
	return 0;
}

/* Where in the table of envelopes that one stands which the receipt names; ?: its head of minutes. */
#define NAMED(order, condition)                                                           \
	"SELECT e.rowid FROM receipt r JOIN envelope e ON e.epoch=r.epoch AND "           \
	"e.seq=r.through_seq WHERE r.minutes>0 AND " condition " ORDER BY e.rowid " order \
	" LIMIT 1"

int outbox_proofs(struct outbox *o, int64_t from, int64_t until, int64_t after, size_t limit,
		  size_t bytes, void (*each)(void *data, const struct outbox_proof *), void *data,
		  struct fault *why)
{
	int64_t first = 0, last = 0;
	size_t given = 0, used = 0;
	int r = db_int(o->db, 0, &first, why, NAMED("ASC", "r.minutes>=?"), "i", from);
	if (!r)
		r = db_int(o->db, 0, &last, why, NAMED("ASC", "r.minutes>=?"), "i", until);
	if (!r && !last)
		r = db_int(o->db, 0, &last, why, NAMED("DESC", "r.minutes>=?"), "i", from);
	sqlite3_stmt *s;
	if (!r)
		r = db_query(o->db, &s, why,
			     "SELECT rowid, bytes, (SELECT record FROM receipt r WHERE "
			     "r.epoch=e.epoch AND r.through_seq=e.seq ORDER BY r.cursor LIMIT 1)"
			     " FROM envelope e WHERE rowid>?1 AND rowid>=?2 AND rowid<=?3 ORDER BY "
			     "rowid LIMIT ?4",
			     "iiii", after, first, last, (int64_t)limit);
	while (!r && used < bytes && (r = db_step(o->db, s, why)) == 1) {
		struct outbox_proof p = {
			.cursor = sqlite3_column_int64(s, 0),
			.envelope = sqlite3_column_blob(s, 1),
			.envelope_len = (size_t)sqlite3_column_bytes(s, 1),
			.record = sqlite3_column_blob(s, 2),
			.record_len = (size_t)sqlite3_column_bytes(s, 2),
		};
		each(data, &p);
		given++;
		used += p.envelope_len + p.record_len;
		r = 0;
	}
	if (r < 0)
		return r;
	sqlite3_reset(s);
	return (int)given;
}
