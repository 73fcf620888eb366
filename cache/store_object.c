// SPDX-License-Identifier: GPL-2.0-or-later
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

enum { BEHIND_MAX = 1 << 20 };

static void release(struct store_object *o)
{
	if (!o)
		return;
	bits_unmap(&o->bits);
	objmap_free(o->map);
	free(o->durable);
	free(o->doubt);
	if (o->fd >= 0)
		close(o->fd);
	if (o->read_fd >= 0)
		close(o->read_fd);
	free(o);
}

CLEAN_FN(object, struct store_object, release)

uint64_t store_object_chunks(const struct store_object *o)
{
	return objmap_chunk_count(objmap_size(o->map));
}

size_t store_object_chunk_len(const struct store_object *o, uint64_t index)
{
	uint64_t left = objmap_size(o->map) - index * OBJMAP_CHUNK_BYTES;
	return left < OBJMAP_CHUNK_BYTES ? (size_t)left : OBJMAP_CHUNK_BYTES;
}

static bool same_id(const struct store_object *o, const struct objmap_id *id)
{
	return !memcmp(objmap_get_id(o->map), id, sizeof(*id));
}

static struct store_object *already_open(struct store *s, const struct objmap_id *id)
{
	for (struct store_object *o = s->objects; o; o = o->next)
		if (!o->dropped && same_id(o, id))
			return o;
	return NULL;
}

int store_object_fault(const struct store_object *o, const char *suffix, int code,
		       struct fault *why)
{
	return store_fault(o->store, layout_object(objmap_get_id(o->map), suffix).at, code, why);
}

static void remove_files(struct store *s, const struct objmap_id *id)
{
	static const char *const suffixes[] = { "", ".map", ".bits" };
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		unlinkat(s->fd, layout_object(id, suffixes[i]).at, 0);
}

static int copy_map(const struct objmap *map, struct objmap **out, struct fault *why)
{
	size_t len;
	const void *raw = objmap_raw(map, &len);
	return objmap_verify(objmap_get_id(map), raw, len, out, why);
}

static int make_folder(struct store *s, const struct objmap_id *id, struct fault *why)
{
	struct layout folder = layout_object_folder(id);
	if (mkdirat(s->fd, folder.at, 0755) < 0)
		return errno == EEXIST ? 0 : store_fault(s, folder.at, -errno, why);
	int rc = fileio_sync_parent(store_path(s, folder.at).at);
	return rc ? store_fault(s, folder.at, rc, why) : 0;
}

static int create(struct store_object *o, const char *media_type, struct fault *why)
{
	struct store *s = o->store;
	const struct objmap_id *id = objmap_get_id(o->map);
	int rc = store_check_room(s, objmap_size(o->map), why);
	if (!rc)
		rc = make_folder(s, id, why);
	if (!rc)
		rc = store_object_open_files(o, why);
	if (!rc)
		rc = db_exec(s->db, why, "INSERT INTO objects(id, size, media_type) VALUES(?,?,?)",
			     "bit", (const void *)id->b, sizeof(id->b),
			     (int64_t)objmap_size(o->map), media_type ? media_type : "");
	if (rc) {
		remove_files(s, id);
		return rc;
	}
	s->used_bytes += objmap_size(o->map);
	return 0;
}

/* *complete: as the row says; -1 where there is none. */
static int row_of(struct store *s, const struct objmap_id *id, int64_t *complete, struct fault *why)
{
	return db_int(s->db, -1, complete, why, "SELECT complete FROM objects WHERE id=?", "b",
		      (const void *)id->b, sizeof(id->b));
}

/* Whether disk and row have something to learn of a complete object; if not, opening it writes nothing. */
static bool untold(const struct store_object *o, int64_t row)
{
	for (uint64_t i = 0; i < store_object_chunks(o); i++)
		if (!(o->durable[i / 64] >> i % 64 & 1))
			return true;
	return row != 1;
}

