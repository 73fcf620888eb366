// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/live/live_move.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/store.h"
#include "cache/store_local.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

#define MOST_BYTES (2 * (uint64_t)LIVE_KEEP_PART_BYTES + (16u << 20)) /* more is no part of ours */

struct live_move {
	struct store *store;
	char id[LIVE_KEEP_ID_BYTES], name[32];
	int folder; /* its caller's */
	int fd;
	uint64_t len, at;
	uint8_t *bytes; /* a slice */
	struct objmap_maker *maker;
	struct objmap *map;
	struct store_object *object;
};

CLEAN_FN(object, struct store_object, store_object_close)
CLEAN_FN(map, struct objmap, objmap_free)
CLEAN_FN(move, struct live_move, live_move_free)

static const char *type_of(const char *name)
{
	const char *end = strrchr(name, '.');
	if (end && strcmp(end, ".ts") == 0)
		return "video/mp2t";
	if (end && strcmp(end, ".aac") == 0)
		return "audio/aac";
	return end && strcmp(end, ".mp4") == 0 ? "video/mp4" : "application/vnd.apple.mpegurl";
}

static int open_object(struct store *s, const struct live_keep_calls *calls,
		       const struct objmap *map, uint64_t len, const char *name,
		       struct store_object **out, struct fault *why)
{
	int r = store_object_open(s, map, type_of(name), out, why);
	if (r == -ENOSPC && !(r = calls->room(calls->data, len, "a class that is kept", why)))
		r = store_object_open(s, map, type_of(name), out, why);
	return r;
}

static int put(struct store_object *o, uint64_t at, const uint8_t *bytes, size_t len,
	       struct fault *why)
{
	int r = 0;
	for (size_t from = 0; r == 0 && from < len; from += OBJMAP_CHUNK_BYTES) {
		const size_t left = len - from;
		r = store_object_put(o, (at + from) / OBJMAP_CHUNK_BYTES, bytes + from,
				     left < OBJMAP_CHUNK_BYTES ? left : OBJMAP_CHUNK_BYTES, why);
	}
	return r;
}

/* Durable first, then the address. */
static int give_address(struct store *s, const struct objmap *map, const char *id, const char *name,
			struct fault *why)
{
	struct store_local file = { .added_s = clock_wall_s(), .id = *objmap_get_id(map) };
	snprintf(file.path, sizeof(file.path), "/p/live/%s/%s", id, name);
	snprintf(file.media_type, sizeof(file.media_type), "%s", type_of(name));
	int r = store_sync(s, why);
	return r ? r : store_local_put(s, &file, why);
}

int live_move_bytes(struct store *s, const struct live_keep_calls *calls, const char *id,
		    const char *name, const void *bytes, size_t len, struct fault *why)
{
	CLEANUP(clean_map) struct objmap *map = NULL;
	CLEANUP(clean_object) struct store_object *o = NULL;
	int r = objmap_of(bytes, len, &map);
	if (r)
		return fault_set(why, r, "memory", "out of memory");
	r = open_object(s, calls, map, len, name, &o, why);
	if (r == 0)
		r = put(o, 0, bytes, len, why);
	return r ? r : give_address(s, map, id, name, why);
}

void live_move_free(struct live_move *m)
{
	if (!m)
		return;
	if (m->fd >= 0)
		close(m->fd);
	store_object_close(m->object);
	objmap_free(m->map);
	objmap_maker_free(m->maker);
	free(m->bytes);
	free(m);
}

int live_move_new(struct store *s, const char *id, int folder, const char *name,
		  struct live_move **out, struct fault *why)
{
	CLEANUP(clean_move) struct live_move *m = calloc(1, sizeof(*m));
	struct stat st;
	if (!m)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	m->store = s;
	m->folder = folder;
	snprintf(m->id, sizeof(m->id), "%s", id);
	snprintf(m->name, sizeof(m->name), "%s", name);
	m->fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (m->fd < 0 || fstat(m->fd, &st) < 0)
		return fault_set(why, -errno, "live.keep", "'%s': %s", name, strerror(errno));
	m->len = st.st_size > 0 ? (uint64_t)st.st_size : 0;
	if (m->len == 0 || m->len > MOST_BYTES) /* nothing that was written down */
		return fault_set(why, -ENOENT, "live.keep", "'%s' is no part of a recording", name);
	m->maker = objmap_maker_new();
	m->bytes = malloc(LIVE_MOVE_SLICE_BYTES);
	if (!m->maker || !m->bytes)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	*out = MOVE_PTR(m);
	return 0;
}

/* First all of it is hashed, as its name in the store is made of that, then it is copied. */
static int slice(struct live_move *m, struct fault *why)
{
	const uint64_t left = m->len - m->at;
	const size_t n = left < LIVE_MOVE_SLICE_BYTES ? (size_t)left : LIVE_MOVE_SLICE_BYTES;
	int r = fileio_pread_all(m->fd, m->bytes, n, m->at);
	if (r)
		return fault_set(why, r, "live.keep", "'%s': %s", m->name, strerror(-r));
	if (m->object)
		r = put(m->object, m->at, m->bytes, n, why);
	else if (objmap_maker_feed(m->maker, m->bytes, n))
		r = fault_set(why, -ENOMEM, "memory", "out of memory");
	if (r == 0)
		m->at += n;
	return r;
}

int live_move_step(struct live_move *m, const struct live_keep_calls *calls, struct fault *why)
{
	int r = 0;
	if (m->at < m->len) {
		r = slice(m, why);
		return r ? r : 1;
	}
	if (!m->object) {
		if (!m->map && objmap_maker_finish(m->maker, &m->map))
			return fault_set(why, -ENOMEM, "memory", "out of memory");
		r = open_object(m->store, calls, m->map, m->len, m->name, &m->object, why);
		if (r == 0)
			m->at = 0;
		return r ? r : 1;
	}
	r = give_address(m->store, m->map, m->id, m->name, why);
	if (r == 0)
		unlinkat(m->folder, m->name, 0);
	return r;
}
