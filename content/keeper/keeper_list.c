// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache/store_local.h"
#include "content/catalogue/library_sight.h"
#include "content/keeper/keeper_priv.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"

/* Everything that is in the store, with what people call it and what speaks for it. */

static void object_label(const struct library *l, size_t lesson, size_t object, char *out,
			 size_t room)
{
	const struct library_lesson *it = &l->lessons[lesson];
	const char *id = it->item->id;
	if (object == it->mezzanine)
		snprintf(out, room, "%s/film", id);
	else if (object == it->poster)
		snprintf(out, room, "%s/poster.jpg", id);
	else
		snprintf(out, room, "%s", id);
	for (size_t i = 0; i < it->item->captions_count; i++)
		if (it->captions[i] == object)
			snprintf(out, room, "%s/captions-%s.vtt", id,
				 it->item->captions[i].language);
	for (size_t i = 0; i < it->item->attachments_count; i++)
		if (it->files[i] == object)
			snprintf(out, room, "%s/files/%s", id, it->item->attachments[i].name);
}

struct address {
	const struct objmap_id *id;
	char *out;
	size_t room;
	bool found, alone;
};

static int match_address(void *data, const struct store_local *file)
{
	struct address *a = data;
	if (memcmp(&file->id, a->id, sizeof(file->id)))
		return 0;
	if (!a->found)
		snprintf(a->out, a->room, "%s", file->path);
	a->found = true;
	a->alone = !strncmp(file->path, "/p/own/", 7) || !strncmp(file->path, "/p/live/", 8);
	return a->alone;
}

bool keeper_address(const struct keeper *k, const struct objmap_id *id, char *out, size_t room,
		    bool *alone)
{
	struct address a = { .id = id, .out = out, .room = room };
	const size_t object = k->library ? library_find_object(k->library, id) : LIBRARY_NONE;
	(void)store_local_each(k->store, match_address, &a, NULL);
	*alone = a.found && (a.alone || object == LIBRARY_NONE);
	return a.found;
}

void keeper_label(const struct keeper *k, const struct keeper_thing *t, char *out, size_t room)
{
	char hex[65];
	bool alone;
	switch (t->kind) {
	case KEEPER_OBJECT:
		object_label(k->library, k->owner[t->object], t->object, out, room);
		return;
	case KEEPER_RUNG:
		snprintf(out, room, "%s/%s", k->library->lessons[t->lesson].item->id,
			 kitchen_rung_name(t->rung));
		return;
	case KEEPER_SPARE:
		snprintf(out, room, "%s/%s, the version that is not offered",
			 k->library->lessons[t->lesson].item->id, kitchen_rung_name(t->rung));
		return;
	case KEEPER_SIGHT:
		snprintf(out, room, "%s/preview", k->library->lessons[t->lesson].item->id);
		return;
	case KEEPER_STRAY_OBJECT:
		objmap_id_hex(&t->id, hex);
		if (!keeper_address(k, &t->id, out, room, &alone))
			snprintf(out, room, "%s", hex);
		return;
	case KEEPER_STRAY_RENDITION:
		snprintf(out, room, "%" PRIu64, t->number);
		return;
	}
}

/* What the store remembers it by once it has left. */
void keeper_key(const struct keeper *k, const struct keeper_thing *t, char out[static 160])
{
	char hex[65];
	switch (t->kind) {
	case KEEPER_OBJECT:
	case KEEPER_STRAY_OBJECT:
		objmap_id_hex(&t->id, hex);
		snprintf(out, 160, "object/%s", hex);
		return;
	case KEEPER_RUNG:
		snprintf(out, 160, "rung/%s/%s", k->library->lessons[t->lesson].item->id,
			 kitchen_rung_name(t->rung));
		return;
	case KEEPER_SPARE:
	case KEEPER_SIGHT:
	case KEEPER_STRAY_RENDITION:
		snprintf(out, 160, "rendition/%" PRIu64, t->number);
		return;
	}
}

