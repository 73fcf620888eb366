// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/keeper/keeper.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "content/catalogue/library_sight.h"
#include "content/keeper/keeper_priv.h"
#include "content/keeper/keeper_scrub.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"

#define TICK_MS 1000u
#define FLUSH_MS 600000u /* a note is worth one write of a flash card in ten minutes */
#define JUDGE_MS 30000u
#define PENDING_MS 3000u /* readers let go of what was unlinked within a second or two */
#define SLACK_MOST \
	(32u << 20) /* a little more than asked, so that not every segment looks through all rows */

CLEAN_FN(keeper, struct keeper, keeper_free)

/* --- what leaves ----------------------------------------------------------------------------------- */

static void tell_gone(struct keeper *k, const char *label, uint64_t bytes, int64_t used_s,
		      const char *cause)
{
	char text[500], used[21];
	clock_iso(used_s, used);
	if (*cause)
		snprintf(text, sizeof(text),
			 "%s (%" PRIu64 " bytes, last used %s) went to make room for %s", label,
			 bytes, used, cause);
	else
		snprintf(text, sizeof(text),
			 "%s (%" PRIu64 " bytes, last used %s) was sent away by hand", label, bytes,
			 used);
	k->report.tell(k->report.data, "store.evicted", label, "store", text);
}

static int drop_object(struct keeper *k, const struct keeper_thing *t, struct fault *why)
{
	if (t->kind == KEEPER_OBJECT)
		k->calls.object_leaves(k->calls.data, t->object);
	int r = store_object_drop(k->store, &t->id, why);
	if (r == 0 && t->kind == KEEPER_OBJECT)
		library_forget_object(k->library, t->object);
	return r;
}

/* The rung gets an empty rendition at once, under another number: it stays in the playlists, and can be asked for. */
static int drop_rendition(struct keeper *k, const struct keeper_thing *t, struct fault *why)
{
	int r = store_rendition_drop(k->store, t->number, why);
	if (r == 0 && t->kind == KEEPER_SIGHT)
		library_sight_lost(k->library, t->lesson);
	if (r || (t->kind != KEEPER_RUNG && t->kind != KEEPER_SPARE))
		return r;
	(void)library_recheck_rung(k->library, t->lesson, t->slot, NULL);
	return 0;
}

int keeper_send_away(struct keeper *k, const struct keeper_farewell *f, struct fault *why)
{
	const struct keeper_thing *t = f->thing;
	const bool object = t->kind == KEEPER_OBJECT || t->kind == KEEPER_STRAY_OBJECT;
	char label[160];
	struct store_list_gone gone = { .at_s = clock_wall_s(),
					.bytes = f->item->bytes,
					.held = f->held };
	keeper_label(k, t, label, sizeof(label));
	keeper_key(k, t, gone.what);
	snprintf(gone.cause, sizeof(gone.cause), "%s", f->cause);
	/* On a disk without a byte there may be no room to note it; to go it needs none. */
	(void)store_list_left(k->store, &gone, NULL);
	int r = object ? drop_object(k, t, why) : drop_rendition(k, t, why);
	if (r)
		return r;
	/* Held back at once: fetcher and cook may look before the next judgement. */
	if (t->kind == KEEPER_OBJECT) {
		k->object_gone[t->object] = f->held;
		k->object_went[t->object] = f->item->bytes;
		k->library->objects[t->object].held = true;
	} else if (t->kind == KEEPER_RUNG) {
		k->rung_gone[t->lesson * RUNG_COUNT + t->rung] = f->held;
		k->rung_went[t->lesson * RUNG_COUNT + t->rung] = f->item->bytes;
		k->library->lessons[t->lesson].held |= 1u << t->rung;
	} else if (t->kind == KEEPER_SIGHT) {
		k->library->lessons[t->lesson].sight.unwanted = f->held == STORE_LIST_UNTIL_ASKED;
	}
	k->evicted_count++;
	k->evicted_bytes += f->item->bytes;
	k->last = gone;
	tell_gone(k, f->name ? f->name : label, f->item->bytes, f->item->used_s, f->cause);
	return 0;
}

