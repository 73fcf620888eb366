// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache/store_local.h"
#include "content/keeper/keeper_name.h"
#include "content/keeper/keeper_scrub.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"

/* What people ask: why a thing is here or not, and that it should stay or go. */

CLEAN_FN(json, json_t, json_decref)

/* --- why --------------------------------------------------------------------------------------------- */

static const char *const keep_names[] = {
	[EVICT_PINNED] = "pinned",       [EVICT_LOCAL] = "local", [EVICT_DUE] = "due",
	[EVICT_PROGRAMME] = "programme", [EVICT_BUSY] = "busy",
};
static const char *const value_names[] = {
	[EVICT_UNNAMED] = "unnamed",
	[EVICT_DERIVED] = "derived",
	[EVICT_FETCHED] = "fetched",
};

static bool same(const struct keeper_thing *a, const struct keeper_thing *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case KEEPER_OBJECT:
	case KEEPER_STRAY_OBJECT:
		return !memcmp(&a->id, &b->id, sizeof(a->id));
	case KEEPER_RUNG:
		return a->lesson == b->lesson && a->rung == b->rung;
	case KEEPER_SPARE:
	case KEEPER_SIGHT:
	case KEEPER_STRAY_RENDITION:
		return a->number == b->number;
	}
	return false;
}

/* In the order of going: what would go before it, in bytes. */
static const struct evict_item *find_item(const struct keeper_rows *rows,
					  const struct keeper_thing *t, uint64_t *before)
{
	*before = 0;
	for (size_t i = 0; i < rows->count; i++) {
		const struct evict_item *item = &rows->items[i];
		if (same(&rows->rows[item->ref].thing, t))
			return item;
		*before += item->bytes;
	}
	return NULL;
}

struct search {
	const char *key;
	struct store_list_gone gone;
	bool found;
};

static int match_gone(void *data, const struct store_list_gone *gone)
{
	struct search *s = data;
	if (strcmp(gone->what, s->key))
		return 0;
	s->gone = *gone;
	s->found = true;
	return 1;
}

static int64_t due_of(const struct keeper *k, const struct keeper_thing *t)
{
	return t->kind == KEEPER_OBJECT ? k->objects[t->object].due_s
	       : t->kind == KEEPER_RUNG ? k->lessons[t->lesson].due_s
					: 0;
}

static json_t *why_here(const struct keeper *k, const struct keeper_thing *t,
			const struct evict_item *item, uint64_t before, const char *label)
{
	const bool goes = item->keep == EVICT_MAY_GO;
	const int64_t used = t->kind == KEEPER_OBJECT && k->object_used[t->object] > item->used_s
				     ? k->object_used[t->object]
				     : item->used_s;
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I}", "what", label, "state",
			 goes ? "may-go" : "stays", "reason",
			 goes ? value_names[item->value] : keep_names[item->keep], "bytes",
			 (json_int_t)item->bytes, "used_s", (json_int_t)used, "before_bytes",
			 (json_int_t)before, "due_s", (json_int_t)due_of(k, t));
}

static bool is_held(const struct keeper *k, const struct keeper_thing *t)
{
	return t->kind == KEEPER_OBJECT ? k->library->objects[t->object].held
	       : t->kind == KEEPER_RUNG ? (k->library->lessons[t->lesson].held & 1u << t->rung) != 0
					: false;
}

static bool is_guarded(const struct keeper *k, const struct keeper_thing *t)
{
	return t->kind == KEEPER_OBJECT ? keeper_protected(&k->objects[t->object])
	       : t->kind == KEEPER_RUNG ? keeper_protected(&k->lessons[t->lesson])
					: false;
}

/* Of what went. What is pinned or needed waits for room alone, never for somebody to ask. */
static const char *why_gone(const struct keeper *k, const struct keeper_thing *t,
			    enum store_list_held how)
{
	const bool by_hand = how == STORE_LIST_UNTIL_ASKED, held = is_held(k, t);
	if (is_guarded(k, t))
		return held ? "pinned-out" : by_hand ? "called-back" : "comes-back";
	return by_hand ? "sent-away" : held ? "made-room" : "comes-back";
}

