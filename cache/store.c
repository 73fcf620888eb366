// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cache/store_private.h"
#include "cache/store_scrub.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

/*
 * Numbers of renditions begin at a place that chance chose: they are part of what browsers keep segments under (ETag), and
 * a store that was wiped and made anew must not give an old number to other bytes.
 */
static const char *const migrations[] = {
	"CREATE TABLE objects("
	" id BLOB PRIMARY KEY NOT NULL CHECK(length(id)=32),"
	" size INTEGER NOT NULL,"
	" media_type TEXT NOT NULL,"
	" complete INTEGER NOT NULL DEFAULT 0"
	") WITHOUT ROWID;"
	"CREATE TABLE renditions("
	" number INTEGER PRIMARY KEY AUTOINCREMENT,"
	" lesson TEXT NOT NULL,"
	" generation TEXT NOT NULL,"
	" rung TEXT NOT NULL,"
	" segment_count INTEGER NOT NULL,"
	" UNIQUE(lesson, generation, rung)"
	");"
	"INSERT INTO sqlite_sequence(name, seq) VALUES('renditions', abs(random() % 1000000000));"
	"CREATE TABLE segments("
	" rendition INTEGER NOT NULL REFERENCES renditions(number) ON DELETE CASCADE,"
	" segment INTEGER NOT NULL,"
	" offset INTEGER NOT NULL,"
	" length INTEGER NOT NULL,"
	" duration_ms INTEGER NOT NULL,"
	" hash BLOB NOT NULL," /* BLAKE2b-128 of the bytes, for whoever looks for rot */
	" PRIMARY KEY(rendition, segment)"
	") WITHOUT ROWID;",
	/* used_s: store_list.h. local: files that people added. pins, gone: what must stay, and what has left. */
	"ALTER TABLE objects ADD COLUMN used_s INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE renditions ADD COLUMN used_s INTEGER NOT NULL DEFAULT 0;"
	"CREATE TABLE local("
	" path TEXT PRIMARY KEY NOT NULL,"
	" id BLOB NOT NULL CHECK(length(id)=32),"
	" media_type TEXT NOT NULL,"
	" added_s INTEGER NOT NULL"
	") WITHOUT ROWID;"
	"CREATE INDEX local_by_id ON local(id);"
	"CREATE TABLE pins("
	" what TEXT PRIMARY KEY NOT NULL," /* "lesson/SLUG" or "object/HEX" */
	" added_s INTEGER NOT NULL"
	") WITHOUT ROWID;"
	"CREATE TABLE gone("
	" what TEXT PRIMARY KEY NOT NULL," /* "object/HEX" or "rung/LESSON/RUNG" */
	" at_s INTEGER NOT NULL,"
	" bytes INTEGER NOT NULL,"
	" held INTEGER NOT NULL," /* stays away while there is no room, unless somebody asks */
	" cause TEXT NOT NULL"
	") WITHOUT ROWID;",
	/* withdrawn: rotten bytes in a rendition's file, never to be sent again. scrub: one row, store_scrub.h. */
	"CREATE TABLE withdrawn("
	" rendition INTEGER NOT NULL REFERENCES renditions(number) ON DELETE CASCADE,"
	" offset INTEGER NOT NULL,"
	" length INTEGER NOT NULL," /* with what filled its last page */
	" PRIMARY KEY(rendition, offset)"
	") WITHOUT ROWID;"
	"CREATE TABLE scrub("
	" one INTEGER PRIMARY KEY CHECK(one=1),"
	" phase INTEGER NOT NULL DEFAULT 0,"
	" id BLOB,"
	" number INTEGER NOT NULL DEFAULT 0,"
	" at INTEGER NOT NULL DEFAULT 0,"
	" pass_bytes INTEGER NOT NULL DEFAULT 0,"
	" passes INTEGER NOT NULL DEFAULT 0,"
	" last_pass_s INTEGER NOT NULL DEFAULT 0,"
	" bytes INTEGER NOT NULL DEFAULT 0,"
	" bad INTEGER NOT NULL DEFAULT 0,"
	" mended INTEGER NOT NULL DEFAULT 0,"
	" unreadable INTEGER NOT NULL DEFAULT 0"
	");"
	"INSERT INTO scrub(one) VALUES(1);",
	/* store_note.h */
	"CREATE TABLE notes("
	" rendition INTEGER NOT NULL REFERENCES renditions(number) ON DELETE CASCADE,"
	" kind INTEGER NOT NULL,"
	" bytes BLOB NOT NULL,"
	" PRIMARY KEY(rendition, kind)"
	") WITHOUT ROWID;",
	/* One row: what is still to be found on the disk by a database that was just made (store_anew.c). */
	"CREATE TABLE anew("
	" one INTEGER PRIMARY KEY CHECK(one=1),"
	" names INTEGER NOT NULL,"
	" bodies INTEGER NOT NULL"
	");"
	"INSERT INTO anew SELECT 1, 1, NOT EXISTS(SELECT 1 FROM objects);",
};

