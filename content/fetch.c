// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/backoff.h"
#include "content/replan.h"
#include "content/schedule.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/http.h"

#define RUN_CHUNKS 64u /* 4 MiB a request */
#define MOST_BLOCKS 256u
#define FIRST_WAIT_MS 1000u
#define MOST_WAIT_MS 300000u
#define NO_ROOM_WAIT_MS 30000u
#define TELL_AGAIN_MS 3600000u /* told again only after an hour without it */
#define PREFETCH SCHEDULE_BACKGROUND

struct stream {
	struct fetch *of;
	struct http_transfer *transfer; /* NULL: free */
	size_t object;
	bool map;
	uint64_t next, end;
	size_t filled;
	uint8_t *chunk;
	int refused; /* what the store said: ends the stream */
};

struct bad_chunk {
	size_t object;
	uint64_t chunk, until_ms;
	unsigned tries;
};

struct fetch {
	struct replan replan;
	struct http *http;
	struct origin *origin;
	struct wants *wants;
	struct library *library;
	struct fetch_calls calls;
	struct report report;
	struct stream streams[SCHEDULE_MAX_STREAMS];
	size_t most_streams;
	struct bad_chunk bad[MOST_BLOCKS];
	size_t bad_count;
	struct schedule_object *objects; /* the scheduler's view, as the library's objects */
	struct schedule_want *wanted;
	size_t wanted_room;
	uint64_t full_told_ms; /* no room on disk: until then it has been said */
	struct fetch_counts counts;
	uint64_t rate_since_ms, rate_bytes;
};

static void tell(const struct fetch *f, const char *kind, const char *subject, const char *layer,
		 const char *sentence)
{
	f->report.tell(f->report.data, kind, subject, layer, sentence);
}

static void end_stream(struct stream *s)
{
	http_cancel(s->transfer);
	s->transfer = NULL;
}

/* --- failures ---------------------------------------------------------------------------------- */

static void object_failed(struct fetch *f, size_t object)
{
	struct library_object *o = &f->library->objects[object];
	o->tries++;
	o->not_before_ms =
		clock_mono_ms() + backoff_ms(o->tries, FIRST_WAIT_MS, MOST_WAIT_MS, object);
}

static void origin_trouble(struct fetch *f, const char *reason)
{
	if (origin_failed(f->origin, reason, clock_mono_ms())) {
		char text[300];
		snprintf(text, sizeof(text),
			 "the origin does not answer: %s; lessons that are here go on", reason);
		tell(f, "origin.down", "origin", "origin", text);
	}
}

static void origin_answers(struct fetch *f)
{
	if (origin_worked(f->origin))
		tell(f, "origin.up", "origin", "origin", "the origin answers again");
}

/* The disk would not take it: nobody's fault on the line. */
static void no_room(struct fetch *f, size_t object, const struct fault *why)
{
	f->library->objects[object].not_before_ms = clock_mono_ms() + NO_ROOM_WAIT_MS;
	if (clock_mono_ms() >= f->full_told_ms)
		tell(f, why->code == -ENOSPC ? "store.full" : "store.write", "fetch", "store",
		     why->text);
	f->full_told_ms = clock_mono_ms() + TELL_AGAIN_MS;
}

static struct bad_chunk *bad_of(struct fetch *f, size_t object, uint64_t chunk)
{
	for (size_t i = 0; i < f->bad_count; i++)
		if (f->bad[i].object == object && f->bad[i].chunk == chunk)
			return &f->bad[i];
	return NULL;
}

static void chunk_was_bad(struct fetch *f, size_t object, uint64_t chunk)
{
	struct bad_chunk *b = bad_of(f, object, chunk);
	f->counts.bad_chunks++;
	if (!b && f->bad_count == MOST_BLOCKS) {
		object_failed(f, object); /* nothing good comes: the object as a whole waits */
		return;
	}
	if (!b) {
		b = &f->bad[f->bad_count++];
		*b = (struct bad_chunk){ .object = object, .chunk = chunk };
		char id[65], text[200];
		objmap_id_hex(&f->library->objects[object].id, id);
		snprintf(text, sizeof(text),
			 "chunk %" PRIu64 " of object %.16s… came damaged; it is asked again",
			 chunk, id);
		tell(f, "chunk.refused", id, "origin", text);
	}
	b->until_ms = clock_mono_ms() + backoff_ms(++b->tries, FIRST_WAIT_MS, MOST_WAIT_MS, chunk);
}

static void chunk_was_good(struct fetch *f, size_t object, uint64_t chunk)
{
	struct bad_chunk *b = bad_of(f, object, chunk);
	if (b)
		*b = f->bad[--f->bad_count];
	f->library->objects[object].tries = 0;
	f->counts.chunks++;
}