/* --- room ------------------------------------------------------------------------------------------ */

static uint64_t slack_of(uint64_t room, uint64_t reach)
{
	const uint64_t part = (room + reach) / 64;
	return part < SLACK_MOST ? part : SLACK_MOST;
}

static int nothing_may_go(const struct keeper *k, const struct keeper_rows *rows, uint64_t bytes,
			  uint64_t room, uint64_t reach, struct fault *why)
{
	uint64_t all = 0;
	for (size_t i = 0; i < rows->count; i++)
		all += rows->items[i].bytes;
	return fault_set(
		why, -ENOSPC, store_list_limited(k->store) ? "store.full" : "disk.full",
		"%" PRIu64 " bytes do not fit: %" PRIu64 " are free, %" PRIu64
		" may go, the other %" PRIu64
		" stay (see 'wasl store status'); raise the limit, unpin or remove lessons",
		bytes, room, reach, all - reach);
}

static int evict_for(struct keeper *k, uint64_t bytes, uint64_t room, enum evict_asker asker,
		     const char *cause, struct fault *why)
{
	CLEANUP(keeper_rows_done) struct keeper_rows rows = { 0 };
	int r = keeper_list(k, &rows, why);
	if (r)
		return r;
	const int64_t now = keeper_clock(k);
	const uint64_t reach = evict_reach(rows.items, rows.count, asker, now);
	uint64_t need = bytes - room;
	if (reach < need)
		return nothing_may_go(k, &rows, bytes, room, reach, why);
	const uint64_t more = slack_of(room, reach);
	if (asker != EVICT_FOR_PERSON && need + more <= reach)
		need += more;
	const size_t goes = evict_choose(rows.items, rows.count, need, asker, now);
	uint64_t gained = 0;
	bool addresses =
		false; /* of films, documents and pictures they are the same, here or not */
	for (size_t i = 0; i < goes; i++) {
		const struct evict_item *item = &rows.items[i];
		const struct keeper_farewell f = { .item = item,
						   .thing = &rows.rows[item->ref].thing,
						   .held = STORE_LIST_UNTIL_ROOM,
						   .cause = cause };
		r = keeper_send_away(k, &f, why);
		if (r)
			break;
		gained += item->bytes;
		addresses |= f.thing->kind == KEEPER_RUNG || f.thing->kind == KEEPER_SPARE ||
			     f.thing->kind == KEEPER_SIGHT;
	}
	uint64_t after = 0;
	(void)store_list_room(k->store, &after, NULL);
	k->pending_bytes = room + gained > after ? room + gained - after : 0;
	k->pending_ms = clock_mono_ms();
	if (addresses)
		k->calls.changed(k->calls.data);
	else if (gained)
		k->calls.left(k->calls.data);
	keeper_judge_soon(k);
	return r;
}

int keeper_make_room(struct keeper *k, uint64_t bytes, enum evict_asker asker, const char *cause,
		     struct fault *why)
{
	uint64_t room = 0;
	int r = store_list_room(k->store, &room, why);
	if (r || room >= bytes)
		return r;
	const bool waits = k->pending_bytes && clock_mono_ms() - k->pending_ms < PENDING_MS;
	if (!waits || room + k->pending_bytes < bytes) {
		r = evict_for(k, bytes, room, asker, cause, why);
		if (r == 0)
			r = store_list_room(k->store, &room, why);
		if (r || room >= bytes)
			return r;
	}
	return fault_set(why, -EAGAIN, "store.making_room",
			 "room for %s is being made; it is there in a moment", cause);
}