static json_t *why_not(const struct keeper *k, const struct keeper_thing *t, const char *label)
{
	char key[160];
	struct search s = { .key = key };
	keeper_key(k, t, key);
	(void)store_list_gone(k->store, match_gone, &s, NULL);
	if (s.found)
		return json_pack("{s:s, s:s, s:s, s:I, s:I, s:s}", "what", label, "state", "gone",
				 "reason", why_gone(k, t, s.gone.held), "bytes",
				 (json_int_t)s.gone.bytes, "at_s", (json_int_t)s.gone.at_s, "cause",
				 s.gone.cause);
	const bool stray = t->kind == KEEPER_STRAY_OBJECT || t->kind == KEEPER_STRAY_RENDITION;
	return json_pack("{s:s, s:s, s:s}", "what", label, "state", "absent", "reason",
			 stray              ? "unknown"
			 : !is_held(k, t)   ? "coming"
			 : is_guarded(k, t) ? "pinned-out"
					    : "no-room");
}

json_t *keeper_why(struct keeper *k, const char *name, struct fault *why)
{
	struct keeper_name n;
	CLEANUP(keeper_rows_done) struct keeper_rows rows = { 0 };
	CLEANUP(clean_json) json_t *things = json_array();
	if (keeper_name_find(k, name, &n, why) || keeper_list(k, &rows, why))
		return NULL;
	evict_choose(rows.items, rows.count, 0, EVICT_FOR_PUPIL, keeper_clock(k));
	for (size_t i = 0; i < n.count; i++) {
		char label[sizeof(n.path)];
		uint64_t before;
		const struct keeper_thing *t = &n.things[i];
		const struct evict_item *item = find_item(&rows, t, &before);
		keeper_label(k, t, label, sizeof(label));
		if (n.path[0])
			snprintf(label, sizeof(label), "%s", n.path);
		/* An empty rendition is only a place for what is still to come. */
		const bool here = item && (item->bytes || t->kind != KEEPER_RUNG);
		json_array_append_new(things, here ? why_here(k, t, item, before, label)
						   : why_not(k, t, label));
	}
	return json_pack("{s:O}", "things", things);
}

/* --- pins --------------------------------------------------------------------------------------------- */

static json_t *pin_state(const struct keeper_name *n, const char *state)
{
	const char *what = strchr(n->pin, '/');
	return json_pack("{s:s, s:s}", "what",
			 n->path[0] ? n->path
			 : what     ? what + 1
				    : "",
			 "state", state);
}

/* `how` is the command: pin or unpin. */
static int may_pin(const struct keeper_name *n, const char *name, const char *how,
		   struct fault *why)
{
	if (n->part[0])
		return fault_set(why, -EINVAL, "store.pin",
				 "'%.100s' is a part of a lesson, and lessons are kept whole: "
				 "'wasl store %s %s'",
				 name, how, n->part);
	return n->pin[0] ? 0
			 : fault_set(why, -EINVAL, "store.pin",
				     "'%.100s' cannot be pinned; name its lesson", name);
}

/* What no catalogue names and the store has not cannot be kept. */
static int may_stay(const struct keeper *k, const struct keeper_name *n, const char *name,
		    struct fault *why)
{
	if (n->things[0].kind != KEEPER_STRAY_OBJECT ||
	    store_object_known(k->store, &n->things[0].id, NULL) >= 0)
		return 0;
	return fault_set(why, -ENOENT, "store.absent", "nothing of '%.120s' is here", name);
}

json_t *keeper_pin(struct keeper *k, const char *name, struct fault *why)
{
	struct keeper_name n;
	if (keeper_name_find(k, name, &n, why) || may_pin(&n, name, "pin", why) ||
	    may_stay(k, &n, name, why) || store_list_pin(k->store, n.pin, clock_wall_s(), why))
		return NULL;
	keeper_facts_read(k);
	keeper_judge(k);
	return pin_state(&n, "pinned");
}

json_t *keeper_unpin(struct keeper *k, const char *name, struct fault *why)
{
	struct keeper_name n;
	if (keeper_name_find(k, name, &n, why) || may_pin(&n, name, "unpin", why) ||
	    store_list_unpin(k->store, n.pin, why))
		return NULL;
	keeper_facts_read(k);
	keeper_judge(k);
	return pin_state(&n, "unpinned");
}

/* --- go ----------------------------------------------------------------------------------------------- */

