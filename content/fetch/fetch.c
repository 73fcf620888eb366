// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/fetch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "content/fetch/fetch_private.h"
#include "content/kitchen/passing.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"

#define RUN_CHUNKS \
	1024u /* 64 MiB a request: between two requests the line would idle for as long as an answer takes */
#define PREFETCH SCHEDULE_BACKGROUND

static bool gap(const void *data, uint64_t from, uint64_t *first, uint64_t *count)
{
	const struct library_object *o = data;
	if (o->passing)
		return passing_gap(o->passing, from, first, count);
	return o->open && store_object_gap(o->open, from, first, count);
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* When somebody may be asked for it: 0 now, UINT64_MAX never. */
static uint64_t askable(const struct fetch *f, size_t object, uint64_t chunk, enum origin_for who,
			uint64_t now)
{
	uint64_t wake = 0;
	if (sources_pick(f->sources, object, chunk, who, now, &wake) >= 0)
		return 0;
	return wake ? wake : UINT64_MAX;
}

static void see_passing(const struct library_object *o, struct schedule_object *out, uint64_t now)
{
	uint64_t next = 0;
	out->held = true;
	out->most_chunks = passing_window(o->passing, now, &next);
	if (!out->most_chunks)
		out->urgent_ms = later(out->urgent_ms, next);
}

/* Objects, and among them what nobody could bring of late. */
static void see_objects(struct fetch *f, uint64_t now)
{
	const uint64_t anything = askable(f, SIZE_MAX, 0, ORIGIN_FOR_LATER, now),
		       urgent = askable(f, SIZE_MAX, 0, ORIGIN_FOR_PUPIL, now);
	for (size_t i = 0; i < f->library->object_count; i++) {
		const struct library_object *o = &f->library->objects[i];
		f->objects[i] = (struct schedule_object){
			.head_chunks = o->head_chunks,
			.held = o->held,
			.map_known = o->map_known,
			.not_before_ms = later(o->not_before_ms, anything),
			.urgent_ms = later(o->not_before_ms, urgent),
			.gap = gap,
			.data = o,
		};
		if (o->passing)
			see_passing(o, &f->objects[i], now);
	}
	for (size_t i = 0; i < f->sources->trouble_count; i++) {
		const struct sources_trouble *t = &f->sources->troubles[i];
		const uint64_t until = askable(f, t->object, t->chunk, ORIGIN_FOR_LATER, now),
			       pupil = askable(f, t->object, t->chunk, ORIGIN_FOR_PUPIL, now);
		struct schedule_object *o = &f->objects[t->object];
		f->blocks[i] = (struct schedule_block){ t->object, t->chunk,
							t->chunk == SOURCES_WHOLE ? 0 : until,
							t->chunk == SOURCES_WHOLE ? 0 : pupil };
		if (t->chunk != SOURCES_WHOLE)
			continue;
		o->not_before_ms = later(o->not_before_ms, until);
		o->urgent_ms = later(o->urgent_ms, pupil);
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
	out->client = m->client;
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

bool fetch_awaited(const struct fetch *f, size_t object)
{
	const struct want_msg *const *list;
	const size_t listed = wants_list(f->wants, &list);
	struct schedule_want want;
	for (size_t i = 0; i < listed; i++)
		if (list[i]->priority < SCHEDULE_BACKGROUND &&
		    want_of(f->library, list[i], &want) && want.object == object)
			return true;
	return false;
}

/* Pupils' wants, then of every lesson what its first segment needs. */
static size_t see_wants(struct fetch *f, bool limited)
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
	/* Where bytes are counted, the lesson that is needed first comes whole before another begins. */
	for (size_t k = 0; k < l->object_count && !limited; k++) {
		const size_t i = l->fetch_order[k];
		if (l->objects[i].first_chunks && !l->objects[i].complete)
			f->wanted[count++] =
				(struct schedule_want){ i, 0, l->objects[i].first_chunks, PREFETCH,
							0 };
	}
	return count;
}

static size_t see_streams(const struct fetch *f, struct schedule_stream *out, size_t *which)
{
	size_t count = 0;
	for (size_t i = 0; i < f->places; i++) {
		const struct stream *s = &f->streams[i];
		if (!s->transfer)
			continue;
		which[count] = i;
		out[count++] =
			(struct schedule_stream){ s->object,  s->map,    s->next,   s->end,
						  s->brought, s->urgent, s->yields, s->client };
	}
	return count;
}

/* What streams that nobody waited for are still to bring. */
static uint64_t background_bytes(const struct fetch *f)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < f->places; i++) {
		const struct stream *s = &f->streams[i];
		if (s->transfer && !s->urgent && s->end > s->next)
			bytes += (s->end - s->next) * OBJMAP_CHUNK_BYTES - s->filled;
	}
	return bytes;
}

