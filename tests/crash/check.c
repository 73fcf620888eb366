// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/crash/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/bits.h"
#include "cache/layout.h"
#include "cache/store.h"
#include "cache/store_local.h"
#include "cache/store_own.h"
#include "cache/store_scrub.h"
#include "cache/view.h"
#include "firmware/base/clean.h"
#include "firmware/base/crc32c.h"
#include "firmware/base/db.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

enum { BEHIND_MOST = (1 << 20) + WORLD_CHUNK };

CLEAN_FN(store, struct store, store_close)
CLEAN_FN(view, struct view, view_close)

struct check {
	const char *folder;
	const struct world_promises *p;
	struct objmap *const *maps;
	struct check_found *out;
};

__attribute__((format(printf, 3, 4))) static void trouble(struct check *c, uint64_t *count,
							  const char *format, ...)
{
	++*count;
	if (c->out->text[0])
		return;
	va_list list;
	va_start(list, format);
	vsnprintf(c->out->text, sizeof(c->out->text), format, list);
	va_end(list);
}

/* --- as a worker ----------------------------------------------------------------------------------- */

static void compare(struct check *c, const struct view_file *f, uint64_t seed, uint64_t from,
		    const char *what)
{
	AUTO_FREE uint8_t *want = malloc(f->length + 1), *got = malloc(f->length + 1);
	if (!want || !got)
		abort();
	sample_fill(seed, from, want, f->length);
	ssize_t n = pread(f->fd, got, f->length, (off_t)f->offset);
	/* Too few bytes end a connection, which is no wrong byte; here they may not happen either. */
	if (n != (ssize_t)f->length)
		trouble(c, &c->out->wrong_bytes, "%s: %zd bytes of %llu at %llu", what, n,
			(unsigned long long)f->length, (unsigned long long)from);
	for (ssize_t i = 0; i < n; i++)
		if (want[i] != got[i])
			trouble(c, &c->out->wrong_bytes, "%s: byte %llu is wrong", what,
				(unsigned long long)from + (unsigned long long)i);
}

static void see_object(struct check *c, struct view *v, unsigned o)
{
	const uint64_t size = world_object_size(o);
	struct view_file f;
	char what[40];
	snprintf(what, sizeof(what), "object %u", o);
	for (uint64_t at = 0; at < size;) {
		const uint64_t chunk = at / WORLD_CHUNK;
		int rc = view_object(v, objmap_get_id(c->maps[o]), size, at, &f);
		if (!rc && f.length) {
			/* By chunks: one that somebody spoils just now is wrong until the scrub comes. */
			if (f.length > WORLD_CHUNK)
				f.length = WORLD_CHUNK;
			if (!c->p->chunk_rots[o][chunk])
				compare(c, &f, o, at, what);
			at += f.length;
			continue;
		}
		if (c->p->chunk[o][chunk])
			trouble(c, &c->out->lost_durable, "%s: chunk %llu is not served at once",
				what, (unsigned long long)chunk);
		at = (chunk + 1) * WORLD_CHUNK;
	}
}

/* `may_lack`: a table that a cut spoilt is made again by contentd; until then its segments are wanted. */
static void see_segments(struct check *c, struct view *v, unsigned l, uint64_t number,
			 bool may_lack)
{
	struct view_file f;
	char what[40];
	for (uint32_t s = 0; number && s <= WORLD_SEGMENTS; s++) {
		snprintf(what, sizeof(what), "lesson %u, segment %u", l, s);
		if (c->p->segment_rots[l][s])
			continue;
		if (!view_segment(v, number, s, &f)) {
			if (f.length != world_segment_len(l, s))
				trouble(c, &c->out->wrong_bytes, "%s: %llu bytes long", what,
					(unsigned long long)f.length);
			compare(c, &f, world_segment_seed(l, s), 0, what);
		} else if (!may_lack && c->p->segment[l][s]) {
			trouble(c, &c->out->lost_durable, "%s is not served", what);
		}
	}
}

