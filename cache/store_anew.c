// SPDX-License-Identifier: GPL-2.0-or-later
/* A store whose store.db was lost, and was made anew: names of the school's own files are read back, whole bodies kept. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/store_private.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

enum fate { FATE_WHOLE, FATE_BYTES_LOST, FATE_NAME_LOST };

struct found_file {
	struct objmap_id id;
	enum fate fate;
	char subject[NAMES_MAX_PATH + 1]; /* its address, or "own/HASH" */
};

struct found {                    /* by one look at the names */
	struct found_file *files; /* that have a row since, or none for want of a name */
	size_t count, room;
	uint64_t bytes;      /* of those that had no row */
	struct fault unread; /* code != 0: why not all of it could be read */
};

/* 1: it is there in full; 0: it is not; or why that cannot be known. */
static int has_body(const struct store *s, const struct objmap_id *id, uint64_t size)
{
	struct stat st;
	if (fstatat(s->fd, layout_object(id, "").at, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	return S_ISREG(st.st_mode) && (uint64_t)st.st_size == size;
}

static int add_row(struct store *s, const struct objmap_id *id, uint64_t size,
		   const char *media_type, struct fault *why)
{
	return db_exec(s->db, why,
		       "INSERT OR IGNORE INTO objects(id, size, media_type) VALUES(?,?,?)", "bit",
		       (const void *)id->b, sizeof(id->b), (int64_t)size, media_type);
}

static int note(struct found *f, enum fate fate, const struct objmap_id *id, const char *subject,
		struct fault *why)
{
	if (f->count == f->room) {
		const size_t room = f->room ? f->room * 2 : 16;
		struct found_file *files = reallocarray(f->files, room, sizeof(*files));
		if (!files)
			return fault_set(why, -ENOMEM, "memory", "out of memory");
		f->files = files;
		f->room = room;
	}
	struct found_file *file = &f->files[f->count++];
	*file = (struct found_file){ .id = *id, .fate = fate };
	snprintf(file->subject, sizeof(file->subject), "%s", subject);
	return 0;
}

/* Rows for one file, whole or not: what is damaged is told until somebody adds it again, what has no row would be removed. */
static int add_file(struct store *s, const struct store_local *file, enum fate fate,
		    struct found *f, struct fault *why)
{
	int rc = add_row(s, &file->id, file->size, file->media_type, why);
	if (!rc && db_changes(s->db))
		f->bytes += file->size;
	if (!rc)
		rc = db_exec(s->db, why,
			     "INSERT OR IGNORE INTO local(path, id, media_type, added_s) "
			     "VALUES(?,?,?,?)",
			     "tbti", file->path, (const void *)file->id.b, sizeof(file->id.b),
			     file->media_type, file->added_s);
	return rc || !db_changes(s->db) ? rc : note(f, fate, &file->id, file->path, why);
}

/* One name. What cannot be read does not keep the others from coming back. */
static int read_back(struct store *s, const char *name, struct found *f, struct fault *why)
{
	static const struct objmap_id none;
	struct store_local file;
	char subject[40];
	int there = 0, rc = store_own_read(s, name, &file);
	snprintf(subject, sizeof(subject), "own/%.35s", name);
	if (rc == -ENOENT)
		return 0;
	if (rc == -EBADMSG)
		return note(f, FATE_NAME_LOST, &none, subject, why);
	if (!rc)
		there = has_body(s, &file.id, file.size);
	if (rc || there < 0) {
		store_own_fault(s, name, rc ? rc : there, &f->unread);
		return 0;
	}
	return add_file(s, &file, there ? FATE_WHOLE : FATE_BYTES_LOST, f, why);
}

static void close_folder(DIR **d)
{
	if (*d)
		closedir(*d);
}

static int read_names(struct store *s, struct found *f, struct fault *why)
{
	__attribute__((cleanup(close_folder))) DIR *d = opendir(store_path(s, "own").at);
	if (!d && errno != ENOENT)
		store_fault(s, "own", -errno, &f->unread);
	int rc = 0;
	while (d && !rc) {
		errno = 0;
		const struct dirent *e = readdir(d);
		if (!e && errno)
			store_fault(s, "own", -errno, &f->unread);
		if (!e)
			break;
		if (e->d_name[0] != '.')
			rc = read_back(s, e->d_name, f, why);
	}
	return rc;
}

/* What cannot be listed may hold anything. */
static bool is_empty(const struct store *s)
{
	__attribute__((cleanup(close_folder))) DIR *d = opendir(store_path(s, "obj").at);
	errno = 0;
	for (const struct dirent *e; d && (e = readdir(d));)
		if (e->d_name[0] != '.')
			return false;
	return d && !errno;
}

/* Names come back in one commit: a cut before it leaves everything to be done again. */
static int take_back(struct store *s, struct found *f, struct fault *why)
{
	f->count = f->bytes = 0;
	f->unread = (struct fault){ 0 };
	int rc = db_begin(s->db, why);
	if (rc)
		return rc;
	DB_TX(s->db);
	rc = read_names(s, f, why);
	if (!rc)
		rc = db_exec(s->db, why, "UPDATE anew SET names=?, bodies=bodies AND ?", "ii",
			     (int64_t)(f->unread.code != 0), (int64_t)!is_empty(s));
	return rc ? rc : db_commit(s->db, why);
}

/* Bytes once, for their rows are there from now on; a damaged name stays where it is until all can be read. */
static void tell_lost(struct store *s, const struct found *f, const struct found_file *file)
{
	if (file->fate == FATE_BYTES_LOST)
		store_news_add(s, STORE_NEWS_LOST, file->subject,
			       "%s: the database was lost, and not all bytes of this file are here "
			       "any more; nobody else has it: add it again",
			       file->subject);
	const bool again = s->stuck.code && f->unread.code;
	if (file->fate == FATE_NAME_LOST && !again)
		store_news_add(
			s, STORE_NEWS_LOST, file->subject,
			"'%s/%s' is damaged, and the database was lost: a file of the school "
			"has no address any more; look which one is missing, and add it again",
			s->dir, file->subject);
}

static int take_names(struct store *s, struct found *f, struct fault *why)
{
	int rc;
	do
		rc = take_back(s, f, why);
	while (store_give_spare(s, rc));
	if (rc)
		return rc;
	s->unread = f->unread.code != 0;
	s->used_bytes += f->bytes;
	/* Their bitmaps vouch for them, or they are searched: the rows learn it. */
	for (size_t i = 0; i < f->count; i++) {
		struct store_object *o;
		tell_lost(s, f, &f->files[i]);
		if (f->files[i].fate != FATE_NAME_LOST &&
		    store_object_find(s, &f->files[i].id, &o, NULL) == 0)
			store_object_close(o);
	}
	return 0;
}

int store_anew_again(struct store *s, struct fault *why)
{
	struct found f = { 0 };
	int rc = take_names(s, &f, why);
	free(f.files);
	if (!rc && f.unread.code) {
		if (why)
			*why = f.unread;
		return f.unread.code;
	}
	if (!rc)
		store_news_add(s, STORE_NEWS_FOUND, "store",
			       "'%s/own': all names of the school's files have been read now",
			       s->dir);
	return rc;
}

int store_anew_open(struct store *s, struct fault *why)
{
	int64_t names, bodies = 0;
	struct found f = { 0 };
	int rc = db_int(s->db, 0, &names, why, "SELECT names FROM anew", "");
	if (!rc && names)
		rc = take_names(s, &f, why);
	free(f.files);
	if (!rc && f.unread.code)
		store_sweep_stuck(s, &f.unread);
	if (!rc)
		rc = db_int(s->db, 0, &bodies, why, "SELECT bodies FROM anew", "");
	s->adopts = bodies != 0;
	return rc;
}

/* -ENOENT: there is no map that is sound. */
static int read_map(const struct store *s, const struct objmap_id *id, uint64_t *size)
{
	AUTO_FREE void *raw = NULL;
	size_t len;
	struct stat st;
	struct objmap *map = NULL;
	const struct store_path at = store_path(s, layout_object(id, ".map").at);
	if (lstat(at.at, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -ENOTSUP;
	int rc = fileio_read(at.at, objmap_bytes(OBJMAP_MAX_SIZE), &raw, &len, NULL);
	if (!rc)
		rc = objmap_verify(id, raw, len, &map, NULL);
	if (!rc)
		*size = objmap_size(map);
	objmap_free(map);
	return rc == -EFBIG || rc == -EBADMSG ? -ENOENT : rc;
}

int store_anew_adopt(struct store *s, const struct objmap_id *id, int64_t *known, struct fault *why)
{
	uint64_t size;
	*known = 0;
	if (!s->adopts)
		return 0;
	int rc = read_map(s, id, &size);
	if (rc)
		return rc == -ENOENT ? 0 : store_fault(s, layout_object(id, ".map").at, rc, why);
	rc = has_body(s, id, size);
	if (rc <= 0)
		return rc ? store_fault(s, layout_object(id, "").at, rc, why) : 0;
	rc = add_row(s, id, size, "", why);
	if (rc)
		return rc;
	s->used_bytes += size;
	*known = 1;
	struct store_object *o;
	if (store_object_find(s, id, &o, NULL) == 0)
		store_object_close(o);
	return 0;
}

int store_anew_end(struct store *s, struct fault *why)
{
	int rc = s->adopts ? db_exec(s->db, why, "UPDATE anew SET bodies=0", "") : 0;
	if (!rc)
		s->adopts = false;
	return rc;
}
