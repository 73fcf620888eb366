// SPDX-License-Identifier: GPL-2.0-or-later
/* The map of an object, made anew from its body. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache/store_private.h"
#include "firmware/base/clean.h"
#include "firmware/base/fileio.h"

CLEAN_FN(map, struct objmap, objmap_free)

struct store_remake {
	struct objmap_id id;
	struct objmap_maker *maker;
	int fd;
	uint64_t at, size;
};

void store_remake_end(struct store *s)
{
	struct store_remake *r = MOVE_PTR(s->remake);
	if (!r)
		return;
	objmap_maker_free(r->maker);
	if (r->fd >= 0)
		close(r->fd);
	free(r);
}

static int begin(struct store *s, const struct objmap_id *id, int64_t size)
{
	store_remake_end(s);
	struct store_remake *r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	s->remake = r;
	r->id = *id;
	r->size = (uint64_t)size;
	r->fd = openat(s->fd, layout_object(id, "").at, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (r->fd < 0)
		return -errno;
	r->maker = objmap_maker_new();
	return r->maker ? 0 : -ENOMEM;
}

static int feed(struct store_remake *r, uint64_t max_bytes, uint64_t *bytes)
{
	AUTO_FREE uint8_t *room = malloc(OBJMAP_CHUNK_BYTES);
	int rc = room ? 0 : -ENOMEM;
	while (!rc && r->at < r->size && *bytes < max_bytes) {
		const uint64_t left = r->size - r->at;
		const size_t len = left < OBJMAP_CHUNK_BYTES ? (size_t)left : OBJMAP_CHUNK_BYTES;
		rc = fileio_pread_all(r->fd, room, len, r->at);
		if (!rc)
			rc = objmap_maker_feed(r->maker, room, len);
		r->at += len;
		*bytes += len;
	}
	return rc;
}

static int write_map(struct store *s, struct store_remake *r)
{
	CLEANUP(clean_map) struct objmap *map = NULL;
	size_t len;
	int rc = objmap_maker_finish(r->maker, &map);
	if (rc)
		return rc;
	if (memcmp(objmap_get_id(map), &r->id, sizeof(r->id)))
		return -EBADMSG;
	const void *raw = objmap_raw(map, &len);
	return fileio_replace(store_path(s, layout_object(&r->id, ".map").at).at, raw, len, 0644,
			      NULL);
}

int store_object_remake_map(struct store *s, const struct objmap_id *id, uint64_t max_bytes,
			    uint64_t *bytes)
{
	int64_t size;
	int rc = db_int(s->db, -1, &size, NULL, "SELECT size FROM objects WHERE id=?", "b",
			(const void *)id->b, sizeof(id->b));
	if (!rc && size < 0)
		rc = -ENOENT; /* it left meanwhile: no map without a row */
	if (!rc && (!s->remake || memcmp(&s->remake->id, id, sizeof(*id))))
		rc = begin(s, id, size);
	if (!rc)
		rc = feed(s->remake, max_bytes, bytes);
	if (!rc && s->remake->at < s->remake->size)
		return 1;
	if (!rc)
		rc = write_map(s, s->remake);
	store_remake_end(s);
	return rc;
}
