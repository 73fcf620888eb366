// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "content/catalogue/library_sight.h"
#include "content/kitchen/cook_private.h"
#include "content/kitchen/passing_lesson.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"

/* What content/kitchen/jobs.h sees of library and wants. */
#define BASIC (1u << RUNG_240P | 1u << RUNG_AUDIO)

static bool readable(const void *data, uint32_t segment)
{
	const struct seen *s = data;
	return library_readable(s->library, s->lesson, segment);
}

/* Rungs that are in memory: on a full disk what is there is not made again while the next is. */
static uint32_t passed(const void *data, uint32_t segment)
{
	const struct seen *s = data;
	return passing_lesson_here(s->pass, &s->library->lessons[s->lesson], segment);
}

static bool lacks_preview(const void *data)
{
	const struct seen *s = data;
	return library_sight_lacks(&s->library->lessons[s->lesson]);
}

static bool want_more(struct cook *c, size_t count)
{
	if (count <= c->wanted_room)
		return true;
	struct jobs_want *more = reallocarray(c->wanted, count * 2, sizeof(*more));
	if (!more)
		return false;
	c->wanted = more;
	c->wanted_room = count * 2;
	return true;
}

size_t cook_see_wants(struct cook *c)
{
	const struct want_msg *const *list;
	size_t listed = wants_list(c->wants, &list), count = 0;
	if (!want_more(c, listed))
		return 0;
	for (size_t i = 0; i < listed; i++) {
		size_t lesson;
		unsigned slot;
		if (list[i]->kind != WANT_SEGMENT ||
		    !library_find_slot(c->library, list[i]->rendition, &lesson, &slot))
			continue;
		c->wanted[count++] = (struct jobs_want){ c->place[lesson], (uint32_t)list[i]->first,
							 1u << slot };
	}
	return count;
}

/* Places that nobody has, or somebody who gives way. */
static unsigned idle_places(const struct cook *c)
{
	unsigned count = 0;
	for (size_t i = 0; i < c->workers; i++)
		count += !c->jobs[i].kitchen || c->jobs[i].priority > 0;
	return count;
}

struct jobs_pick cook_look(struct cook *c, uint64_t now)
{
	struct jobs_block blocks[SETBACKS_MOST];
	size_t held = 0;
	for (size_t i = 0; i < c->setbacks.count; i++) {
		const struct setback *b = &c->setbacks.all[i];
		if (!b->given_up) /* then its place is taken */
			blocks[held++] =
				(struct jobs_block){ c->place[b->lesson], b->segment, b->until_ms };
	}
	size_t wanted = cook_see_wants(c); /* may move c->wanted */
	const struct jobs_view view = {
		.lessons = c->lessons,
		.lesson_count = c->library->lesson_count,
		.want_count = wanted,
		.wants = c->wanted,
		.blocks = blocks,
		.block_count = held,
		.basic = BASIC,
		.sound = 1u << RUNG_AUDIO,
		.wants_only = c->idle_not_before_ms > now || c->pace <= COOK_ENDS,
		.previews = c->pace >= COOK_SHOWS && !c->preview.library,
		.better = c->pace == COOK_BETTERS,
		.apart = idle_places(c) > 1,
		.better_basic = 1u << (RUNG_240P + RUNG_COUNT),
		.now_ms = now,
	};
	struct jobs_pick pick;
	jobs_next(&view, &pick);
	return pick;
}

/* The nearest day on which a programme or a person needs each lesson. */
static void put_days(const struct library *l, struct jobs_rank *ranks, int64_t today)
{
	const wasl_Catalogue *c = l->catalogue;
	for (size_t i = 0; i < l->lesson_count; i++)
		ranks[i].due_day = l->lessons[i].asked_day;
	for (size_t i = 0; i < c->programmes_count; i++) {
		const wasl_Programme *p = &c->programmes[i];
		const int64_t day = p->needed_by_day;
		for (size_t k = 0; day && k < p->item_ids_count; k++) {
			const size_t lesson = library_find_lesson(l, p->item_ids[k]);
			if (lesson == LIBRARY_NONE)
				continue;
			int64_t *due = &ranks[lesson].due_day;
			if (!*due || (day >= today && (*due < today || day < *due)))
				*due = day;
		}
	}
}

static void put_in_order(struct cook *c, const struct library *l)
{
	AUTO_FREE struct jobs_rank *ranks = calloc(l->lesson_count + 1, sizeof(*ranks));
	c->ordered_day = clock_day(clock_wall_s());
	for (size_t i = 0; i < l->lesson_count; i++)
		c->order[i] = l->order[i];
	if (!ranks)
		return; /* as they are fetched */
	for (size_t i = 0; i < l->lesson_count; i++)
		ranks[i] =
			(struct jobs_rank){ .lesson = i, .work = l->lessons[i].item->duration_ms };
	put_days(l, ranks, c->ordered_day);
	jobs_sort(ranks, l->lesson_count, c->ordered_day);
	for (size_t i = 0; i < l->lesson_count; i++)
		c->order[i] = ranks[i].lesson;
}

void cook_view_free(struct cook *c)
{
	free(c->lessons);
	free(c->order);
	free(c->place);
	free(c->seen);
	c->lessons = NULL;
	c->order = NULL;
	c->place = NULL;
	c->seen = NULL;
}

bool cook_view_make(struct cook *c, const struct library *l)
{
	cook_view_free(c);
	c->lessons = calloc(l->lesson_count + 1, sizeof(*c->lessons));
	c->order = calloc(l->lesson_count + 1, sizeof(*c->order));
	c->place = calloc(l->lesson_count + 1, sizeof(*c->place));
	c->seen = calloc(l->lesson_count + 1, sizeof(*c->seen));
	if (!c->lessons || !c->order || !c->place || !c->seen)
		return false;
	put_in_order(c, l);
	for (size_t i = 0; i < l->lesson_count; i++) {
		const struct library_lesson *it = &l->lessons[c->order[i]];
		c->place[c->order[i]] = i;
		c->seen[i] = (struct seen){ l, c->pass, c->order[i] };
		c->lessons[i] = (struct jobs_lesson){ .segments = it->segments,
						      .ladder = it->ladder,
						      .made = it->made,
						      .cooking = it->cooking,
						      .held = &it->held,
						      .readable = readable,
						      .passed = passed,
						      .lacks_preview = lacks_preview,
						      .slow = &it->slow,
						      .spare = &it->spare,
						      .to_better = &it->to_better,
						      .data = &c->seen[i] };
	}
	return true;
}