/* 1: something was started, 0: there is nothing to do, negative: it could not be started. */
static int step(struct fetch *f, uint64_t now, uint64_t *wake_ms)
{
	struct schedule_stream streams[SCHEDULE_MAX_STREAMS];
	size_t which[SCHEDULE_MAX_STREAMS];
	const struct fetch_leave leave = f->calls.leave(f->calls.data);
	const uint64_t under_way = background_bytes(f);
	size_t wanted = see_wants(f, leave.limited); /* may move f->wanted */
	const struct schedule_view view = {
		.order = f->library->fetch_order,
		.limited = leave.limited,
		.closed = leave.closed || (leave.limited && leave.left_bytes < under_way),
		.background_chunks = leave.left_bytes > under_way
					     ? (leave.left_bytes - under_way) / OBJMAP_CHUNK_BYTES
					     : 0,
		.objects = f->objects,
		.object_count = f->library->object_count,
		.want_count = wanted,
		.wants = f->wanted,
		.blocks = f->blocks,
		.block_count = f->sources->trouble_count,
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
	if (pick.what == SCHEDULE_YIELD)
		fetch_stream_yield(&f->streams[which[pick.end_stream]]);
	else if (pick.end_stream >= 0)
		fetch_stream_end(&f->streams[which[pick.end_stream]]);
	const bool asks = pick.what == SCHEDULE_MAP || pick.what == SCHEDULE_RANGE;
	int r = asks ? fetch_stream_start(f, &pick) : 0;
	return r ? r : 1;
}

static void plan(void *data)
{
	struct fetch *f = data;
	uint64_t now = clock_mono_ms(), wake = 0;
	if (!f->library)
		return;
	int r = 1;
	see_objects(f, now);
	for (unsigned n = 0; n < 3 * SCHEDULE_MAX_STREAMS && r > 0; n++)
		r = step(f, now, &wake);
	if (r < 0)
		wake = now + FETCH_FIRST_WAIT_MS;
	replan_at(&f->replan, wake == UINT64_MAX ? 0 : wake);
}

void fetch_poke(struct fetch *f)
{
	replan_soon(&f->replan);
}

void fetch_hurry(struct fetch *f)
{
	for (size_t i = 0; f->library && i < f->library->object_count; i++)
		f->library->objects[i].not_before_ms = 0;
	sources_hurry(f->sources);
	f->settle_ms = 0;
	replan_soon(&f->replan);
}

void fetch_forget(struct fetch *f, size_t object)
{
	for (size_t i = 0; i < f->places; i++) {
		struct stream *s = &f->streams[i];
		if (s->object != object)
			continue;
		fetch_stream_end(s);
		s->filled = 0;
	}
	replan_soon(&f->replan);
}

void fetch_use(struct fetch *f, struct library *library)
{
	for (size_t i = 0; i < ARRAY_LEN(f->streams); i++) {
		fetch_stream_end(&f->streams[i]);
		f->streams[i].filled = 0;
	}
	sources_forget(f->sources);
	free(f->objects);
	f->passing = 0;
	f->objects = library ? calloc(library->object_count + 1, sizeof(*f->objects)) : NULL;
	f->library = f->objects ? library : NULL;
	replan_soon(&f->replan);
}

void fetch_tick(struct fetch *f)
{
	fetch_stream_look(f, clock_mono_ms());
	fetch_stream_settle(f, clock_mono_ms());
}

bool fetch_busy(const struct fetch *f)
{
	for (size_t i = 0; i < f->places; i++)
		if (f->streams[i].transfer)
			return true;
	return false;
}

struct fetch_counts fetch_count(const struct fetch *f)
{
	return f->counts;
}

void fetch_free(struct fetch *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < ARRAY_LEN(f->streams); i++) {
		fetch_stream_end(&f->streams[i]);
		free(f->streams[i].chunk);
	}
	replan_done(&f->replan);
	free(f->objects);
	free(f->wanted);
	free(f);
}

CLEAN_FN(fetch, struct fetch, fetch_free)

int fetch_new(struct sd_event *loop, struct http *http, struct sources *sources,
	      struct wants *wants, struct pass *pass, unsigned streams,
	      const struct fetch_calls *calls, const struct report *report, struct fetch **out,
	      struct fault *why)
{
	CLEANUP(clean_fetch) struct fetch *f = calloc(1, sizeof(*f));
	if (!f)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	f->http = http;
	f->sources = sources;
	f->wants = wants;
	f->pass = pass;
	f->calls = *calls;
	f->report = *report;
	f->most_streams = streams < SCHEDULE_MAX_STREAMS ? streams : SCHEDULE_MAX_STREAMS;
	f->places = f->most_streams + FETCH_PARKED;
	for (size_t i = 0; i < f->places; i++) {
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
