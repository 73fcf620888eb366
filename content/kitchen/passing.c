// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/passing.h"

#include <errno.h>
#include <stdlib.h>

#include "cache/pass.h"
#include "cache/store.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"

struct passing {
	struct pass *area;
	struct objmap *map;
};

static struct pass_key key_of(const struct passing *p, uint64_t chunk)
{
	return (struct pass_key){ .id = *objmap_get_id(p->map), .number = chunk };
}

static uint64_t chunks(const struct passing *p)
{
	return objmap_chunk_count(objmap_size(p->map));
}

static bool has(const struct passing *p, uint64_t chunk)
{
	const struct pass_key key = key_of(p, chunk);
	return pass_has(p->area, &key, NULL);
}

int passing_new(struct pass *area, struct objmap *map, struct passing **out)
{
	struct passing *p = malloc(sizeof(*p));
	if (!p)
		return -ENOMEM;
	*p = (struct passing){ area, map };
	*out = p;
	return 0;
}

void passing_free(struct passing *p)
{
	if (!p)
		return;
	objmap_free(p->map);
	free(p);
}

uint64_t passing_run(const struct passing *p, uint64_t first, uint64_t most)
{
	uint64_t count = 0;
	while (count < most && first + count < chunks(p) && has(p, first + count))
		count++;
	return count;
}

bool passing_gap(const struct passing *p, uint64_t from, uint64_t *first, uint64_t *count)
{
	const uint64_t at = from < chunks(p) ? from + passing_run(p, from, chunks(p)) : from;
	if (at >= chunks(p))
		return false;
	uint64_t end = at + 1;
	while (end < chunks(p) && end - at < pass_slots(p->area) && !has(p, end))
		end++;
	*first = at;
	*count = end - at;
	return true;
}

uint64_t passing_window(const struct passing *p, uint64_t now_ms, uint64_t *next_ms)
{
	const uint64_t room = pass_room(p->area, now_ms, next_ms), most = pass_slots(p->area) / 4;
	const uint64_t half = (room + 1) / 2; /* another stream may be under way */
	return half < most ? half : most;
}

int passing_put(struct passing *p, uint64_t chunk, const void *bytes, size_t len, struct fault *why)
{
	const struct pass_key key = key_of(p, chunk);
	const struct pass_about about = { .size = len };
	int r = objmap_check_chunk(p->map, chunk, bytes, len);
	if (r)
		return fault_set(why, r, "pass.chunk", "a chunk is not what its map says");
	r = pass_put(p->area, &key, &about, bytes, clock_mono_ms());
	return r ? fault_set(why, r, "pass.memory", "no memory to pass bytes through") : 0;
}

int64_t passing_read(const struct passing *p, uint64_t chunk, void *to)
{
	const struct pass_key key = key_of(p, chunk);
	pass_touch(p->area, &key, clock_mono_ms());
	return pass_read(p->area, &key, 0, 0, to, PASS_SLOT_BYTES);
}

int passing_settle(const struct passing *p, struct store *store, const char *media_type,
		   struct store_object **out, struct fault *why)
{
	AUTO_FREE uint8_t *room = malloc(PASS_SLOT_BYTES);
	struct store_object *o = NULL;
	if (!room)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int r = store_object_open(store, p->map, media_type, &o, why);
	if (r)
		return r;
	for (uint64_t i = 0; i < chunks(p); i++) {
		const int64_t len = has(p, i) ? passing_read(p, i, room) : 0;
		if (len > 0 && store_object_put(o, i, room, (size_t)len, NULL))
			break; /* it is fetched */
	}
	*out = o;
	return 0;
}
