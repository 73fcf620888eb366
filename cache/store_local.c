// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/store_local.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cache/store_private.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"

#define FOLDER "/p/"

static bool is_clean(const char *path)
{
	static const char *const never[] = { "//", "/./", "/../", "?", "#", "\\" };
	for (size_t i = 0; i < ARRAY_LEN(never); i++)
		if (strstr(path, never[i]))
			return false;
	for (const char *c = path; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return false;
	const char *last = strrchr(path, '/');
	return last[1] && strcmp(last, "/.") && strcmp(last, "/..");
}

int store_local_check(const char *path, struct fault *why)
{
	const size_t len = strnlen(path, NAMES_MAX_PATH + 1);
	if (len > NAMES_MAX_PATH)
		return fault_set(why, -EINVAL, "store.path",
				 "an address of more than %d bytes; choose a shorter one",
				 NAMES_MAX_PATH);
	if (!text_is_utf8(path, len))
		return fault_set(why, -EINVAL, "store.path",
				 "the address is not UTF-8; write it in plain letters");
	/* The web server decodes what it is asked before it looks here: a name with an escape in it would never be found. */
	if (strchr(path, '%'))
		return fault_set(why, -EINVAL, "store.path",
				 "'%.200s': write the address as people read it, without '%%'",
				 path);
	if (strncmp(path, FOLDER, strlen(FOLDER)) || !is_clean(path))
		return fault_set(why, -EINVAL, "store.path",
				 "'%.200s' cannot be an address; write it as " FOLDER "NAME", path);
	return 0;
}

static int size_of(struct store *s, struct store_local *file, struct fault *why)
{
	int64_t size;
	int rc = db_int(s->db, 0, &size, why, "SELECT size FROM objects WHERE id=?", "b",
			(const void *)file->id.b, sizeof(file->id.b));
	file->size = (uint64_t)size;
	return rc;
}

int store_local_put(struct store *s, const struct store_local *file, struct fault *why)
{
	int rc = store_local_check(file->path, why);
	struct store_local named = *file;
	if (!rc)
		rc = size_of(s, &named, why);
	if (!rc)
		rc = store_own_write(s, &named, why);
	return rc ? rc
		  : db_exec(s->db, why,
			    "INSERT OR REPLACE INTO local(path, id, media_type, added_s) "
			    "VALUES(?,?,?,?)",
			    "tbti", file->path, (const void *)file->id.b, sizeof(file->id.b),
			    file->media_type, file->added_s);
}

int store_local_drop(struct store *s, const char *path, struct fault *why)
{
	int rc;
	do
		rc = db_exec(s->db, why, "DELETE FROM local WHERE path=?", "t", path);
	while (store_give_spare(s, rc));
	if (!rc && !db_changes(s->db))
		rc = fault_set(why, -ENOENT, "store.absent", "no file has the address '%.200s'",
			       path);
	if (!rc)
		store_own_remove(s, path);
	store_keep_spare(s);
	return rc;
}

#define COLUMNS                                                                         \
	"SELECT path, l.id, l.media_type, added_s, o.size FROM local l JOIN objects o " \
	"ON o.id=l.id "

/* False for a row that is none of ours. */
static bool read_row(sqlite3_stmt *q, struct store_local *out)
{
	*out = (struct store_local){ .added_s = sqlite3_column_int64(q, 3),
				     .size = (uint64_t)sqlite3_column_int64(q, 4) };
	const char *path = (const char *)sqlite3_column_text(q, 0);
	const char *type = (const char *)sqlite3_column_text(q, 2);
	const void *id = sqlite3_column_blob(q, 1);
	if (!path || !type || !id || sqlite3_column_bytes(q, 1) != (int)sizeof(out->id.b))
		return false;
	memcpy(out->id.b, id, sizeof(out->id.b));
	snprintf(out->media_type, sizeof(out->media_type), "%s", type);
	return (size_t)snprintf(out->path, sizeof(out->path), "%s", path) < sizeof(out->path);
}

int store_local_find(struct store *s, const char *path, struct store_local *out, struct fault *why)
{
	sqlite3_stmt *q;
	struct store_local found;
	int rc = db_query(s->db, &q, why, COLUMNS "WHERE path=?", "t", path);
	if (!rc)
		rc = db_step(s->db, q, why);
	if (rc < 0)
		return rc;
	const bool good = rc == 1 && read_row(q, &found);
	sqlite3_reset(q);
	if (!good)
		return fault_set(why, -ENOENT, "store.absent", "no file has the address '%.200s'",
				 path);
	*out = found;
	return 0;
}

int store_local_each(struct store *s, int (*each)(void *data, const struct store_local *file),
		     void *data, struct fault *why)
{
	sqlite3_stmt *q;
	int rc = db_query(s->db, &q, why, COLUMNS "ORDER BY path", "");
	while (!rc && (rc = db_step(s->db, q, why)) == 1) {
		struct store_local file;
		rc = read_row(q, &file) ? each(data, &file) : 0;
		if (rc)
			sqlite3_reset(q);
	}
	return rc;
}

int store_local_at(struct store *s, const struct objmap_id *id, uint64_t at,
		   struct store_local *out, struct fault *why)
{
	sqlite3_stmt *q;
	int rc =
		id ? db_query(s->db, &q, why, COLUMNS "WHERE l.id=? ORDER BY path LIMIT 1 OFFSET ?",
			      "bi", (const void *)id->b, sizeof(id->b), (int64_t)at)
		   : db_query(s->db, &q, why, COLUMNS "ORDER BY path LIMIT 1 OFFSET ?", "i",
			      (int64_t)at);
	if (!rc)
		rc = db_step(s->db, q, why);
	if (rc != 1)
		return rc;
	struct store_local found;
	const bool ours = read_row(q, &found);
	sqlite3_reset(q);
	if (ours)
		*out = found;
	return ours;
}
