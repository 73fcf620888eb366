// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/keeper/keeper_priv.h"
#include "firmware/base/clock.h"

/* What speaks for a thing: who pinned it, which programme names it and when it is needed. */

bool keeper_protected(const struct keeper_facts *f)
{
	return f->pinned || f->programme || f->due_s;
}

/* The stronger of both; of two days the one that is nearer, past ones last. */
static void join(struct keeper_facts *to, const struct keeper_facts *more)
{
	const int64_t today = (int64_t)clock_day(clock_wall_s()) * 86400;
	to->pinned |= more->pinned;
	to->programme |= more->programme;
	if (more->due_s && (!to->due_s || (more->due_s >= today &&
					   (to->due_s < today || more->due_s < to->due_s))))
		to->due_s = more->due_s;
}

static void each_object_of(struct keeper *k, size_t lesson,
			   void (*each)(struct keeper *k, size_t object, size_t lesson))
{
	const struct library_lesson *it = &k->library->lessons[lesson];
	const size_t single[] = { it->mezzanine, it->poster };
	for (size_t i = 0; i < 2; i++)
		if (single[i] != LIBRARY_NONE)
			each(k, single[i], lesson);
	for (size_t i = 0; i < it->item->captions_count; i++)
		each(k, it->captions[i], lesson);
	for (size_t i = 0; i < it->item->attachments_count; i++)
		each(k, it->files[i], lesson);
}

static void inherit(struct keeper *k, size_t object, size_t lesson)
{
	join(&k->objects[object], &k->lessons[lesson]);
	if (k->owner[object] == LIBRARY_NONE)
		k->owner[object] = lesson;
}

static int read_pin(void *data, const char *what, int64_t added_s)
{
	struct keeper *k = data;
	struct objmap_id id;
	size_t at;
	(void)added_s;
	if (strncmp(what, "lesson/", 7) == 0) {
		at = library_find_lesson(k->library, what + 7);
		if (at != LIBRARY_NONE)
			k->lessons[at].pinned = true;
	} else if (strncmp(what, "object/", 7) == 0 && objmap_id_parse(what + 7, &id) == 0) {
		at = library_find_object(k->library, &id);
		if (at != LIBRARY_NONE)
			k->objects[at].pinned = true;
	}
	return 0;
}

static void read_programmes(struct keeper *k)
{
	const wasl_Catalogue *c = k->library->catalogue;
	for (size_t i = 0; i < c->programmes_count; i++) {
		const wasl_Programme *p = &c->programmes[i];
		const struct keeper_facts named = { .programme = true,
						    .due_s = (int64_t)p->needed_by_day * 86400 };
		for (size_t n = 0; n < p->item_ids_count; n++) {
			size_t at = library_find_lesson(k->library, p->item_ids[n]);
			if (at != LIBRARY_NONE)
				join(&k->lessons[at], &named);
		}
	}
}

void keeper_facts_read(struct keeper *k)
{
	const struct library *l = k->library;
	if (!l)
		return;
	memset(k->objects, 0, l->object_count * sizeof(*k->objects));
	memset(k->lessons, 0, l->lesson_count * sizeof(*k->lessons));
	read_programmes(k);
	(void)store_list_pins(k->store, read_pin, k, NULL);
	/* Who asks for it by a day pins it until then. */
	for (size_t i = 0; i < l->lesson_count; i++)
		if (l->lessons[i].asked_day)
			join(&k->lessons[i],
			     &(struct keeper_facts){ .pinned = true,
						     .due_s = (int64_t)l->lessons[i].asked_day *
							      86400 });
	for (size_t i = 0; i < l->lesson_count; i++)
		each_object_of(k, i, inherit);
}

void keeper_look_again(struct keeper *k)
{
	keeper_facts_read(k);
	keeper_judge(k);
}

static void note_object(struct keeper *k, size_t object, size_t lesson)
{
	(void)lesson;
	k->object_used[object] = k->clock_s;
}

/* --- use ------------------------------------------------------------------------------------------ */

/* The wall clock where it moves forward; goes on from where it stood when that was set back. */
int64_t keeper_clock(struct keeper *k)
{
	const int64_t wall = clock_wall_s();
	const uint64_t now = clock_mono_ms(), seconds = (now - k->clock_at_ms) / 1000;
	k->clock_s += (int64_t)seconds;
	k->clock_at_ms += seconds * 1000;
	if (wall > k->clock_s)
		k->clock_s = wall;
	return k->clock_s;
}

void keeper_used(struct keeper *k, size_t lesson, unsigned rung)
{
	if (!k || !k->library)
		return;
	const int64_t now = keeper_clock(k);
	k->busy_ms = clock_mono_ms();
	for (unsigned r = 0; r < RUNG_COUNT; r++)
		if (rung == RUNG_COUNT || r == rung)
			k->rung_used[lesson * RUNG_COUNT + r] = now;
	each_object_of(k, lesson, note_object);
}

void keeper_arrived(struct keeper *k, uint64_t rendition)
{
	size_t lesson;
	enum kitchen_rung rung;
	if (k->library && library_find_rendition(k->library, rendition, &lesson, &rung))
		k->rung_used[lesson * RUNG_COUNT + rung] = keeper_clock(k);
}

void keeper_object_grows(struct keeper *k, size_t object)
{
	if (k->library)
		k->object_used[object] = keeper_clock(k);
}

/* Who waits for something uses it, and it stays while somebody waits. */
void keeper_see_wants(struct keeper *k)
{
	const struct want_msg *const *list;
	const struct library *l = k->library;
	if (!l)
		return;
	memset(k->lesson_wanted, 0, l->lesson_count);
	const size_t count = wants_list(k->wants, &list);
	for (size_t i = 0; i < count; i++) {
		size_t lesson = LIBRARY_NONE;
		enum kitchen_rung rung = RUNG_COUNT;
		if (list[i]->kind == WANT_OBJECT) {
			const size_t object = library_find_object(l, &list[i]->id);
			if (object == LIBRARY_NONE)
				continue;
			k->object_used[object] = keeper_clock(k);
			lesson = k->owner[object];
		} else if (library_find_rendition(l, list[i]->rendition, &lesson, &rung)) {
			keeper_used(k, lesson, rung);
		}
		if (lesson != LIBRARY_NONE)
			k->lesson_wanted[lesson] = true;
	}
}

void keeper_notes_flush(struct keeper *k)
{
	const struct library *l = k->library;
	for (size_t i = 0; l && i < l->object_count; i++) {
		if (k->object_used[i] &&
		    store_list_used_object(k->store, &l->objects[i].id, k->object_used[i], NULL))
			return; /* later: the disk may be full */
		k->object_used[i] = 0;
	}
	for (size_t i = 0; l && i < l->lesson_count * RUNG_COUNT; i++) {
		const uint64_t number = l->lessons[i / RUNG_COUNT].rungs[i % RUNG_COUNT].number;
		if (k->rung_used[i] && number &&
		    store_list_used_rendition(k->store, number, k->rung_used[i], NULL))
			return;
		const struct library_sight *s = &l->lessons[i / RUNG_COUNT].sight;
		if (k->rung_used[i] && s->here &&
		    store_list_used_rendition(k->store, s->number, k->rung_used[i], NULL))
			return;
		k->rung_used[i] = 0;
	}
	(void)store_list_arrived(k->store, keeper_clock(k), NULL);
}