static void see_download(struct check *c, struct view *v, unsigned l)
{
	struct names_entry e;
	struct view_names *from;
	struct view_file f;
	char path[32], header[32];
	snprintf(path, sizeof(path), "/v/%u", l);
	if (view_find(v, path, strlen(path), &e, &from))
		return;
	snprintf(header, sizeof(header), "virtual %u", l);
	if (e.bytes_len != strlen(header) || memcmp(e.bytes, header, e.bytes_len))
		trouble(c, &c->out->wrong_bytes, "%s: the header is wrong", path);
	for (size_t i = 0; i < e.extent_count; i++)
		if (!c->p->segment_rots[l][i] &&
		    !view_extent(v, e.extents[i].rendition, e.extents[i].offset,
				 e.extents[i].length, &f))
			compare(c, &f, world_segment_seed(l, (uint32_t)i), 0, path);
}

/* The index that has the name must not say that there is a newer one: its readers would look for that at each request. */
static void see_index(struct check *c)
{
	struct names *n;
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/" LAYOUT_NAMES, c->folder);
	if (names_map(AT_FDCWD, path, &n, NULL))
		return;
	if (names_superseded(n))
		trouble(c, &c->out->lost_durable, "names.idx says that it is an old one");
	names_unmap(n);
}

static void see_names(struct check *c, struct view *v)
{
	struct names_entry e;
	struct view_names *from;
	char path[32];
	uint64_t index = 0;
	if (!view_find(v, "/index", 6, &e, &from))
		index = strtoull(e.bytes, NULL, 10);
	if (index < c->p->names)
		trouble(c, &c->out->lost_durable, "names.idx %llu is gone; %llu is there",
			(unsigned long long)c->p->names, (unsigned long long)index);
	for (unsigned o = 0; o < WORLD_OBJECTS; o++) {
		snprintf(path, sizeof(path), "/o/%u", o);
		if (!view_find(v, path, strlen(path), &e, &from) &&
		    (e.size != world_object_size(o) ||
		     memcmp(&e.id, objmap_get_id(c->maps[o]), sizeof(e.id))))
			trouble(c, &c->out->wrong_bytes, "%s leads elsewhere", path);
	}
	for (unsigned l = 0; l < WORLD_LESSONS; l++) {
		see_download(c, v, l);
		snprintf(path, sizeof(path), "/m/%u/1.m4s", l);
		if (!view_find(v, path, strlen(path), &e, &from))
			see_segments(c, v, l, e.rendition, true);
	}
}

static int as_worker(struct check *c, bool may_lack)
{
	CLEANUP(clean_view) struct view *v = NULL;
	int rc = view_open(c->folder, 64, &v, NULL);
	if (rc)
		return rc;
	see_index(c);
	see_names(c, v);
	for (unsigned o = 0; o < WORLD_OBJECTS; o++)
		see_object(c, v, o);
	for (unsigned l = 0; l < WORLD_LESSONS; l++)
		see_segments(c, v, l, c->p->number[l], may_lack);
	return 0;
}

/* --- as contentd ----------------------------------------------------------------------------------- */

static void use_object(struct check *c, struct store *s, unsigned o)
{
	struct fault why = { 0 };
	struct store_object *it;
	bool promised = world_chunks(o) == 0;
	for (uint64_t i = 0; i < world_chunks(o); i++)
		promised |= c->p->chunk[o][i];
	const int known = store_object_known(s, objmap_get_id(c->maps[o]), NULL);
	if (c->p->object_gone[o] && known != -ENOENT)
		trouble(c, &c->out->came_back, "object %u", o);
	if (store_object_find(s, objmap_get_id(c->maps[o]), &it, &why)) {
		if (promised && world_chunks(o))
			trouble(c, &c->out->lost_durable, "object %u: %s", o, why.text);
		if (known == 1)
			trouble(c, &c->out->refused, "object %u is complete, but: %s", o, why.text);
		return;
	}
	uint64_t refetched = 0;
	for (uint64_t i = 0; i < world_chunks(o); i++) {
		if (store_object_has(it, i))
			continue;
		if (c->p->put[o][i])
			refetched += world_chunk_len(o, i);
		if (c->p->chunk[o][i])
			trouble(c, &c->out->lost_durable, "object %u, chunk %llu", o,
				(unsigned long long)i);
	}
	if (refetched > BEHIND_MOST)
		trouble(c, &c->out->too_much, "object %u: %llu bytes to fetch again", o,
			(unsigned long long)refetched);
	c->out->refetched_bytes += refetched;
	if (known == 1 && !store_object_complete(it))
		trouble(c, &c->out->lost_durable, "object %u is not as complete as its row says",
			o);
	store_object_close(it);
	struct store_local file;
	char path[16];
	snprintf(path, sizeof(path), "/p/%u", o);
	if (c->p->local[o] && store_local_find(s, path, &file, &why))
		trouble(c, &c->out->lost_durable, "the address of object %u: %s", o, why.text);
}

