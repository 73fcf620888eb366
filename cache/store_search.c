// SPDX-License-Identifier: GPL-2.0-or-later
/* Chunks that are on the disk and of which no bitmap says so: hashed bit by bit, so that nobody waits for a whole body. */
#include <errno.h>
#include <stdlib.h>

#include "cache/store_private.h"
#include "firmware/base/clean.h"
#include "firmware/base/fileio.h"

enum {
	AT_ONCE = 2 << 20,     /* of one object: more than a kill or a power cut leaves behind */
	AT_ONCE_ALL = 8 << 20, /* of all that are opened within a second */
	LOOK_MOST = 1 << 20,
};

bool store_object_doubts(const struct store_object *o, uint64_t chunk)
{
	return o->doubt && o->doubt[chunk / 64] >> chunk % 64 & 1;
}

void store_object_trust(struct store_object *o, uint64_t chunk)
{
	if (o->doubt)
		o->doubt[chunk / 64] &= ~(UINT64_C(1) << chunk % 64);
}

/* Hashes what the disk has for this chunk. */
static int hash_one(struct store_object *o, uint64_t chunk)
{
	const size_t len = store_object_chunk_len(o, chunk);
	AUTO_FREE uint8_t *room = malloc(len);
	if (!room)
		return -ENOMEM;
	o->behind = true;
	o->store->rehashed_bytes += len;
	if (!fileio_pread_all(o->fd, room, len, chunk * OBJMAP_CHUNK_BYTES) &&
	    !objmap_check_chunk(o->map, chunk, room, len))
		bits_set(&o->bits, chunk);
	else
		bits_clear(&o->bits, chunk);
	return 0;
}

int store_object_doubt(struct store_object *o, uint64_t chunk)
{
	const size_t len = store_object_chunk_len(o, chunk);
	struct store *s = o->store;
	if (!o->doubt && o->at_once_bytes + len <= AT_ONCE &&
	    s->at_once_bytes + len <= AT_ONCE_ALL) {
		o->at_once_bytes += len;
		s->at_once_bytes += len;
		return hash_one(o, chunk);
	}
	if (!o->doubt) {
		o->doubt = calloc(bits_words(store_object_chunks(o)), sizeof(*o->doubt));
		o->doubt_at = chunk;
	}
	if (!o->doubt)
		return -ENOMEM;
	o->doubt[chunk / 64] |= UINT64_C(1) << chunk % 64;
	return 0;
}

/* A bit that a contentd that was killed had set, and that is wrong after all: readers remember that once all was there. */
static int resolve(struct store_object *o, uint64_t chunk)
{
	const bool was_readable = bits_get(&o->bits, chunk);
	int rc = hash_one(o, chunk);
	if (rc)
		return rc;
	store_object_trust(o, chunk);
	return was_readable && !bits_get(&o->bits, chunk) ? store_object_withdraw(o, chunk, NULL)
							  : 0;
}

void store_object_look(struct store_object *o, uint64_t first, uint64_t count)
{
	uint64_t bytes = 0;
	for (uint64_t i = first; i < store_object_chunks(o) && i - first < count; i++) {
		if (!store_object_doubts(o, i))
			continue;
		bytes += store_object_chunk_len(o, i);
		if (bytes > LOOK_MOST || resolve(o, i))
			return;
	}
}

/* Durable before the mark goes: a cut in between searches again. */
static void end_search(struct store_object *o)
{
	free(MOVE_PTR(o->doubt));
	o->complete = bits_run(&o->bits, 0) == store_object_chunks(o);
	if (o->dropped)
		return;
	if (!store_object_save_durable(o))
		o->bits.head->searching = 0;
	o->behind = true; /* the row, too */
}

bool store_object_search(struct store_object *o, uint64_t max_bytes, uint64_t *bytes)
{
	if (!o->doubt)
		return false;
	while (!o->dropped && o->doubt_at < store_object_chunks(o) && *bytes < max_bytes) {
		if (store_object_doubts(o, o->doubt_at)) {
			if (resolve(o,
				    o->doubt_at)) /* no memory, or a disk that takes nothing: later */
				return true;
			*bytes += store_object_chunk_len(o, o->doubt_at);
		}
		o->doubt_at++;
	}
	if (!o->dropped && o->doubt_at < store_object_chunks(o))
		return true;
	end_search(o);
	return false;
}

bool store_searching(const struct store *s)
{
	for (const struct store_object *o = s->objects; o; o = o->next)
		if (o->searched)
			return true;
	return false;
}

int store_search_step(struct store *s, uint64_t max_bytes, struct store_searched *out)
{
	struct store_searched got = { 0 };
	struct store_object *o = s->objects;
	while (o && !o->searched)
		o = o->next;
	if (o && !store_object_search(o, max_bytes, &got.bytes)) {
		got.through = !o->dropped;
		got.id = *objmap_get_id(o->map);
		o->searched = false;
		store_object_close(o);
	}
	if (out)
		*out = got;
	return store_searching(s);
}
