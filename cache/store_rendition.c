// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/store_private.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

enum { SEGMENT_MAX = 256 << 20, BOX_HEADER = 8 };

static void release(struct store_rendition *r)
{
	if (!r)
		return;
	segtab_unmap(&r->tab);
	free(r->rows);
	if (r->fd >= 0)
		close(r->fd);
	if (r->read_fd >= 0)
		close(r->read_fd);
	free(r);
}

CLEAN_FN(rendition, struct store_rendition, release)

static int rendition_fault(const struct store_rendition *r, const char *suffix, int code,
			   struct fault *why)
{
	return store_fault(r->store, layout_rendition(r->number, suffix).at, code, why);
}

/* Segments begin on a page; the rest of the last page is a `free` box, which needs 8 bytes at least (ISO/IEC 14496-12). */
static uint64_t padded(uint64_t length)
{
	uint64_t end = (length + STORE_PAGE - 1) / STORE_PAGE * STORE_PAGE;
	return end != length && end - length < BOX_HEADER ? end + STORE_PAGE : end;
}

static int find_row(struct store *s, const char *lesson, const char *generation, const char *rung,
		    int64_t *number, int64_t *count, struct fault *why)
{
	sqlite3_stmt *q;
	int rc = db_query(s->db, &q, why,
			  "SELECT number, segment_count FROM renditions WHERE lesson=? AND "
			  "generation=? AND rung=?",
			  "ttt", lesson, generation, rung);
	if (rc)
		return rc;
	rc = db_step(s->db, q, why);
	if (rc != 1)
		return rc;
	*number = sqlite3_column_int64(q, 0);
	*count = sqlite3_column_int64(q, 1);
	sqlite3_reset(q);
	return 1;
}

static int load_rows(struct store_rendition *r, struct fault *why)
{
	struct store *s = r->store;
	sqlite3_stmt *q;
	int rc = db_query(
		s->db, &q, why,
		"SELECT segment, offset, length, duration_ms FROM segments WHERE rendition=?", "i",
		(int64_t)r->number);
	while (!rc && (rc = db_step(s->db, q, why)) == 1) {
		rc = 0;
		const int64_t segment = sqlite3_column_int64(q, 0);
		if (segment < 0 || segment > r->segment_count)
			continue;
		struct segtab_segment *row = &r->rows[segment];
		row->offset = (uint64_t)sqlite3_column_int64(q, 1);
		row->length = (uint32_t)sqlite3_column_int64(q, 2);
		row->duration_ms = (uint32_t)sqlite3_column_int64(q, 3);
		r->done += segment > 0;
		const uint64_t end = row->offset + padded(row->length);
		if (end > r->end)
			r->end = end;
	}
	return rc;
}

static int forget_notes(struct store_rendition *r, struct fault *why)
{
	return db_exec(r->store->db, why, "DELETE FROM notes WHERE rendition=?", "i",
		       (int64_t)r->number);
}

/* Rows and withdrawn places change together. */
static int forget_rows(struct store_rendition *r, uint64_t size, const struct segtab_range *lost,
		       struct fault *why)
{
	struct store *s = r->store;
	int rc = db_begin(s->db, why);
	if (rc)
		return rc;
	DB_TX(s->db);
	rc = db_exec(s->db, why, "DELETE FROM segments WHERE rendition=? AND offset+length>?", "ii",
		     (int64_t)r->number, (int64_t)size);
	if (!rc)
		rc = forget_notes(r, why);
	if (!rc)
		rc = db_exec(s->db, why,
			     "INSERT OR REPLACE INTO withdrawn(rendition, offset, length) "
			     "VALUES(?,?,?)",
			     "iii", (int64_t)r->number, (int64_t)lost->offset,
			     (int64_t)lost->length);
	return rc ? rc : db_commit(s->db, why);
}

/*
 * Rows whose bytes the file does not have (it was cut short by other hands) are forgotten: the segments are made again, further
 * on. Their old place is withdrawn, for the sake of virtual files that still point there.
 */
