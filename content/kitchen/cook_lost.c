// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "content/kitchen/cook_private.h"
#include "content/kitchen/version.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"

/* Segments that cannot be made. */
#define SOUND (1u << RUNG_AUDIO)

CLEAN_FN(rendition, struct store_rendition, store_rendition_close)

/* A slot counts as made, so that nobody tries again. */
static void take_place(struct library_lesson *it, uint32_t segment, unsigned slot)
{
	it->made[segment] |= 1u << slot;
	it->lost[segment] |= 1u << slot;
}

static void lose(struct job *j, unsigned slot)
{
	struct cook *c = j->of;
	struct library_lesson *it = cook_lesson_of(j);
	CLEANUP(clean_rendition) struct store_rendition *r = NULL;
	take_place(it, j->segment, slot);
	c->counts.given_up++;
	if (library_open_rung(c->library, j->lesson, slot, &r, NULL) == 0)
		store_rendition_fail(r, j->segment, NULL);
	c->calls.segment_lost(c->calls.data, it->rungs[slot].number, j->segment);
}

static void say(const struct job *j, const char *what, const struct fault *why, const char *then)
{
	const char *id = cook_lesson_of(j)->item->id;
	char text[700];
	snprintf(text, sizeof(text), "segment %u of lesson '%s' cannot be %s: %s; %s", j->segment,
		 id, what, why->text, then);
	cook_tell(j->of, "segment.lost", id, "kitchen", text);
}

static void give_up(struct job *j, uint32_t slots, enum setback_part part, const struct fault *why)
{
	for (unsigned slot = 0; slot < LIBRARY_SLOTS; slot++)
		if (slots & 1u << slot)
			lose(j, slot);
	/* Of a better version that cannot be whole nothing more is made. */
	version_settle(cook_lesson_of(j));
	if (j->point == POINT_IDLE) {
		setback_forget(&j->of->setbacks, j->lesson, j->segment, part);
		say(j, "made any better", why, "it stays as it is");
	} else {
		say(j, "made", why, "the rest of the lesson goes on");
	}
}

static uint32_t rungs_of(uint32_t slots)
{
	return (slots | slots >> RUNG_COUNT) & ((1u << RUNG_COUNT) - 1);
}

/* What memory, disk or a busy box did passes: nothing is made black for that. */
static bool is_films(int code)
{
	return code == -ECHILD || code == -EBADMSG || code == -ENODATA || code == -EINVAL ||
	       code == -EILSEQ;
}

static void fail_part(struct job *j, uint32_t slots, enum setback_part part,
		      const struct fault *why)
{
	struct cook *c = j->of;
	const struct library_lesson *it = cook_lesson_of(j);
	struct setback which = {
		.lesson = j->lesson, .segment = j->segment, .part = part, .rungs = rungs_of(slots)
	};
	memcpy(which.generation, it->generation, sizeof(which.generation));
	const bool blank =
		it->item->plan.has_foreign && j->point == POINT_NOW && is_films(why->code);
	if (!slots)
		return;
	switch (setback_add(&c->setbacks, &which, blank, clock_mono_ms())) {
	case SETBACK_AGAIN:
		break;
	case SETBACK_BLANK:
		say(j, "read", why, "pupils see black there, or hear nothing");
		c->calls.segment_blank(c->calls.data, j->lesson, j->segment);
		break;
	case SETBACK_NEVER:
		give_up(j, slots, part, why);
		break;
	}
}

void cook_failed(struct job *j, uint32_t slots, const struct fault *why)
{
	j->of->counts.failures++;
	fail_part(j, slots & ~SOUND, SETBACK_PICTURES, why);
	fail_part(j, slots & SOUND, SETBACK_SOUND, why);
}

void cook_went_well(struct job *j, uint32_t slots)
{
	struct setbacks *s = &j->of->setbacks;
	if (slots & ~SOUND)
		setback_forget(s, j->lesson, j->segment, SETBACK_PICTURES);
	if (slots & SOUND)
		setback_forget(s, j->lesson, j->segment, SETBACK_SOUND);
}

uint32_t cook_apart(struct cook *c, size_t lesson, const struct jobs_pick *pick)
{
	const bool failed = setback_find(&c->setbacks, lesson, pick->segment, SETBACK_PICTURES) ||
			    setback_find(&c->setbacks, lesson, pick->segment, SETBACK_SOUND);
	return failed && pick->rungs & SOUND ? SOUND : pick->rungs;
}

bool cook_blank(const struct job *j)
{
	const enum setback_part part = j->rungs == SOUND ? SETBACK_SOUND : SETBACK_PICTURES;
	const struct setback *b = setback_find(&j->of->setbacks, j->lesson, j->segment, part);
	return b && b->tries >= SETBACK_TRIES && j->point == POINT_NOW &&
	       cook_lesson_of(j)->item->plan.has_foreign;
}

bool cook_preview_again(struct cook *c, size_t lesson)
{
	struct setback which = { .lesson = lesson, .part = SETBACK_PICTURES };
	memcpy(which.generation, c->library->lessons[lesson].generation, sizeof(which.generation));
	return setback_add(&c->setbacks, &which, false, clock_mono_ms()) != SETBACK_NEVER;
}

/* --- another library --------------------------------------------------------------------------------- */

static size_t where(const void *data, const char *generation)
{
	const struct library *l = data;
	for (size_t i = 0; i < l->lesson_count; i++)
		if (l->lessons[i].playable && strcmp(l->lessons[i].generation, generation) == 0)
			return i;
	return SIZE_MAX;
}

static void give_up_again(struct library *l, const struct setback *b)
{
	struct library_lesson *it = &l->lessons[b->lesson];
	if (!b->segment)
		it->sight.tried_out = true;
	else if (b->segment <= it->segments)
		for (unsigned rung = 0; rung < RUNG_COUNT; rung++)
			if (b->rungs & it->ladder & 1u << rung && !(it->slow & 1u << rung) &&
			    !(it->made[b->segment] & 1u << rung))
				take_place(it, b->segment, rung);
}

void cook_remember(struct cook *c)
{
	if (!c->library)
		return;
	setback_move(&c->setbacks, where, c->library, clock_mono_ms());
	for (size_t i = 0; i < c->setbacks.count; i++)
		if (c->setbacks.all[i].given_up)
			give_up_again(c->library, &c->setbacks.all[i]);
}
