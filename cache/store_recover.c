// SPDX-License-Identifier: GPL-2.0-or-later
/* What the disk has of an object, and the bitmap that says it: found out anew after a stop of any kind. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/store_private.h"
#include "firmware/base/clean.h"
#include "firmware/base/fileio.h"

enum { REMAKE_BYTES = 256 << 20 };

CLEAN_FN(map, struct objmap, objmap_free)
CLEAN_FN(maker, struct objmap_maker, objmap_maker_free)

/* Hashes what the disk has for this chunk. */
static bool on_disk(const struct store_object *o, uint64_t index, uint8_t *room)
{
	size_t len = store_object_chunk_len(o, index);
	return !fileio_pread_all(o->fd, room, len, index * OBJMAP_CHUNK_BYTES) &&
	       !objmap_check_chunk(o->map, index, room, len);
}

/* Bytes first, then the bitmap that speaks of them. */
int store_object_save_durable(struct store_object *o)
{
	if (fdatasync(o->fd) < 0)
		return -errno;
	bits_copy_readable(&o->bits, o->durable);
	int rc = bits_save_durable(&o->bits, o->durable);
	if (!rc)
		o->behind = false;
	return rc;
}

/*
 * Sorts out what is there after a stop of any kind. A chunk that is durable is kept; one that is only said to be readable
 * is hashed, and so is every chunk when no bitmap can be trusted. Bits that are right are never cleared meanwhile:
 * workers may be reading (a killed contentd leaves them running).
 */
static int recover(struct store_object *o, const struct bits *old, bool trusted)
{
	AUTO_FREE uint8_t *room = malloc(OBJMAP_CHUNK_BYTES);
	if (!room)
		return -ENOMEM;
	for (uint64_t i = 0; i < store_object_chunks(o); i++) {
		if (o->durable[i / 64] >> i % 64 & 1) {
			bits_set(&o->bits, i);
			continue;
		}
		if (trusted && !bits_get(old, i))
			continue;
		o->behind = true;
		o->store->rehashed_bytes += store_object_chunk_len(o, i);
		if (on_disk(o, i, room))
			bits_set(&o->bits, i);
		else
			bits_clear(&o->bits, i);
	}
	o->complete = bits_run(&o->bits, 0) == store_object_chunks(o);
	return 0;
}

/*
 * A new bitmap: for a new object, for another boot (whose readable bits prove nothing), for damage. It takes its place
 * only when it knows and has saved all that can be known: a cut before leaves the old file to start from again.
 */
static int replace_bits(struct store_object *o, const struct bits *old, bool trusted, bool fresh)
{
	struct store *s = o->store;
	struct layout at = layout_object(objmap_get_id(o->map), ".bits");
	int rc = bits_create(s->fd, at.at, objmap_get_id(o->map), store_object_chunks(o), s->boot,
			     &o->bits);
	if (rc)
		return rc;
	if (!trusted)
		bits_supersede_damaged(s->fd, at.at);
	if (!fresh) {
		rc = recover(o, old, trusted);
		if (!rc)
			rc = store_object_save_durable(o);
	}
	if (!rc)
		rc = bits_install(s->fd, at.at);
	/* The names, too: a durable bit in a file that a cut can take back is none. The body is in the same folder. */
	return rc ? rc : fileio_sync_parent(store_path(s, at.at).at);
}

/* The same bits in a new file: readers map again, those too that remember that once all was there. */
int store_object_renew_bits(struct store_object *o)
{
	struct store *s = o->store;
	struct layout at = layout_object(objmap_get_id(o->map), ".bits");
	struct bits old = o->bits, fresh;
	int rc = bits_create(s->fd, at.at, objmap_get_id(o->map), store_object_chunks(o), s->boot,
			     &fresh);
	if (rc)
		return rc;
	for (uint64_t i = 0; i < store_object_chunks(o); i++)
		if (bits_get(&old, i))
			bits_set(&fresh, i);
	o->bits = fresh;
	rc = store_object_save_durable(o);
	if (!rc)
		rc = bits_install(s->fd, at.at);
	if (rc) {
		o->bits = old;
		bits_unmap(&fresh);
		return rc;
	}
	/* The name first: after a cut that takes it back, the old file must not say that it is an old one. */
	rc = fileio_sync_parent(store_path(s, at.at).at);
	bits_supersede(&old);
	bits_unmap(&old);
	return rc;
}

/* What the body does not reach to is not durable whatever was said: other hands cut it short. */
static void forget_beyond(struct store_object *o, uint64_t had_bytes)
{
	for (uint64_t i = had_bytes / OBJMAP_CHUNK_BYTES; i < store_object_chunks(o); i++)
		if (i * OBJMAP_CHUNK_BYTES + store_object_chunk_len(o, i) > had_bytes)
			o->durable[i / 64] &= ~(UINT64_C(1) << i % 64);
}

