// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/store_scrub.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "cache/names.h"
#include "cache/store_disk.h"
#include "cache/store_private.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"

enum { KEEP_BYTES = 64 << 20, HASH_BYTES = 16 };

CLEAN_FN(object, struct store_object, store_object_close)
CLEAN_FN(rendition, struct store_rendition, store_rendition_close)
CLEAN_FN(names, struct names, names_unmap)

struct pass { /* one step under way */
	struct store *s;
	struct store_scrub_cursor c;
	struct store_scrub_found *found;
	uint64_t max_bytes;
};

static bool enough(const struct pass *p)
{
	return p->found->bytes >= p->max_bytes || p->found->count == STORE_SCRUB_ITEMS;
}

static void read_some(struct pass *p, uint64_t bytes)
{
	p->found->bytes += bytes;
	p->c.bytes += bytes;
	p->c.behind += bytes;
}

static void note(struct pass *p, struct store_scrub_item item)
{
	p->found->items[p->found->count++] = item;
}

struct chunk {
	const struct store_object *o;
	uint64_t index;
};

static int check_chunk(const void *arg, const void *bytes, size_t len)
{
	const struct chunk *c = arg;
	return objmap_check_chunk(store_object_map(c->o), c->index, bytes, len);
}

static int look_at_chunk(struct pass *p, struct store_object *o, struct disk *d, uint64_t index,
			 struct fault *why)
{
	const size_t len = store_object_chunk_len(o, index);
	enum disk_state state;
	int rc = disk_look(d, index * OBJMAP_CHUNK_BYTES, len, check_chunk,
			   &(struct chunk){ o, index }, &state);
	if (!rc && state != DISK_GOOD && state != DISK_MENDED)
		rc = store_object_withdraw(o, index, why);
	if (rc)
		return rc;
	read_some(p, len);
	if (state != DISK_GOOD)
		note(p, (struct store_scrub_item){ .kind = STORE_SCRUB_CHUNK,
						   .mended = state == DISK_MENDED,
						   .unreadable = state == DISK_UNREADABLE,
						   .id = p->c.id,
						   .at = index });
	return 0;
}

/* Whether it must be whole: it was, or it is a file of the school, which is named only when it is and comes from nowhere else. */
static int must_be_whole(struct pass *p, int64_t *out, struct fault *why)
{
	return db_int(p->s->db, 0, out, why,
		      "SELECT complete OR (?=0 AND EXISTS(SELECT 1 FROM local l WHERE l.id=o.id)) "
		      "FROM objects o WHERE id=?",
		      "ib", (int64_t)p->c.at, (const void *)p->c.id.b, sizeof(p->c.id.b));
}

/* 0: looked through, or as far as this step goes (c.at says how far; UINT64_MAX is all). */
static int look_at_object(struct pass *p, struct fault *why)
{
	struct fault own = { 0 };
	CLEANUP(clean_object) struct store_object *o = NULL;
	int64_t whole = 0;
	int rc = must_be_whole(p, &whole, why);
	if (rc)
		return rc;
	p->c.whole |= whole;
	rc = store_object_find(p->s, &p->c.id, &o, &own);
	if (rc == -ENOMEM || rc == -ENOSPC) {
		if (why)
			*why = own;
		return rc;
	}
	uint64_t bytes = 0;
	if (rc) { /* the row is there: its map is not, or its files cannot be opened */
		const int more = store_object_remake_map(p->s, &p->c.id, p->max_bytes, &bytes);
		read_some(p, bytes);
		if (more == 1)
			return 0;
		const bool mended = !more && !store_object_find(p->s, &p->c.id, &o, NULL);
		note(p, (struct store_scrub_item){ .kind = STORE_SCRUB_MAP,
						   .mended = mended,
						   .unreadable = rc == -EIO,
						   .id = p->c.id });
		if (!mended) { /* after a restart, too, somebody must look for another map */
			p->c.at = UINT64_MAX;
			return db_exec(p->s->db, why, "UPDATE objects SET complete=0 WHERE id=?",
				       "b", (const void *)p->c.id.b, sizeof(p->c.id.b));
		}
		rc = 0;
	}
	/* What no bitmap vouches for is searched first: neither good nor bad is known of it. */
	bytes = 0;
	if (store_object_search(o, p->max_bytes, &bytes)) {
		read_some(p, bytes);
		return bytes ? 0
			     : fault_set(why, -EIO, "store.search", "'%s/%s': cannot be searched",
					 p->s->dir, layout_object(&p->c.id, "").at);
	}
	/* Opening finds out what was cut short, and says nothing; perhaps somebody else has opened it before. */
	uint64_t gap, count;
	if (p->c.whole && store_object_gap(o, 0, &gap, &count))
		note(p, (struct store_scrub_item){ .kind = STORE_SCRUB_CHUNK,
						   .unreadable = true,
						   .absent = true,
						   .id = p->c.id,
						   .at = gap });
	p->c.whole = false;
	CLEANUP(disk_done) struct disk d;
	disk_open(&d, p->s->fd, layout_object(&p->c.id, "").at, store_object_write_fd(o));
	const uint64_t chunks = objmap_chunk_count(store_object_size(o));
	for (; !rc && p->c.at < chunks && !enough(p); p->c.at++)
		if (store_object_has(o, p->c.at))
			rc = look_at_chunk(p, o, &d, p->c.at, why);
	if (!rc && p->c.at >= chunks)
		p->c.at = UINT64_MAX;
	return rc;
}

