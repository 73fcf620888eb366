// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/record/objmap.h"

struct fault;

/*
 * Verified bytes on disk. One writer (wasl-contentd) opens the store with this header; nginx workers only
 * map what it publishes (cache/view.h). Layout below DIR:
 *	store.db			rows: objects, renditions, segments; the truth
 *	obj/ab/ID			body at offset 0, page-aligned for sendfile
 *	obj/ab/ID.map			the verified map
 *	obj/ab/ID.bits			mapped: readable bitmap (verified) beside durable bitmap (after fdatasync)
 *	rend/NUMBER.mp4, .tab		a rendition: segments at 4 KiB boundaries, and its mapped segment table (cache/segtab.h)
 *	own/HASH			what a file of the school is called (cache/store_own.h), should store.db be lost
 *	names.idx			URL index (cache/names.h), written by names_write()
 *	store.lock			held by the one writer
 *	store.spare			gives way when the disk is so full that nothing could even be removed
 * Mapped files are allocated in full before they are published, never truncated, replaced by rename.
 */
struct store;
struct store_object;
struct store_rendition;

struct store_limits {
	uint64_t max_bytes; /* 0: what the file system has, less keep_free_bytes */
	uint64_t keep_free_bytes;
};

/*
 * `dir` must exist. -EBUSY while another program writes to this store. Takes a moment however much is in it: files that no
 * row speaks of are removed later, bit by bit, by store_sync() when there is nothing else to do (cache/store_scrub.h).
 */
int store_open(const char *dir, const struct store_limits *limits, struct store **out,
	       struct fault *why);
/*
 * A store.db that is damaged (and only that: SQLite found it no database, or broken) is set aside as store.db.damaged-1, in the place of an
 * earlier one, and a new one finds on the disk what it can (cache/store_news.h tells). When that was, in Unix time; -ENOENT: never, or
 * somebody has removed it.
 */
int store_set_aside_s(const struct store *s, int64_t *out);
/* Makes everything durable first. Objects and renditions still open are released: do not use them afterwards. */
void store_close(struct store *s);

/*
 * Opens the object, creating it (space reserved: -ENOSPC) when it is not there. `map` is copied; it was verified by
 * objmap_verify(). After a power cut, chunks that were not durable are checked again here; where more than about a megabyte is to be
 * checked (a bitmap was lost), store_search_step() does it.
 * Objects stay open until store_object_close(); opening twice gives the same one with a count.
 */
int store_object_open(struct store *s, const struct objmap *map, const char *media_type,
		      struct store_object **out, struct fault *why);
/*
 * Opens what is already in the store by id; -ENOENT when it is not there, or when its map is damaged: fetch the map and call
 * store_object_open(), which finds the bytes again.
 */
int store_object_find(struct store *s, const struct objmap_id *id, struct store_object **out,
		      struct fault *why);
void store_object_close(struct store_object *o);
/* What the rows say, without opening anything: 1 complete and durable, 0 partly there, -ENOENT, or an error. */
int store_object_known(struct store *s, const struct objmap_id *id, struct fault *why);

const struct objmap *store_object_map(const struct store_object *o);
uint64_t store_object_size(const struct store_object *o);
bool store_object_complete(const struct store_object *o);
bool store_object_has(const struct store_object *o, uint64_t chunk);
bool store_object_has_bytes(const struct store_object *o, uint64_t from, uint64_t len);
/* How many readable chunks follow each other from `from` on. */
uint64_t store_object_run(const struct store_object *o, uint64_t from);
/* First run of missing chunks at or after `from`: false when there is none. What is still to be searched is not missing. */
bool store_object_gap(const struct store_object *o, uint64_t from, uint64_t *first,
		      uint64_t *count);
/* Verifies chunk `index` (-EBADMSG), writes it, sets its readable bit. Durable at most 1 s or 1 MiB later. */
int store_object_put(struct store_object *o, uint64_t index, const void *bytes, size_t len,
		     struct fault *why);
int store_object_fd(
	const struct store_object *o); /* read-only, borrowed; holes where chunks are missing */

/*
 * Goes on looking for chunks that are on the disk and of which no bitmap says so, about `max_bytes` of them: 1 while there is more,
 * else 0. Nobody is sent any before it was hashed. *out (NULL is fine) says how much was read, and which object is through with it:
 * it is complete now, or has gaps.
 */
struct store_searched {
	uint64_t bytes;
	bool through;
	struct objmap_id id;
};
int store_search_step(struct store *s, uint64_t max_bytes, struct store_searched *out);
bool store_searching(const struct store *s); /* there is something to search */
/* Somebody waits for these: those of them that are still to be searched are hashed now, 1 MiB at most. */
void store_object_look(struct store_object *o, uint64_t first, uint64_t count);

/* Makes written chunks durable. Called by a timer once a second and by store_object_put() at 1 MiB. */
int store_sync(struct store *s, struct fault *why);

/*
 * A rendition: one rung of one generation of one lesson, made segment by segment in any order.
 * `number` names it on the want socket and in names.idx. Same (lesson, generation, rung) gives the same rendition.
 */
int store_rendition_open(struct store *s, const char *lesson, const char *generation,
			 const char *rung, uint32_t segment_count, uint64_t expected_bytes,
			 struct store_rendition **out, struct fault *why);
/* The same for one that is there already, by its number; -ENOENT. */
int store_rendition_find(struct store *s, uint64_t number, struct store_rendition **out,
			 struct fault *why);
void store_rendition_close(struct store_rendition *r);
uint64_t store_rendition_number(const struct store_rendition *r);
uint32_t store_rendition_segments(const struct store_rendition *r); /* planned, init not counted */
/*
 * Segment 0 is the init segment (duration 0); media segments count from 1 to segment_count. Written at a 4 KiB boundary,
 * fdatasync, row committed, then the slot is published: a segment that this returned 0 for survives a power cut. A
 * segment that is there already is left as it is (0): its bytes may be on their way to a phone.
 */
int store_rendition_put(struct store_rendition *r, uint32_t segment, uint32_t duration_ms,
			const void *bytes, size_t len, struct fault *why);
bool store_rendition_has(const struct store_rendition *r, uint32_t segment);
uint32_t store_rendition_done(
	const struct store_rendition *r); /* segments present, init not counted */
int store_rendition_slot(const struct store_rendition *r, uint32_t segment, uint64_t *offset,
			 uint32_t *len);
int store_rendition_fd(const struct store_rendition *r); /* read-only, borrowed */
/* Says that a segment cannot be made: waiters get a clean refusal instead of waiting. */
int store_rendition_fail(struct store_rendition *r, uint32_t segment, struct fault *why);

/* Removes (unlinks) an object or a rendition; its space is free once nobody maps it. */
int store_object_drop(struct store *s, const struct objmap_id *id, struct fault *why);
int store_rendition_drop(struct store *s, uint64_t number, struct fault *why);

struct store_totals {
	uint64_t objects, complete, renditions, segments, files, bytes, free_bytes;
	uint64_t opened; /* objects and renditions whose files were opened, since the store was */
	uint64_t swept;  /* files without a row that were removed since the store was opened */
	uint64_t
		rehashed_bytes; /* read again since then, because no durable bit vouched for them */
};
int store_totals(struct store *s, struct store_totals *out, struct fault *why);