static int forget_beyond(struct store_rendition *r, uint64_t size, struct fault *why)
{
	struct segtab_range lost = { r->end, 0 };
	for (uint32_t i = 0; i <= r->segment_count; i++)
		if (r->rows[i].length && r->rows[i].offset + r->rows[i].length > size &&
		    r->rows[i].offset < lost.offset)
			lost.offset = r->rows[i].offset;
	if (lost.offset == r->end)
		return 0;
	/* No place left to name it: the last one grows, which refuses too much and sends nothing wrong. */
	const bool full = r->withdrawn_count == SEGTAB_MAX_WITHDRAWN;
	if (full && r->withdrawn[r->withdrawn_count - 1].offset < lost.offset)
		lost.offset = r->withdrawn[r->withdrawn_count - 1].offset;
	lost.length = r->end - lost.offset;
	int rc = forget_rows(r, size, &lost, why);
	if (rc)
		return rc;
	for (uint32_t i = 0; i <= r->segment_count; i++) {
		struct segtab_segment *row = &r->rows[i];
		if (!row->length || row->offset + row->length <= size)
			continue;
		r->done -= i > 0;
		*row = (struct segtab_segment){ 0 };
	}
	r->withdrawn[full ? r->withdrawn_count - 1 : r->withdrawn_count++] = lost;
	return 0;
}

