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

/* Bytes first, then the bitmap that speaks of them. */
int store_object_save_durable(struct store_object *o)
{
	if (fdatasync(o->fd) < 0)
		return -errno;
	bits_copy_readable(&o->bits, o->durable);
	for (size_t i = 0; o->doubt && i < bits_words(store_object_chunks(o)); i++)
		o->durable[i] &= ~o->doubt[i];
	int rc = bits_save_durable(&o->bits, o->durable);
	if (!rc)
		o->behind = false;
	return rc;
}

struct found {               /* of an object that is opened */
	uint64_t body_bytes; /* how long it was */
	struct bits *old;    /* what was said of it; trusted: no more than that can be there */
	bool trusted;
};

static bool is_beyond(const struct store_object *o, uint64_t chunk, uint64_t body_bytes)
{
	return chunk * OBJMAP_CHUNK_BYTES + store_object_chunk_len(o, chunk) > body_bytes;
}

/*
 * Sorts out what is there after a stop of any kind. A chunk that is durable is kept; one that is only said to be readable
 * is hashed, and so is every chunk when no bitmap can be trusted. What the body does not reach to is gone whatever was said: other
 * hands cut it short. Bits that are right are never cleared meanwhile: workers may be reading (a killed contentd leaves them running).
 */
static int recover(struct store_object *o, const struct found *f)
{
	int rc = 0;
	for (uint64_t i = 0; !rc && i < store_object_chunks(o); i++) {
		if (is_beyond(o, i, f->body_bytes)) {
			bits_clear(&o->bits, i);
		} else if (o->durable[i / 64] >> i % 64 & 1) {
			bits_set(&o->bits, i);
		} else if (!f->trusted || bits_get(f->old, i)) {
			rc = store_object_doubt(o, i);
		}
	}
	o->complete = !o->doubt && bits_run(&o->bits, 0) == store_object_chunks(o);
	return rc;
}

/* Allocates the body in full. What it grows by reads as zeros: no bit that anybody looks at may speak of it by then. */
static int allocate(const struct store_object *o, const struct found *f)
{
	const uint64_t size = objmap_size(o->map);
	return f->body_bytes < size ? -posix_fallocate(o->fd, 0, (off_t)size) : 0;
}

/*
 * A new bitmap: for a new object, for another boot (whose readable bits prove nothing), for damage. It takes its place
 * only when it knows and has saved all that can be known: a cut before leaves the old file to start from again.
 */
static int replace_bits(struct store_object *o, const struct found *f)
{
	struct store *s = o->store;
	struct layout at = layout_object(objmap_get_id(o->map), ".bits");
	int rc = bits_create(s->fd, at.at, objmap_get_id(o->map), store_object_chunks(o), s->boot,
			     &o->bits);
	if (rc)
		return rc;
	if (!f->old->head)
		bits_supersede_damaged(s->fd, at.at);
	if (f->body_bytes) {
		rc = recover(o, f);
		o->bits.head->searching = o->doubt != NULL;
		if (!rc)
			rc = store_object_save_durable(o);
	}
	if (f->old->head && f->body_bytes < objmap_size(o->map))
		bits_supersede(f->old);
	if (!rc)
		rc = allocate(o, f);
	if (!rc)
		rc = bits_install(s->fd, at.at);
	if (rc)
		bits_abandon(s->fd, at.at);
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
	fresh.head->searching = old.head->searching;
	o->bits = fresh;
	rc = store_object_save_durable(o);
	if (!rc)
		rc = bits_install(s->fd, at.at);
	if (rc) {
		bits_abandon(s->fd, at.at);
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

static int recover_in_place(struct store_object *o, const struct found *f)
{
	const uint64_t chunks = store_object_chunks(o);
	const bool was_complete = bits_run(&o->bits, 0) == chunks;
	int rc = recover(o, f);
	if (!rc && was_complete && bits_run(&o->bits, 0) < chunks)
		rc = store_object_renew_bits(o);
	return rc ? rc : allocate(o, f);
}

/* `body_bytes` is how long the body was when it was found; 0: there is nothing to look for in it. */
static int open_bits(struct store_object *o, uint64_t body_bytes)
{
	struct store *s = o->store;
	const struct objmap_id *id = objmap_get_id(o->map);
	struct bits old = { .fd = -1 };
	struct found f = { .body_bytes = body_bytes, .old = &old };

	o->durable = calloc(bits_words(store_object_chunks(o)) + 1, sizeof(*o->durable));
	if (!o->durable)
		return -ENOMEM;
	struct layout at = layout_object(id, ".bits");
	int rc = bits_open(s->fd, at.at, id, store_object_chunks(o), &old);
	/* A search that was cut short begins anew, with what is durable by now. */
	f.trusted = !rc && !old.head->searching;
	if (!rc && body_bytes)
		bits_load_durable(&old, o->durable);
	if (!rc && body_bytes && bits_same_boot(&old, s->boot) && !bits_superseded(&old)) {
		o->bits = old;
		f.old = &o->bits;
		return recover_in_place(o, &f);
	}
	rc = replace_bits(o, &f);
	if (!rc && old.head)
		bits_supersede(&old);
	bits_unmap(&old);
	return rc;
}

/* As it is found. *body_bytes: how long it is. */
static int open_body(struct store_object *o, uint64_t *body_bytes)
{
	struct layout at = layout_object(objmap_get_id(o->map), "");
	struct stat st;
	o->fd = openat(o->store->fd, at.at, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (o->fd < 0 || fstat(o->fd, &st) < 0)
		return -errno;
	*body_bytes = (uint64_t)st.st_size;
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
	uint64_t body_bytes = 0;
	o->store->opened++;
	int rc = keep_map(o, why);
	if (rc)
		return rc;
	rc = open_body(o, &body_bytes);
	if (rc)
		return store_object_fault(o, "", rc, why);
	rc = open_bits(o, body_bytes);
	return rc ? store_object_fault(o, ".bits", rc, why) : 0;
}