static const struct {
	const char *id, *text;
} refusals[] = {
	[EVICT_PINNED] = { "store.pinned", "is pinned; 'wasl store unpin' it first" },
	[EVICT_DUE] = { "store.due", "is needed within two days; it stays" },
	[EVICT_PROGRAMME] = { "store.programme", "is in a programme of the ministry; it stays" },
	[EVICT_BUSY] = { "store.busy", "is in use; try again later" },
};

/* A person's word counts more than that it was played a moment ago, not more than that it is being played. */
static int may_go(const struct keeper *k, const struct keeper_thing *t,
		  const struct evict_item *item, struct fault *why)
{
	char label[160];
	const bool idle = item->keep == EVICT_BUSY && item->bytes && k->library &&
			  !(t->kind == KEEPER_OBJECT && k->lesson_wanted[k->owner[t->object]]) &&
			  !(t->kind == KEEPER_RUNG && k->lesson_wanted[t->lesson]);
	if (item->keep == EVICT_MAY_GO || item->keep == EVICT_LOCAL || idle)
		return 0;
	keeper_label(k, t, label, sizeof(label));
	return fault_set(why, -EPERM, refusals[item->keep].id, "%s %s", label,
			 refusals[item->keep].text);
}

static void name_it(const struct keeper *k, const struct keeper_thing *t, json_t *list)
{
	char label[160];
	keeper_label(k, t, label, sizeof(label));
	json_array_append_new(list, json_string(label));
}

/* All of it or nothing. */
static int all_may_go(struct keeper *k, const struct keeper_name *n, struct fault *why)
{
	CLEANUP(keeper_rows_done) struct keeper_rows rows = { 0 };
	uint64_t before;
	int r = keeper_list(k, &rows, why);
	for (size_t i = 0; r == 0 && i < n->count; i++) {
		const struct evict_item *item = find_item(&rows, &n->things[i], &before);
		if (item && item->bytes)
			r = may_go(k, &n->things[i], item, why);
	}
	return r;
}

static int send_all(struct keeper *k, const struct keeper_name *n, json_t *list, uint64_t *bytes,
		    struct fault *why)
{
	CLEANUP(keeper_rows_done) struct keeper_rows rows = { 0 };
	uint64_t before;
	int r = keeper_list(k, &rows, why);
	for (size_t i = 0; r == 0 && i < n->count; i++) {
		const struct evict_item *item = find_item(&rows, &n->things[i], &before);
		if (!item || (!item->bytes && n->things[i].kind == KEEPER_RUNG))
			continue;
		const struct keeper_farewell f = { .item = item,
						   .thing = &n->things[i],
						   .held = STORE_LIST_UNTIL_ASKED,
						   .name = n->path[0] ? n->path : NULL,
						   .cause = "" };
		r = keeper_send_away(k, &f, why);
		if (r)
			break;
		*bytes += item->bytes;
		if (!n->path[0])
			name_it(k, &n->things[i], list);
	}
	return r;
}

static int count_same(void *data, const struct store_local *file)
{
	struct keeper_name *n = data;
	n->others += !memcmp(&file->id, &n->things[0].id, sizeof(file->id));
	return 0;
}

/* The address goes; the bytes with it, unless another address or the catalogue has them, too. */
static int drop_address(struct keeper *k, struct keeper_name *n, json_t *list, struct fault *why)
{
	int r = store_local_drop(k->store, n->path, why);
	if (r == 0)
		r = store_local_each(k->store, count_same, n, why);
	if (r)
		return r;
	json_array_append_new(list, json_string(n->path));
	if (n->others || n->things[0].kind == KEEPER_OBJECT)
		n->count = 0;
	return 0;
}

static json_t *went(struct keeper *k, json_t *list, uint64_t bytes)
{
	k->calls.changed(k->calls.data);
	keeper_judge(k);
	return json_pack("{s:O, s:I}", "evicted", list, "bytes", (json_int_t)bytes);
}

json_t *keeper_evict(struct keeper *k, const char *name, struct fault *why)
{
	struct keeper_name n;
	CLEANUP(clean_json) json_t *list = json_array();
	uint64_t bytes = 0;
	if (keeper_name_find(k, name, &n, why))
		return NULL;
	int r = all_may_go(k, &n, why);
	if (r == 0 && n.path[0])
		r = drop_address(k, &n, list, why);
	if (r == 0)
		r = send_all(k, &n, list, &bytes, why);
	if (r == 0 && !json_array_size(list))
		r = fault_set(why, -ENOENT, "store.absent", "nothing of '%.120s' is here", name);
	if (json_array_size(list))
		k->calls.changed(k->calls.data);
	return r ? NULL : went(k, list, bytes);
}