static int check_segment(const void *arg, const void *bytes, size_t len)
{
	uint8_t hash[HASH_BYTES];
	crypto_generichash(hash, sizeof(hash), bytes, len, NULL, 0);
	return memcmp(hash, arg, sizeof(hash)) ? -EBADMSG : 0;
}

/* 1 and the row's hash, 0 when there is no such row. */
static int hash_of(struct store *s, uint64_t number, uint64_t segment, uint8_t out[HASH_BYTES],
		   struct fault *why)
{
	sqlite3_stmt *q;
	int rc = db_query(s->db, &q, why,
			  "SELECT hash FROM segments WHERE rendition=? AND segment=?", "ii",
			  (int64_t)number, (int64_t)segment);
	if (!rc)
		rc = db_step(s->db, q, why);
	if (rc != 1)
		return rc;
	memset(out, 0, HASH_BYTES);
	if (sqlite3_column_bytes(q, 0) == HASH_BYTES)
		memcpy(out, sqlite3_column_blob(q, 0), HASH_BYTES);
	sqlite3_reset(q);
	return 1;
}

/* A rendition with more rotten places than its table can name goes as a whole, and is made again as a whole. */
static int withdraw_segment(struct pass *p, struct store_rendition *r, uint32_t segment,
			    struct fault *why)
{
	int rc = store_rendition_withdraw(r, segment, why);
	if (rc != -ENOSPC)
		return rc;
	rc = store_rendition_drop(p->s, p->c.number, why);
	p->c.at = UINT64_MAX - 1;
	return rc;
}

static int look_at_segment(struct pass *p, struct store_rendition *r, struct disk *d,
			   struct fault *why)
{
	const uint32_t segment = (uint32_t)p->c.at;
	uint8_t hash[HASH_BYTES];
	uint64_t offset;
	uint32_t len;
	enum disk_state state;
	int rc = hash_of(p->s, p->c.number, segment, hash, why);
	if (rc != 1)
		return rc;
	if (store_rendition_slot(r, segment, &offset, &len))
		return 0;
	rc = disk_look(d, offset, len, check_segment, hash, &state);
	if (rc)
		return rc;
	if (state != DISK_GOOD && state != DISK_MENDED)
		rc = withdraw_segment(p, r, segment, why);
	if (rc)
		return rc;
	read_some(p, len);
	if (state != DISK_GOOD)
		note(p, (struct store_scrub_item){ .kind = STORE_SCRUB_SEGMENT,
						   .mended = state == DISK_MENDED,
						   .unreadable = state == DISK_UNREADABLE,
						   .number = p->c.number,
						   .at = segment });
	return 0;
}