int store_object_open(struct store *s, const struct objmap *map, const char *media_type,
		      struct store_object **out, struct fault *why)
{
	const struct objmap_id *id = objmap_get_id(map);
	struct store_object *open = already_open(s, id);
	if (open) {
		open->opened++;
		*out = open;
		return 0;
	}
	CLEANUP(clean_object) struct store_object *o = calloc(1, sizeof(*o));
	if (!o)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	o->store = s;
	o->fd = o->read_fd = o->bits.fd = -1;
	o->opened = 1;
	int64_t row = -1;
	int rc = copy_map(map, &o->map, why);
	if (!rc)
		rc = row_of(s, id, &row, why);
	int64_t adopted = 0;
	if (!rc && row < 0)
		rc = store_anew_adopt(s, id, &adopted, why);
	if (adopted)
		row = 0;
	const bool known = row >= 0;
	if (!rc)
		rc = known ? store_object_open_files(o, why) : create(o, media_type, why);
	if (rc)
		return rc;
	/* An object without chunks is complete as it is made. */
	if (!store_object_chunks(o))
		o->complete = true;
	o->searched = o->doubt != NULL;
	o->opened += o->searched;
	o->behind |= o->complete && untold(o, row);
	if (row == 1 && !o->complete)
		rc = db_exec(s->db, why, "UPDATE objects SET complete=0 WHERE id=?", "b",
			     (const void *)id->b, sizeof(id->b));
	if (rc)
		return rc;
	o->next = s->objects;
	s->objects = o;
	*out = MOVE_PTR(o);
	return 0;
}

int store_object_known(struct store *s, const struct objmap_id *id, struct fault *why)
{
	int64_t complete;
	int rc = row_of(s, id, &complete, why);
	if (!rc && complete < 0)
		return fault_set(why, -ENOENT, "store.absent", "'%s/%s': not in the store", s->dir,
				 layout_object(id, "").at);
	return rc ? rc : complete != 0;
}

int store_object_find(struct store *s, const struct objmap_id *id, struct store_object **out,
		      struct fault *why)
{
	struct store_object *open = already_open(s, id);
	if (open) {
		open->opened++;
		*out = open;
		return 0;
	}
	struct layout at = layout_object(id, ".map");
	int64_t row;
	int rc = row_of(s, id, &row, why);
	if (rc)
		return rc;
	if (row < 0)
		return fault_set(why, -ENOENT, "store.absent", "'%s/%s': not in the store", s->dir,
				 at.at);

	AUTO_FREE void *raw = NULL;
	size_t len;
	struct objmap *map = NULL;
	struct store_path path = store_path(s, at.at);
	rc = fileio_read(path.at, objmap_bytes(OBJMAP_MAX_SIZE), &raw, &len, why);
	if (!rc)
		rc = objmap_verify(id, raw, len, &map, why);
	if (rc == -ENOMEM)
		return rc;
	if (rc) /* with a map that is right, store_object_open() finds the bytes again */
		return fault_set(why, -ENOENT, "store.map",
				 "'%s': the map is damaged; it is fetched again", path.at);
	rc = store_object_open(s, map, NULL, out, why);
	objmap_free(map);
	return rc;
}

/* --- what is not there after all ------------------------------------------------------------------------- */

typedef bool lost_fn(const struct store_object *o, uint64_t chunk, uint64_t which);

static bool that_one(const struct store_object *o, uint64_t chunk, uint64_t which)
{
	(void)o;
	return chunk == which;
}

static bool beyond(const struct store_object *o, uint64_t chunk, uint64_t bytes)
{
	return chunk * OBJMAP_CHUNK_BYTES + store_object_chunk_len(o, chunk) > bytes;
}

static bool never_durable(const struct store_object *o, uint64_t chunk, uint64_t unused)
{
	(void)unused;
	return !(o->durable[chunk / 64] >> chunk % 64 & 1);
}