json_t *keeper_evict_bytes(struct keeper *k, uint64_t bytes, struct fault *why)
{
	CLEANUP(keeper_rows_done) struct keeper_rows rows = { 0 };
	CLEANUP(clean_json) json_t *list = json_array();
	uint64_t gained = 0;
	if (keeper_list(k, &rows, why))
		return NULL;
	const int64_t now = keeper_clock(k);
	const uint64_t reach = evict_reach(rows.items, rows.count, EVICT_FOR_PERSON, now);
	const size_t goes = evict_choose(rows.items, rows.count, bytes, EVICT_FOR_PERSON, now);
	if (!goes) {
		fault_set(why, -ENOSPC, "store.stays",
			  "%" PRIu64 " bytes are more than may go: %" PRIu64
			  "; 'wasl store why NAME' says why a thing stays",
			  bytes, reach);
		return NULL;
	}
	for (size_t i = 0; i < goes; i++) {
		const struct keeper_farewell f = { .item = &rows.items[i],
						   .thing = &rows.rows[rows.items[i].ref].thing,
						   .held = STORE_LIST_UNTIL_ASKED,
						   .cause = "" };
		if (keeper_send_away(k, &f, why)) {
			k->calls.changed(k->calls.data); /* of what went before */
			return NULL;
		}
		gained += f.item->bytes;
		name_it(k, f.thing, list);
	}
	return went(k, list, gained);
}

/* --- verify ------------------------------------------------------------------------------------------- */

static void verified(void *data, const struct keeper_scrub_result *result)
{
	struct keeper *k = data;
	const bool whole = !result->why.code;
	k->verified(k->verified_data, whole ? keeper_scrub_json(result) : NULL,
		    whole ? NULL : &result->why);
}

int keeper_verify(struct keeper *k, const char *name, keeper_verified *done, void *data,
		  struct fault *why)
{
	struct keeper_name n;
	int r = keeper_name_find(k, name, &n, why);
	if (r == 0)
		r = keeper_scrub_things(k->scrub, n.things, n.count, verified, k, why);
	if (r)
		return r;
	k->verified = done;
	k->verified_data = data;
	return 0;
}

void keeper_verify_leave(struct keeper *k)
{
	keeper_scrub_leave(k->scrub);
}

void keeper_verify_all(struct keeper *k)
{
	keeper_scrub_hurry(k->scrub);
}

json_t *keeper_disk(const struct keeper *k)
{
	return keeper_scrub_health(k->scrub);
}

/* --- status ------------------------------------------------------------------------------------------- */

static int count_pin(void *data, const char *what, int64_t added_s)
{
	(void)added_s;
	return json_array_append_new(data, json_string(what)) ? -ENOMEM : 0;
}

static uint64_t held_bytes(const struct keeper *k)
{
	uint64_t bytes = 0;
	for (size_t i = 0; k->library && i < k->library->object_count; i++)
		bytes += k->library->objects[i].held ? k->library->objects[i].size : 0;
	return bytes;
}

json_t *keeper_status(struct keeper *k)
{
	CLEANUP(keeper_rows_done) struct keeper_rows rows = { 0 };
	CLEANUP(clean_json) json_t *pins = json_array();
	uint64_t reach = 0, room = 0;
	(void)store_list_pins(k->store, count_pin, pins, NULL);
	(void)store_list_room(k->store, &room, NULL);
	if (keeper_list(k, &rows, NULL) == 0)
		reach = evict_reach(rows.items, rows.count, EVICT_FOR_PUPIL, keeper_clock(k));
	return json_pack("{s:I, s:I, s:I, s:O, s:o, s:{s:I, s:I, s:s, s:I, s:s}}", "room_bytes",
			 (json_int_t)room, "may_go_bytes", (json_int_t)reach, "held_bytes",
			 (json_int_t)held_bytes(k), "pins", pins, "disk", keeper_disk(k), "evicted",
			 "count", (json_int_t)k->evicted_count, "bytes",
			 (json_int_t)k->evicted_bytes, "last", k->last.what, "last_s",
			 (json_int_t)k->last.at_s, "last_cause", k->last.cause);
}
