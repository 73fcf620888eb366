// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cache/names.h"
#include "content/catalogue/library_sight.h"
#include "content/keeper/keeper_scrub.h"
#include "firmware/base/clean.h"

/* What is found damaged: whether and how it comes again, and what is said of it. */

#define LIST_MOST 16u

enum fate { FATE_MENDED, FATE_COMES, FATE_ALONE, FATE_UNNAMED, FATE_LATER };

static const struct {
	const char *state, *text;
} fates[] = {
	[FATE_MENDED] = { "mended", "it was mended from the other copy" },
	[FATE_COMES] = { "comes", "it is fetched or made again" },
	[FATE_ALONE] = { "lost", "nobody else has it: add it again" },
	[FATE_UNNAMED] = { "lost",
			   "no lesson names it any more: 'wasl store evict' sends it away" },
	[FATE_LATER] = { "comes", "it could not be written anew; that is tried again" },
};

struct rot {
	const struct store_scrub_item *item;
	enum fate fate;
	char label[NAMES_MAX_PATH + 1], part[40];
};

static void tell(const struct keeper *k, const struct rot *rot)
{
	char text[sizeof(rot->label) + 200];
	const bool unreadable = rot->item->unreadable;
	snprintf(text, sizeof(text), "%s of %s %s on the disk; %s", rot->part, rot->label,
		 unreadable ? "cannot be read" : "is no longer what it was", fates[rot->fate].text);
	k->report.tell(k->report.data, unreadable ? "disk.unreadable" : "disk.rot", rot->label,
		       "disk", text);
}

/* Every thing once: a film that was cut short has many bad chunks. */
static void list(struct keeper_scrub_result *r, const struct rot *rot)
{
	const size_t last = json_array_size(r->damaged);
	const json_t *before = last ? json_array_get(r->damaged, last - 1) : NULL;
	const char *what = json_string_value(json_object_get(before, "what")),
		   *state = json_string_value(json_object_get(before, "state"));
	if (!r->damaged)
		r->damaged = json_array();
	if (last == LIST_MOST ||
	    (what && state && !strcmp(what, rot->label) && !strcmp(state, fates[rot->fate].state)))
		return;
	json_array_append_new(r->damaged, json_pack("{s:s, s:s}", "what", rot->label, "state",
						    fates[rot->fate].state));
}

/* The object as the store has it now: what is missing is fetched, a lost map first. */
static void reopen_object(struct keeper *k, size_t object)
{
	struct library_object *o = &k->library->objects[object];
	k->calls.object_leaves(k->calls.data, object);
	library_forget_object(k->library, object);
	if (store_object_find(k->store, &o->id, &o->open, NULL))
		return;
	o->map_known = true;
	o->complete = store_object_complete(o->open);
	if (o->complete)
		store_object_close(MOVE_PTR(o->open));
}

static void look_at_object(struct keeper *k, struct rot *rot)
{
	const struct store_scrub_item *item = rot->item;
	struct keeper_thing t = { .kind = KEEPER_STRAY_OBJECT, .id = item->id };
	char address[NAMES_MAX_PATH + 1];
	bool alone;
	t.object = k->library ? library_find_object(k->library, &item->id) : LIBRARY_NONE;
	if (t.object != LIBRARY_NONE)
		t.kind = KEEPER_OBJECT;
	keeper_label(k, &t, rot->label, sizeof(rot->label));
	snprintf(rot->part, sizeof(rot->part), "the map");
	if (item->kind == STORE_SCRUB_CHUNK)
		snprintf(rot->part, sizeof(rot->part), "chunk %" PRIu64, item->at);
	(void)keeper_address(k, &item->id, address, sizeof(address), &alone);
	rot->fate = item->mended              ? FATE_MENDED
		    : alone                   ? FATE_ALONE
		    : t.kind == KEEPER_OBJECT ? FATE_COMES
					      : FATE_UNNAMED;
	if (t.kind == KEEPER_OBJECT && !item->mended)
		reopen_object(k, t.object);
}

