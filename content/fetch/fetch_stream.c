// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "content/fetch/fetch_private.h"
#include "content/kitchen/passing.h"
#include "content/report.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"

#define NO_ROOM_WAIT_MS 30000u
#define TELL_AGAIN_MS 3600000u /* told again only after an hour without it */
#define PUPIL_WAITS_MS 3000u   /* for a chunk, while somebody else could bring it */
#define DRIP_STALLS 3u /* a chunk in as many times the longest silence is no line, but a trick */

static void tell(const struct fetch *f, const char *kind, const char *subject, const char *layer,
		 const char *sentence)
{
	f->report.tell(f->report.data, kind, subject, layer, sentence);
}

void fetch_stream_end(struct stream *s)
{
	http_cancel(s->transfer);
	s->transfer = NULL;
}

void fetch_stream_yield(struct stream *s)
{
	s->yields = true;
	if (s->map)
		return;
	/* What was asked for and of which nothing has come is on the line already. */
	if (s->brought && !s->filled)
		fetch_stream_end(s);
	else
		s->end = s->next + 1;
}

/* --- failures ---------------------------------------------------------------------------------- */

static struct source *source_of(const struct stream *s)
{
	return &s->of->sources->all[s->source];
}

static void source_trouble(const struct stream *s, const char *reason)
{
	struct source *it = source_of(s);
	char text[400];
	if (!origin_failed(it->at, reason, clock_mono_ms()))
		return;
	if (it->kind == SOURCE_ORIGIN)
		snprintf(text, sizeof(text),
			 "the origin does not answer: %s; lessons that are here go on", reason);
	else
		snprintf(text, sizeof(text), "source %s does not answer: %s; others are asked",
			 it->name, reason);
	tell(s->of, it->kind == SOURCE_ORIGIN ? "origin.down" : "source.down", it->name, "origin",
	     text);
}

static void source_answers(const struct stream *s)
{
	const struct source *it = source_of(s);
	char text[100];
	if (!origin_worked(it->at))
		return;
	snprintf(text, sizeof(text), "%s answers again",
		 it->kind == SOURCE_ORIGIN ? "the origin" : it->name);
	tell(s->of, it->kind == SOURCE_ORIGIN ? "origin.up" : "source.up", it->name, "origin",
	     text);
}

/* It has no such object, or not what it should be: others are asked. A neighbour need not have it. */
static void object_trouble(const struct stream *s, const char *kind, const char *text)
{
	struct fetch *f = s->of;
	const unsigned tries =
		sources_failed(f->sources, s->source, s->object, SOURCES_WHOLE, clock_mono_ms());
	char id[65];
	objmap_id_hex(&f->library->objects[s->object].id, id);
	f->library->objects[s->object].absent = true;
	if (tries == 1 && kind)
		tell(f, kind, id, "origin", text);
}

/* The disk would not take it: nobody's fault on the line. */
static void tell_full(struct fetch *f, const struct fault *why)
{
	if (clock_mono_ms() >= f->full_told_ms)
		tell(f, why->code == -ENOSPC ? "store.full" : "store.write", "fetch",
		     report_layer(why), why->text);
	f->full_told_ms = clock_mono_ms() + TELL_AGAIN_MS;
}

static void no_room(struct fetch *f, size_t object, const struct fault *why)
{
	const bool soon = why->code == -EAGAIN; /* what makes room is still on its way out */
	f->library->objects[object].not_before_ms =
		clock_mono_ms() + (soon ? FETCH_FIRST_WAIT_MS : NO_ROOM_WAIT_MS);
	if (!soon)
		tell_full(f, why);
}

/* Non-zero when nothing more is wanted of this source. */
static int chunk_was_bad(struct stream *s, uint64_t chunk)
{
	struct fetch *f = s->of;
	char id[65], text[300];
	f->counts.bad_chunks++;
	if (s->mixed)
		return 0; /* asked again in one piece */
	const unsigned tries =
		sources_failed(f->sources, s->source, s->object, chunk, clock_mono_ms());
	objmap_id_hex(&f->library->objects[s->object].id, id);
	if (tries == 1) {
		snprintf(text, sizeof(text),
			 "chunk %" PRIu64
			 " of object %.16s… came damaged from %s; it is asked again",
			 chunk, id, source_of(s)->name);
		tell(f, "chunk.refused", id, "origin", text);
	}
	if (!sources_lies(f->sources, s->source, tries))
		return 0;
	snprintf(text, sizeof(text),
		 "%s sends what is not in the signed maps; it is left alone for a while",
		 source_of(s)->name);
	origin_lied(source_of(s)->at, "it sends damaged bytes", clock_mono_ms());
	tell(f, "source.lies", source_of(s)->name, "origin", text);
	return -EBADMSG;
}