static void use_lesson(struct check *c, struct store *s, unsigned l)
{
	struct fault why = { 0 };
	struct store_rendition *r;
	int rc = store_rendition_find(s, c->p->number[l], &r, &why);
	if (!rc && c->p->lesson_gone[l])
		trouble(c, &c->out->came_back, "lesson %u", l);
	for (uint32_t i = 0; i <= WORLD_SEGMENTS; i++)
		if (c->p->segment[l][i] && (rc || !store_rendition_has(r, i)))
			trouble(c, &c->out->lost_durable, "lesson %u, segment %u: %s", l, i,
				rc ? why.text : "");
	if (!rc)
		store_rendition_close(r);
}

/* What is not there is no wrong byte; whether it should be, use_object() knows. */
static bool rots(const struct check *c, const struct store_scrub_item *item)
{
	if (item->absent)
		return true;
	for (unsigned o = 0; o < WORLD_OBJECTS; o++)
		if (item->kind == STORE_SCRUB_CHUNK && item->at < world_chunks(o) &&
		    !memcmp(&item->id, objmap_get_id(c->maps[o]), sizeof(item->id)))
			return c->p->chunk_rots[o][item->at];
	for (unsigned l = 0; l < WORLD_LESSONS; l++)
		if (item->kind == STORE_SCRUB_SEGMENT && item->number == c->p->number[l])
			return c->p->segment_rots[l][item->at];
	return false;
}

static void use_scrub(struct check *c, struct store *s)
{
	struct store_scrub_cursor at = { 0 };
	struct store_scrub_found found = { 0 };
	struct fault why;
	while (!found.done) {
		if (store_scrub_step(s, &at, UINT64_MAX, &found, &why)) {
			trouble(c, &c->out->refused, "scrub: %s", why.text);
			return;
		}
		for (size_t i = 0; i < found.count; i++)
			if (!rots(c, &found.items[i]))
				trouble(c, &c->out->wrong_bytes, "scrub: kind %d at %llu",
					found.items[i].kind, (unsigned long long)found.items[i].at);
	}
}

static int as_contentd(struct check *c)
{
	static const struct store_limits unlimited;
	CLEANUP(clean_store) struct store *s = NULL;
	struct fault why = { 0 };
	struct store_totals before = { 0 }, after = { 0 };
	if (store_open(c->folder, &unlimited, &s, &why)) {
		trouble(c, &c->out->refused, "%s", why.text);
		return 0;
	}
	for (unsigned o = 0; o < WORLD_OBJECTS; o++) {
		(void)store_totals(s, &before, NULL);
		use_object(c, s, o);
		(void)store_totals(s, &after, NULL);
		const uint64_t hashed = after.rehashed_bytes - before.rehashed_bytes;
		c->out->rehashed_bytes += hashed;
		if (hashed > BEHIND_MOST)
			trouble(c, &c->out->too_much, "object %u: %llu bytes hashed again", o,
				(unsigned long long)hashed);
	}
	for (unsigned l = 0; l < WORLD_LESSONS; l++)
		use_lesson(c, s, l);
	int rc;
	while ((rc = store_sweep_step(s, NULL, &why)) > 0)
		;
	if (rc)
		trouble(c, &c->out->refused, "sweep: %s", why.text);
	use_scrub(c, s);
	return 0;
}

/* --- what lies around ------------------------------------------------------------------------------ */

/* By its own look at the rows, not by the store's. */
static bool has_row(sqlite3 *db, const char *sql, const char *key)
{
	sqlite3_stmt *q;
	if (sqlite3_prepare_v2(db, sql, -1, &q, NULL))
		return false;
	sqlite3_bind_text(q, 1, key, -1, SQLITE_STATIC);
	const bool yes = sqlite3_step(q) == SQLITE_ROW;
	sqlite3_finalize(q);
	return yes;
}