/* Rungs are made of films; without that of a teacher's lesson none is. */
static bool can_be_made(const struct keeper *k, size_t lesson)
{
	const size_t film = k->library->lessons[lesson].mezzanine;
	char address[NAMES_MAX_PATH + 1];
	bool alone;
	if (film == LIBRARY_NONE || k->library->objects[film].complete)
		return film != LIBRARY_NONE;
	(void)keeper_address(k, &k->library->objects[film].id, address, sizeof(address), &alone);
	return !alone;
}

static void look_at_segment(struct keeper *k, struct rot *rot)
{
	const struct store_scrub_item *item = rot->item;
	struct keeper_thing t = { .kind = KEEPER_STRAY_RENDITION, .number = item->number };
	const bool rung =
		k->library && library_find_slot(k->library, item->number, &t.lesson, &t.slot);
	const bool sight =
		k->library && !rung && library_find_sight(k->library, item->number, &t.lesson);
	const bool named = rung || sight;
	if (sight)
		t.kind = KEEPER_SIGHT;
	if (rung) {
		t.kind = t.slot < RUNG_COUNT ? KEEPER_RUNG : KEEPER_SPARE;
		t.rung = (enum kitchen_rung)(t.slot % RUNG_COUNT);
	}
	keeper_label(k, &t, rot->label, sizeof(rot->label));
	snprintf(rot->part, sizeof(rot->part), "segment %" PRIu64, item->at);
	rot->fate = item->mended               ? FATE_MENDED
		    : !named                   ? FATE_UNNAMED
		    : can_be_made(k, t.lesson) ? FATE_COMES
					       : FATE_ALONE;
	if (sight && !item->mended)
		library_sight_lost(k->library, t.lesson);
	if (rung && !item->mended)
		(void)library_recheck_rung(k->library, t.lesson, t.slot, NULL);
}

static void take(struct keeper *k, const struct store_scrub_item *item,
		 struct keeper_scrub_result *r)
{
	struct rot rot = { .item = item, .fate = FATE_COMES };
	switch (item->kind) {
	case STORE_SCRUB_CHUNK:
	case STORE_SCRUB_MAP:
		look_at_object(k, &rot);
		break;
	case STORE_SCRUB_SEGMENT:
		look_at_segment(k, &rot);
		break;
	case STORE_SCRUB_NAMES:
		snprintf(rot.label, sizeof(rot.label), "names.idx");
		snprintf(rot.part, sizeof(rot.part), "the index");
		break;
	case STORE_SCRUB_OWN:
		snprintf(rot.label, sizeof(rot.label), "%s", item->path);
		snprintf(rot.part, sizeof(rot.part), "the name");
		rot.fate = item->mended ? FATE_MENDED : FATE_LATER;
		break;
	}
	r->bad++;
	r->mended += rot.fate == FATE_MENDED;
	r->lost += rot.fate == FATE_ALONE || rot.fate == FATE_UNNAMED;
	list(r, &rot);
	tell(k, &rot);
}

void keeper_rot_found(struct keeper *k, const struct store_scrub_found *found,
		      struct keeper_scrub_result *r)
{
	bool unmended = false;
	for (size_t i = 0; i < found->count; i++) {
		unmended |= !found->items[i].mended;
		take(k, &found->items[i], r);
	}
	if (!unmended)
		return;
	k->calls.changed(k->calls.data);
	keeper_judge_soon(k);
}

void keeper_searched(struct keeper *k, const struct objmap_id *id)
{
	const size_t object = k->library ? library_find_object(k->library, id) : LIBRARY_NONE;
	if (object != LIBRARY_NONE)
		reopen_object(k, object);
	k->calls.changed(k->calls.data);
	keeper_judge_soon(k);
}

json_t *keeper_scrub_json(const struct keeper_scrub_result *r)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:o}", "bytes", (json_int_t)r->bytes, "bad",
			 (json_int_t)r->bad, "mended", (json_int_t)r->mended, "lost",
			 (json_int_t)r->lost, "damaged",
			 r->damaged ? json_incref(r->damaged) : json_array());
}

void keeper_scrub_result_done(struct keeper_scrub_result *r)
{
	json_decref(r->damaged);
	*r = (struct keeper_scrub_result){ 0 };
}
