// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/schedule.h"

/* A stream this close before a wanted chunk gets there sooner than a new request would. */
#define NEAR_CHUNKS 8u

/* More than streams are not told apart: then all is contended anyway. */
#define MOST_TOLD_APART (SCHEDULE_MAX_STREAMS + 1u)

struct place { /* where somebody waits for bytes that no stream brings */
	size_t object;
	uint64_t first;
};

struct search {
	const struct schedule_view *v;
	bool claimed[SCHEDULE_MAX_STREAMS]; /* brings what a pupil waits for */
	bool kept[SCHEDULE_MAX_STREAMS];    /* and one more urgent than who is looked at now */
	uint32_t owner
		[SCHEDULE_MAX_STREAMS]; /* the first client that it is claimed by, or who left it */
	size_t clients, places, claims, yielding;
	uint32_t client[MOST_TOLD_APART];
	struct place place[MOST_TOLD_APART];
	bool busy; /* a pupil waits for what can be brought */
	uint64_t wake_ms;
};

/* What a want lacks: a map, or a run of chunks. */
struct need {
	bool map;
	uint64_t first, count;
};

static bool is_urgent(const struct schedule_want *want)
{
	return want->priority < SCHEDULE_BACKGROUND;
}

/* Nobody waits for it any more; it brings to an end what it has begun, and that is its client's turn. */
static bool is_left(const struct search *s, size_t stream)
{
	return !s->claimed[stream] && s->v->streams[stream].yields;
}

static void wake_at(struct search *s, uint64_t ms)
{
	if (s->wake_ms == 0 || ms < s->wake_ms)
		s->wake_ms = ms;
}

static uint64_t block_until(const struct schedule_block *b, bool urgent)
{
	return urgent ? b->urgent_ms : b->until_ms;
}

static const struct schedule_block *block_at(const struct schedule_view *v, size_t object,
					     uint64_t chunk, bool urgent)
{
	for (size_t i = 0; i < v->block_count; i++) {
		const struct schedule_block *b = &v->blocks[i];
		if (b->object == object && b->chunk == chunk && block_until(b, urgent) > v->now_ms)
			return b;
	}
	return NULL;
}

/* More places where bytes are waited for than streams: a request is no longer than a turn. */
static bool is_contended(const struct search *s)
{
	return s->claims + s->places > s->v->most_streams;
}

/* The run from `first` on, cut before the first held chunk, before what another stream brings, and to the longest request. */
static uint64_t run_length(const struct search *s, size_t object, uint64_t first, uint64_t count,
			   bool urgent)
{
	const struct schedule_view *v = s->v;
	const uint64_t own = v->objects[object].most_chunks;
	uint64_t most = own && own < v->run_chunks ? own : v->run_chunks;
	if (urgent && is_contended(s) && most > SCHEDULE_SLICE_CHUNKS)
		most = SCHEDULE_SLICE_CHUNKS;
	most = count < most ? count : most;
	if (!urgent && v->limited && v->background_chunks < most)
		most = v->background_chunks;
	for (size_t i = 0; i < v->block_count; i++) {
		const struct schedule_block *b = &v->blocks[i];
		if (b->object == object && block_until(b, urgent) > v->now_ms && b->chunk > first &&
		    b->chunk - first < most)
			most = b->chunk - first;
	}
	for (size_t i = 0; i < v->stream_count; i++) {
		const struct schedule_stream *t = &v->streams[i];
		/* For a pupil, one that nobody claims gives way. */
		if (t->object == object && !t->map && (s->claimed[i] || is_left(s, i) || !urgent) &&
		    t->next > first && t->next - first < most)
			most = t->next - first;
	}
	return most;
}

/* The first run of chunks to ask within [from, to): missing and not held back. */
static bool find_run(struct search *s, size_t object, uint64_t from, uint64_t to, bool urgent,
		     struct need *out)
{
	const struct schedule_object *o = &s->v->objects[object];
	uint64_t at = from, first, count;
	while (at < to && o->gap(o->data, at, &first, &count) && first < to) {
		const struct schedule_block *held = block_at(s->v, object, first, urgent);
		if (!held) {
			out->first = first;
			out->count = run_length(s, object, first, count, urgent);
			return true;
		}
		wake_at(s, block_until(held, urgent));
		at = first + 1;
	}
	return false;
}

static bool held_back(struct search *s, size_t object, bool urgent)
{
	const struct schedule_object *o = &s->v->objects[object];
	const uint64_t until = urgent ? o->urgent_ms : o->not_before_ms;
	if (until <= s->v->now_ms)
		return false;
	wake_at(s, until);
	return true;
}

static bool is_here(const struct schedule_object *o, uint64_t chunk)
{
	uint64_t first, count;
	return !o->gap(o->data, chunk, &first, &count) || first > chunk;
}

/*
 * The run that is asked for within [want->first, to), or before it, in the index: what the pupil wants and no more, where it
 * lies far from all that is here; where it follows, what comes behind it will be wanted next.
 */