#define SPARE "store.spare"
enum { SPARE_BYTES = 512 << 10 };

CLEAN_FN(store, struct store, store_close)

struct store_path store_path(const struct store *s, const char *rest)
{
	struct store_path p;
	snprintf(p.at, sizeof(p.at), "%s/%.*s", s->dir, (int)sizeof(struct layout), rest);
	return p;
}

int store_fault(const struct store *s, const char *rest, int code, struct fault *why)
{
	if (code == -ENOSPC || code == -EDQUOT)
		return fault_set(why, -ENOSPC, "disk.full",
				 "'%s/%s': the disk is full; nothing was lost. Remove lessons or "
				 "raise the limit",
				 s->dir, rest);
	return fault_set(why, code, code == -EBADMSG ? "store.damaged" : "store.io", "'%s/%s': %s",
			 s->dir, rest, strerror(-code));
}

static int free_bytes(const struct store *s, uint64_t *out)
{
	struct statvfs fs;
	if (fstatvfs(s->fd, &fs) < 0)
		return -errno;
	*out = (uint64_t)fs.f_bavail * fs.f_frsize;
	return 0;
}

int store_check_room(struct store *s, uint64_t more, struct fault *why)
{
	uint64_t left = 0;
	int rc = free_bytes(s, &left);
	if (rc)
		return store_fault(s, "", rc, why);
	if (s->limits.max_bytes &&
	    (more > s->limits.max_bytes || s->used_bytes > s->limits.max_bytes - more))
		return fault_set(why, -ENOSPC, "store.full",
				 "'%s': %" PRIu64 " bytes more would pass the limit of %" PRIu64
				 " bytes; remove lessons or raise the limit",
				 s->dir, more, s->limits.max_bytes);
	if (more > left || left - more < s->limits.keep_free_bytes)
		return fault_set(why, -ENOSPC, "disk.full",
				 "'%s': %" PRIu64 " bytes more would leave less than %" PRIu64
				 " bytes free on this disk; remove lessons or other files",
				 s->dir, more, s->limits.keep_free_bytes);
	return 0;
}