/* --- bytes ------------------------------------------------------------------------------------- */

static void measure(struct fetch *f, size_t len)
{
	uint64_t now = clock_mono_ms();
	f->counts.received_bytes += len;
	f->rate_bytes += len;
	if (!f->rate_since_ms)
		f->rate_since_ms = now;
	uint64_t ms = now - f->rate_since_ms;
	if (ms < 2000)
		return;
	uint64_t bps = f->rate_bytes * 8000 / ms;
	f->counts.bps = f->counts.bps ? (f->counts.bps * 3 + bps) / 4 : bps;
	f->rate_since_ms = now;
	f->rate_bytes = 0;
}

static size_t chunk_length(const struct library_object *o, uint64_t chunk)
{
	uint64_t left = o->size - chunk * OBJMAP_CHUNK_BYTES;
	return left < OBJMAP_CHUNK_BYTES ? (size_t)left : OBJMAP_CHUNK_BYTES;
}

static void object_done(struct fetch *f, size_t object)
{
	struct library_object *o = &f->library->objects[object];
	o->complete = true;
	store_object_close(MOVE_PTR(o->open));
	f->calls.object_here(f->calls.data, object);
}

/* A whole chunk has come: the store verifies it before it keeps it. */
static int put_chunk(struct stream *s)
{
	struct fetch *f = s->of;
	struct library_object *o = &f->library->objects[s->object];
	struct fault why = { 0 };
	uint64_t chunk = s->next++;
	s->filled = 0;
	int r = store_object_put(o->open, chunk, s->chunk, chunk_length(o, chunk), &why);
	if (r == -EBADMSG) {
		chunk_was_bad(f, s->object, chunk);
		return 0;
	}
	if (r) {
		no_room(f, s->object, &why);
		return r;
	}
	origin_answers(f);
	chunk_was_good(f, s->object, chunk);
	f->calls.chunk_here(f->calls.data, s->object, chunk);
	return 0;
}

static int take_bytes(void *data, uint64_t at, const void *bytes, size_t len)
{
	(void)at;
	struct stream *s = data;
	const uint8_t *from = bytes;
	measure(s->of, len);
	while (len > 0 && s->next < s->end) {
		const struct library_object *o = &s->of->library->objects[s->object];
		size_t need = chunk_length(o, s->next) - s->filled;
		size_t take = len < need ? len : need;
		memcpy(s->chunk + s->filled, from, take);
		s->filled += take;
		from += take;
		len -= take;
		if (take == need && (s->refused = put_chunk(s)))
			return s->refused;
	}
	return 0;
}

static void range_done(void *data, const struct http_result *result)
{
	struct stream *s = data;
	struct fetch *f = s->of;
	size_t object = s->object;
	char reason[200];
	s->transfer = NULL;
	replan_soon(&f->replan);
	if (store_object_complete(f->library->objects[object].open))
		object_done(f, object);
	else if (s->refused)
		; /* said already */
	else if (origin_judge(result, reason) == -ENOENT) {
		char id[65];
		objmap_id_hex(&f->library->objects[object].id, id);
		object_failed(f, object);
		if (f->library->objects[object].tries == 1)
			tell(f, "object.missing", id, "origin",
			     "the origin does not have an object of the catalogue");
	} else if (origin_judge(result, reason) || s->next < s->end) {
		origin_trouble(f, result->code || result->status >= 300
					  ? reason
					  : "the answer was cut short");
	}
}

static void map_refused(struct fetch *f, size_t object, const char *text)
{
	char id[65];
	objmap_id_hex(&f->library->objects[object].id, id);
	object_failed(f, object);
	if (f->library->objects[object].tries == 1)
		tell(f, "map.refused", id, "origin", text);
}

CLEAN_FN(map, struct objmap, objmap_free)

static void take_map(struct fetch *f, size_t object, const void *bytes, size_t len)
{
	struct library_object *o = &f->library->objects[object];
	CLEANUP(clean_map) struct objmap *map = NULL;
	struct fault why = { 0 };
	int r = objmap_verify(&o->id, bytes, len, &map, &why);
	if (r == 0 && objmap_size(map) != o->size)
		r = fault_set(&why, -EBADMSG, "map.size",
			      "a map speaks of %" PRIu64 " bytes, the catalogue of %" PRIu64,
			      objmap_size(map), o->size);
	if (r) {
		map_refused(f, object, why.text);
		return;
	}
	f->counts.maps++;
	origin_answers(f);
	r = store_object_open(f->library->store, map, o->media_type, &o->open, &why);
	if (r) {
		no_room(f, object, &why);
		return;
	}
	o->map_known = true;
	o->tries = 0;
	if (store_object_complete(o->open))
		object_done(f, object);
}