static void cut_to_want(const struct search *s, const struct schedule_want *want, uint64_t to,
			struct need *need)
{
	const struct schedule_object *o = &s->v->objects[want->object];
	const bool far = want->first > to && want->first - to > NEAR_CHUNKS;
	if (!far && (need->first == 0 || is_here(o, need->first - 1)))
		return;
	const uint64_t end = far ? to : want->first + want->count;
	if (need->count > end - need->first)
		need->count = end - need->first;
}

static bool find_wanted(struct search *s, const struct schedule_want *want, uint64_t from,
			uint64_t to, struct need *out)
{
	const bool urgent = is_urgent(want);
	if (!find_run(s, want->object, from, to, urgent, out))
		return false;
	if (urgent)
		cut_to_want(s, want, to, out);
	return true;
}

/* Whether `want` lacks something that can be asked for now. */
static bool needs(struct search *s, const struct schedule_want *want, struct need *out)
{
	const struct schedule_object *o = &s->v->objects[want->object];
	*out = (struct need){ .map = !o->map_known };
	if (held_back(s, want->object, is_urgent(want)))
		return false;
	return out->map || find_wanted(s, want, 0, o->head_chunks, out) ||
	       find_wanted(s, want, want->first, want->first + want->count, out);
}

/* The stream that brings it, or -1. While the map is on its way nothing else can be asked. */
static int brought_by(const struct schedule_view *v, size_t object, const struct need *need)
{
	for (size_t i = 0; i < v->stream_count; i++) {
		const struct schedule_stream *t = &v->streams[i];
		if (t->object != object)
			continue;
		if (t->map || (!need->map && need->first >= t->next && need->first < t->end &&
			       need->first - t->next <= NEAR_CHUNKS))
			return (int)i;
	}
	return -1;
}

static int unclaimed(const struct search *s, size_t object)
{
	int found = -1;
	for (size_t i = 0; i < s->v->stream_count; i++)
		if (!s->claimed[i] && !is_left(s, i) &&
		    (found < 0 || s->v->streams[i].object == object))
			found = (int)i;
	return found;
}

static bool owns(const struct search *s, uint32_t client)
{
	for (size_t i = 0; client && i < s->v->stream_count; i++)
		if ((s->claimed[i] || is_left(s, i)) && s->owner[i] == client)
			return true;
	return false;
}

/* One of several that a client has, while others wait. */
static bool is_extra(const struct search *s, size_t stream)
{
	const uint32_t owner = s->owner[stream];
	size_t count = 0;
	for (size_t i = 0; owner && i < s->v->stream_count; i++)
		count += (s->claimed[i] || is_left(s, i)) && s->owner[i] == owner;
	return count > 1;
}

/*
 * A pupil's stream that may be given to another pupil: one that its client has beside others; else the last one that had its turn. Who
 * has a stream while others wait can give up that one alone.
 */
static int had_its_turn(const struct search *s, uint32_t client)
{
	const bool own = s->clients > 1 && owns(s, client);
	int found = -1;
	for (size_t i = s->v->stream_count; i-- > 0;) {
		const struct schedule_stream *t = &s->v->streams[i];
		if (s->kept[i] || t->yields || t->map || (own && s->owner[i] != client))
			continue;
		if (!own && s->owner[i] != client && is_extra(s, i))
			return (int)i;
		if (found < 0 && t->brought >= SCHEDULE_SLICE_CHUNKS)
			found = (int)i;
	}
	return found;
}

static void set_pick(struct schedule_pick *out, size_t object, const struct need *need, int end)
{
	*out = (struct schedule_pick){
		.what = need->map ? SCHEDULE_MAP : SCHEDULE_RANGE,
		.object = object,
		.first = need->first,
		.count = need->count,
		.end_stream = end,
	};
}

static void count_client(struct search *s, uint32_t client)
{
	for (size_t i = 0; client && i < s->clients; i++)
		if (s->client[i] == client)
			return;
	if (s->clients < MOST_TOLD_APART)
		s->client[s->clients++] = client;
}

/* Readers near each other are brought what they want by one stream. */
static void count_place(struct search *s, size_t object, uint64_t first)
{
	for (size_t i = 0; i < s->places; i++) {
		const struct place *p = &s->place[i];
		const uint64_t apart = p->first > first ? p->first - first : first - p->first;
		if (p->object == object && apart <= NEAR_CHUNKS)
			return;
	}
	if (s->places < MOST_TOLD_APART)
		s->place[s->places++] = (struct place){ object, first };
}

static void claim(struct search *s)
{
	struct need need;
	for (size_t i = 0; i < s->v->stream_count; i++) {
		s->yielding += s->v->streams[i].yields;
		s->owner[i] = s->v->streams[i].client;
	}
	for (size_t i = 0; i < s->v->want_count; i++) {
		const struct schedule_want *want = &s->v->wants[i];
		if (!is_urgent(want) || !needs(s, want, &need))
			continue;
		s->busy = true;
		count_client(s, want->client);
		int stream = brought_by(s->v, want->object, &need);
		if (stream < 0) {
			count_place(s, want->object, need.map ? 0 : need.first);
			continue;
		}
		if (!s->claimed[stream]) {
			s->owner[stream] = want->client;
			s->claims++;
		}
		s->claimed[stream] = true;
	}
}

