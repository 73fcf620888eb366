// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/catalogue/library_sight.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache/store_note.h"
#include "content/catalogue/library_rung.h"
#include "content/shelf/sprites.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

#define SIGHT_RUNG "preview"
enum { NOTE_SIGHT = 4, SIGHT_VERSION = 1 };

CLEAN_FN(rendition, struct store_rendition, store_rendition_close)

struct sight_note {
	uint64_t version;
	struct library_piece files[LIBRARY_SIGHT_FILES];
};

/* Files under way into one row of bytes. */
struct tray {
	uint8_t *bytes;
	size_t len, room;
	struct library_piece files[LIBRARY_SIGHT_FILES];
};

static void tray_done(struct tray *t)
{
	free(t->bytes);
}

static int tray_put(struct tray *t, unsigned file, const void *bytes, size_t len)
{
	if (!len)
		return 0;
	if (t->len + len > t->room) {
		const size_t room = (t->len + len) * 2;
		uint8_t *more = realloc(t->bytes, room);
		if (!more)
			return -ENOMEM;
		t->bytes = more;
		t->room = room;
	}
	memcpy(t->bytes + t->len, bytes, len);
	t->files[file] = (struct library_piece){ t->len, len };
	t->len += len;
	return 0;
}

static int put_texts(struct tray *t, const struct library_lesson *it, const struct sprites *found)
{
	AUTO_FREE uint64_t *us = calloc(it->segments, sizeof(*us));
	AUTO_FREE char *times = NULL;
	AUTO_FREE char *chapters = NULL;
	const struct sprites_times when = { us, it->segments };
	char prefix[32];
	size_t len = 0;
	if (!us)
		return -ENOMEM;
	for (uint32_t i = 0; i < it->segments; i++)
		us[i] = kitchen_segment_us(&it->item->plan, RUNG_240P, i + 1);
	snprintf(prefix, sizeof(prefix), "%s/", it->generation);
	int r = sprites_vtt(found, &when, prefix, &times, &len);
	if (r == 0)
		r = tray_put(t, LIBRARY_SIGHT_TIMES, times, len);
	if (r == 0)
		r = sprites_chapters_vtt(found, &when, &chapters, &len);
	if (r)
		return r == -ENOENT ? 0 : r;
	return tray_put(t, LIBRARY_SIGHT_CHAPTERS, chapters, len);
}

static int put_pictures(struct tray *t, const struct sprites *found)
{
	int r = tray_put(t, LIBRARY_SIGHT_POSTER, found->poster.jpeg, found->poster.len);
	for (uint32_t i = 0; r == 0 && i < found->head.sheets; i++)
		r = tray_put(t, LIBRARY_SIGHT_SHEETS + i, found->sheets[i].jpeg,
			     found->sheets[i].len);
	return r;
}

/* Numbers of what is no longer there find nothing. */
static void forget(struct library *l, struct library_lesson *it)
{
	if (it->sight.number)
		library_forget_number(l, it->sight.number);
	it->sight = (struct library_sight){ .tried_out = it->sight.tried_out };
}

static void take(struct library *l, size_t lesson, uint64_t number, const struct sight_note *note)
{
	struct library_sight *s = &l->lessons[lesson].sight;
	s->number = number;
	s->here = true;
	memcpy(s->files, note->files, sizeof(s->files));
	library_note_number(l, lesson, LIBRARY_SIGHT);
}

static int reserve(struct library *l, const struct library_lesson *it, uint64_t *number,
		   struct fault *why)
{
	bool used;
	return store_rendition_reserve(l->store, it->item->id, it->generation, SIGHT_RUNG, 1,
				       number, &used, why);
}

void library_sight_load(struct library *l, size_t lesson)
{
	struct library_lesson *it = &l->lessons[lesson];
	struct sight_note note;
	uint64_t number;
	if (!it->playable ||
	    !store_rendition_known(l->store, it->item->id, it->generation, SIGHT_RUNG) ||
	    reserve(l, it, &number, NULL))
		return;
	if (store_note_get(l->store, number, NOTE_SIGHT, &note, sizeof(note), NULL) ||
	    note.version != SIGHT_VERSION)
		(void)store_rendition_drop(l->store, number, NULL);
	else
		take(l, lesson, number, &note);
}

unsigned library_sight_source(const struct library_lesson *it)
{
	for (unsigned rung = RUNG_480P; rung > RUNG_AUDIO; rung--)
		if (it->rungs[rung].complete && it->rungs[rung].key_bytes)
			return rung;
	return LIBRARY_SLOTS;
}

bool library_sight_lacks(const struct library_lesson *it)
{
	return it->playable && !it->sight.here && !it->sight.tried_out && !it->sight.unwanted &&
	       library_sight_source(it) != LIBRARY_SLOTS;
}

/* The note is what makes it count: it is written when the bytes are durable. */
static int keep(struct library *l, size_t lesson, const struct tray *t, struct fault *why)
{
	const struct library_lesson *it = &l->lessons[lesson];
	CLEANUP(clean_rendition) struct store_rendition *to = NULL;
	struct sight_note note = { .version = SIGHT_VERSION };
	uint64_t offset;
	uint32_t len;
	int r = store_rendition_open(l->store, it->item->id, it->generation, SIGHT_RUNG, 1, 0, &to,
				     why);
	if (r == 0)
		r = store_rendition_put(to, 1, 0, t->bytes, t->len, why);
	if (r == 0)
		r = store_rendition_slot(to, 1, &offset, &len);
	for (size_t i = 0; r == 0 && i < LIBRARY_SIGHT_FILES; i++)
		if (t->files[i].length)
			note.files[i] = (struct library_piece){ offset + t->files[i].offset,
								t->files[i].length };
	if (r == 0)
		r = store_note_put(l->store, store_rendition_number(to), NOTE_SIGHT, &note,
				   sizeof(note), why);
	if (r == 0)
		take(l, lesson, store_rendition_number(to), &note);
	else if (to)
		(void)store_rendition_drop(l->store, store_rendition_number(to), NULL);
	return r;
}

int library_sight_put(struct library *l, size_t lesson, const struct sprites *found,
		      struct fault *why)
{
	CLEANUP(tray_done) struct tray t = { 0 };
	int r = put_texts(&t, &l->lessons[lesson], found);
	if (r == 0)
		r = put_pictures(&t, found);
	return r ? fault_set(why, r, "memory", "out of memory") : keep(l, lesson, &t, why);
}

void library_sight_lost(struct library *l, size_t lesson)
{
	forget(l, &l->lessons[lesson]);
	library_sight_load(l, lesson);
}