/* Nobody reads these chunks any more, and they are fetched again. */
static int withdraw(struct store_object *o, lost_fn *lost, uint64_t which, struct fault *why)
{
	struct store *s = o->store;
	const struct objmap_id *id = objmap_get_id(o->map);
	int rc;
	/* Also on a disk that is full to the last block. */
	do
		rc = db_exec(s->db, why, "UPDATE objects SET complete=0 WHERE id=?", "b",
			     (const void *)id->b, sizeof(id->b));
	while (store_give_spare(s, rc));
	if (rc)
		return rc;
	for (uint64_t i = 0; i < store_object_chunks(o); i++)
		if (bits_get(&o->bits, i) && lost(o, i, which))
			bits_clear(&o->bits, i);
	o->complete = false;
	do
		rc = store_object_renew_bits(o);
	while (store_give_spare(s, rc));
	store_keep_spare(s);
	return rc ? store_object_fault(o, ".bits", rc, why) : 0;
}

int store_object_withdraw(struct store_object *o, uint64_t chunk, struct fault *why)
{
	return withdraw(o, that_one, chunk, why);
}

/* Other hands cut the body short while it was filled: written on, it would have a hole that looks like bytes. */
static int still_whole(struct store_object *o, struct fault *why)
{
	struct stat st;
	if (fstat(o->fd, &st) < 0)
		return store_object_fault(o, "", -errno, why);
	if ((uint64_t)st.st_size >= objmap_size(o->map))
		return 0;
	int rc = withdraw(o, beyond, (uint64_t)st.st_size, why);
	if (!rc)
		rc = -posix_fallocate(o->fd, 0, (off_t)objmap_size(o->map));
	return rc ? store_object_fault(o, "", rc, why) : 0;
}

/* The row says `complete` once nothing can be lost any more. */
static int sync_one(struct store_object *o, struct fault *why)
{
	if (!o->behind || o->dropped)
		return 0;
	int rc = store_object_save_durable(o);
	if (rc) {
		/* What the disk did not take is clean to the kernel from now on: a second try would say yes and mean nothing. */
		withdraw(o, never_durable, 0, NULL);
		return store_object_fault(o, "", rc, why);
	}
	const struct objmap_id *id = objmap_get_id(o->map);
	if (!o->complete)
		return 0;
	rc = db_exec(o->store->db, why, "UPDATE objects SET complete=1 WHERE id=? AND complete=0",
		     "b", (const void *)id->b, sizeof(id->b));
	if (rc)
		o->behind = true; /* the row is tried again */
	return rc;
}

/* One object's trouble is not the others': all are tried, the first trouble is told. */
int store_object_sync_all(struct store *s, struct fault *why)
{
	int first = 0;
	for (struct store_object *o = s->objects; o; o = o->next) {
		int rc = sync_one(o, first ? NULL : why);
		if (!first)
			first = rc;
	}
	return first;
}

void store_object_close(struct store_object *o)
{
	if (!o || --o->opened)
		return;
	sync_one(o, NULL); /* what is not durable is hashed when the object is opened again */
	for (struct store_object **at = &o->store->objects; *at; at = &(*at)->next) {
		if (*at != o)
			continue;
		*at = o->next;
		break;
	}
	release(o);
}

void store_object_release_all(struct store *s)
{
	while (s->objects) {
		struct store_object *o = s->objects;
		s->objects = o->next;
		release(o);
	}
}

const struct objmap *store_object_map(const struct store_object *o)
{
	return o->map;
}

uint64_t store_object_size(const struct store_object *o)
{
	return objmap_size(o->map);
}

bool store_object_complete(const struct store_object *o)
{
	return o->complete;
}

/* Whoever asks may have been sent by a worker to whom rot said that something is missing: it is mended on the way. */
static void heal(const struct store_object *o, uint64_t first, uint64_t last)
{
	struct bits bits = o->bits;
	if (!o->dropped)
		bits_heal(&bits, o->durable, first, last);
}

