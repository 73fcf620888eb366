// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "content/contentd.h"
#include "content/fetch/planning.h"
#include "firmware/base/clean.h"

#define MS_A_DISH 2000u /* before one was made */

static uint64_t cook_s(const struct contentd *c, const struct library_progress *at)
{
	const unsigned ms = cook_count(c->cook).ms_a_dish;
	return (uint64_t)(at->total - at->done) * (ms ? ms : MS_A_DISH) / 1000 /
	       (c->workers ? c->workers : 1);
}

static uint64_t missing_of(const struct library_object *o)
{
	return o->complete || o->held || o->absent ? 0 : o->size - library_have_bytes(o);
}

struct outlook { /* lessons in the order in which their films come */
	struct planner_work *work;
	size_t *lesson, *owner; /* owner: of a film */
	bool *listed;
	size_t count;
	uint64_t before_bytes;
};

static void list_lesson(struct outlook *o, const struct contentd *c,
			const struct library_progress *at, size_t lesson)
{
	const struct library_lesson *it = &c->library->lessons[lesson];
	const struct library_object *film = &c->library->objects[it->mezzanine];
	if (o->listed[lesson])
		return;
	o->listed[lesson] = true;
	o->lesson[o->count] = lesson;
	o->work[o->count++] = (struct planner_work){
		.bytes = film->complete ? 0 : film->size - library_have_bytes(film),
		.before_bytes = o->before_bytes,
		.cook_s = cook_s(c, at),
		.due_day = it->due_day,
		.here = at->complete,
		.no_room = film->held && !film->complete,
	};
	o->before_bytes = 0;
}

static void list_all(struct outlook *o, const struct contentd *c,
		     const struct library_progress *progress)
{
	const struct library *l = c->library;
	for (size_t i = 0; i < l->object_count; i++)
		o->owner[i] = LIBRARY_NONE;
	for (size_t i = l->lesson_count; i-- > 0;)
		if (l->lessons[i].playable)
			o->owner[l->lessons[i].mezzanine] = i;
	for (size_t i = 0; i < l->object_count; i++) {
		const size_t object = l->fetch_order[i], lesson = o->owner[object];
		if (lesson == LIBRARY_NONE)
			o->before_bytes += missing_of(&l->objects[object]);
		else
			list_lesson(o, c, &progress[lesson], lesson);
	}
	/* Two lessons of one film. */
	for (size_t i = 0; i < l->lesson_count; i++)
		if (l->lessons[i].playable)
			list_lesson(o, c, &progress[i], i);
}

int planning_promises(const struct contentd *c, const struct library_progress *progress,
		      struct planner_promise *out, struct promise_sum *sum)
{
	const struct library *l = c->library;
	struct planner_now now;
	planning_now(c->planning, &now);
	*sum = (struct promise_sum){ .gate = planner_gate(&now),
				     .spent_bytes = now.ledger.night,
				     .today = planning_today(&now) };
	if (!l)
		return 0;
	AUTO_FREE struct planner_work *work = calloc(l->lesson_count + 1, sizeof(*work));
	AUTO_FREE struct planner_promise *promises = calloc(l->lesson_count + 1, sizeof(*promises));
	AUTO_FREE size_t *lesson = calloc(l->lesson_count + 1, sizeof(*lesson));
	AUTO_FREE size_t *owner = calloc(l->object_count + 1, sizeof(*owner));
	AUTO_FREE bool *listed = calloc(l->lesson_count + 1, sizeof(*listed));
	struct outlook o = { .work = work, .lesson = lesson, .owner = owner, .listed = listed };
	if (!work || !promises || !lesson || !owner || !listed)
		return -ENOMEM;
	list_all(&o, c, progress);
	planner_promise(&now, work, o.count, promises);
	for (size_t i = 0; i < o.count; i++) {
		out[lesson[i]] = promises[i];
		promise_add(sum, &promises[i]);
	}
	return 0;
}
