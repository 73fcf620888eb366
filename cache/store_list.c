// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/store_list.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "cache/store_private.h"
#include "firmware/base/fault.h"

enum { GONE_ROWS = 10000 }; /* the oldest beyond are forgotten */

typedef int each_row(void *data, const struct store_list_row *row);

int store_list_room(struct store *s, uint64_t *out, struct fault *why)
{
	struct statvfs fs;
	if (fstatvfs(s->fd, &fs) < 0)
		return store_fault(s, "", -errno, why);
	const uint64_t disk = (uint64_t)fs.f_bavail * fs.f_frsize, keep = s->limits.keep_free_bytes;
	uint64_t room = disk > keep ? disk - keep : 0;
	const uint64_t most = s->limits.max_bytes;
	if (most && (s->used_bytes >= most || most - s->used_bytes < room))
		room = s->used_bytes < most ? most - s->used_bytes : 0;
	*out = room;
	return 0;
}

bool store_list_limited(const struct store *s)
{
	struct statvfs fs;
	const uint64_t most = s->limits.max_bytes,
		       room = s->used_bytes < most ? most - s->used_bytes : 0;
	if (!most || fstatvfs(s->fd, &fs) < 0)
		return most != 0;
	const uint64_t disk = (uint64_t)fs.f_bavail * fs.f_frsize, keep = s->limits.keep_free_bytes;
	return room <= (disk > keep ? disk - keep : 0);
}

static const char *text_at(sqlite3_stmt *q, int column)
{
	const char *text = (const char *)sqlite3_column_text(q, column);
	return text ? text : "";
}

static int each_object(struct store *s, each_row *each, void *data, struct fault *why)
{
	sqlite3_stmt *q;
	int rc = db_query(s->db, &q, why,
			  "SELECT id, size, used_s, complete, "
			  "EXISTS(SELECT 1 FROM local l WHERE l.id=o.id), "
			  "EXISTS(SELECT 1 FROM pins WHERE what='object/'||lower(hex(o.id))) "
			  "FROM objects o",
			  "");
	while (!rc && (rc = db_step(s->db, q, why)) == 1) {
		struct store_list_row row = {
			.kind = STORE_LIST_OBJECT,
			.bytes = (uint64_t)sqlite3_column_int64(q, 1),
			.used_s = sqlite3_column_int64(q, 2),
			.complete = sqlite3_column_int(q, 3) != 0,
			.local = sqlite3_column_int(q, 4) != 0,
			.pinned = sqlite3_column_int(q, 5) != 0,
		};
		const void *id = sqlite3_column_blob(q, 0);
		rc = 0;
		if (id && sqlite3_column_bytes(q, 0) == (int)sizeof(row.id.b)) {
			memcpy(row.id.b, id, sizeof(row.id.b));
			rc = each(data, &row);
		}
		if (rc)
			sqlite3_reset(q);
	}
	return rc;
}

static int each_rendition(struct store *s, each_row *each, void *data, struct fault *why)
{
	sqlite3_stmt *q;
	int rc = db_query(s->db, &q, why,
			  "SELECT number, lesson, generation, rung, used_s, (SELECT "
			  "coalesce(sum(" STORE_PADDED_SQL
			  "), 0) FROM segments WHERE rendition=number) FROM renditions",
			  "");
	while (!rc && (rc = db_step(s->db, q, why)) == 1) {
		const struct store_list_row row = {
			.kind = STORE_LIST_RENDITION,
			.number = (uint64_t)sqlite3_column_int64(q, 0),
			.lesson = text_at(q, 1),
			.generation = text_at(q, 2),
			.rung = text_at(q, 3),
			.used_s = sqlite3_column_int64(q, 4),
			.bytes = (uint64_t)sqlite3_column_int64(q, 5),
		};
		rc = each(data, &row);
		if (rc)
			sqlite3_reset(q);
	}
	return rc;
}

int store_list_each(struct store *s, each_row *each, void *data, struct fault *why)
{
	int rc = each_object(s, each, data, why);
	return rc ? rc : each_rendition(s, each, data, why);
}

int store_list_clock(struct store *s, int64_t *out, struct fault *why)
{
	int64_t objects, renditions;
	int rc = db_int(s->db, 0, &objects, why, "SELECT max(used_s) FROM objects", "");
	if (!rc)
		rc = db_int(s->db, 0, &renditions, why, "SELECT max(used_s) FROM renditions", "");
	if (!rc)
		*out = objects > renditions ? objects : renditions;
	return rc;
}

