// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "content/catalogue/library.h"
#include "content/report.h"
#include "content/wants.h"

struct fault;
struct kitchen;
struct pass;
struct sd_event;

/*
 * Has the kitchen make what content/kitchen/jobs.h says comes next, and puts the dishes into the store. A segment that fails is
 * tried again, later and later; after the third time it is made black and silent where its lesson allows that, else it is given up
 * and who waits is told.
 */
struct cook;

struct cook_calls {
	void (*segment_here)(void *data, uint64_t rendition, uint32_t segment);
	void (*segment_lost)(void *data, uint64_t rendition, uint32_t segment);
	/* Nothing of the film can be read there: pupils see black, or hear nothing. */
	void (*segment_blank)(void *data, size_t lesson, uint32_t segment);
	/* The store has no room for `bytes` of a rung: makes some (0), or says why not (-EAGAIN: in a moment). */
	int (*room)(void *data, size_t lesson, enum kitchen_rung rung, uint64_t bytes,
		    struct fault *why);
	void (*rung_here)(void *data, size_t lesson, enum kitchen_rung rung); /* complete */
	void (*preview_here)(void *data, size_t lesson);
	void *data;
};

struct cook_counts {
	uint64_t segments, failures, given_up;
	uint64_t better; /* rungs whose better version took their place */
	uint64_t previews;
	unsigned ms_a_dish; /* one rung of one segment, wall time, of late; 0 not known */
};

/* At most `workers` jobs at once. `pass`: where segments go that the disk has no room for. */
int cook_new(struct sd_event *loop, struct kitchen *kitchen, struct wants *wants, struct pass *pass,
	     unsigned workers, const struct cook_calls *calls, const struct report *report,
	     struct cook **out, struct fault *why);
void cook_free(struct cook *c); /* NULL is fine */

/* Works for this library from now on (NULL: rests); what was under way is ended. */
void cook_use(struct cook *c, struct library *library);
/* What may be made while nobody waits. */
enum cook_pace {
	COOK_RESTS, /* nothing, and what is under way stands still: the box is busy, hot or on its battery */
	COOK_ENDS,   /* what is under way, and nothing more: a film needs the box's memory */
	COOK_MAKES,  /* what is missing */
	COOK_SHOWS,  /* previews, too: there is room for them */
	COOK_BETTERS /* then what is better than what is there: there is room for it */
};
void cook_set_pace(struct cook *c, enum cook_pace pace);
/* The library's lessons have another order now. */
void cook_reordered(struct cook *c);
/* Looks whether there is something else to do: wants changed, bytes came. */
void cook_poke(struct cook *c);
bool cook_busy(const struct cook *c);   /* something is under way */
bool cook_serves(const struct cook *c); /* something that a pupil waits for, or will in a moment */
struct cook_counts cook_count(const struct cook *c);