static bool own_yields(const struct search *s, uint32_t client)
{
	for (size_t i = 0; i < s->v->stream_count; i++)
		if (s->v->streams[i].yields && s->owner[i] == client)
			return true;
	return false;
}

/* Takes a stream from another reader: it finishes its chunk first. */
static bool take_turn(struct search *s, uint32_t client, struct schedule_pick *out)
{
	if (s->clients > 1 && owns(s, client)) {
		if (own_yields(s, client))
			return false;
	} else if (s->yielding) {
		s->yielding--; /* this one is the next */
		return false;
	}
	const int end = had_its_turn(s, client);
	if (end < 0)
		return false;
	*out = (struct schedule_pick){ .what = SCHEDULE_YIELD, .end_stream = end };
	return true;
}

/* Whether `want`, a pupil's, leads to a step. */
static bool serve_pupil(struct search *s, const struct schedule_want *want,
			struct schedule_pick *out)
{
	struct need need;
	if (!needs(s, want, &need))
		return false;
	int stream = brought_by(s->v, want->object, &need);
	if (stream >= 0) {
		s->kept[stream] = true;
		return false;
	}
	if (s->clients > 1 && owns(s, want->client))
		return take_turn(s, want->client, out);
	int end = unclaimed(s, want->object);
	if (end < 0 && s->v->stream_count >= s->v->most_streams)
		return take_turn(s, want->client, out);
	set_pick(out, want->object, &need, end);
	out->urgent = true;
	out->client = want->client;
	return true;
}

static int stream_of(const struct schedule_view *v, size_t object)
{
	for (size_t i = 0; i < v->stream_count; i++)
		if (v->streams[i].object == object)
			return (int)i;
	return -1;
}

/* Whether a stream that nobody waits for ends; where bytes are counted, what a pupil began and left is not counted. */
static bool is_over(const struct search *s, const struct schedule_stream *t)
{
	return s->busy || s->v->objects[t->object].held || s->v->closed ||
	       (s->v->limited && t->urgent);
}

/*
 * A pupil began it and left: what has come of its chunk, or is on its way, would be lost with it, and whoever asks and hangs up again and
 * again could spend the line on that.
 */
static bool let_finish(const struct search *s, struct schedule_pick *out)
{
	for (size_t i = 0; i < s->v->stream_count; i++) {
		const struct schedule_stream *t = &s->v->streams[i];
		if (s->claimed[i] || !t->urgent || t->yields || !is_over(s, t))
			continue;
		*out = (struct schedule_pick){ .what = SCHEDULE_YIELD, .end_stream = (int)i };
		return true;
	}
	return false;
}

/* A stream that nobody waits for and that is not to run now. */
static bool end_idle(const struct search *s, struct schedule_pick *out)
{
	for (size_t i = 0; i < s->v->stream_count; i++) {
		if (s->claimed[i] || is_left(s, i) || !is_over(s, &s->v->streams[i]))
			continue;
		*out = (struct schedule_pick){ .what = SCHEDULE_END, .end_stream = (int)i };
		return true;
	}
	return false;
}

static bool serve_background(struct search *s, const struct schedule_want *want,
			     struct schedule_pick *out)
{
	struct need need;
	if (s->v->objects[want->object].held || stream_of(s->v, want->object) >= 0 ||
	    !needs(s, want, &need))
		return false;
	set_pick(out, want->object, &need, -1);
	return true;
}

void schedule_next(const struct schedule_view *view, struct schedule_pick *out)
{
	struct search s = { .v = view };
	claim(&s);
	if (let_finish(&s, out))
		return;
	for (size_t i = 0; i < view->want_count; i++)
		if (is_urgent(&view->wants[i]) && serve_pupil(&s, &view->wants[i], out))
			return;
	if (end_idle(&s, out))
		return;
	const bool spent = view->closed || (view->limited && !view->background_chunks);
	const bool free = !s.busy && !spent && view->stream_count < view->most_streams;
	for (size_t i = 0; free && i < view->want_count; i++)
		if (!is_urgent(&view->wants[i]) && serve_background(&s, &view->wants[i], out))
			return;
	for (size_t i = 0; free && i < view->object_count; i++) {
		const struct schedule_want whole = { view->order ? view->order[i] : i, 0,
						     UINT64_MAX, SCHEDULE_BACKGROUND, 0 };
		if (serve_background(&s, &whole, out))
			return;
	}
	*out = (struct schedule_pick){ .what = SCHEDULE_NOTHING,
				       .end_stream = -1,
				       .wake_ms = s.wake_ms };
}
