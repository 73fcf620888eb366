// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>

#include "cache/store_list.h"
#include "cache/store_scrub.h"
#include "content/keeper/keeper.h"

/* What keeper.c (notes, room), keeper_hold.c (holds), keeper_ask.c (people) and keeper_scrub.c (rot) share. */
struct keeper_thing { /* of the library, or of the store alone */
	enum {
		KEEPER_OBJECT,
		KEEPER_RUNG,
		KEEPER_STRAY_OBJECT,
		KEEPER_STRAY_RENDITION,
		KEEPER_SPARE, /* a version that players are not offered (now, or no longer) */
		KEEPER_SIGHT  /* a lesson's preview */
	} kind;
	size_t object, lesson; /* LIBRARY_NONE: none */
	enum kitchen_rung rung;
	unsigned slot; /* of a rendition of the library */
	struct objmap_id id;
	uint64_t number;
};

struct keeper_row { /* one thing that is in the store */
	struct keeper_thing thing;
};

struct keeper_rows { /* all of them; items[i].ref is the row's place in rows */
	struct keeper_row *rows;
	struct evict_item *items;
	size_t count, room;
};

struct keeper_facts {
	bool pinned, programme;
	int64_t due_s;
};

struct keeper {
	struct store *store;
	struct wants *wants;
	struct library *library;
	struct keeper_calls calls;
	struct report report;
	struct sd_event_source *tick;
	int64_t clock_s; /* of use, at clock_mono_ms() clock_at_ms */
	uint64_t clock_at_ms;
	uint64_t flush_ms, judge_ms;
	uint64_t busy_ms; /* when somebody watched something last */
	/* Of the library: by object, and by lesson * RUNG_COUNT + rung. */
	struct keeper_facts *objects, *lessons;
	size_t *owner;                    /* of an object: the first lesson that names it */
	int64_t *object_used, *rung_used; /* not noted in the store yet; 0: nothing to note */
	enum store_list_held *object_gone, *rung_gone;
	uint64_t *object_went, *rung_went; /* how much, when the store remembers that it went */
	bool *lesson_wanted;               /* somebody waits for something of it now */
	/* What was unlinked, and the disk may not have given back yet. */
	uint64_t pending_bytes, pending_ms;
	uint64_t evicted_count, evicted_bytes;
	struct store_list_gone last;
	struct keeper_scrub *scrub;
	/* Who waits for a look at a thing. */
	keeper_verified *verified;
	void *verified_data;
};

/* keeper.c */
int64_t keeper_clock(struct keeper *k);
void keeper_label(const struct keeper *k, const struct keeper_thing *t, char *out, size_t room);
void keeper_key(const struct keeper *k, const struct keeper_thing *t, char out[static 160]);
int keeper_list(struct keeper *k, struct keeper_rows *out, struct fault *why);
void keeper_rows_done(struct keeper_rows *r);
/* Sends one thing away. */
struct keeper_farewell {
	const struct evict_item *item;
	const struct keeper_thing *thing;
	enum store_list_held held; /* how it comes back */
	const char *name;          /* what people call it; NULL: keeper_label() */
	const char *cause;         /* what it makes room for; "": it was asked to go */
};
int keeper_send_away(struct keeper *k, const struct keeper_farewell *f, struct fault *why);
void keeper_notes_flush(struct keeper *k);
void keeper_see_wants(struct keeper *k);
bool keeper_protected(const struct keeper_facts *f);
void keeper_facts_read(struct keeper *k);

/*
 * The address that the school gave these bytes ("/p/…"), where it gave them one; *alone: nobody else has them, whatever the library
 * says of them (a teacher's film, a recorded class).
 */
bool keeper_address(const struct keeper *k, const struct objmap_id *id, char *out, size_t room,
		    bool *alone);

/* keeper_news.c */
void keeper_news(struct keeper *k);

/* keeper_hold.c */
void keeper_judge(struct keeper *k);
