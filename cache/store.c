// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/store.h"

#include <dirent.h>
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
};

#define SPARE "store.spare"
enum { SPARE_BYTES = 512 << 10 };

CLEAN_FN(store, struct store, store_close)
CLEAN_FN(dir, DIR, closedir)

struct store_path store_path(const struct store *s, const char *rest)
{
	struct store_path p;
	snprintf(p.at, sizeof(p.at), "%s/%.*s", s->dir, (int)sizeof(struct layout), rest);
	return p;
}

int store_fault(const struct store *s, const char *rest, int code, struct fault *why)
{
	if (code == -ENOSPC || code == -EDQUOT)
		return fault_set(why, -ENOSPC, "store.full",
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
		return fault_set(why, -ENOSPC, "store.full",
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
	return code == -ENOSPC && !unlinkat(s->fd, SPARE, 0);
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

/* Which row a file belongs to; false for a name that no file of the store has. */
static bool has_row(struct store *s, const char *folder, const char *name, int64_t *known, int *rc,
		    struct fault *why)
{
	*known = 0;
	if (!strcmp(folder, "rend")) {
		char *end;
		unsigned long long number = strtoull(name, &end, 10);
		if (end == name || (strcmp(end, ".mp4") && strcmp(end, ".tab")))
			return false;
		*rc = db_int(s->db, 0, known, why, "SELECT 1 FROM renditions WHERE number=?", "i",
			     (int64_t)number);
		return !*rc && *known;
	}
	struct objmap_id id;
	char hex[65];
	snprintf(hex, sizeof(hex), "%.64s", name);
	const char *suffix = strlen(name) >= 64 ? name + 64 : "?";
	if (objmap_id_parse(hex, &id) ||
	    (*suffix && strcmp(suffix, ".map") && strcmp(suffix, ".bits")))
		return false;
	*rc = db_int(s->db, 0, known, why, "SELECT 1 FROM objects WHERE id=?", "b",
		     (const void *)id.b, sizeof(id.b));
	return !*rc && *known;
}

/* Removes what no row speaks of: files of a creation that a cut interrupted, or of a removal. */
static int sweep_folder(struct store *s, const char *folder, struct fault *why)
{
	AUTO_FD int fd = openat(s->fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return store_fault(s, folder, -errno, why);
	CLEANUP(clean_dir) DIR *d = fdopendir(fd);
	if (!d)
		return store_fault(s, folder, -errno, why);
	fd = -1;
	for (struct dirent *e; (e = readdir(d));) {
		int64_t known;
		int rc = 0;
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (!has_row(s, folder, e->d_name, &known, &rc, why) && !rc)
			unlinkat(dirfd(d), e->d_name, 0);
		if (rc)
			return rc;
	}
	return 0;
}

static int sweep(struct store *s, struct fault *why)
{
	int rc = sweep_folder(s, "rend", why);
	if (rc)
		return rc;
	AUTO_FD int fd = openat(s->fd, "obj", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return store_fault(s, "obj", -errno, why);
	CLEANUP(clean_dir) DIR *d = fdopendir(fd);
	if (!d)
		return store_fault(s, "obj", -errno, why);
	fd = -1;
	for (struct dirent *e; !rc && (e = readdir(d));) {
		char rest[300];
		if (e->d_name[0] == '.')
			continue;
		snprintf(rest, sizeof(rest), "obj/%s", e->d_name);
		rc = sweep_folder(s, rest, why);
	}
	return rc;
}

static int count_used(struct store *s, struct fault *why)
{
	int64_t objects, segments;
	int rc = db_int(s->db, 0, &objects, why, "SELECT sum(size) FROM objects", "");
	if (!rc)
		rc = db_int(s->db, 0, &segments, why,
			    "SELECT sum(" STORE_PADDED_SQL ") FROM segments", "");
	if (!rc)
		s->used_bytes = (uint64_t)objects + (uint64_t)segments;
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
		rc = open_db(s, why);
	if (!rc)
		rc = sweep(s, why);
	if (!rc)
		rc = count_used(s, why);
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
	db_close(s->db);
	if (s->lock >= 0)
		close(s->lock);
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

int store_sync(struct store *s, struct fault *why)
{
	int rc = store_object_sync_all(s, why);
	if (!rc)
		s->behind_bytes = 0;
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
	struct store_totals t = { .bytes = s->used_bytes };
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