static void map_done(void *data, const struct http_result *result)
{
	struct stream *s = data;
	struct fetch *f = s->of;
	char reason[200];
	s->transfer = NULL;
	replan_soon(&f->replan);
	int r = origin_judge(result, reason);
	if (r == -ENOENT)
		map_refused(f, s->object,
			    "the origin has no map of an object that the catalogue names");
	else if (r && result->code == -EFBIG)
		map_refused(f, s->object,
			    "the origin's map is longer than the object's size allows");
	else if (r)
		origin_trouble(f, reason);
	else
		take_map(f, s->object, result->body, result->body_len);
}

/* --- what next --------------------------------------------------------------------------------- */

static int start_stream(struct fetch *f, const struct schedule_pick *pick)
{
	struct stream *s = NULL;
	for (size_t i = 0; i < f->most_streams && !s; i++)
		if (!f->streams[i].transfer)
			s = &f->streams[i];
	if (!s)
		return -EBUSY;
	const struct library_object *o = &f->library->objects[pick->object];
	s->object = pick->object;
	s->map = pick->what == SCHEDULE_MAP;
	s->next = pick->first;
	s->end = pick->first + pick->count;
	s->filled = 0;
	s->refused = 0;
	uint64_t from = s->next * OBJMAP_CHUNK_BYTES, to = s->end * OBJMAP_CHUNK_BYTES;
	if (to > o->size)
		to = o->size;
	struct origin_url url =
		s->map ? origin_map(f->origin, &o->id) : origin_object(f->origin, &o->id);
	const struct http_order order = {
		.url = url.at,
		.range_from = s->map ? 0 : from,
		.range_to = s->map ? 0 : to - 1,
		.limit_bytes = s->map ? objmap_bytes(o->size) : to - from,
		.stall_s = f->origin->stall_s,
	};
	const struct http_calls calls = { s->map ? NULL : take_bytes,
					  s->map ? map_done : range_done, s };
	return http_start(f->http, &order, &calls, &s->transfer, NULL);
}

static bool gap(const void *data, uint64_t from, uint64_t *first, uint64_t *count)
{
	const struct library_object *o = data;
	return o->open && store_object_gap(o->open, from, first, count);
}

static void see_objects(struct fetch *f)
{
	for (size_t i = 0; i < f->library->object_count; i++) {
		const struct library_object *o = &f->library->objects[i];
		f->objects[i] = (struct schedule_object){
			.head_chunks = o->head_chunks,
			.held = o->held,
			.map_known = o->map_known,
			.not_before_ms = o->not_before_ms,
			.gap = gap,
			.data = o,
		};
	}
}

static bool want_more(struct fetch *f, size_t count)
{
	if (count <= f->wanted_room)
		return true;
	struct schedule_want *more = reallocarray(f->wanted, count * 2, sizeof(*more));
	if (!more)
		return false;
	f->wanted = more;
	f->wanted_room = count * 2;
	return true;
}

/* What a pupil's message means for the fetcher: chunks of an object, or the span that a segment is made from. */
static bool want_of(const struct library *l, const struct want_msg *m, struct schedule_want *out)
{
	size_t lesson;
	enum kitchen_rung rung;
	out->priority = m->priority;
	if (m->kind == WANT_OBJECT) {
		out->object = library_find_object(l, &m->id);
		out->first = m->first;
		out->count = m->count;
		return out->object != LIBRARY_NONE;
	}
	if (!library_find_rendition(l, m->rendition, &lesson, &rung) ||
	    m->first > l->lessons[lesson].segments)
		return false;
	out->object = l->lessons[lesson].mezzanine;
	library_span(l, lesson, m->first ? (uint32_t)m->first : 1, &out->first, &out->count);
	return true;
}

/* Pupils' wants, then of every lesson what its first segment needs. */
static size_t see_wants(struct fetch *f)
{
	const struct library *l = f->library;
	const struct want_msg *const *list;
	size_t listed = wants_list(f->wants, &list), count = 0;
	if (!want_more(f, listed + l->object_count))
		return 0;
	for (size_t i = 0; i < listed; i++)
		if (want_of(l, list[i], &f->wanted[count]) &&
		    !l->objects[f->wanted[count].object].complete)
			count++;
	for (size_t i = 0; i < l->object_count; i++)
		if (l->objects[i].first_chunks && !l->objects[i].complete)
			f->wanted[count++] =
				(struct schedule_want){ i, 0, l->objects[i].first_chunks,
							PREFETCH };
	return count;
}