static int count_rows(struct pass *p, int64_t *out, struct fault *why)
{
	return db_int(p->s->db, 0, out, why, "SELECT count(*) FROM segments WHERE rendition=?", "i",
		      (int64_t)p->c.number);
}

static uint32_t first_gap(const struct store_rendition *r)
{
	uint32_t segment = 0;
	while (segment < store_rendition_segments(r) && store_rendition_has(r, segment))
		segment++;
	return segment;
}

static int look_at_rendition(struct pass *p, struct fault *why)
{
	CLEANUP(clean_rendition) struct store_rendition *r = NULL;
	int64_t had, has;
	int rc = count_rows(p, &had, why);
	if (!rc)
		rc = store_rendition_find(p->s, p->c.number, &r, why);
	if (!rc)
		rc = count_rows(p, &has, why);
	if (rc)
		return rc;
	/* Opening finds out what was cut short, and says nothing. */
	if (has < had)
		note(p, (struct store_scrub_item){ .kind = STORE_SCRUB_SEGMENT,
						   .unreadable = true,
						   .number = p->c.number,
						   .at = first_gap(r) });
	CLEANUP(disk_done) struct disk d;
	disk_open(&d, p->s->fd, layout_rendition(p->c.number, ".mp4").at,
		  store_rendition_write_fd(r));
	const uint64_t last = store_rendition_segments(r);
	for (; !rc && p->c.at <= last && !enough(p); p->c.at++)
		rc = look_at_segment(p, r, &d, why);
	if (!rc && p->c.at > last)
		p->c.at = UINT64_MAX;
	return rc;
}

static int look_at_names(struct pass *p)
{
	CLEANUP(clean_names) struct names *n = NULL;
	int rc = names_map(p->s->fd, LAYOUT_NAMES, &n, NULL);
	if (rc == -ENOMEM)
		return rc;
	if (rc && rc != -ENOENT)
		note(p, (struct store_scrub_item){ .kind = STORE_SCRUB_NAMES,
						   .unreadable = rc == -EIO });
	p->c.phase = STORE_SCRUB_OWN_NAMES;
	p->c.at = 0;
	return 0;
}

static int look_at_own_name(struct pass *p, struct fault *why)
{
	struct store_local row;
	struct store_own_look look;
	int rc = store_local_at(p->s, p->c.one ? &p->c.id : NULL, p->c.at, &row, why);
	if (rc == 0 && p->c.one && !p->c.at)
		return fault_set(why, -ENOENT, "store.absent", "no file has these bytes");
	if (rc == 0)
		p->c.phase = STORE_SCRUB_DONE;
	if (rc != 1)
		return rc;
	rc = store_own_look(p->s, &row, &look, why);
	if (rc)
		return rc;
	read_some(p, look.bytes);
	p->c.at++;
	if (!look.bad)
		return 0;
	struct store_scrub_item item = { .kind = STORE_SCRUB_OWN,
					 .mended = look.mended,
					 .unreadable = look.unreadable,
					 .id = row.id };
	snprintf(item.path, sizeof(item.path), "%s", row.path);
	note(p, item);
	return 0;
}

static void next_id(struct store_scrub_cursor *c)
{
	size_t i = sizeof(c->id.b);
	while (i > 0 && !++c->id.b[--i])
		;
	if (!c->id.b[0] && !memcmp(c->id.b, c->id.b + 1, sizeof(c->id.b) - 1))
		c->phase = STORE_SCRUB_RENDITIONS; /* it was the last id there can be */
}

/* The next object that has a row; where there is none, the next phase. */
static int find_object(struct pass *p, struct fault *why)
{
	sqlite3_stmt *q;
	int rc = db_query(p->s->db, &q, why,
			  "SELECT id FROM objects WHERE id>=? ORDER BY id LIMIT 1", "b",
			  (const void *)p->c.id.b, sizeof(p->c.id.b));
	if (!rc)
		rc = db_step(p->s->db, q, why);
	if (rc < 0)
		return rc;
	struct objmap_id id = p->c.id;
	if (rc == 1) {
		memcpy(id.b, sqlite3_column_blob(q, 0), sizeof(id.b));
		sqlite3_reset(q);
	}
	const bool same = rc == 1 && !memcmp(&id, &p->c.id, sizeof(id));
	if (p->c.one && !same)
		return fault_set(why, -ENOENT, "store.absent", "'%s/%s': not in the store",
				 p->s->dir, layout_object(&p->c.id, "").at);
	if (!same)
		p->c.at = p->c.whole = 0;
	p->c.id = id;
	if (!rc)
		p->c.phase = STORE_SCRUB_RENDITIONS;
	return 0;
}