int keeper_room_for_object(struct keeper *k, size_t object, struct fault *why)
{
	const struct keeper_thing t = { .kind = KEEPER_OBJECT, .object = object };
	char cause[96];
	keeper_see_wants(k);
	keeper_label(k, &t, cause, sizeof(cause));
	const enum evict_asker asker = k->lesson_wanted[k->owner[object]] ? EVICT_FOR_PUPIL
				       : keeper_protected(&k->objects[object])
					       ? EVICT_FOR_DUE
					       : EVICT_FOR_BACKGROUND;
	return keeper_make_room(k, k->library->objects[object].size, asker, cause, why);
}

int keeper_room_for_rung(struct keeper *k, size_t lesson, enum kitchen_rung rung, uint64_t bytes,
			 struct fault *why)
{
	const struct keeper_thing t = { .kind = KEEPER_RUNG, .lesson = lesson, .rung = rung };
	char cause[96];
	keeper_see_wants(k);
	keeper_label(k, &t, cause, sizeof(cause));
	const enum evict_asker asker = k->lesson_wanted[lesson] ? EVICT_FOR_PUPIL
				       : keeper_protected(&k->lessons[lesson])
					       ? EVICT_FOR_DUE
					       : EVICT_FOR_BACKGROUND;
	return keeper_make_room(k, bytes, asker, cause, why);
}

/* --- what comes back -------------------------------------------------------------------------------- */

static void is_back(struct keeper *k, const struct keeper_thing *t, uint64_t *went,
		    enum store_list_held *gone)
{
	char key[160];
	*gone = STORE_LIST_FREE;
	if (!*went)
		return;
	*went = 0;
	keeper_key(k, t, key);
	(void)store_list_forget(k->store, key, NULL);
}

void keeper_object_here(struct keeper *k, size_t object)
{
	const struct keeper_thing t = { .kind = KEEPER_OBJECT,
					.object = object,
					.id = k->library->objects[object].id };
	is_back(k, &t, &k->object_went[object], &k->object_gone[object]);
	k->library->objects[object].held = false;
}

void keeper_rung_here(struct keeper *k, size_t lesson, enum kitchen_rung rung)
{
	const struct keeper_thing t = { .kind = KEEPER_RUNG, .lesson = lesson, .rung = rung };
	const size_t at = lesson * RUNG_COUNT + rung;
	is_back(k, &t, &k->rung_went[at], &k->rung_gone[at]);
	k->library->lessons[lesson].held &= ~(1u << rung);
}

/* --- the library ------------------------------------------------------------------------------------ */

static void free_library(struct keeper *k)
{
	free(MOVE_PTR(k->objects));
	free(MOVE_PTR(k->lessons));
	free(MOVE_PTR(k->owner));
	free(MOVE_PTR(k->object_used));
	free(MOVE_PTR(k->rung_used));
	free(MOVE_PTR(k->object_gone));
	free(MOVE_PTR(k->rung_gone));
	free(MOVE_PTR(k->object_went));
	free(MOVE_PTR(k->rung_went));
	free(MOVE_PTR(k->lesson_wanted));
	k->library = NULL;
}

static bool make_arrays(struct keeper *k, const struct library *l)
{
	const size_t objects = l->object_count + 1, lessons = l->lesson_count + 1,
		     rungs = lessons * RUNG_COUNT;
	k->objects = calloc(objects, sizeof(*k->objects));
	k->lessons = calloc(lessons, sizeof(*k->lessons));
	k->owner = malloc(objects * sizeof(*k->owner));
	k->object_used = calloc(objects, sizeof(*k->object_used));
	k->rung_used = calloc(rungs, sizeof(*k->rung_used));
	k->object_gone = calloc(objects, sizeof(*k->object_gone));
	k->rung_gone = calloc(rungs, sizeof(*k->rung_gone));
	k->object_went = calloc(objects, sizeof(*k->object_went));
	k->rung_went = calloc(rungs, sizeof(*k->rung_went));
	k->lesson_wanted = calloc(lessons, sizeof(*k->lesson_wanted));
	for (size_t i = 0; k->owner && i < objects; i++)
		k->owner[i] = LIBRARY_NONE;
	return k->objects && k->lessons && k->owner && k->object_used && k->rung_used &&
	       k->object_gone && k->rung_gone && k->object_went && k->rung_went && k->lesson_wanted;
}