bool store_object_has(const struct store_object *o, uint64_t chunk)
{
	heal(o, chunk, chunk);
	return bits_get(&o->bits, chunk);
}

bool store_object_has_bytes(const struct store_object *o, uint64_t from, uint64_t len)
{
	const uint64_t size = objmap_size(o->map);
	if (from > size || len > size - from)
		return false;
	if (!len)
		return true;
	const uint64_t first = from / OBJMAP_CHUNK_BYTES,
		       last = (from + len - 1) / OBJMAP_CHUNK_BYTES;
	heal(o, first, last);
	return bits_run(&o->bits, first) > last - first;
}

uint64_t store_object_run(const struct store_object *o, uint64_t from)
{
	heal(o, from, store_object_chunks(o));
	return bits_run(&o->bits, from);
}

bool store_object_gap(const struct store_object *o, uint64_t from, uint64_t *first, uint64_t *count)
{
	uint64_t at, len;
	heal(o, from, store_object_chunks(o));
	while (bits_gap(&o->bits, from, &at, &len)) {
		uint64_t missing = 0;
		for (; len && store_object_doubts(o, at); len--)
			at++;
		while (missing < len && !store_object_doubts(o, at + missing))
			missing++;
		if (missing) {
			*first = at;
			*count = missing;
			return true;
		}
		from = at;
	}
	return false;
}

int store_object_fd(const struct store_object *o)
{
	return o->read_fd;
}

int store_object_put(struct store_object *o, uint64_t index, const void *bytes, size_t len,
		     struct fault *why)
{
	if (o->dropped)
		return fault_set(why, -ESTALE, "store.gone",
				 "this object was removed from the store meanwhile");
	int rc = objmap_check_chunk(o->map, index, bytes, len);
	if (rc)
		return fault_set(why, rc, "store.chunk",
				 "chunk %llu of '%s' is not what its map says; fetch it again",
				 (unsigned long long)index,
				 layout_object(objmap_get_id(o->map), "").at);
	rc = still_whole(o, why);
	if (rc || store_object_has(o, index))
		return rc;
	rc = fileio_pwrite_all(o->fd, bytes, len, index * OBJMAP_CHUNK_BYTES);
	if (rc)
		return store_object_fault(o, "", rc, why);
	bits_set(&o->bits, index);
	store_object_trust(o, index);
	o->behind = true;
	o->store->behind_bytes += len;
	if (!o->complete && !o->doubt && bits_run(&o->bits, 0) == store_object_chunks(o))
		o->complete = true;
	return o->store->behind_bytes >= BEHIND_MAX ? store_sync(o->store, why) : 0;
}

int store_object_write_fd(const struct store_object *o)
{
	return o->fd;
}

int store_object_drop(struct store *s, const struct objmap_id *id, struct fault *why)
{
	int64_t size;
	int rc = db_int(s->db, -1, &size, why, "SELECT size FROM objects WHERE id=?", "b",
			(const void *)id->b, sizeof(id->b));
	if (rc)
		return rc;
	if (size < 0)
		return fault_set(why, -ENOENT, "store.absent", "'%s/%s': not in the store", s->dir,
				 layout_object(id, "").at);
	do
		rc = db_exec(s->db, why, "DELETE FROM objects WHERE id=?", "b", (const void *)id->b,
			     sizeof(id->b));
	while (store_give_spare(s, rc));
	if (rc)
		return rc;
	s->used_bytes -= (uint64_t)size;
	/* Readers let go of the file when they see the flag; what is on its way to a phone is sent in full. */
	struct bits bits;
	struct store_object *open = already_open(s, id);
	if (open) {
		open->dropped = true;
		bits_supersede(&open->bits);
	} else if (!bits_open(s->fd, layout_object(id, ".bits").at, id,
			      objmap_chunk_count((uint64_t)size), &bits)) {
		bits_supersede(&bits);
		bits_unmap(&bits);
	}
	remove_files(s, id);
	store_keep_spare(s);
	return 0;
}