static int find_rendition(struct pass *p, struct fault *why)
{
	int64_t number;
	/* One of which nothing was made has no files to look at. */
	int rc = db_int(p->s->db, -1, &number, why,
			p->c.one ? "SELECT number FROM renditions WHERE number=?"
				 : "SELECT min(rendition) FROM segments WHERE rendition>=?",
			"i", (int64_t)p->c.number);
	if (rc)
		return rc;
	if (p->c.one && number < 0)
		return fault_set(why, -ENOENT, "store.absent", "rendition %llu is not in the store",
				 (unsigned long long)p->c.number);
	if (number != (int64_t)p->c.number)
		p->c.at = 0;
	if (number < 0)
		p->c.phase = STORE_SCRUB_INDEX;
	else
		p->c.number = (uint64_t)number;
	return 0;
}

static int step_objects(struct pass *p, struct fault *why)
{
	int rc = find_object(p, why);
	if (rc || p->c.phase != STORE_SCRUB_OBJECTS)
		return rc;
	rc = look_at_object(p, why);
	if (rc || p->c.at != UINT64_MAX)
		return rc;
	p->c.at = p->c.whole = 0;
	next_id(&p->c);
	if (p->c.one)
		p->c.phase = STORE_SCRUB_DONE;
	return 0;
}

static int step_renditions(struct pass *p, struct fault *why)
{
	int rc = find_rendition(p, why);
	if (rc || p->c.phase != STORE_SCRUB_RENDITIONS)
		return rc;
	rc = look_at_rendition(p, why);
	if (rc == -EIO ||
	    rc == -EBADMSG) { /* one that cannot even be opened hides none behind it */
		note(p, (struct store_scrub_item){ .kind = STORE_SCRUB_SEGMENT,
						   .unreadable = true,
						   .number = p->c.number });
		p->c.at = UINT64_MAX;
		rc = 0;
	}
	if (rc || p->c.at != UINT64_MAX)
		return rc;
	p->c.at = 0;
	p->c.number++;
	if (p->c.one)
		p->c.phase = STORE_SCRUB_DONE;
	return 0;
}

struct store_scrub_cursor store_scrub_object(const struct objmap_id *id)
{
	return (struct store_scrub_cursor){ .phase = STORE_SCRUB_OBJECTS, .one = true, .id = *id };
}

struct store_scrub_cursor store_scrub_rendition(uint64_t number)
{
	return (struct store_scrub_cursor){ .phase = STORE_SCRUB_RENDITIONS,
					    .one = true,
					    .number = number };
}

struct store_scrub_cursor store_scrub_names(const struct objmap_id *id)
{
	return (struct store_scrub_cursor){ .phase = STORE_SCRUB_OWN_NAMES,
					    .one = true,
					    .id = *id };
}

int store_scrub_resume(struct store *s, struct store_scrub_cursor *out, struct fault *why)
{
	sqlite3_stmt *q;
	int rc =
		db_query(s->db, &q, why, "SELECT phase, id, number, at, pass_bytes FROM scrub", "");
	if (!rc)
		rc = db_step(s->db, q, why);
	if (rc < 0)
		return rc;
	struct store_scrub_cursor c = { 0 };
	if (rc == 1) {
		const int phase = sqlite3_column_int(q, 0);
		if (phase >= STORE_SCRUB_OBJECTS && phase < STORE_SCRUB_DONE)
			c.phase = (enum store_scrub_phase)phase;
		if (sqlite3_column_bytes(q, 1) == sizeof(c.id.b))
			memcpy(c.id.b, sqlite3_column_blob(q, 1), sizeof(c.id.b));
		c.number = (uint64_t)sqlite3_column_int64(q, 2);
		c.at = (uint64_t)sqlite3_column_int64(q, 3);
		c.bytes = (uint64_t)sqlite3_column_int64(q, 4);
		sqlite3_reset(q);
	}
	*out = c;
	return 0;
}

