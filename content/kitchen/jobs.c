// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/jobs.h"

#include <stdlib.h>

#include "firmware/base/clean.h"

struct search {
	const struct jobs_view *v;
	uint64_t wake_ms;
};

static bool held(struct search *s, size_t lesson, uint32_t segment)
{
	for (size_t i = 0; i < s->v->block_count; i++) {
		const struct jobs_block *b = &s->v->blocks[i];
		if (b->lesson != lesson || b->segment != segment || b->until_ms <= s->v->now_ms)
			continue;
		if (s->wake_ms == 0 || b->until_ms < s->wake_ms)
			s->wake_ms = b->until_ms;
		return true;
	}
	return false;
}

enum stage { WANTED, IDLE, BETTER };

static uint32_t mask_of(const uint32_t *mask)
{
	return mask ? *mask : 0;
}

/* What of a lesson is made at this stage at all. */
static uint32_t possible(const struct jobs_lesson *l, enum stage stage)
{
	switch (stage) {
	case WANTED:
		return l->ladder | mask_of(l->spare);
	case IDLE:
		return l->ladder & ~mask_of(l->held);
	case BETTER:
		return mask_of(l->to_better) & ~mask_of(l->held);
	}
	return 0;
}

/* Takes those of `rungs` that are still to be made of this segment, if it can be made now. */
static bool take(struct search *s, size_t lesson, uint32_t segment, uint32_t rungs,
		 enum stage stage, struct jobs_pick *out)
{
	const struct jobs_lesson *l = &s->v->lessons[lesson];
	if (segment == 0 || segment > l->segments)
		return false;
	rungs &= possible(l, stage) & ~l->made[segment] & ~l->cooking[segment];
	/* For nobody, only what the disk has room for again: that is made for the disk. */
	if (rungs && l->passed && stage == WANTED)
		rungs &= ~l->passed(l->data, segment);
	if (rungs & ~mask_of(l->slow)) /* two points, two jobs: the quick one first */
		rungs &= ~mask_of(l->slow);
	if (stage == WANTED && s->v->apart && rungs & ~s->v->sound)
		rungs &= ~s->v->sound;
	if (!rungs || held(s, lesson, segment) || !l->readable(l->data, segment))
		return false;
	*out = (struct jobs_pick){
		.found = true,
		.lesson = lesson,
		.segment = segment,
		.rungs = rungs,
		.with_init = (rungs & ~l->made[0]) != 0,
		.priority = 9,
	};
	return true;
}

/* Several pupils on different rungs of one segment share its decode. */
static uint32_t wanted_rungs(const struct jobs_view *v, const struct jobs_want *want)
{
	uint32_t rungs = want->rungs;
	for (size_t i = 0; i < v->want_count; i++)
		if (v->wants[i].lesson == want->lesson && v->wants[i].segment == want->segment)
			rungs |= v->wants[i].rungs;
	return rungs | v->sound;
}

static bool serve_wants(struct search *s, uint32_t ahead, struct jobs_pick *out)
{
	for (size_t i = 0; i < s->v->want_count; i++) {
		const struct jobs_want *w = &s->v->wants[i];
		uint32_t segment = (w->segment ? w->segment : 1) + ahead;
		if (!take(s, w->lesson, segment, wanted_rungs(s->v, w), WANTED, out))
			continue;
		out->priority = ahead ? 1 : 0;
		return true;
	}
	return false;
}

static bool sweep(struct search *s, uint32_t rungs, enum stage stage, struct jobs_pick *out)
{
	for (size_t i = 0; i < s->v->lesson_count; i++) {
		const struct jobs_lesson *l = &s->v->lessons[i];
		if (!(rungs & possible(l, stage)))
			continue;
		for (uint32_t n = 1; n <= l->segments; n++)
			if (take(s, i, n, rungs, stage, out))
				return true;
	}
	return false;
}