static int recover_in_place(struct store_object *o)
{
	const bool was_complete = bits_run(&o->bits, 0) == store_object_chunks(o);
	int rc = recover(o, &o->bits, true);
	return !rc && was_complete && !o->complete ? store_object_renew_bits(o) : rc;
}

/* `had_bytes` is how long the body was when it was found; 0: there is nothing to look for in it. */
static int open_bits(struct store_object *o, uint64_t had_bytes)
{
	struct store *s = o->store;
	const struct objmap_id *id = objmap_get_id(o->map);
	struct bits old = { .fd = -1 };

	o->durable = calloc(bits_words(store_object_chunks(o)) + 1, sizeof(*o->durable));
	if (!o->durable)
		return -ENOMEM;
	struct layout at = layout_object(id, ".bits");
	int rc = bits_open(s->fd, at.at, id, store_object_chunks(o), &old);
	if (!rc && had_bytes) {
		bits_load_durable(&old, o->durable);
		forget_beyond(o, had_bytes);
	}
	if (!rc && had_bytes && bits_same_boot(&old, s->boot) && !bits_superseded(&old)) {
		o->bits = old;
		return recover_in_place(o);
	}
	const bool trusted = !rc;
	rc = replace_bits(o, &old, trusted, !had_bytes);
	if (!rc && trusted)
		bits_supersede(&old);
	bits_unmap(&old);
	return rc;
}

/* Opens the body and allocates it in full; what it has stays. *had_bytes: how long it was. */
static int open_body(struct store_object *o, uint64_t *had_bytes)
{
	struct layout at = layout_object(objmap_get_id(o->map), "");
	struct stat st;
	o->fd = openat(o->store->fd, at.at, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (o->fd < 0 || fstat(o->fd, &st) < 0)
		return -errno;
	*had_bytes = (uint64_t)st.st_size;
	if (*had_bytes < objmap_size(o->map)) {
		int rc = -posix_fallocate(o->fd, 0, (off_t)objmap_size(o->map));
		if (rc)
			return rc;
	}
	o->read_fd = openat(o->store->fd, at.at, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return o->read_fd < 0 ? -errno : 0;
}

/* Leaves the map file as it is when it is the right one. */
static int keep_map(struct store_object *o, struct fault *why)
{
	AUTO_FREE void *have = NULL;
	size_t len, have_len;
	const void *raw = objmap_raw(o->map, &len);
	struct store_path path =
		store_path(o->store, layout_object(objmap_get_id(o->map), ".map").at);
	if (!fileio_read(path.at, len, &have, &have_len, NULL) && have_len == len &&
	    !memcmp(have, raw, len))
		return 0;
	return fileio_replace(path.at, raw, len, 0644, why);
}

/* Body, map and bitmap; the row is the caller's. */
int store_object_open_files(struct store_object *o, struct fault *why)
{
	uint64_t had_bytes = 0;
	o->store->opened++;
	int rc = keep_map(o, why);
	if (rc)
		return rc;
	rc = open_body(o, &had_bytes);
	if (rc)
		return store_object_fault(o, "", rc, why);
	rc = open_bits(o, had_bytes);
	return rc ? store_object_fault(o, ".bits", rc, why) : 0;
}

static int map_of_body(int fd, uint64_t size, struct objmap **out)
{
	AUTO_FREE uint8_t *room = malloc(OBJMAP_CHUNK_BYTES);
	CLEANUP(clean_maker) struct objmap_maker *m = objmap_maker_new();
	int rc = room && m ? 0 : -ENOMEM;
	for (uint64_t at = 0; !rc && at < size; at += OBJMAP_CHUNK_BYTES) {
		const size_t len =
			size - at < OBJMAP_CHUNK_BYTES ? (size_t)(size - at) : OBJMAP_CHUNK_BYTES;
		rc = fileio_pread_all(fd, room, len, at);
		if (!rc)
			rc = objmap_maker_feed(m, room, len);
	}
	return rc ? rc : objmap_maker_finish(m, out);
}

int store_object_remake_map(struct store *s, const struct objmap_id *id)
{
	int64_t size;
	CLEANUP(clean_map) struct objmap *map = NULL;
	size_t len;
	AUTO_FD int fd = openat(s->fd, layout_object(id, "").at, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int rc = db_int(s->db, -1, &size, NULL, "SELECT size FROM objects WHERE id=?", "b",
			(const void *)id->b, sizeof(id->b));
	if (rc || fd < 0 || size < 0)
		return rc ? rc : -ENOENT;
	if ((uint64_t)size > REMAKE_BYTES)
		return -EFBIG;
	rc = map_of_body(fd, (uint64_t)size, &map);
	if (rc)
		return rc;
	if (memcmp(objmap_get_id(map), id, sizeof(*id)))
		return -EBADMSG;
	const void *raw = objmap_raw(map, &len);
	return fileio_replace(store_path(s, layout_object(id, ".map").at).at, raw, len, 0644, NULL);
}
