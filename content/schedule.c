// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/schedule.h"

/* A stream this close before a wanted chunk gets there sooner than a new request would. */
#define NEAR_CHUNKS 8u

struct search {
	const struct schedule_view *v;
	bool claimed[SCHEDULE_MAX_STREAMS]; /* brings what a more urgent want waits for */
	uint64_t wake_ms;
};

static void wake_at(struct search *s, uint64_t ms)
{
	if (s->wake_ms == 0 || ms < s->wake_ms)
		s->wake_ms = ms;
}

static int stream_of(const struct schedule_view *v, size_t object)
{
	for (size_t i = 0; i < v->stream_count; i++)
		if (v->streams[i].object == object)
			return (int)i;
	return -1;
}

static const struct schedule_block *block_at(const struct schedule_view *v, size_t object,
					     uint64_t chunk)
{
	for (size_t i = 0; i < v->block_count; i++) {
		const struct schedule_block *b = &v->blocks[i];
		if (b->object == object && b->chunk == chunk && b->until_ms > v->now_ms)
			return b;
	}
	return NULL;
}

/* The run from `first` on, cut before the first held chunk and to the longest request. */
static uint64_t run_length(const struct schedule_view *v, size_t object, uint64_t first,
			   uint64_t count)
{
	uint64_t most = count < v->run_chunks ? count : v->run_chunks;
	for (size_t i = 0; i < v->block_count; i++) {
		const struct schedule_block *b = &v->blocks[i];
		if (b->object == object && b->until_ms > v->now_ms && b->chunk > first &&
		    b->chunk - first < most)
			most = b->chunk - first;
	}
	return most;
}

/* The first run of chunks to ask within [from, to): missing and not held back. */
static bool find_run(struct search *s, size_t object, uint64_t from, uint64_t to, uint64_t *first,
		     uint64_t *count)
{
	const struct schedule_object *o = &s->v->objects[object];
	uint64_t at = from, gap_first, gap_count;
	while (at < to && o->gap(o->data, at, &gap_first, &gap_count) && gap_first < to) {
		const struct schedule_block *held = block_at(s->v, object, gap_first);
		if (!held) {
			*first = gap_first;
			*count = run_length(s->v, object, gap_first, gap_count);
			return true;
		}
		wake_at(s, held->until_ms);
		at = gap_first + 1;
	}
	return false;
}

static bool held_back(struct search *s, size_t object)
{
	const struct schedule_object *o = &s->v->objects[object];
	if (o->not_before_ms <= s->v->now_ms)
		return false;
	wake_at(s, o->not_before_ms);
	return true;
}

static bool brings(const struct schedule_stream *stream, uint64_t chunk)
{
	return !stream->map && chunk >= stream->next && chunk < stream->end &&
	       chunk - stream->next <= NEAR_CHUNKS;
}

/* A stream that may be ended for a pupil: the last one that no more urgent want claims. */
static int find_victim(const struct search *s)
{
	for (size_t i = s->v->stream_count; i-- > 0;)
		if (!s->claimed[i])
			return (int)i;
	return -1;
}

/* Whether `want` leads to a step; claims the stream that already brings it. */
static bool serve_want(struct search *s, const struct schedule_want *want,
		       struct schedule_pick *out)
{
	const struct schedule_view *v = s->v;
	const struct schedule_object *o = &v->objects[want->object];
	if (held_back(s, want->object) || (o->held && want->priority >= SCHEDULE_BACKGROUND))
		return false;
	int running = stream_of(v, want->object);
	if (running >= 0 && v->streams[running].map) {
		s->claimed[running] = true;
		return false;
	}
	uint64_t first = 0, count = 0;
	if (o->map_known && !find_run(s, want->object, 0, o->head_chunks, &first, &count) &&
	    !find_run(s, want->object, want->first, want->first + want->count, &first, &count))
		return false;
	if (running >= 0 && (s->claimed[running] || brings(&v->streams[running], first))) {
		s->claimed[running] = true;
		return false;
	}
	bool urgent = want->priority < SCHEDULE_BACKGROUND;
	int end = running;
	if (end < 0 && v->stream_count >= v->most_streams) {
		end = urgent ? find_victim(s) : -1;
		if (end < 0)
			return false;
	}
	if (end >= 0 && !urgent)
		return false;
	*out = (struct schedule_pick){
		.what = o->map_known ? SCHEDULE_RANGE : SCHEDULE_MAP,
		.object = want->object,
		.first = first,
		.count = count,
		.end_stream = end,
	};
	return true;
}

static bool serve_object(struct search *s, size_t object, struct schedule_pick *out)
{
	const struct schedule_object *o = &s->v->objects[object];
	if (o->held || held_back(s, object) || stream_of(s->v, object) >= 0)
		return false;
	uint64_t first = 0, count = 0;
	if (o->map_known && !find_run(s, object, 0, UINT64_MAX, &first, &count))
		return false;
	*out = (struct schedule_pick){
		.what = o->map_known ? SCHEDULE_RANGE : SCHEDULE_MAP,
		.object = object,
		.first = first,
		.count = count,
		.end_stream = -1,
	};
	return true;
}

void schedule_next(const struct schedule_view *view, struct schedule_pick *out)
{
	struct search s = { .v = view };
	for (size_t i = 0; i < view->want_count; i++)
		if (serve_want(&s, &view->wants[i], out))
			return;
	if (view->stream_count < view->most_streams)
		for (size_t i = 0; i < view->object_count; i++)
			if (serve_object(&s, i, out))
				return;
	*out = (struct schedule_pick){ .what = SCHEDULE_NOTHING,
				       .end_stream = -1,
				       .wake_ms = s.wake_ms };
}