static bool preview(struct search *s, struct jobs_pick *out)
{
	for (size_t i = 0; s->v->previews && i < s->v->lesson_count; i++) {
		const struct jobs_lesson *l = &s->v->lessons[i];
		if (!l->lacks_preview || !l->lacks_preview(l->data) || held(s, i, 0))
			continue;
		*out = (struct jobs_pick){ .found = true, .lesson = i, .priority = 9 };
		return true;
	}
	return false;
}

static bool in_advance(struct search *s, struct jobs_pick *out)
{
	/* The first minute of everything: then it all plays. */
	for (size_t i = 0; i < s->v->lesson_count; i++)
		if (take(s, i, 1, UINT32_MAX, IDLE, out))
			return true;
	if (sweep(s, s->v->basic, IDLE, out) || preview(s, out) || sweep(s, UINT32_MAX, IDLE, out))
		return true;
	return s->v->better &&
	       (sweep(s, s->v->better_basic, BETTER, out) || sweep(s, UINT32_MAX, BETTER, out));
}

void jobs_next(const struct jobs_view *view, struct jobs_pick *out)
{
	struct search s = { .v = view };
	for (uint32_t ahead = 0; ahead <= JOBS_AHEAD; ahead++)
		if (serve_wants(&s, ahead, out))
			return;
	if (!view->wants_only && in_advance(&s, out))
		return;
	*out = (struct jobs_pick){ .wake_ms = s.wake_ms };
}

/* --- what gives way -------------------------------------------------------------------------------- */

enum need { NEED_NOW, NEED_SOON, NEED_NONE };

static enum need need_of(const struct jobs_view *v, const struct jobs_running *r)
{
	enum need need = NEED_NONE;
	for (size_t i = 0; i < v->want_count; i++) {
		const struct jobs_want *w = &v->wants[i];
		const uint32_t segment = w->segment ? w->segment : 1;
		if (w->lesson != r->lesson || !(r->rungs & (w->rungs | v->sound)) ||
		    r->segment < segment || r->segment > segment + JOBS_AHEAD)
			continue;
		if (r->segment == segment)
			return NEED_NOW;
		need = NEED_SOON;
	}
	return need;
}

size_t jobs_gives_way(const struct jobs_view *view, const struct jobs_running *running,
		      size_t count, const struct jobs_pick *pick)
{
	const enum need asks = pick->priority == 0   ? NEED_NOW
			       : pick->priority == 1 ? NEED_SOON
						     : NEED_NONE;
	enum need least = asks;
	size_t who = count;
	for (size_t i = 0; i < count; i++) {
		const enum need need = need_of(view, &running[i]);
		if (need <= asks || need < least)
			continue;
		if (who < count && need == least && running[i].since_ms < running[who].since_ms)
			continue;
		least = need;
		who = i;
	}
	return who;
}

/* --- the order of lessons ------------------------------------------------------------------------- */

enum turn { TURN_DUE, TURN_WAS_DUE, TURN_ANY };

struct turned {
	struct jobs_rank rank;
	enum turn turn;
	size_t place; /* where all else is the same, it stays */
};

static enum turn turn_of(const struct jobs_rank *r, int64_t today)
{
	if (!r->due_day)
		return TURN_ANY;
	return r->due_day >= today ? TURN_DUE : TURN_WAS_DUE;
}

static int compare(const void *a, const void *b)
{
	const struct turned *x = a, *y = b;
	if (x->turn != y->turn)
		return x->turn < y->turn ? -1 : 1;
	if (x->rank.due_day != y->rank.due_day)
		return (x->rank.due_day < y->rank.due_day) == (x->turn == TURN_DUE) ? -1 : 1;
	if (x->rank.work != y->rank.work)
		return x->rank.work < y->rank.work ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

void jobs_sort(struct jobs_rank *ranks, size_t count, int64_t today)
{
	AUTO_FREE struct turned *all = calloc(count + 1, sizeof(*all));
	if (!all)
		return; /* in the order in which they came */
	for (size_t i = 0; i < count; i++)
		all[i] = (struct turned){ ranks[i], turn_of(&ranks[i], today), i };
	qsort(all, count, sizeof(*all), compare);
	for (size_t i = 0; i < count; i++)
		ranks[i] = all[i].rank;
}