/* --- bytes ------------------------------------------------------------------------------------- */

static void measure(const struct stream *s, size_t len)
{
	struct fetch *f = s->of;
	uint64_t now = clock_mono_ms();
	source_of(s)->received_bytes += len;
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

/* A whole chunk has come: it is verified before it is kept. */
static int put_chunk(struct stream *s)
{
	struct fetch *f = s->of;
	struct library_object *o = &f->library->objects[s->object];
	struct fault why = { 0 };
	uint64_t chunk = s->next++;
	const size_t len = chunk_length(o, chunk);
	int r = o->passing ? passing_put(o->passing, chunk, s->chunk, len, &why)
			   : store_object_put(o->open, chunk, s->chunk, len, &why);
	if (r == -EBADMSG)
		r = chunk_was_bad(s, chunk);
	else if (r)
		no_room(f, s->object, &why);
	else {
		s->brought++;
		f->counts.chunks++;
		source_answers(s);
		sources_brought(f->sources, s->source, s->object, chunk);
		f->calls.chunk_here(f->calls.data, s->object, chunk);
	}
	s->filled = 0;
	s->mixed = false;
	s->over = r != 0;
	s->since_ms = clock_mono_ms();
	return r;
}

static int take_bytes(void *data, uint64_t at, const void *bytes, size_t len)
{
	(void)at;
	struct stream *s = data;
	const uint8_t *from = bytes;
	const struct library_object *o = &s->of->library->objects[s->object];
	measure(s, len);
	s->heard_ms = clock_mono_ms();
	if (!s->urgent)
		s->of->calls.spent(s->of->calls.data, len);
	while (len > 0 && s->next < s->end && (o->open || o->passing)) {
		size_t need = chunk_length(o, s->next) - s->filled;
		size_t take = len < need ? len : need;
		memcpy(s->chunk + s->filled, from, take);
		s->filled += take;
		from += take;
		len -= take;
		int r = take == need ? put_chunk(s) : 0;
		if (r)
			return r;
	}
	/* Another stream brings what lies behind. */
	return len > 0 ? -ECANCELED : 0;
}

static bool has_not(const struct stream *s, const struct http_result *result)
{
	char reason[200];
	return origin_judge(result, reason) == -ENOENT ||
	       (source_of(s)->kind == SOURCE_NEIGHBOUR && result->status >= 400 &&
		result->status < 500);
}

static void range_failed(const struct stream *s, const struct http_result *result)
{
	char reason[200];
	const bool origin = source_of(s)->kind == SOURCE_ORIGIN;
	if (has_not(s, result))
		object_trouble(s, origin ? "object.missing" : NULL,
			       "the origin does not have an object of the catalogue");
	else if (origin_judge(result, reason))
		source_trouble(s, reason);
	else if (origin)
		source_trouble(s, "the answer was cut short");
	else /* that is as much as it has */
		sources_failed(s->of->sources, s->source, s->object, s->next, clock_mono_ms());
}

static void range_done(void *data, const struct http_result *result)
{
	struct stream *s = data;
	struct fetch *f = s->of;
	s->transfer = NULL;
	replan_soon(&f->replan);
	const struct library_object *o = &f->library->objects[s->object];
	if (!o->open && !o->passing)
		return; /* another stream of it brought the last chunk */
	if (o->open && store_object_complete(o->open))
		object_done(f, s->object);
	else if (!s->over && s->next < s->end)
		range_failed(s, result);
}

/* --- maps -------------------------------------------------------------------------------------- */

CLEAN_FN(map, struct objmap, objmap_free)

static void take_map(const struct stream *s, const void *bytes, size_t len)
{
	struct fetch *f = s->of;
	struct library_object *o = &f->library->objects[s->object];
	CLEANUP(clean_map) struct objmap *map = NULL;
	struct fault why = { 0 };
	int r = objmap_verify(&o->id, bytes, len, &map, &why);
	if (r == 0 && objmap_size(map) != o->size)
		r = fault_set(&why, -EBADMSG, "map.size",
			      "a map speaks of %" PRIu64 " bytes, the catalogue of %" PRIu64,
			      objmap_size(map), o->size);
	if (r) {
		object_trouble(s, "map.refused", why.text);
		return;
	}
	f->counts.maps++;
	source_answers(s);
	sources_brought(f->sources, s->source, s->object, SOURCES_WHOLE);
	r = store_object_open(f->library->store, map, o->media_type, &o->open, &why);
	if (r == -ENOSPC && !(r = f->calls.room(f->calls.data, s->object, &why)))
		r = store_object_open(f->library->store, map, o->media_type, &o->open, &why);
	if (r == -ENOSPC && passing_new(f->pass, map, &o->passing) == 0) {
		map = NULL; /* taken over */
		f->passing++;
		f->settle_ms = clock_mono_ms() + NO_ROOM_WAIT_MS;
		tell_full(f, &why);
	} else if (r) {
		no_room(f, s->object, &why);
		return;
	}
	o->map_known = true;
	o->absent = false;
	if (o->open && store_object_complete(o->open))
		object_done(f, s->object);
}

static void map_done(void *data, const struct http_result *result)
{
	struct stream *s = data;
	char reason[200];
	const bool origin = source_of(s)->kind == SOURCE_ORIGIN;
	s->transfer = NULL;
	if (!s->urgent)
		s->of->calls.spent(s->of->calls.data, result->received_bytes);
	replan_soon(&s->of->replan);
	if (has_not(s, result))
		object_trouble(s, origin ? "map.refused" : NULL,
			       "the origin has no map of an object that the catalogue names");
	else if (result->code == -EFBIG)
		object_trouble(s, "map.refused",
			       "the origin's map is longer than the object's size allows");
	else if (origin_judge(result, reason))
		source_trouble(s, reason);
	else
		take_map(s, result->body, result->body_len);
}

/* --- room again -------------------------------------------------------------------------------- */

static bool streams_to(const struct fetch *f, size_t object)
{
	for (size_t i = 0; i < f->places; i++)
		if (f->streams[i].transfer && f->streams[i].object == object)
			return true;
	return false;
}

void fetch_stream_settle(struct fetch *f, uint64_t now_ms)
{
	if (!f->passing || !f->library || now_ms < f->settle_ms)
		return;
	f->settle_ms = now_ms + NO_ROOM_WAIT_MS;
	for (size_t i = 0; i < f->library->object_count; i++) {
		struct library_object *o = &f->library->objects[i];
		if (!o->passing || o->held || streams_to(f, i) ||
		    passing_settle(o->passing, f->library->store, o->media_type, &o->open, NULL))
			continue;
		passing_free(MOVE_PTR(o->passing));
		f->passing--;
		if (store_object_complete(o->open))
			object_done(f, i);
	}
	replan_soon(&f->replan);
}

/* --- asking ------------------------------------------------------------------------------------ */

/* The place where this chunk was begun, else one that has begun none, else where one broke off longest ago. */
static struct stream *free_place(struct fetch *f, const struct schedule_pick *pick)
{
	struct stream *found = NULL;
	for (size_t i = 0; i < f->places; i++) {
		struct stream *s = &f->streams[i];
		if (s->transfer)
			continue;
		if (s->filled && s->object == pick->object && s->next == pick->first &&
		    pick->what == SCHEDULE_RANGE)
			return s;
		if (!found || (found->filled && (!s->filled || s->since_ms < found->since_ms)))
			found = s;
	}
	return found;
}

/* Another stream that would come by here stops before. */
static void make_way(struct fetch *f, const struct stream *s)
{
	for (size_t i = 0; i < f->places; i++) {
		struct stream *t = &f->streams[i];
		if (t != s && t->transfer && !t->map && t->object == s->object &&
		    t->next < s->next && t->end > s->next)
			t->end = s->next;
	}
}

/* AF41 while a pupil waits, else CS1: the queue of a line tells them apart. */
static int dscp_of(const struct stream *s)
{
	return s->urgent ? 34 : 8;
}

static int ask_map(struct stream *s)
{
	const struct library_object *o = &s->of->library->objects[s->object];
	const struct origin *at = source_of(s)->at;
	const struct origin_url url = origin_map(at, &o->id);
	const struct http_order order = { .url = url.at,
					  .limit_bytes = objmap_bytes(o->size),
					  .stall_s = at->stall_s,
					  .dscp = dscp_of(s) };
	const struct http_calls calls = { NULL, map_done, s };
	return http_start(s->of->http, &order, &calls, &s->transfer, NULL);
}

static int ask_range(struct stream *s)
{
	const struct library_object *o = &s->of->library->objects[s->object];
	const struct origin *at = source_of(s)->at;
	const struct origin_url url = origin_object(at, &o->id);
	uint64_t from = s->next * OBJMAP_CHUNK_BYTES + s->filled, to = s->end * OBJMAP_CHUNK_BYTES;
	if (to > o->size)
		to = o->size;
	const struct http_order order = {
		.url = url.at,
		.range_from = from,
		.range_to = to - 1,
		.limit_bytes = to - from,
		.stall_s = at->stall_s,
		.dscp = dscp_of(s),
	};
	const struct http_calls calls = { take_bytes, range_done, s };
	make_way(s->of, s);
	return http_start(s->of->http, &order, &calls, &s->transfer, NULL);
}

int fetch_stream_start(struct fetch *f, const struct schedule_pick *pick)
{
	const enum origin_for who = pick->urgent ? ORIGIN_FOR_PUPIL : ORIGIN_FOR_LATER;
	const bool map = pick->what == SCHEDULE_MAP;
	const uint64_t now = clock_mono_ms();
	uint64_t wake;
	struct stream *s = free_place(f, pick);
	int source = sources_pick(f->sources, pick->object, map ? SOURCES_WHOLE : pick->first, who,
				  now, &wake);
	if (!s || source < 0)
		return -EBUSY;
	if (map || s->object != pick->object || s->next != pick->first)
		s->filled = 0;
	s->mixed = s->filled > 0;
	s->object = pick->object;
	s->source = source;
	s->map = map;
	s->urgent = pick->urgent;
	s->client = pick->client;
	s->next = pick->first;
	s->end = map ? pick->first
		     : pick->first + sources_run(f->sources, source, pick->object, pick->first,
						 pick->count, who, now);
	s->brought = 0;
	s->over = s->yields = false;
	s->since_ms = s->heard_ms = now;
	return map ? ask_map(s) : ask_range(s);
}

/* What has come of the chunk is kept, and the rest asked of another. */
static bool keeps_a_pupil_waiting(struct stream *s, uint64_t now_ms)
{
	struct fetch *f = s->of;
	if (now_ms - s->since_ms < PUPIL_WAITS_MS || !fetch_awaited(f, s->object) ||
	    !sources_slow(f->sources, s->source, s->object, s->map ? SOURCES_WHOLE : s->next,
			  now_ms))
		return false;
	log_info("event=source.slow source=%s bytes=%zu ms=%" PRIu64, source_of(s)->name, s->filled,
		 now_ms - s->since_ms);
	fetch_stream_end(s);
	replan_soon(&f->replan);
	return true;
}

/* Others wait for its place, and it brings nothing: what has come of the chunk is kept. */
static bool holds_a_place(struct stream *s, uint64_t now_ms)
{
	if (!s->yields || s->map || now_ms - s->heard_ms < PUPIL_WAITS_MS)
		return false;
	fetch_stream_end(s);
	replan_soon(&s->of->replan);
	return true;
}

void fetch_stream_look(struct fetch *f, uint64_t now_ms)
{
	for (size_t i = 0; i < f->places; i++) {
		struct stream *s = &f->streams[i];
		if (!s->transfer || keeps_a_pupil_waiting(s, now_ms) || holds_a_place(s, now_ms))
			continue;
		const unsigned stall_s = source_of(s)->at->stall_s ? source_of(s)->at->stall_s : 20;
		uint64_t most_ms = (uint64_t)stall_s * 1000 * DRIP_STALLS;
		if (s->map)
			most_ms *= 1 + objmap_bytes(f->library->objects[s->object].size) /
					       OBJMAP_CHUNK_BYTES;
		if (now_ms - s->since_ms < most_ms)
			continue;
		char reason[100];
		snprintf(reason, sizeof(reason),
			 "%zu bytes in %" PRIu64 " s is slower than any line", s->filled,
			 (now_ms - s->since_ms) / 1000);
		fetch_stream_end(s);
		source_trouble(s, reason);
		replan_soon(&f->replan);
	}
}
