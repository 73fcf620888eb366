// SPDX-License-Identifier: GPL-2.0-or-later
/* A rendition's rows, its file and its table, brought to agree: the rows are the truth, the file may have less. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/store_private.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

enum { BOX_HEADER = 8 };

/* Segments begin on a page; the rest of the last page is a `free` box, which needs 8 bytes at least (ISO/IEC 14496-12). */
uint64_t store_padded(uint64_t length)
{
	uint64_t end = (length + STORE_PAGE - 1) / STORE_PAGE * STORE_PAGE;
	return end != length && end - length < BOX_HEADER ? end + STORE_PAGE : end;
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
		const uint64_t end = row->offset + store_padded(row->length);
		if (end > r->end)
			r->end = end;
	}
	return rc;
}

int store_rendition_forget_notes(struct store_rendition *r, struct fault *why)
{
	return db_exec(r->store->db, why, "DELETE FROM notes WHERE rendition=?", "i",
		       (int64_t)r->number);
}

int store_rendition_lose(struct store_rendition *r, const char *delete, uint64_t value,
			 const struct segtab_range *lost, struct fault *why)
{
	struct store *s = r->store;
	int rc = db_begin(s->db, why);
	if (rc)
		return rc;
	DB_TX(s->db);
	rc = db_exec(s->db, why, delete, "ii", (int64_t)r->number, (int64_t)value);
	if (!rc)
		rc = store_rendition_forget_notes(r, why);
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
	int rc = store_rendition_lose(r,
				      "DELETE FROM segments WHERE rendition=? AND offset+length>?",
				      size, &lost, why);
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
	/*
	 * What is withdrawn is written to this table alone: a cut that brought the old one back would bring rotten bytes back.
	 * The name before the flag, too: the old one must not say that it is old when it is all there is.
	 */
	rc = fileio_sync_parent(store_path(s, at.at).at);
	if (r->tab.head)
		segtab_supersede(&r->tab);
	segtab_unmap(&r->tab);
	r->tab = fresh;
	return rc;
}

int store_rendition_open_files(struct store_rendition *r, uint64_t expected_bytes,
			       struct fault *why)
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
		return store_rendition_fault(r, ".tab", rc, why);
	/* The names last: a row of a segment must never be without its file. */
	if (!r->end)
		rc = fileio_sync_parent(
			store_path(r->store, layout_rendition(r->number, ".mp4").at).at);
	return rc ? store_rendition_fault(r, ".mp4", rc, why) : 0;
}
