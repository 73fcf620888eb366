// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "cache/evict.h"
#include "content/catalogue/library.h"
#include "content/report.h"
#include "content/wants.h"

struct fault;
struct sd_event;

/*
 * Keeps house in the store: notes what is used, makes room before it is needed by the order of cache/evict.h, holds back
 * what there is no room for, remembers what left and why, and looks for rot while nobody waits.
 *
 * What was evicted for room stays away in the background until there is room without evicting: nothing is
 * fetched or cooked over and over only to be evicted again. Whoever asks for it gets it.
 */
struct keeper;

struct keeper_calls {
	/* An object is about to leave: whoever fills it lets go of it. */
	void (*object_leaves)(void *data, size_t object);
	/* Something left or was found bad: pages and waiting pupils are looked at again. */
	void (*left)(void *data);
	/* The same, and addresses lead elsewhere now. */
	void (*changed)(void *data);
	/* What holds were is another: fetcher and cook look again. */
	void (*poke)(void *data);
	/* Nobody waits and nothing is fetched or cooked: there is time to look for rot. */
	bool (*idle)(void *data);
	void *data;
};

/* Who is asked for by what day has changed (library_lesson.asked_day). */
void keeper_look_again(struct keeper *k);

/* `scrub_days`: between whole looks at the disk that begin by themselves; 0: none does. */
int keeper_new(struct sd_event *loop, struct store *store, struct wants *wants, unsigned scrub_days,
	       const struct keeper_calls *calls, const struct report *report, struct keeper **out,
	       struct fault *why);
void keeper_free(struct keeper *k); /* NULL is fine; notes what was used first */
/* Keeps house for this library from now on; NULL: nothing may go, for nobody knows what is pinned. */
void keeper_use(struct keeper *k, struct library *library);

/* A lesson is watched (`rung` RUNG_COUNT: in any of its sizes); what pupils wait for is noted by itself. */
void keeper_used(struct keeper *k, size_t lesson, unsigned rung);

/* A segment or a chunk of it came: what comes is not the next to go. */
void keeper_object_grows(struct keeper *k, size_t object);
void keeper_arrived(struct keeper *k, uint64_t rendition);

/*
 * Room for `bytes` more; evicts for it if it must and may. `cause` is told: "fractions-2/360p". -ENOSPC: there is no room
 * and nothing may go; nothing was evicted then. -EAGAIN: enough has gone, and the disk gives it back in a moment.
 */
int keeper_make_room(struct keeper *k, uint64_t bytes, enum evict_asker asker, const char *cause,
		     struct fault *why);
/* The same for an object or a rung of the library, for whoever wants it now. */
int keeper_room_for_object(struct keeper *k, size_t object, struct fault *why);
int keeper_room_for_rung(struct keeper *k, size_t lesson, enum kitchen_rung rung, uint64_t bytes,
			 struct fault *why);
/* The store was full all the same, or a lot has changed: holds are looked at again, soon. */
void keeper_judge_soon(struct keeper *k);
/* It is whole again: no longer held back. */
void keeper_object_here(struct keeper *k, size_t object);
void keeper_rung_here(struct keeper *k, size_t lesson, enum kitchen_rung rung);

/*
 * What a person names: a lesson ("fractions-1"), one thing of it ("fractions-1/360p", "fractions-1/film",
 * "fractions-1/files/a.pdf"), an address ("/m/…", "/l/…", "/p/…"), an object by its 64 digits, a rendition by its number.
 * Pins are for whole lessons and for objects: of a part of a lesson keeper_pin() says -EINVAL. Answers are JSON, made for firmware/SOCKETS.md; NULL and *why when they cannot be given.
 */
json_t *keeper_why(struct keeper *k, const char *name, struct fault *why);
json_t *keeper_pin(struct keeper *k, const char *name, struct fault *why);
json_t *keeper_unpin(struct keeper *k, const char *name, struct fault *why);
json_t *keeper_evict(struct keeper *k, const char *name, struct fault *why);
json_t *keeper_evict_bytes(struct keeper *k, uint64_t bytes, struct fault *why);
/*
 * Reads all of it from the disk, now; `done` is called once, later: with the answer (stolen), or with NULL and why there is none.
 * 0, or why it cannot be. keeper_verify_leave(): who asked is gone. keeper_verify_all() only begins: keeper_disk() says how far it is.
 */
typedef void keeper_verified(void *data, json_t *answer, const struct fault *why);
int keeper_verify(struct keeper *k, const char *name, keeper_verified *done, void *data,
		  struct fault *why);
void keeper_verify_leave(struct keeper *k);
void keeper_verify_all(struct keeper *k);
json_t *keeper_disk(const struct keeper *k);
json_t *keeper_status(struct keeper *k); /* pins, what could go, the last eviction */
