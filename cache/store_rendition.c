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

int store_rendition_fault(const struct store_rendition *r, const char *suffix, int code,
			  struct fault *why)
{
	return store_fault(r->store, layout_rendition(r->number, suffix).at, code, why);
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

int store_rendition_add_row(struct store *s, const char *lesson, const char *generation,
			    const char *rung, uint32_t segment_count, uint64_t expected_bytes,
			    int64_t *number, struct fault *why)
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
		       : store_rendition_add_row(s, lesson, generation, rung, segment_count,
						 expected_bytes, &number, why);
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
	rc = store_rendition_open_files(r, expected_bytes, why);
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
	const uint64_t gap = store_padded(len) - len;
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
	int rc = store_check_room(s, store_padded(len), why);
	if (rc)
		return rc;
	rc = append(r, bytes, len);
	if (rc)
		return store_rendition_fault(r, ".mp4", rc, why);

	const struct segtab_segment row = { r->end, (uint32_t)len, duration_ms };
	uint8_t hash[16];
	crypto_generichash(hash, sizeof(hash), bytes, len, NULL, 0);
	rc = db_exec(s->db, why,
		     "INSERT INTO segments(rendition, segment, offset, length, duration_ms, hash) "
		     "VALUES(?,?,?,?,?,?)",
		     "iiiiib", (int64_t)r->number, (int64_t)segment, (int64_t)row.offset,
		     (int64_t)len, (int64_t)duration_ms, (const void *)hash, sizeof(hash));
	/*
	 * Of a commit that failed in the middle (an I/O error) the disk may have kept the row all the same, and show it after a power
	 * cut: other bytes must never lie in its place. A full disk has taken nothing.
	 */
	if (rc && rc != -ENOSPC)
		r->end += store_padded(len);
	if (rc)
		return rc;
	r->rows[segment] = row;
	r->end += store_padded(len);
	r->done += segment > 0;
	s->used_bytes += store_padded(len);
	segtab_publish(&r->tab, segment, &row);
	/* What was reserved and not needed goes back. */
	if (r->done == r->segment_count && r->rows[0].length && ftruncate(r->fd, (off_t)r->end) < 0)
		return store_rendition_fault(r, ".mp4", -errno, why);
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

int store_rendition_withdraw(struct store_rendition *r, uint32_t segment, struct fault *why)
{
	if (segment > r->segment_count || !r->rows[segment].length)
		return 0;
	if (r->withdrawn_count == SEGTAB_MAX_WITHDRAWN)
		return fault_set(why, -ENOSPC, "store.rotten",
				 "rendition %llu has more than %d rotten places; it is made again",
				 (unsigned long long)r->number, SEGTAB_MAX_WITHDRAWN);
	const struct segtab_range range = { r->rows[segment].offset,
					    store_padded(r->rows[segment].length) };
	int rc;
	do
		rc = store_rendition_lose(r, "DELETE FROM segments WHERE rendition=? AND segment=?",
					  segment, &range, why);
	while (store_give_spare(r->store, rc));
	store_keep_spare(r->store);
	if (rc)
		return rc;
	r->withdrawn[r->withdrawn_count++] = range;
	r->rows[segment] = (struct segtab_segment){ 0 };
	r->done -= segment > 0;
	segtab_clear(&r->tab, segment);
	rc = segtab_withdraw(&r->tab, &range);
	return rc ? store_rendition_fault(r, ".tab", rc, why) : 0;
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