static bool cooks(const struct library_lesson *it, uint32_t rungs)
{
	for (uint32_t i = 0; i <= it->segments && it->cooking; i++)
		if (it->cooking[i] & rungs)
			return true;
	return false;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void judge_object(struct keeper *k, struct keeper_row *row, struct evict_item *item,
			 const struct store_list_row *from)
{
	const struct library *l = k->library;
	/* A library's object knows of its pin (read_pin()); the row speaks for one that no catalogue names. */
	struct evict_facts facts = { .local = from->local, .pinned = from->pinned };
	const size_t at = row->thing.object;
	item->value = EVICT_UNNAMED;
	if (at != LIBRARY_NONE) {
		const struct keeper_facts *f = &k->objects[at];
		const size_t owner = k->owner[at];
		const struct library_lesson *it = &l->lessons[owner];
		facts = (struct evict_facts){
			.local = from->local,
			.pinned = f->pinned,
			.programme = f->programme,
			.due_s = f->due_s,
			.busy = k->lesson_wanted[owner] ||
				(at == it->mezzanine && cooks(it, UINT32_MAX)),
		};
		item->value = EVICT_FETCHED;
		item->used_s = later(item->used_s, k->object_used[at]);
	}
	item->keep = evict_keep(&facts, item->used_s, keeper_clock(k), clock_wall_s());
}

static void judge_rung(struct keeper *k, struct keeper_row *row, struct evict_item *item)
{
	const struct library *l = k->library;
	const struct keeper_thing *t = &row->thing;
	const struct library_lesson *it = &l->lessons[t->lesson];
	const struct keeper_facts *f = &k->lessons[t->lesson];
	const struct evict_facts facts = {
		.pinned = f->pinned,
		.programme = f->programme,
		.due_s = f->due_s,
		.busy = k->lesson_wanted[t->lesson] || cooks(it, 1u << t->slot),
	};
	/* Of two versions that nobody needs both of, one goes before anything else. */
	const struct evict_facts spare = { .busy = facts.busy };
	const bool extra = t->kind == KEEPER_SPARE;
	item->value = extra                                ? EVICT_UNNAMED
		      : l->objects[it->mezzanine].complete ? EVICT_DERIVED
							   : EVICT_FETCHED;
	item->used_s = later(item->used_s, k->rung_used[t->lesson * RUNG_COUNT + t->rung]);
	item->keep =
		evict_keep(extra ? &spare : &facts, item->used_s, keeper_clock(k), clock_wall_s());
}

/* It is used when its lesson is watched. */
static void judge_sight(struct keeper *k, struct keeper_row *row, struct evict_item *item)
{
	const size_t lesson = row->thing.lesson;
	const struct keeper_facts *f = &k->lessons[lesson];
	const struct evict_facts facts = { .pinned = f->pinned,
					   .programme = f->programme,
					   .due_s = f->due_s,
					   .busy = k->lesson_wanted[lesson] };
	item->value = EVICT_DERIVED;
	for (unsigned rung = 0; rung < RUNG_COUNT; rung++)
		item->used_s = later(item->used_s, k->rung_used[lesson * RUNG_COUNT + rung]);
	item->keep = evict_keep(&facts, item->used_s, keeper_clock(k), clock_wall_s());
}

struct listing {
	struct keeper *keeper;
	struct keeper_rows *rows;
};

static bool room_for_one(struct keeper_rows *r)
{
	if (r->count < r->room)
		return true;
	const size_t room = r->room ? r->room * 2 : 256;
	struct keeper_row *rows = reallocarray(r->rows, room, sizeof(*rows));
	if (rows)
		r->rows = rows;
	struct evict_item *items = reallocarray(r->items, room, sizeof(*items));
	if (items)
		r->items = items;
	if (!rows || !items)
		return false;
	r->room = room;
	return true;
}

static int take(void *data, const struct store_list_row *from)
{
	struct listing *l = data;
	struct keeper *k = l->keeper;
	struct keeper_rows *r = l->rows;
	if (!room_for_one(r))
		return -ENOMEM;
	struct keeper_row *row = &r->rows[r->count];
	struct evict_item *item = &r->items[r->count];
	*row = (struct keeper_row){ .thing = { .object = LIBRARY_NONE,
					       .lesson = LIBRARY_NONE,
					       .id = from->id,
					       .number = from->number } };
	*item = (struct evict_item){ .bytes = from->bytes,
				     .used_s = from->used_s ? from->used_s : keeper_clock(k),
				     .ref = r->count };
	struct keeper_thing *t = &row->thing;
	if (from->kind == STORE_LIST_OBJECT) {
		if (k->library)
			t->object = library_find_object(k->library, &from->id);
		t->kind = t->object == LIBRARY_NONE ? KEEPER_STRAY_OBJECT : KEEPER_OBJECT;
		judge_object(k, row, item, from);
	} else if (k->library &&
		   library_find_slot(k->library, from->number, &t->lesson, &t->slot)) {
		t->rung = (enum kitchen_rung)(t->slot % RUNG_COUNT);
		t->kind = t->slot < RUNG_COUNT ? KEEPER_RUNG : KEEPER_SPARE;
		judge_rung(k, row, item);
	} else if (k->library && library_find_sight(k->library, from->number, &t->lesson)) {
		t->kind = KEEPER_SIGHT;
		judge_sight(k, row, item);
	} else {
		const struct evict_facts none = { 0 };
		t->kind = KEEPER_STRAY_RENDITION;
		item->value = EVICT_UNNAMED;
		item->keep = evict_keep(&none, item->used_s, keeper_clock(k), clock_wall_s());
	}
	/* Without a catalogue nobody knows what is pinned. */
	if (!k->library && item->keep == EVICT_MAY_GO)
		item->keep = EVICT_BUSY;
	if (!item->bytes && (item->value != EVICT_UNNAMED || t->kind == KEEPER_SPARE))
		item->keep = EVICT_BUSY; /* nothing to gain */
	r->count++;
	return 0;
}

void keeper_rows_done(struct keeper_rows *r)
{
	free(r->rows);
	free(r->items);
}

int keeper_list(struct keeper *k, struct keeper_rows *out, struct fault *why)
{
	CLEANUP(keeper_rows_done) struct keeper_rows rows = { 0 };
	struct listing l = { k, &rows };
	keeper_see_wants(k);
	int r = store_list_each(k->store, take, &l, why);
	if (r == -ENOMEM)
		return fault_set(why, r, "memory", "out of memory");
	if (r)
		return r;
	*out = rows;
	rows = (struct keeper_rows){ 0 };
	return 0;
}