static int read_gone(void *data, const struct store_list_gone *gone)
{
	struct keeper *k = data;
	struct objmap_id id;
	char lesson[96], rung[16];
	enum kitchen_rung which;
	if (gone->at_s >= k->last.at_s)
		k->last = *gone;
	if (strncmp(gone->what, "object/", 7) == 0 && objmap_id_parse(gone->what + 7, &id) == 0) {
		const size_t at = library_find_object(k->library, &id);
		if (at == LIBRARY_NONE || k->library->objects[at].complete)
			return 0;
		k->object_gone[at] = gone->held;
		k->object_went[at] = gone->bytes;
	} else if (sscanf(gone->what, "rung/%95[^/]/%15s", lesson, rung) == 2 &&
		   kitchen_rung_parse(rung, &which) == 0) {
		const size_t at = library_find_lesson(k->library, lesson);
		if (at == LIBRARY_NONE || k->library->lessons[at].rungs[which].complete)
			return 0;
		k->rung_gone[at * RUNG_COUNT + which] = gone->held;
		k->rung_went[at * RUNG_COUNT + which] = gone->bytes;
	}
	return 0;
}

void keeper_use(struct keeper *k, struct library *library)
{
	keeper_notes_flush(k);
	free_library(k);
	if (!library || !make_arrays(k, library)) {
		free_library(k);
		return;
	}
	k->library = library;
	keeper_facts_read(k);
	(void)store_list_gone(k->store, read_gone, k, NULL);
	keeper_judge(k); /* before the fetcher looks */
}

/* --- time ------------------------------------------------------------------------------------------- */

void keeper_judge_soon(struct keeper *k)
{
	k->judge_ms = 0;
}

static int tick(sd_event_source *s, uint64_t usec, void *data)
{
	struct keeper *k = data;
	const uint64_t now = clock_mono_ms();
	(void)usec;
	keeper_news(k);
	keeper_see_wants(k);
	keeper_scrub_tick(k->scrub);
	if (now >= k->flush_ms) {
		keeper_notes_flush(k);
		k->flush_ms = now + FLUSH_MS;
	}
	if (now >= k->judge_ms) {
		k->judge_ms = now + JUDGE_MS;
		keeper_judge(k);
	}
	sd_event_source_set_time(s, (now + TICK_MS) * 1000);
	sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
	return 0;
}

int keeper_new(struct sd_event *loop, struct store *store, struct wants *wants, unsigned scrub_days,
	       const struct keeper_calls *calls, const struct report *report, struct keeper **out,
	       struct fault *why)
{
	CLEANUP(clean_keeper) struct keeper *k = calloc(1, sizeof(*k));
	if (!k)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	k->store = store;
	k->wants = wants;
	k->calls = *calls;
	k->report = *report;
	k->flush_ms = clock_mono_ms() + FLUSH_MS;
	k->busy_ms = clock_mono_ms();
	k->clock_at_ms = clock_mono_ms();
	int r = store_list_clock(store, &k->clock_s, why);
	if (r)
		return r;
	if (sd_event_add_time(loop, &k->tick, CLOCK_BOOTTIME, 0, 100000, tick, k) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	sd_event_source_set_priority(k->tick, SD_EVENT_PRIORITY_IDLE);
	r = keeper_scrub_new(loop, k, scrub_days, &k->scrub, why);
	if (r)
		return r;
	*out = MOVE_PTR(k);
	return 0;
}

void keeper_free(struct keeper *k)
{
	if (!k)
		return;
	keeper_scrub_free(k->scrub);
	sd_event_source_disable_unref(k->tick);
	keeper_notes_flush(k);
	free_library(k);
	free(k);
}
