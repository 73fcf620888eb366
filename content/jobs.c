// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/jobs.h"

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

/* Takes those of `rungs` that are still to be made of this segment, if it can be made now. */
static bool take(struct search *s, size_t lesson, uint32_t segment, uint32_t rungs,
		 unsigned priority, struct jobs_pick *out)
{
	const struct jobs_lesson *l = &s->v->lessons[lesson];
	if (segment == 0 || segment > l->segments)
		return false;
	rungs &= l->ladder & ~l->made[segment] & ~l->cooking[segment];
	if (priority == 9)
		rungs &= ~*l->held;
	if (rungs && l->passed)
		rungs &= ~l->passed(l->data, segment);
	if (!rungs || held(s, lesson, segment) || !l->readable(l->data, segment))
		return false;
	*out = (struct jobs_pick){
		.found = true,
		.lesson = lesson,
		.segment = segment,
		.rungs = rungs,
		.with_init = (rungs & ~l->made[0]) != 0,
		.priority = priority,
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
		if (take(s, w->lesson, segment, wanted_rungs(s->v, w), ahead ? 1 : 0, out))
			return true;
	}
	return false;
}

static bool sweep(struct search *s, uint32_t rungs, struct jobs_pick *out)
{
	for (size_t i = 0; i < s->v->lesson_count; i++)
		for (uint32_t n = 1; n <= s->v->lessons[i].segments; n++)
			if (take(s, i, n, rungs, 9, out))
				return true;
	return false;
}

void jobs_next(const struct jobs_view *view, struct jobs_pick *out)
{
	struct search s = { .v = view };
	for (uint32_t ahead = 0; ahead <= JOBS_AHEAD; ahead++)
		if (serve_wants(&s, ahead, out))
			return;
	for (size_t i = 0; i < view->lesson_count && !view->wants_only; i++)
		if (take(&s, i, 1, UINT32_MAX, 9, out))
			return;
	if (!view->wants_only && (sweep(&s, view->basic, out) || sweep(&s, UINT32_MAX, out)))
		return;
	*out = (struct jobs_pick){ .wake_ms = s.wake_ms };
}
