// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "content/catalogue/library_sight.h"
#include "content/kitchen/cook_private.h"
#include "content/kitchen/passing_lesson.h"
#include "content/report.h"
#include "content/shelf/sprites.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"

#define NO_ROOM_WAIT_MS 30000u
#define TELL_AGAIN_MS 3600000u /* told again only after an hour without it */
#define ROOM_FOR_PAGES 8192u   /* a segment begins on a page */

CLEAN_FN(rendition, struct store_rendition, store_rendition_close)

void cook_tell(const struct cook *c, const char *kind, const char *subject, const char *layer,
	       const char *sentence)
{
	c->report.tell(c->report.data, kind, subject, layer, sentence);
}

struct library_lesson *cook_lesson_of(const struct job *j)
{
	return &j->of->library->lessons[j->lesson];
}

unsigned cook_slot(const struct job *j, enum kitchen_rung rung)
{
	return cook_lesson_of(j)->rungs[rung].point == j->point ? rung : rung + RUNG_COUNT;
}

uint32_t cook_slots(const struct job *j)
{
	uint32_t slots = 0;
	for (unsigned rung = 0; rung < RUNG_COUNT; rung++)
		if (j->rungs & 1u << rung)
			slots |= 1u << cook_slot(j, (enum kitchen_rung)rung);
	return slots;
}

/* What nobody waits for rests. */
static void rest(struct cook *c, const struct fault *why)
{
	const bool soon = why->code == -EAGAIN; /* what made room is still on its way out */
	c->idle_not_before_ms = clock_mono_ms() + (soon ? COOK_FIRST_WAIT_MS : NO_ROOM_WAIT_MS);
	if (soon)
		return;
	if (clock_mono_ms() >= c->full_told_ms)
		cook_tell(c, why->code == -ENOSPC ? "store.full" : "store.write", "kitchen",
			  report_layer(why), why->text);
	c->full_told_ms = clock_mono_ms() + TELL_AGAIN_MS;
}

static void no_room(const struct job *j, const struct fault *why)
{
	if (j->priority < 9)
		j->of->not_before_ms = clock_mono_ms() + COOK_FIRST_WAIT_MS;
	rest(j->of, why);
}

static uint32_t duration_ms(const struct job *j, const struct kitchen_dish *dish)
{
	const wasl_Plan *plan = &cook_lesson_of(j)->item->plan;
	uint64_t us = dish->segment ? kitchen_segment_us(plan, dish->rung, dish->segment) : 0;
	return (uint32_t)((us + 500) / 1000);
}

static int try_dish(struct job *j, const struct kitchen_dish *dish, struct fault *why)
{
	struct cook *c = j->of;
	struct library_lesson *it = cook_lesson_of(j);
	CLEANUP(clean_rendition) struct store_rendition *to = NULL;
	const unsigned slot = cook_slot(j, dish->rung);
	int r = library_open_rung(c->library, j->lesson, slot, &to, why);
	if (r == 0)
		r = store_rendition_put(to, dish->segment, duration_ms(j, dish), dish->bytes,
					dish->len, why);
	if (r)
		return r;
	it->made[dish->segment] |= 1u << slot;
	c->calls.segment_here(c->calls.data, it->rungs[slot].number, dish->segment);
	return 0;
}

static int put_dish(struct job *j, const struct kitchen_dish *dish, struct fault *why)
{
	const struct cook_calls *calls = &j->of->calls;
	int r = try_dish(j, dish, why);
	/* Nothing goes to make room for what is only better than what is there. */
	const bool extra = j->priority == 9 && j->point == POINT_IDLE;
	if (r == -ENOSPC && !extra &&
	    !(r = calls->room(calls->data, j->lesson, dish->rung, dish->len + ROOM_FOR_PAGES, why)))
		r = try_dish(j, dish, why);
	return r;
}

/* On a full disk it goes through memory to whoever waits: false when it cannot. */
static bool pass_dish(struct job *j, const struct kitchen_dish *dish, const struct fault *why)
{
	struct cook *c = j->of;
	const struct library_lesson *it = cook_lesson_of(j);
	const unsigned slot = cook_slot(j, dish->rung);
	if ((j->refused != -ENOSPC && j->refused != -EAGAIN) ||
	    passing_lesson_put(c->pass, it, slot, dish, duration_ms(j, dish)))
		return false;
	rest(c, why);
	j->refused = 0;
	j->passed |= dish->segment ? 1u << slot : 0;
	c->calls.segment_here(c->calls.data, it->rungs[slot].number, dish->segment);
	return true;
}

void cook_made(void *data, const struct kitchen_dish *dish)
{
	struct job *j = data;
	struct fault why = { 0 };
	bool asked = (j->rungs & 1u << dish->rung) &&
		     (dish->segment == j->segment || dish->segment == 0);
	if (!asked || j->refused)
		return;
	j->refused = put_dish(j, dish, &why);
	if (j->refused && !pass_dish(j, dish, &why))
		no_room(j, &why);
	else
		j->of->counts.segments += dish->segment != 0;
}

void cook_preview_made(void *data, const struct kitchen_dish *dish)
{
	struct cook_preview *p = data;
	struct cook *c = p->data;
	AUTO_FREE struct sprites *found = malloc(sizeof(*found));
	struct fault why = { 0 };
	/* Of one that cannot be read the end tells: there is none. */
	if (!found || sprites_read(dish->bytes, dish->len, found))
		return;
	c->preview_refused = library_sight_put(c->library, p->lesson, found, &why);
	if (c->preview_refused)
		rest(c, &why);
	else
		c->counts.previews++;
}
