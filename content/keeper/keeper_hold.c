// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "content/keeper/keeper_priv.h"
#include "firmware/base/clean.h"

/*
 * What there is no room for is held back, before a byte of it crosses the line or a minute of it is cooked. Goes through the
 * library in the order in which lessons matter and gives out the room that there is: the free part to anything,
 * what could be evicted only to what may evict it.
 */
struct purse {
	uint64_t free;  /* without evicting anything */
	uint64_t stale; /* what anything may take the place of */
	uint64_t due;   /* what programmes and pins may, stale included */
	uint64_t margin;
	bool other; /* a hold has changed */
	uint64_t held_bytes;
};

static bool spend(struct purse *p, uint64_t bytes, enum store_list_held gone, bool guarded)
{
	const uint64_t reach = guarded ? p->due : p->stale;
	if (!guarded && gone == STORE_LIST_UNTIL_ASKED)
		return false;
	/* What made room once does not come back at another's cost, or both would take turns for ever. */
	if (!guarded && gone == STORE_LIST_UNTIL_ROOM && p->free < bytes + p->margin)
		return false;
	if (p->free + reach < bytes)
		return false;
	const uint64_t from_free = bytes < p->free ? bytes : p->free, rest = bytes - from_free;
	p->free -= from_free;
	p->due -= rest < p->due ? rest : p->due;
	p->stale -= rest < p->stale ? rest : p->stale;
	return true;
}

static void judge_object(struct keeper *k, struct purse *p, size_t object)
{
	if (object == LIBRARY_NONE)
		return;
	struct library_object *o = &k->library->objects[object];
	bool held = false;
	if (!o->complete && !o->open && !o->absent) /* what is open has its room already */
		held = !spend(p, o->size, k->object_gone[object],
			      keeper_protected(&k->objects[object]));
	p->other |= o->held != held;
	p->held_bytes += held && k->object_gone[object] != STORE_LIST_UNTIL_ASKED ? o->size : 0;
	o->held = held;
}

/* As large as it was, when it was here before; else as its rate allows. */
static uint64_t rung_bytes(const struct keeper *k, size_t lesson, unsigned rung)
{
	const struct library_lesson *it = &k->library->lessons[lesson];
	const uint64_t went = k->rung_went[lesson * RUNG_COUNT + rung];
	const uint64_t whole = (uint64_t)it->rungs[rung].shape.cap_bps / 8 *
			       (uint64_t)it->item->duration_ms / 1000;
	return (went > whole ? went : whole) / it->segments * (it->segments - it->rungs[rung].done);
}

static void judge_rungs(struct keeper *k, struct purse *p, size_t lesson, uint32_t rungs)
{
	struct library_lesson *it = &k->library->lessons[lesson];
	if (it->mezzanine == LIBRARY_NONE)
		return;
	/* What it would be made from does not come either. */
	const struct library_object *film = &k->library->objects[it->mezzanine];
	const bool barren = film->held || film->absent;
	for (unsigned rung = 0; rung < RUNG_COUNT; rung++) {
		bool held = false;
		const uint32_t bit = 1u << rung;
		if (!(it->ladder & rungs & bit))
			continue;
		if (!it->rungs[rung].complete)
			held = barren || !spend(p, rung_bytes(k, lesson, rung),
						k->rung_gone[lesson * RUNG_COUNT + rung],
						keeper_protected(&k->lessons[lesson]));
		p->other |= ((it->held & bit) != 0) != held;
		if (held && k->rung_gone[lesson * RUNG_COUNT + rung] != STORE_LIST_UNTIL_ASKED)
			p->held_bytes += rung_bytes(k, lesson, rung);
		it->held = held ? it->held | bit : it->held & ~bit;
	}
}

static void judge_all(struct keeper *k, struct purse *p)
{
	const struct library *l = k->library;
	const uint32_t basic = 1u << RUNG_240P | 1u << RUNG_AUDIO;
	for (size_t i = 0; i < l->lesson_count; i++) {
		const size_t at = l->order[i];
		const struct library_lesson *it = &l->lessons[at];
		judge_object(k, p, it->poster);
		for (size_t n = 0; n < it->item->captions_count; n++)
			judge_object(k, p, it->captions[n]);
		judge_object(k, p, it->mezzanine);
		judge_rungs(k, p, at, basic);
	}
	for (size_t i = 0; i < l->lesson_count; i++)
		judge_rungs(k, p, l->order[i], ~basic);
	for (size_t i = 0; i < l->lesson_count; i++) {
		const struct library_lesson *it = &l->lessons[l->order[i]];
		for (size_t n = 0; n < it->item->attachments_count; n++)
			judge_object(k, p, it->files[n]);
	}
}

/* A rung whose rendition could not be opened (the disk was full) is not in the playlists: tried again. */
static void open_missing(struct keeper *k)
{
	const struct library *l = k->library;
	bool opened = false;
	for (size_t i = 0; i < l->lesson_count; i++)
		for (unsigned rung = 0; rung < RUNG_COUNT; rung++)
			if (l->lessons[i].ladder & 1u << rung && !l->lessons[i].rungs[rung].number)
				opened |= library_recheck_rung(k->library, i,
							       (enum kitchen_rung)rung, NULL) == 0;
	if (opened)
		k->calls.changed(k->calls.data);
}

static uint64_t missing_bytes(const struct keeper *k)
{
	const struct library *l = k->library;
	uint64_t bytes = 0;
	for (size_t i = 0; i < l->object_count; i++)
		if (!l->objects[i].complete && !l->objects[i].open)
			bytes += l->objects[i].size;
	for (size_t i = 0; i < l->lesson_count; i++)
		for (unsigned rung = 0; rung < RUNG_COUNT; rung++)
			if (l->lessons[i].ladder & 1u << rung &&
			    !l->lessons[i].rungs[rung].complete)
				bytes += rung_bytes(k, i, rung);
	return bytes + bytes / 32;
}

/* Said as long as something new is held back; who listens says it once (contentd.c). */
static void tell_held(struct keeper *k, const struct purse *p, uint64_t room)
{
	char text[300];
	snprintf(text, sizeof(text),
		 "lessons of about %" PRIu64 " bytes find no room: %" PRIu64
		 " bytes are free and not given away; they come when somebody asks. Raise the "
		 "limit, "
		 "unpin or remove lessons",
		 p->held_bytes, room);
	k->report.tell(k->report.data, "store.full", "store",
		       store_list_limited(k->store) ? "store" : "disk", text);
}

void keeper_judge(struct keeper *k)
{
	CLEANUP(keeper_rows_done) struct keeper_rows rows = { 0 };
	struct purse p = { 0 };
	if (!k->library || store_list_room(k->store, &p.free, NULL))
		return;
	const int64_t now = keeper_clock(k);
	open_missing(k);
	/* With room for everything there is no need to look at what could go. */
	if (missing_bytes(k) > p.free && keeper_list(k, &rows, NULL))
		return;
	p.stale = evict_reach(rows.items, rows.count, EVICT_FOR_BACKGROUND, now);
	p.due = evict_reach(rows.items, rows.count, EVICT_FOR_DUE, now);
	p.margin = (p.free + p.due) / 64;
	const uint64_t room = p.free;
	judge_all(k, &p);
	if (p.held_bytes)
		tell_held(k, &p, room);
	if (p.other)
		k->calls.poke(k->calls.data);
}