static int lock(struct store *s, struct fault *why)
{
	s->lock = openat(s->fd, "store.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock < 0)
		return store_fault(s, "store.lock", -errno, why);
	if (flock(s->lock, LOCK_EX | LOCK_NB) < 0)
		return fault_set(why, -EBUSY, "store.busy",
				 "'%s': another program writes to this store; stop the other "
				 "wasl-contentd first",
				 s->dir);
	return 0;
}

bool store_give_spare(struct store *s, int code)
{
	return code == -ENOSPC && (!unlinkat(s->fd, SPARE, 0) || store_aside_give(s));
}

void store_keep_spare(struct store *s)
{
	AUTO_FD int fd = openat(s->fd, SPARE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0 && posix_fallocate(fd, 0, SPARE_BYTES))
		unlinkat(s->fd, SPARE, 0);
}

static int make_folder(struct store *s, const char *rest, struct fault *why)
{
	if (mkdirat(s->fd, rest, 0755) < 0 && errno != EEXIST)
		return store_fault(s, rest, -errno, why);
	return 0;
}

static int count_used(struct store *s, struct fault *why)
{
	int64_t objects, segments, withdrawn = 0;
	int rc = db_int(s->db, 0, &objects, why, "SELECT sum(size) FROM objects", "");
	if (!rc)
		rc = db_int(s->db, 0, &segments, why,
			    "SELECT sum(" STORE_PADDED_SQL ") FROM segments", "");
	if (!rc)
		rc = db_int(s->db, 0, &withdrawn, why, "SELECT sum(length) FROM withdrawn", "");
	if (!rc)
		s->used_bytes = (uint64_t)objects + (uint64_t)segments + (uint64_t)withdrawn;
	return rc;
}

static int open_db(struct store *s, struct fault *why)
{
	int rc;
	do
		rc = db_open(store_path(s, "store.db").at, DB_FULL, migrations,
			     ARRAY_LEN(migrations), &s->db, why);
	while (store_give_spare(s, rc));
	return rc;
}

/* All that is read of the database before anybody asks for anything. */
static int open_rows(struct store *s, struct fault *why)
{
	int rc = open_db(s, why);
	if (!rc)
		rc = store_aside_check(s, why);
	if (!rc)
		rc = store_anew_open(s, why);
	return rc ? rc : count_used(s, why);
}

static int open_sound_rows(struct store *s, struct fault *why)
{
	struct fault own = { 0 };
	int rc = open_rows(s, &own);
	if (rc == -EBADMSG && !strcmp(own.id, "db.damaged")) {
		db_close(MOVE_PTR(s->db));
		rc = store_aside(s, why);
		return rc ? rc : open_rows(s, why);
	}
	if (rc && why)
		*why = own;
	return rc;
}

int store_open(const char *dir, const struct store_limits *limits, struct store **out,
	       struct fault *why)
{
	CLEANUP(clean_store) struct store *s = calloc(1, sizeof(*s));
	if (!s)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	s->fd = s->lock = -1;
	s->limits = *limits;
	bits_boot(s->boot);
	if ((size_t)snprintf(s->dir, sizeof(s->dir), "%s", dir) >= sizeof(s->dir))
		return fault_set(why, -ENAMETOOLONG, "store.open", "'%s': the path is too long",
				 dir);
	s->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->fd < 0)
		return fault_set(why, -errno, "store.open",
				 "'%s': %s; make the folder, owned by this user", dir,
				 strerror(errno));
	int rc = lock(s, why);
	if (!rc)
		rc = make_folder(s, "obj", why);
	if (!rc)
		rc = make_folder(s, "rend", why);
	if (!rc)
		rc = open_sound_rows(s, why);
	if (rc)
		return rc;
	store_keep_spare(s);
	*out = MOVE_PTR(s);
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	if (s->db)
		store_sync(s, NULL);
	store_object_release_all(s);
	store_rendition_release_all(s);
	store_sweep_end(s);
	store_news_end(s);
	store_remake_end(s);
	db_close(s->db);
	if (s->lock >= 0)
		close(s->lock);
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

int store_sync(struct store *s, struct fault *why)
{
	const bool idle = !s->behind_bytes;
	int rc = store_object_sync_all(s, why);
	s->at_once_bytes = 0;
	if (!rc)
		s->behind_bytes = 0;
	if (idle && !store_sweep_waits(s))
		(void)store_sweep_step(s, NULL, NULL);
	store_keep_spare(s);
	return rc;
}

int store_totals(struct store *s, struct store_totals *out, struct fault *why)
{
	static const struct {
		const char *sql;
		size_t at;
	} sums[] = {
		{ "SELECT count(*) FROM objects", offsetof(struct store_totals, objects) },
		{ "SELECT count(*) FROM objects WHERE complete",
		  offsetof(struct store_totals, complete) },
		{ "SELECT count(*) FROM renditions", offsetof(struct store_totals, renditions) },
		{ "SELECT count(*) FROM segments WHERE segment>0",
		  offsetof(struct store_totals, segments) },
		{ "SELECT count(*) FROM local", offsetof(struct store_totals, files) },
	};
	struct store_totals t = { .bytes = s->used_bytes,
				  .opened = s->opened,
				  .swept = s->swept,
				  .rehashed_bytes = s->rehashed_bytes };
	for (size_t i = 0; i < ARRAY_LEN(sums); i++) {
		int64_t n;
		int rc = db_int(s->db, 0, &n, why, sums[i].sql, "");
		if (rc)
			return rc;
		memcpy((char *)&t + sums[i].at, &n, sizeof(n));
	}
	int rc = free_bytes(s, &t.free_bytes);
	if (rc)
		return store_fault(s, "", rc, why);
	*out = t;
	return 0;
}
