// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/pupils.h"

#include <errno.h>
#include <limits.h>

#include "cache/pass.h"
#include "content/contentd.h"
#include "content/kitchen/passing.h"
#include "content/fetch/planning.h"
#include "content/fetch/reread.h"
#include "content/kitchen/version.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"

static int readable_from(struct store_object *o, const struct want_msg *want)
{
	if (want->first >= objmap_chunk_count(store_object_size(o)))
		return -ERANGE;
	store_object_look(o, want->first, want->count);
	const uint64_t run = store_object_run(o, want->first),
		       count = run < want->count ? run : want->count;
	return (int)(count < INT_MAX ? count : INT_MAX);
}

static int look_at_object(struct contentd *c, const struct want_msg *want)
{
	size_t index = library_find_object(c->library, &want->id);
	if (index == LIBRARY_NONE)
		return -ENOENT;
	struct library_object *o = &c->library->objects[index];
	if (want->first >= objmap_chunk_count(o->size))
		return -ERANGE;
	/* Who asks for what is whole found its bitmap, or a part of it, damaged. */
	if (o->complete)
		library_look_again(c->library, o);
	if (o->complete)
		return (int)(want->count < INT_MAX ? want->count : INT_MAX);
	if (o->passing)
		return (int)passing_run(o->passing, want->first,
					want->count < 1024 ? want->count : 1024);
	return o->open ? readable_from(o->open, want) : 0;
}

static int look_at_segment(struct contentd *c, const struct want_msg *want)
{
	size_t lesson;
	unsigned slot;
	if (!library_find_slot(c->library, want->rendition, &lesson, &slot))
		return -ENOENT;
	struct library_lesson *it = &c->library->lessons[lesson];
	version_watched(it, clock_mono_ms());
	if (want->first > it->segments)
		return -ENOENT;
	if (it->lost[want->first] & 1u << slot)
		return -ENODATA;
	if (!(it->made[want->first] & 1u << slot)) {
		const struct pass_key key = { .rendition = want->rendition, .number = want->first };
		return pass_has(c->pass, &key, NULL);
	}
	/* Opening mends a slot that the worker found damaged; or it is found that the bytes are gone. */
	struct store_rendition *r = NULL;
	const bool there = library_open_rung(c->library, lesson, slot, &r, NULL) == 0 &&
			   store_rendition_has(r, (uint32_t)want->first);
	store_rendition_close(r);
	if (there)
		return 1;
	library_recheck_rung(c->library, lesson, slot, NULL);
	publish_names_soon(c);
	return 0;
}

/* What no catalogue names: files that people added. Opening mends a bitmap that the worker found damaged. */
static int look_at_other(struct contentd *c, const struct want_msg *want)
{
	struct store_object *o = NULL;
	if (store_object_find(c->store, &want->id, &o, NULL))
		return -ENOENT;
	int here = readable_from(o, want);
	store_object_close(o);
	return here > 0 ? here : -ENODATA;
}

static void tell(void *data, const char *kind, const char *subject, const char *layer,
		 const char *sentence)
{
	contentd_tell(data, kind, subject, layer, sentence);
}

int pupils_look(void *data, const struct want_msg *want)
{
	struct contentd *c = data;
	if (want->error)
		reread(c->store, want, &(struct report){ tell, c });
	if (want->kind == WANT_OBJECT) {
		bool named =
			c->library && library_find_object(c->library, &want->id) != LIBRARY_NONE;
		return named ? look_at_object(c, want) : look_at_other(c, want);
	}
	return c->library ? look_at_segment(c, want) : -ENOENT;
}

static void note_use(struct contentd *c, const struct want_tally *tally)
{
	enum kitchen_rung rung;
	const size_t lesson = library_find_lesson(c->library, tally->lesson);
	if (lesson == LIBRARY_NONE || kitchen_rung_parse(tally->rung, &rung))
		return;
	keeper_used(c->keeper, lesson, rung);
	version_watched(&c->library->lessons[lesson], clock_mono_ms());
}

uint64_t pupils_count(void *data, uint64_t instance, const struct want_tally *tallies, size_t count)
{
	struct contentd *c = data;
	struct fault why = { 0 };
	uint64_t through = 0;
	if (book_tally(c->book, instance, tallies, count, &through, &why)) {
		log_fault(LOG_LEVEL_WARN, "usage.not_kept", &why);
		return 0; /* the worker keeps them and sends them again */
	}
	planning_used(c->planning);
	for (size_t i = 0; c->library && i < count; i++)
		note_use(c, &tallies[i]);
	return through;
}