/* The name of a file of the school, beside its body. */
static bool is_name(const struct check *c, sqlite3 *db, const char *name)
{
	char path[PATH_MAX];
	AUTO_FREE void *bytes = NULL;
	size_t len;
	struct store_local file;
	snprintf(path, sizeof(path), "%s/own/%.200s", c->folder, name);
	return fileio_read(path, STORE_OWN_MOST, &bytes, &len, NULL) == 0 &&
	       store_own_parse(bytes, len, &file) == 0 &&
	       has_row(db, "SELECT 1 FROM local WHERE path=?", file.path);
}

static bool expected(const struct check *c, sqlite3 *db, const char *folder, const char *name)
{
	static const char *const own[] = { "store.db",   "store.db-wal", "store.db-shm",
					   "obj",        "rend",         "names.idx",
					   "store.lock", "store.spare",  "names.idx.spare" };
	char key[80];
	const char *dot = strchrnul(name, '.');
	snprintf(key, sizeof(key), "%.*s", (int)(dot - name), name);
	if (!*folder) {
		for (size_t i = 0; i < ARRAY_LEN(own); i++)
			if (!strcmp(own[i], name))
				return true;
		return false;
	}
	if (!strcmp(folder, "rend"))
		return (!strcmp(dot, ".mp4") || !strcmp(dot, ".tab")) &&
		       has_row(db, "SELECT 1 FROM renditions WHERE number=CAST(? AS INTEGER)", key);
	if (!strcmp(folder, "own"))
		return is_name(c, db, name);
	return (!*dot || !strcmp(dot, ".map") || !strcmp(dot, ".bits")) &&
	       has_row(db, "SELECT 1 FROM objects WHERE lower(hex(id))=?", key);
}

static void look_around(struct check *c, sqlite3 *db, const char *below)
{
	char path[PATH_MAX], next[PATH_MAX];
	snprintf(path, sizeof(path), "%s/%s", c->folder, below);
	DIR *d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));) {
		struct stat st;
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
		    fstatat(dirfd(d), e->d_name, &st, 0) < 0)
			continue;
		snprintf(next, sizeof(next), "%.200s%s%.200s", below, *below ? "/" : "", e->d_name);
		if (S_ISDIR(st.st_mode))
			look_around(c, db, next);
		else if (!expected(c, db, below, e->d_name))
			trouble(c, &c->out->leaked_files, "'%s' belongs to nobody", next);
	}
	if (d)
		closedir(d);
}

void check_another_boot(const char *folder)
{
	char path[PATH_MAX], name[PATH_MAX];
	snprintf(path, sizeof(path), "%s/obj", folder);
	DIR *outer = opendir(path);
	for (struct dirent *e; outer && (e = readdir(outer));) {
		snprintf(path, sizeof(path), "%s/obj/%.100s", folder, e->d_name);
		DIR *inner = e->d_name[0] == '.' ? NULL : opendir(path);
		for (struct dirent *f; inner && (f = readdir(inner));) {
			struct bits_header h;
			if (!strstr(f->d_name, ".bits"))
				continue;
			snprintf(name, sizeof(name), "%s/obj/%.100s/%.100s", folder, e->d_name,
				 f->d_name);
			AUTO_FD int fd = open(name, O_RDWR | O_CLOEXEC);
			if (fd < 0 || pread(fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h) ||
			    h.crc != crc32c(0, &h, offsetof(struct bits_header, crc)))
				continue;
			memset(h.boot, 0xee, sizeof(h.boot));
			h.crc = crc32c(0, &h, offsetof(struct bits_header, crc));
			if (pwrite(fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h))
				abort();
		}
		if (inner)
			closedir(inner);
	}
	if (outer)
		closedir(outer);
}

int check_store(const char *folder, enum check_cut cut, const struct world_promises *p,
		struct objmap *const *maps, struct check_found *out)
{
	*out = (struct check_found){ 0 };
	struct check c = { folder, p, maps, out };
	if (cut == CHECK_POWER)
		check_another_boot(folder);
	int rc = as_worker(&c, true);
	if (!rc)
		rc = as_contentd(&c);
	if (!rc)
		rc = as_worker(&c, false);
	sqlite3 *db;
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/store.db", folder);
	if (!rc && !sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL)) {
		look_around(&c, db, "");
		sqlite3_close(db);
	}
	return rc;
}