static int open_body(struct store_rendition *r, uint64_t expected_bytes, struct fault *why)
{
	struct layout at = layout_rendition(r->number, ".mp4");
	struct stat st;
	r->fd = openat(r->store->fd, at.at, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (r->fd < 0 || fstat(r->fd, &st) < 0)
		return store_fault(r->store, at.at, -errno, why);
	r->read_fd = openat(r->store->fd, at.at, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (r->read_fd < 0)
		return store_fault(r->store, at.at, -errno, why);
	/* Reserved without growing the file. Where the file system cannot, a full disk shows at a later put. */
	if (expected_bytes > r->end && r->done < r->segment_count &&
	    fallocate(r->fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)expected_bytes) < 0 && errno == ENOSPC)
		return store_fault(r->store, at.at, -ENOSPC, why);
	return forget_beyond(r, (uint64_t)st.st_size, why);
}

/* Places whose bytes rotted stay where they are: nothing is written there, nothing read. */
static int load_withdrawn(struct store_rendition *r, struct fault *why)
{
	struct store *s = r->store;
	sqlite3_stmt *q;
	int rc = db_query(s->db, &q, why, "SELECT offset, length FROM withdrawn WHERE rendition=?",
			  "i", (int64_t)r->number);
	while (!rc && (rc = db_step(s->db, q, why)) == 1) {
		rc = 0;
		if (r->withdrawn_count == SEGTAB_MAX_WITHDRAWN)
			continue;
		struct segtab_range *range = &r->withdrawn[r->withdrawn_count++];
		range->offset = (uint64_t)sqlite3_column_int64(q, 0);
		range->length = (uint64_t)sqlite3_column_int64(q, 1);
		if (range->offset + range->length > r->end)
			r->end = range->offset + range->length;
	}
	return rc;
}

/* The table in use says what the rows say; slots that merely lack a row's news get it in place. */
static bool mend(struct store_rendition *r)
{
	if (r->tab.segment_count != r->segment_count || segtab_superseded(&r->tab) ||
	    r->tab.head->withdrawn_count != r->withdrawn_count ||
	    memcmp(r->tab.head->withdrawn, r->withdrawn,
		   r->withdrawn_count * sizeof(r->withdrawn[0])))
		return false;
	for (uint32_t i = 0; i <= r->segment_count; i++) {
		struct segtab_segment got;
		const struct segtab_segment *row = &r->rows[i];
		if (segtab_get(&r->tab, i, &got) != SEGTAB_READY)
			continue;
		if (got.offset != row->offset || got.length != row->length ||
		    got.duration_ms != row->duration_ms)
			return false;
	}
	for (uint32_t i = 0; i <= r->segment_count; i++) {
		struct segtab_segment got;
		if (r->rows[i].length && segtab_get(&r->tab, i, &got) != SEGTAB_READY)
			segtab_publish(&r->tab, i, &r->rows[i]);
		else if (!r->rows[i].length)
			segtab_clear(&r->tab, i);
	}
	return true;
}

static int open_table(struct store_rendition *r)
{
	struct store *s = r->store;
	struct layout at = layout_rendition(r->number, ".tab"),
		      aside = layout_rendition(r->number, ".tab.new");
	struct segtab fresh = { 0 };
	if (!segtab_open(s->fd, at.at, r->number, &r->tab) && mend(r))
		return 0;
	if (!r->tab.head)
		segtab_supersede_damaged(s->fd, at.at);
	unlinkat(s->fd, aside.at, 0);
	int rc = segtab_create(s->fd, aside.at, r->number, r->segment_count, &fresh);
	if (rc)
		return rc;
	for (uint32_t i = 0; i <= r->segment_count; i++)
		if (r->rows[i].length)
			segtab_publish(&fresh, i, &r->rows[i]);
	for (uint32_t i = 0; i < r->withdrawn_count; i++)
		segtab_withdraw(&fresh, &r->withdrawn[i]);
	if (renameat(s->fd, aside.at, s->fd, at.at) < 0) {
		rc = -errno;
		unlinkat(s->fd, aside.at, 0);
		segtab_unmap(&fresh);
		return rc;
	}
	if (r->tab.head)
		segtab_supersede(&r->tab);
	segtab_unmap(&r->tab);
	r->tab = fresh;
	return 0;
}

static int insert_row(struct store *s, const char *lesson, const char *generation, const char *rung,
		      uint32_t segment_count, uint64_t expected_bytes, int64_t *number,
		      struct fault *why)
{
	int rc = store_check_room(s, expected_bytes, why);
	if (!rc)
		rc = db_exec(s->db, why,
			     "INSERT INTO renditions(lesson, generation, rung, segment_count) "
			     "VALUES(?,?,?,?)",
			     "ttti", lesson, generation, rung, (int64_t)segment_count);
	if (!rc)
		*number = sqlite3_last_insert_rowid(db_handle(s->db));
	return rc;
}

static void remove_files(struct store *s, uint64_t number)
{
	unlinkat(s->fd, layout_rendition(number, ".mp4").at, 0);
	unlinkat(s->fd, layout_rendition(number, ".tab").at, 0);
}

static int open_files(struct store_rendition *r, uint64_t expected_bytes, struct fault *why)
{
	r->store->opened++;
	r->rows = calloc((size_t)r->segment_count + 1, sizeof(*r->rows));
	if (!r->rows)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int rc = load_rows(r, why);
	if (!rc)
		rc = load_withdrawn(r, why);
	if (!rc)
		rc = open_body(r, expected_bytes, why);
	if (rc)
		return rc;
	rc = open_table(r);
	if (rc)
		return rendition_fault(r, ".tab", rc, why);
	/* The names last: a row of a segment must never be without its file. */
	if (!r->end)
		rc = fileio_sync_parent(
			store_path(r->store, layout_rendition(r->number, ".mp4").at).at);
	return rc ? rendition_fault(r, ".mp4", rc, why) : 0;
}

int store_rendition_open(struct store *s, const char *lesson, const char *generation,
			 const char *rung, uint32_t segment_count, uint64_t expected_bytes,
			 struct store_rendition **out, struct fault *why)
{
	int64_t number = 0, count = segment_count;
	if (!segment_count || segment_count > SEGTAB_MAX_SEGMENTS)
		return fault_set(why, -EINVAL, "store.count",
				 "%s/%s/%s: %u segments; 1 to %u are possible", lesson, generation,
				 rung, segment_count, SEGTAB_MAX_SEGMENTS);
	int known = find_row(s, lesson, generation, rung, &number, &count, why);
	if (known < 0)
		return known;
	if (count != segment_count)
		return fault_set(
			why, -EINVAL, "store.count",
			"%s/%s/%s has %lld segments, not %u; another plan needs another generation",
			lesson, generation, rung, (long long)count, segment_count);
	for (struct store_rendition *r = s->renditions; known && r; r = r->next) {
		if (r->number != (uint64_t)number || r->dropped)
			continue;
		r->opened++;
		*out = r;
		return 0;
	}
	int rc = known ? 0
		       : insert_row(s, lesson, generation, rung, segment_count, expected_bytes,
				    &number, why);
	if (rc)
		return rc;
	CLEANUP(clean_rendition) struct store_rendition *r = calloc(1, sizeof(*r));
	if (!r)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	*r = (struct store_rendition){ .store = s,
				       .opened = 1,
				       .number = (uint64_t)number,
				       .segment_count = segment_count,
				       .fd = -1,
				       .read_fd = -1 };
	rc = open_files(r, expected_bytes, why);
	if (rc && !known) {
		db_exec(s->db, NULL, "DELETE FROM renditions WHERE number=?", "i", number);
		remove_files(s, (uint64_t)number);
	}
	if (rc)
		return rc;
	r->next = s->renditions;
	s->renditions = r;
	*out = MOVE_PTR(r);
	return 0;
}

int store_rendition_find(struct store *s, uint64_t number, struct store_rendition **out,
			 struct fault *why)
{
	sqlite3_stmt *q;
	int rc = db_query(s->db, &q, why,
			  "SELECT lesson, generation, rung, segment_count FROM renditions "
			  "WHERE number=?",
			  "i", (int64_t)number);
	if (!rc)
		rc = db_step(s->db, q, why);
	if (rc < 0)
		return rc;
	if (!rc)
		return fault_set(why, -ENOENT, "store.absent", "rendition %llu is not in the store",
				 (unsigned long long)number);
	AUTO_FREE char *lesson = strdup((const char *)sqlite3_column_text(q, 0));
	AUTO_FREE char *generation = strdup((const char *)sqlite3_column_text(q, 1));
	AUTO_FREE char *rung = strdup((const char *)sqlite3_column_text(q, 2));
	const uint32_t count = (uint32_t)sqlite3_column_int64(q, 3);
	sqlite3_reset(q);
	if (!lesson || !generation || !rung)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	return store_rendition_open(s, lesson, generation, rung, count, 0, out, why);
}

void store_rendition_close(struct store_rendition *r)
{
	if (!r || --r->opened)
		return;
	for (struct store_rendition **at = &r->store->renditions; *at; at = &(*at)->next) {
		if (*at != r)
			continue;
		*at = r->next;
		break;
	}
	release(r);
}

void store_rendition_release_all(struct store *s)
{
	while (s->renditions) {
		struct store_rendition *r = s->renditions;
		s->renditions = r->next;
		release(r);
	}
}

uint64_t store_rendition_number(const struct store_rendition *r)
{
	return r->number;
}

uint32_t store_rendition_segments(const struct store_rendition *r)
{
	return r->segment_count;
}

/* Segment and `free` box in one go: the file stays a row of whole boxes wherever writing stops. */
static int append(struct store_rendition *r, const void *bytes, size_t len)
{
	const uint64_t gap = padded(len) - len;
	int rc = fileio_pwrite_all(r->fd, bytes, len, r->end);
	if (!rc && gap) {
		uint8_t fill[STORE_PAGE + BOX_HEADER] = {
			0, 0, (uint8_t)(gap >> 8), (uint8_t)gap, 'f', 'r', 'e', 'e'
		};
		rc = fileio_pwrite_all(r->fd, fill, (size_t)gap, r->end + len);
	}
	return !rc && fdatasync(r->fd) < 0 ? -errno : rc;
}

int store_rendition_put(struct store_rendition *r, uint32_t segment, uint32_t duration_ms,
			const void *bytes, size_t len, struct fault *why)
{
	struct store *s = r->store;
	if (r->dropped)
		return fault_set(why, -ESTALE, "store.gone",
				 "this rendition was removed from the store meanwhile");
	if (segment > r->segment_count || !len || len > SEGMENT_MAX)
		return fault_set(why, -EINVAL, "store.segment",
				 "segment %u of %u with %zu bytes cannot be kept", segment,
				 r->segment_count, len);
	if (store_rendition_has(r, segment))
		return 0;
	int rc = store_check_room(s, padded(len), why);
	if (rc)
		return rc;
	rc = append(r, bytes, len);
	if (rc)
		return rendition_fault(r, ".mp4", rc, why);

	const struct segtab_segment row = { r->end, (uint32_t)len, duration_ms };
	uint8_t hash[16];
	crypto_generichash(hash, sizeof(hash), bytes, len, NULL, 0);
	rc = db_exec(s->db, why,
		     "INSERT INTO segments(rendition, segment, offset, length, duration_ms, hash) "
		     "VALUES(?,?,?,?,?,?)",
		     "iiiiib", (int64_t)r->number, (int64_t)segment, (int64_t)row.offset,
		     (int64_t)len, (int64_t)duration_ms, (const void *)hash, sizeof(hash));
	if (rc)
		return rc;
	r->rows[segment] = row;
	r->end += padded(len);
	r->done += segment > 0;
	s->used_bytes += padded(len);
	segtab_publish(&r->tab, segment, &row);
	/* What was reserved and not needed goes back. */
	if (r->done == r->segment_count && r->rows[0].length && ftruncate(r->fd, (off_t)r->end) < 0)
		return rendition_fault(r, ".mp4", -errno, why);
	return 0;
}

/* A slot that was lost to rot is mended on the way: whoever asks here was told by a worker that it is missing. */
bool store_rendition_has(const struct store_rendition *r, uint32_t segment)
{
	if (segment > r->segment_count || !r->rows[segment].length)
		return false;
	struct segtab_segment got;
	struct segtab tab = r->tab;
	if (segtab_get(&tab, segment, &got) != SEGTAB_READY)
		segtab_publish(&tab, segment, &r->rows[segment]);
	return true;
}

uint32_t store_rendition_done(const struct store_rendition *r)
{
	return r->done;
}

int store_rendition_slot(const struct store_rendition *r, uint32_t segment, uint64_t *offset,
			 uint32_t *len)
{
	if (!store_rendition_has(r, segment))
		return -ENOENT;
	*offset = r->rows[segment].offset;
	*len = r->rows[segment].length;
	return 0;
}

int store_rendition_fd(const struct store_rendition *r)
{
	return r->read_fd;
}

int store_rendition_fail(struct store_rendition *r, uint32_t segment, struct fault *why)
{
	if (segment > r->segment_count)
		return fault_set(why, -EINVAL, "store.segment", "segment %u of %u", segment,
				 r->segment_count);
	if (!r->rows[segment].length)
		segtab_fail(&r->tab, segment);
	return 0;
}

int store_rendition_write_fd(const struct store_rendition *r)
{
	return r->fd;
}

static int withdraw_row(struct store_rendition *r, uint32_t segment,
			const struct segtab_range *range, struct fault *why)
{
	struct store *s = r->store;
	int rc = db_begin(s->db, why);
	if (rc)
		return rc;
	DB_TX(s->db);
	rc = db_exec(s->db, why, "DELETE FROM segments WHERE rendition=? AND segment=?", "ii",
		     (int64_t)r->number, (int64_t)segment);
	if (!rc)
		rc = forget_notes(r, why);
	if (!rc)
		rc = db_exec(s->db, why,
			     "INSERT OR REPLACE INTO withdrawn(rendition, offset, length) "
			     "VALUES(?,?,?)",
			     "iii", (int64_t)r->number, (int64_t)range->offset,
			     (int64_t)range->length);
	return rc ? rc : db_commit(s->db, why);
}

int store_rendition_withdraw(struct store_rendition *r, uint32_t segment, struct fault *why)
{
	if (segment > r->segment_count || !r->rows[segment].length)
		return 0;
	if (r->withdrawn_count == SEGTAB_MAX_WITHDRAWN)
		return fault_set(why, -ENOSPC, "store.rotten",
				 "rendition %llu has more than %d rotten places; it is made again",
				 (unsigned long long)r->number, SEGTAB_MAX_WITHDRAWN);
	const struct segtab_range range = { r->rows[segment].offset,
					    padded(r->rows[segment].length) };
	int rc;
	do
		rc = withdraw_row(r, segment, &range, why);
	while (store_give_spare(r->store, rc));
	store_keep_spare(r->store);
	if (rc)
		return rc;
	r->withdrawn[r->withdrawn_count++] = range;
	r->rows[segment] = (struct segtab_segment){ 0 };
	r->done -= segment > 0;
	segtab_clear(&r->tab, segment);
	rc = segtab_withdraw(&r->tab, &range);
	return rc ? rendition_fault(r, ".tab", rc, why) : 0;
}

static void supersede(struct store *s, uint64_t number)
{
	struct segtab tab;
	for (struct store_rendition *r = s->renditions; r; r = r->next) {
		if (r->number != number || r->dropped)
			continue;
		r->dropped = true;
		segtab_supersede(&r->tab);
		return;
	}
	if (segtab_open(s->fd, layout_rendition(number, ".tab").at, number, &tab))
		return;
	segtab_supersede(&tab);
	segtab_unmap(&tab);
}

int store_rendition_drop(struct store *s, uint64_t number, struct fault *why)
{
	int64_t bytes;
	int rc = db_int(s->db, 0, &bytes, why,
			"SELECT coalesce((SELECT sum(" STORE_PADDED_SQL
			") FROM segments WHERE rendition=?1), 0) + "
			"coalesce((SELECT sum(length) FROM withdrawn WHERE rendition=?1), 0)",
			"i", (int64_t)number);
	if (rc)
		return rc;
	do
		rc = db_exec(s->db, why, "DELETE FROM renditions WHERE number=?", "i",
			     (int64_t)number);
	while (store_give_spare(s, rc));
	if (rc)
		return rc;
	if (!db_changes(s->db))
		return fault_set(why, -ENOENT, "store.absent", "rendition %llu is not in the store",
				 (unsigned long long)number);
	s->used_bytes -= (uint64_t)bytes;
	supersede(s, number);
	remove_files(s, number);
	store_keep_spare(s);
	return 0;
}
