// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/store_note.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cache/store_private.h"
#include "firmware/base/fault.h"

static int find_or_add(struct store *s, const char *lesson, const char *generation,
		       const char *rung, uint32_t segment_count, int64_t *number, struct fault *why)
{
	int rc = db_int(s->db, 0, number, why,
			"SELECT number FROM renditions WHERE lesson=? AND generation=? AND rung=?",
			"ttt", lesson, generation, rung);
	if (rc || *number)
		return rc;
	return store_rendition_add_row(s, lesson, generation, rung, segment_count, 0, number, why);
}

int store_rendition_reserve(struct store *s, const char *lesson, const char *generation,
			    const char *rung, uint32_t segment_count, uint64_t *number, bool *used,
			    struct fault *why)
{
	int64_t found, count;
	if (!segment_count || segment_count > SEGTAB_MAX_SEGMENTS)
		return fault_set(why, -EINVAL, "store.count",
				 "%s/%s/%s: %u segments; 1 to %u are possible", lesson, generation,
				 rung, segment_count, SEGTAB_MAX_SEGMENTS);
	int rc = find_or_add(s, lesson, generation, rung, segment_count, &found, why);
	if (!rc)
		rc = db_int(s->db, 0, &count, why,
			    "SELECT segment_count FROM renditions WHERE number=?", "i", found);
	if (rc)
		return rc;
	if (count != segment_count)
		return fault_set(
			why, -EINVAL, "store.count",
			"%s/%s/%s has %lld segments, not %u; another plan needs another generation",
			lesson, generation, rung, (long long)count, segment_count);
	*number = (uint64_t)found;
	*used = !faccessat(s->fd, layout_rendition(*number, ".tab").at, F_OK, 0);
	return 0;
}

bool store_rendition_known(struct store *s, const char *lesson, const char *generation,
			   const char *rung)
{
	int64_t number = 0;
	return db_int(s->db, 0, &number, NULL,
		      "SELECT number FROM renditions WHERE lesson=? AND generation=? AND rung=?",
		      "ttt", lesson, generation, rung) == 0 &&
	       number;
}

int store_rendition_rows(struct store *s, uint64_t number,
			 void (*each)(void *data, uint32_t segment), void *data, struct fault *why)
{
	sqlite3_stmt *q;
	int rc = db_query(s->db, &q, why, "SELECT segment FROM segments WHERE rendition=?", "i",
			  (int64_t)number);
	while (!rc && (rc = db_step(s->db, q, why)) == 1) {
		each(data, (uint32_t)sqlite3_column_int64(q, 0));
		rc = 0;
	}
	return rc;
}

int store_note_put(struct store *s, uint64_t number, int kind, const void *bytes, size_t len,
		   struct fault *why)
{
	return db_exec(s->db, why,
		       "INSERT OR REPLACE INTO notes(rendition, kind, bytes) VALUES(?,?,?)", "iib",
		       (int64_t)number, (int64_t)kind, bytes, len);
}

int store_note_get(struct store *s, uint64_t number, int kind, void *bytes, size_t len,
		   struct fault *why)
{
	sqlite3_stmt *q;
	int rc = db_query(s->db, &q, why, "SELECT bytes FROM notes WHERE rendition=? AND kind=?",
			  "ii", (int64_t)number, (int64_t)kind);
	if (!rc)
		rc = db_step(s->db, q, why);
	if (rc < 0)
		return rc;
	const bool fits = rc == 1 && (size_t)sqlite3_column_bytes(q, 0) == len;
	if (fits)
		memcpy(bytes, sqlite3_column_blob(q, 0), len);
	if (rc == 1)
		sqlite3_reset(q);
	return fits ? 0
		    : fault_set(why, -ENOENT, "store.note", "rendition %llu has no note %d",
				(unsigned long long)number, kind);
}

int store_group_begin(struct store *s, struct fault *why)
{
	return db_begin(s->db, why);
}

int store_group_end(struct store *s, struct fault *why)
{
	int rc = db_commit(s->db, why);
	if (rc)
		db_rollback(s->db);
	return rc;
}

int store_names(struct store *s, struct names **out, struct fault *why)
{
	return names_map(s->fd, LAYOUT_NAMES, out, why);
}