/* Counts what was found; the place only of a pass through the whole store. */
static int keep(struct pass *p, struct fault *why)
{
	int64_t mended = 0, unreadable = 0;
	for (size_t i = 0; i < p->found->count; i++) {
		mended += p->found->items[i].mended;
		unreadable += p->found->items[i].unreadable;
	}
	int rc =
		db_exec(p->s->db, why,
			"UPDATE scrub SET bytes=bytes+?, bad=bad+?, mended=mended+?, "
			"unreadable=unreadable+?",
			"iiii", (int64_t)p->c.behind, (int64_t)p->found->count, mended, unreadable);
	if (!rc && !p->c.one)
		rc = db_exec(p->s->db, why,
			     "UPDATE scrub SET phase=?, id=?, number=?, at=?, pass_bytes=?",
			     "ibiii", (int64_t)p->c.phase, (const void *)p->c.id.b,
			     sizeof(p->c.id.b), (int64_t)p->c.number, (int64_t)p->c.at,
			     (int64_t)p->c.bytes);
	if (!rc)
		p->c.behind = 0;
	return rc;
}

static int end_pass(struct pass *p, struct fault *why)
{
	p->found->done = true;
	if (!p->c.one)
		p->c = (struct store_scrub_cursor){ .behind = p->c.behind };
	int rc = keep(p, why);
	if (!rc && !p->c.one)
		rc = db_exec(p->s->db, why, "UPDATE scrub SET passes=passes+1, last_pass_s=?", "i",
			     clock_wall_s());
	return rc;
}

int store_scrub_step(struct store *s, struct store_scrub_cursor *c, uint64_t max_bytes,
		     struct store_scrub_found *out, struct fault *why)
{
	*out = (struct store_scrub_found){ 0 };
	struct pass p = { s, *c, out, max_bytes ? max_bytes : 1 };
	int rc = 0;
	while (!rc && p.c.phase != STORE_SCRUB_DONE && !enough(&p)) {
		if (p.c.phase == STORE_SCRUB_OBJECTS)
			rc = step_objects(&p, why);
		else if (p.c.phase == STORE_SCRUB_RENDITIONS)
			rc = step_renditions(&p, why);
		else if (p.c.phase == STORE_SCRUB_INDEX)
			rc = look_at_names(&p);
		else
			rc = look_at_own_name(&p, why);
	}
	if (!rc && p.c.phase == STORE_SCRUB_DONE)
		rc = end_pass(&p, why);
	else if (!rc && (out->count || p.c.behind >= KEEP_BYTES))
		rc = keep(&p, why);
	if (!rc)
		*c = p.c;
	return rc;
}

int store_scrub_health(struct store *s, struct store_scrub_health *out, struct fault *why)
{
	sqlite3_stmt *q;
	int rc = db_query(s->db, &q, why,
			  "SELECT passes, last_pass_s, bytes, pass_bytes, bad, mended, unreadable "
			  "FROM scrub",
			  "");
	if (!rc)
		rc = db_step(s->db, q, why);
	if (rc < 0)
		return rc;
	*out = (struct store_scrub_health){ 0 };
	if (!rc)
		return 0;
	*out = (struct store_scrub_health){
		.passes = (uint64_t)sqlite3_column_int64(q, 0),
		.last_pass_s = sqlite3_column_int64(q, 1),
		.bytes = (uint64_t)sqlite3_column_int64(q, 2),
		.pass_bytes = (uint64_t)sqlite3_column_int64(q, 3),
		.bad = (uint64_t)sqlite3_column_int64(q, 4),
		.mended = (uint64_t)sqlite3_column_int64(q, 5),
		.unreadable = (uint64_t)sqlite3_column_int64(q, 6),
	};
	sqlite3_reset(q);
	return 0;
}
