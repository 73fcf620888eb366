// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/names.h"
#include "cache/store.h"
#include "content/kitchen/kitchen.h"
#include "content/shelf/sprites_format.h"
#include "firmware/record/catalogue.pb.h"

struct fault;
struct passing;

/*
 * What the box is to have, and how much of it is there: every object and rendition that the catalogue in force names. Built
 * anew when another catalogue comes; the bytes stay in the store. Fetcher and cook write into it, everyone reads it.
 */
#define LIBRARY_NONE SIZE_MAX

struct library_object {
	struct objmap_id id;
	uint64_t size, head_chunks,
		first_chunks; /* first_chunks: what the first segment needs, from the start */
	const char *media_type;
	bool map_known, complete;
	bool absent; /* nobody who was asked has it: no room is kept for it */
	bool held; /* there is no room for it: only what somebody asks for is fetched (content/keeper/keeper.h) */
	struct store_object *open; /* while bytes are missing and the map is known */
	struct passing *passing;   /* instead: the disk has no room (content/kitchen/passing.h) */
	uint64_t not_before_ms;    /* the fetcher leaves it alone until then */
};

/*
 * A picture may have two versions, one for each operating point (content/kitchen/version.h). Slot `rung` is the one that players are
 * offered, slot `rung + RUNG_COUNT` the other; masks `made`, `cooking` and `lost` name slots.
 */
#define LIBRARY_SLOTS (2 * RUNG_COUNT)

struct library_rung {
	uint64_t number; /* of the rendition; 0: could not be opened yet, or was not begun */
	enum kitchen_point point;
	struct kitchen_shape shape;
	uint32_t done;
	bool complete;
	uint64_t peak_bps, average_bps; /* measured; 0 until complete */
	uint64_t stamp; /* of where its segments lie, once complete: other places, other stamp */
	uint32_t *
		key_bytes; /* of segments 1 .., once complete: what each begins with, its key frame */
	uint64_t keys_bps; /* their peak */
	/* The whole file for download, once this rung and its sound are complete. */
	void *header;
	size_t header_len;
	struct names_extent *extents;
	size_t extent_count;
	uint64_t download_bytes;
};

/* A lesson's preview (content/catalogue/library_sight.h): files, one behind the other in one rendition. */
enum library_sight_file {
	LIBRARY_SIGHT_TIMES,    /* sprite.vtt */
	LIBRARY_SIGHT_CHAPTERS, /* chapters.vtt */
	LIBRARY_SIGHT_POSTER,
	LIBRARY_SIGHT_SHEETS, /* sprite-1.jpg and so on */
	LIBRARY_SIGHT_FILES = LIBRARY_SIGHT_SHEETS + SPRITES_SHEETS_MAX
};
struct library_piece {
	uint64_t offset, length; /* 0: there is no such file */
};
struct library_sight {
	uint64_t number; /* of the rendition; 0: none */
	bool here;
	bool tried_out; /* it cannot be made */
	bool unwanted; /* a person sent it away: not made again before the next start or catalogue */
	struct library_piece files[LIBRARY_SIGHT_FILES];
};

struct library_lesson {
	const wasl_Item *item;
	size_t poster, mezzanine; /* objects, or LIBRARY_NONE */
	size_t *captions, *files; /* objects, as the item's captions and attachments */
	bool playable;
	int32_t due_day; /* needed on it, by a programme or a request (days since 1970); 0: on none */
	int32_t asked_day;   /* a person asked for it by that day (since 1970); 0: nobody did */
	char generation[24]; /* of what is made for whoever waits, and of the sound */
	char better[24];     /* of what replaces its pictures */
	uint32_t ladder, segments;
	uint32_t slow;      /* slots of the better version */
	uint32_t spare;     /* other slots that have an address */
	uint32_t to_better; /* other slots that are to be made when nobody waits */
	uint64_t watched_ms;
	uint32_t held; /* rungs that there is no room for: only what somebody asks for is made */
	uint32_t *made,
		*cooking; /* [0 .. segments]: masks of slots; made counts what was given up, too */
	uint32_t *lost;   /* [0 .. segments]: slots given up */
	struct library_rung rungs[LIBRARY_SLOTS];
	struct library_sight sight;
};

struct library {
	struct store *store;
	const wasl_Catalogue *catalogue;
	struct library_object *objects; /* in the order in which they are fetched */
	size_t object_count;
	struct library_lesson *lessons; /* as the catalogue's items */
	size_t lesson_count;
	size_t *order;       /* lessons by how soon they are needed: programmes first */
	size_t *fetch_order; /* objects, likewise: library_reorder() */
	struct library_slot *by_id, *by_number;
	size_t slot_mask;
};

/* `allowed`: mask of rungs. The catalogue must outlive the library. */
int library_build(struct store *store, const wasl_Catalogue *catalogue, uint32_t allowed,
		  struct library **out, struct fault *why);
void library_free(struct library *l); /* NULL is fine */
void library_close_object(struct library_object *o);

size_t library_find_object(const struct library *l,
			   const struct objmap_id *id); /* LIBRARY_NONE: no such object */
/* Opens the object to see what is there now, which mends a bitmap that rotted; it stays open while bytes are missing. */
void library_look_again(const struct library *l, struct library_object *o);
/* The lesson and rung of a rendition's number; false when there is none. */
bool library_find_rendition(const struct library *l, uint64_t number, size_t *lesson,
			    enum kitchen_rung *rung);
/* The same, and which version of it. */
bool library_find_slot(const struct library *l, uint64_t number, size_t *lesson, unsigned *slot);
size_t library_find_lesson(const struct library *l, const char *id);
/*
 * Lessons in this order from now on. The first `whole` of them come one by one, with all that belongs to them; of the others
 * first pictures and captions, then films, then papers. Cook is to be told: cook_reordered().
 */
void library_reorder(struct library *l, const size_t *order, size_t whole);

/* Opens the rendition of a slot, and notes its number. The caller closes it. */
int library_open_rung(struct library *l, size_t lesson, unsigned slot, struct store_rendition **out,
		      struct fault *why);
/* Notes what the store has of the slot; measures it and prepares the download when it has become complete. */
int library_refresh_rung(struct library *l, size_t lesson, unsigned slot, struct fault *why);

/* The store no longer has it: forgets what was known. */
void library_forget_object(struct library *l, size_t object);
/*
 * The store has less of this slot than was noted (rot, or other hands), perhaps under another number: looks anew. Where the
 * other version has more, that is offered. Names and pages are to be published again.
 */
int library_recheck_rung(struct library *l, size_t lesson, unsigned slot, struct fault *why);

/* "download-360p.mp4", "audio.m4a" */
struct library_download {
	char name[64];
};
struct library_download library_download_name(enum kitchen_rung rung);

/* Every byte that this segment is made from is there. */
bool library_readable(const struct library *l, size_t lesson, uint32_t segment);
/* Chunks of the mezzanine that hold the segment. */
void library_span(const struct library *l, size_t lesson, uint32_t segment, uint64_t *first,
		  uint64_t *count);

struct library_progress {
	bool plays; /* the first segment of each rung is there */
	bool complete, failed;
	uint32_t done, total;            /* segments of all rungs */
	uint64_t have_bytes, size_bytes; /* of the mezzanine */
};
struct library_progress library_progress(const struct library *l, size_t lesson);
bool library_has(const struct library *l, size_t object); /* whole; false for LIBRARY_NONE */
uint64_t library_have_bytes(const struct library_object *o);