int store_list_used_object(struct store *s, const struct objmap_id *id, int64_t used_s,
			   struct fault *why)
{
	return db_exec(s->db, why, "UPDATE objects SET used_s=? WHERE id=? AND used_s<?", "ibi",
		       used_s, (const void *)id->b, sizeof(id->b), used_s);
}

int store_list_used_rendition(struct store *s, uint64_t number, int64_t used_s, struct fault *why)
{
	return db_exec(s->db, why, "UPDATE renditions SET used_s=? WHERE number=? AND used_s<?",
		       "iii", used_s, (int64_t)number, used_s);
}

int store_list_arrived(struct store *s, int64_t now_s, struct fault *why)
{
	int rc = db_exec(s->db, why, "UPDATE objects SET used_s=? WHERE used_s=0", "i", now_s);
	return rc ? rc
		  : db_exec(s->db, why, "UPDATE renditions SET used_s=? WHERE used_s=0", "i",
			    now_s);
}

int store_list_pin(struct store *s, const char *what, int64_t now_s, struct fault *why)
{
	int rc;
	do
		rc = db_exec(s->db, why, "INSERT OR IGNORE INTO pins(what, added_s) VALUES(?,?)",
			     "ti", what, now_s);
	while (store_give_spare(s, rc));
	store_keep_spare(s);
	return rc;
}

int store_list_unpin(struct store *s, const char *what, struct fault *why)
{
	int rc;
	do
		rc = db_exec(s->db, why, "DELETE FROM pins WHERE what=?", "t", what);
	while (store_give_spare(s, rc));
	if (!rc && !db_changes(s->db))
		rc = fault_set(why, -ENOENT, "store.unpinned", "'%.160s' is not pinned", what);
	store_keep_spare(s);
	return rc;
}

int store_list_pins(struct store *s, int (*each)(void *data, const char *what, int64_t added_s),
		    void *data, struct fault *why)
{
	sqlite3_stmt *q;
	int rc = db_query(s->db, &q, why, "SELECT what, added_s FROM pins ORDER BY what", "");
	while (!rc && (rc = db_step(s->db, q, why)) == 1) {
		rc = each(data, text_at(q, 0), sqlite3_column_int64(q, 1));
		if (rc)
			sqlite3_reset(q);
	}
	return rc;
}

int store_list_left(struct store *s, const struct store_list_gone *gone, struct fault *why)
{
	int rc = db_exec(s->db, why,
			 "INSERT OR REPLACE INTO gone(what, at_s, bytes, held, cause) "
			 "VALUES(?,?,?,?,?)",
			 "tiiit", gone->what, gone->at_s, (int64_t)gone->bytes, (int64_t)gone->held,
			 gone->cause);
	return rc ? rc
		  : db_exec(s->db, why,
			    "DELETE FROM gone WHERE what IN (SELECT what FROM gone WHERE held=0 "
			    "ORDER BY at_s DESC LIMIT -1 OFFSET ?)",
			    "i", (int64_t)GONE_ROWS);
}

int store_list_forget(struct store *s, const char *what, struct fault *why)
{
	return db_exec(s->db, why, "DELETE FROM gone WHERE what=?", "t", what);
}

int store_list_gone(struct store *s, int (*each)(void *data, const struct store_list_gone *gone),
		    void *data, struct fault *why)
{
	sqlite3_stmt *q;
	int rc = db_query(s->db, &q, why, "SELECT what, at_s, bytes, held, cause FROM gone", "");
	while (!rc && (rc = db_step(s->db, q, why)) == 1) {
		struct store_list_gone gone = {
			.at_s = sqlite3_column_int64(q, 1),
			.bytes = (uint64_t)sqlite3_column_int64(q, 2),
			.held = (enum store_list_held)sqlite3_column_int(q, 3),
		};
		snprintf(gone.what, sizeof(gone.what), "%s", text_at(q, 0));
		snprintf(gone.cause, sizeof(gone.cause), "%s", text_at(q, 4));
		rc = each(data, &gone);
		if (rc)
			sqlite3_reset(q);
	}
	return rc;
}
