// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/intake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>

#include "cache/store_local.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

#define STEP_CHUNKS 4u

struct intake {
	struct intake_order order;
	int fd;
	uint64_t size, at; /* `at`: hashed or put so far */
	struct objmap_maker *maker;
	struct objmap *map; /* once all is hashed */
	struct store_object *object;
	sd_event_source *turn;
	uint8_t bytes[OBJMAP_CHUNK_BYTES];
};

CLEAN_FN(intake, struct intake, intake_stop)
CLEAN_FN(map, struct objmap, objmap_free)
CLEAN_FN(object, struct store_object, store_object_close)

static int open_object(const struct intake_order *o, const struct objmap *map,
		       struct store_object **out, struct fault *why)
{
	int r = store_object_open(o->store, map, o->media_type, out, why);
	if (r == -ENOSPC && !(r = o->room(o->data, objmap_size(map), why)))
		r = store_object_open(o->store, map, o->media_type, out, why);
	return r;
}

/* It has come whole: durable, with its address. */
static int name_object(const struct intake_order *o, const struct objmap *map, struct fault *why)
{
	struct store_local file = { .id = *objmap_get_id(map),
				    .size = objmap_size(map),
				    .added_s = clock_wall_s() };
	snprintf(file.path, sizeof(file.path), "%s", o->path);
	snprintf(file.media_type, sizeof(file.media_type), "%s", o->media_type);
	int r = store_sync(o->store, why);
	return r ? r : store_local_put(o->store, &file, why);
}

static int read_chunk(struct intake *i, size_t *len, struct fault *why)
{
	*len = i->size - i->at < OBJMAP_CHUNK_BYTES ? (size_t)(i->size - i->at)
						    : OBJMAP_CHUNK_BYTES;
	int r = fileio_pread_all(i->fd, i->bytes, *len, i->at);
	return r ? fault_set(why, r, "staff.intake", "'%s' cannot be read (%s)", i->order.path,
			     strerror(-r))
		 : 0;
}

static int hash_some(struct intake *i, struct fault *why)
{
	int r = 0;
	size_t len;
	for (unsigned k = 0; r == 0 && k < STEP_CHUNKS && i->at < i->size; k++, i->at += len) {
		r = read_chunk(i, &len, why);
		if (r == 0)
			r = objmap_maker_feed(i->maker, i->bytes, len);
	}
	if (r || i->at < i->size)
		return r;
	r = objmap_maker_finish(i->maker, &i->map);
	i->at = 0;
	return r ? fault_set(why, r, "memory", "out of memory")
		 : open_object(&i->order, i->map, &i->object, why);
}

static int put_some(struct intake *i, struct fault *why)
{
	int r = 0;
	size_t len;
	for (unsigned k = 0; r == 0 && k < STEP_CHUNKS && i->at < i->size; k++, i->at += len) {
		const uint64_t chunk = i->at / OBJMAP_CHUNK_BYTES;
		r = read_chunk(i, &len, why);
		if (r == 0 && !store_object_has(i->object, chunk))
			r = store_object_put(i->object, chunk, i->bytes, len, why);
	}
	return r;
}

static int on_turn(sd_event_source *s, void *data)
{
	struct intake *i = data;
	struct fault why = { 0 };
	int r = i->map ? put_some(i, &why) : hash_some(i, &why);
	bool whole = r == 0 && i->map && i->at >= i->size;
	if (whole)
		r = name_object(&i->order, i->map, &why);
	if (r == 0 && !whole)
		return 0;
	(void)sd_event_source_set_enabled(s, SD_EVENT_OFF);
	const struct objmap_id id = i->map ? *objmap_get_id(i->map) : (struct objmap_id){ { 0 } };
	/* It may be stopped, and freed, in there. */
	i->order.done(i->order.data, r, &id, i->size, &why);
	return 0;
}

int intake_start(struct sd_event *loop, const struct intake_order *order, int fd,
		 struct intake **out, struct fault *why)
{
	struct stat st;
	CLEANUP(clean_intake) struct intake *i = calloc(1, sizeof(*i));
	if (!i)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	i->order = *order;
	i->fd = fd;
	if (fstat(fd, &st) < 0 || st.st_size <= 0)
		return fault_set(why, -ENODATA, "staff.intake", "'%s': nothing was made",
				 order->path);
	i->size = (uint64_t)st.st_size;
	i->maker = objmap_maker_new();
	if (!i->maker || sd_event_add_defer(loop, &i->turn, on_turn, i) < 0 ||
	    sd_event_source_set_priority(i->turn, SD_EVENT_PRIORITY_IDLE) < 0 ||
	    sd_event_source_set_enabled(i->turn, SD_EVENT_ON) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	*out = MOVE_PTR(i);
	return 0;
}

void intake_stop(struct intake *i)
{
	if (!i)
		return;
	sd_event_source_disable_unref(i->turn);
	store_object_close(i->object);
	objmap_free(i->map);
	objmap_maker_free(i->maker);
	free(i);
}

int intake_bytes(const struct intake_order *order, const void *bytes, size_t len,
		 struct objmap_id *id, struct fault *why)
{
	CLEANUP(clean_map) struct objmap *map = NULL;
	CLEANUP(clean_object) struct store_object *o = NULL;
	int r = objmap_of(bytes, len, &map);
	if (r)
		return fault_set(why, r, "memory", "out of memory");
	r = open_object(order, map, &o, why);
	for (size_t at = 0; r == 0 && at < len; at += OBJMAP_CHUNK_BYTES) {
		const size_t left = len - at;
		const uint64_t chunk = at / OBJMAP_CHUNK_BYTES;
		if (!store_object_has(o, chunk))
			r = store_object_put(o, chunk, (const uint8_t *)bytes + at,
					     left < OBJMAP_CHUNK_BYTES ? left : OBJMAP_CHUNK_BYTES,
					     why);
	}
	if (r == 0)
		r = name_object(order, map, why);
	if (r == 0)
		*id = *objmap_get_id(map);
	return r;
}

static int is_same(void *data, const struct store_local *file)
{
	return memcmp(&file->id, data, sizeof(file->id)) == 0;
}

int intake_drop(struct store *store, const char *path, struct fault *why)
{
	struct store_local file;
	int r = store_local_find(store, path, &file, why);
	if (r)
		return r == -ENOENT ? 0 : r;
	r = store_local_drop(store, path, why);
	if (r == 0 && store_local_each(store, is_same, &file.id, NULL) == 0)
		r = store_object_drop(store, &file.id, why);
	return r;
}