static size_t see_streams(const struct fetch *f, struct schedule_stream *out, size_t *which)
{
	size_t count = 0;
	for (size_t i = 0; i < f->most_streams; i++) {
		const struct stream *s = &f->streams[i];
		if (!s->transfer)
			continue;
		which[count] = i;
		out[count++] = (struct schedule_stream){ s->object, s->map, s->next, s->end };
	}
	return count;
}

/* 1: something was started, 0: there is nothing to do, negative: it could not be started. */
static int step(struct fetch *f, uint64_t now, uint64_t *wake_ms)
{
	struct schedule_stream streams[SCHEDULE_MAX_STREAMS];
	struct schedule_block blocks[MOST_BLOCKS];
	size_t which[SCHEDULE_MAX_STREAMS];
	for (size_t i = 0; i < f->bad_count; i++)
		blocks[i] = (struct schedule_block){ f->bad[i].object, f->bad[i].chunk,
						     f->bad[i].until_ms };
	size_t wanted = see_wants(f); /* may move f->wanted */
	const struct schedule_view view = {
		.objects = f->objects,
		.object_count = f->library->object_count,
		.want_count = wanted,
		.wants = f->wanted,
		.blocks = blocks,
		.block_count = f->bad_count,
		.streams = streams,
		.stream_count = see_streams(f, streams, which),
		.most_streams = f->most_streams,
		.run_chunks = RUN_CHUNKS,
		.now_ms = now,
	};
	struct schedule_pick pick;
	schedule_next(&view, &pick);
	*wake_ms = pick.wake_ms;
	if (pick.what == SCHEDULE_NOTHING)
		return 0;
	if (pick.end_stream >= 0)
		end_stream(&f->streams[which[pick.end_stream]]);
	int r = start_stream(f, &pick);
	return r ? r : 1;
}

static void plan(void *data)
{
	struct fetch *f = data;
	uint64_t now = clock_mono_ms(), wake = 0;
	if (!f->library)
		return;
	if (origin_waits(f->origin, now)) {
		replan_at(&f->replan, f->origin->not_before_ms);
		return;
	}
	see_objects(f);
	int r = 1;
	for (unsigned n = 0; n < 2 * SCHEDULE_MAX_STREAMS && r > 0; n++)
		r = step(f, now, &wake);
	replan_at(&f->replan, r < 0 ? now + FIRST_WAIT_MS : wake);
}

void fetch_poke(struct fetch *f)
{
	replan_soon(&f->replan);
}

void fetch_hurry(struct fetch *f)
{
	for (size_t i = 0; i < f->bad_count; i++)
		f->bad[i].until_ms = 0;
	for (size_t i = 0; f->library && i < f->library->object_count; i++)
		f->library->objects[i].not_before_ms = 0;
	origin_hurry(f->origin);
	replan_soon(&f->replan);
}

void fetch_use(struct fetch *f, struct library *library)
{
	for (size_t i = 0; i < SCHEDULE_MAX_STREAMS; i++)
		end_stream(&f->streams[i]);
	f->bad_count = 0;
	free(f->objects);
	f->objects = library ? calloc(library->object_count + 1, sizeof(*f->objects)) : NULL;
	f->library = f->objects ? library : NULL;
	replan_soon(&f->replan);
}

struct fetch_counts fetch_count(const struct fetch *f)
{
	return f->counts;
}

void fetch_free(struct fetch *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < SCHEDULE_MAX_STREAMS; i++) {
		end_stream(&f->streams[i]);
		free(f->streams[i].chunk);
	}
	replan_done(&f->replan);
	free(f->objects);
	free(f->wanted);
	free(f);
}

CLEAN_FN(fetch, struct fetch, fetch_free)

int fetch_new(struct sd_event *loop, struct http *http, struct origin *origin, struct wants *wants,
	      unsigned streams, const struct fetch_calls *calls, const struct report *report,
	      struct fetch **out, struct fault *why)
{
	CLEANUP(clean_fetch) struct fetch *f = calloc(1, sizeof(*f));
	if (!f)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	f->http = http;
	f->origin = origin;
	f->wants = wants;
	f->calls = *calls;
	f->report = *report;
	f->most_streams = streams < SCHEDULE_MAX_STREAMS ? streams : SCHEDULE_MAX_STREAMS;
	for (size_t i = 0; i < f->most_streams; i++) {
		f->streams[i].of = f;
		f->streams[i].chunk = malloc(OBJMAP_CHUNK_BYTES);
		if (!f->streams[i].chunk)
			return fault_set(why, -ENOMEM, "memory", "out of memory");
	}
	if (replan_init(&f->replan, loop, plan, f))
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	*out = MOVE_PTR(f);
	return 0;
}
