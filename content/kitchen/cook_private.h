// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "content/kitchen/cook.h"
#include "content/kitchen/cook_preview.h"
#include "content/kitchen/jobs.h"
#include "content/kitchen/kitchen.h"
#include "content/kitchen/setback.h"
#include "content/replan.h"

/* What cook.c (what next) and cook_dish.c (where it goes) share; nobody else includes it. */
#define COOK_MOST_JOBS 16u
#define COOK_FIRST_WAIT_MS 2000u

struct job {
	struct cook *of;
	struct kitchen_job *kitchen; /* NULL: free */
	struct store_object *source;
	size_t lesson;
	uint32_t segment, rungs;
	enum kitchen_point point;
	unsigned priority;
	uint64_t since_ms;
	int refused;     /* what the store said */
	int source_fd;   /* of what the store has not; -1 */
	uint32_t passed; /* slots that went through memory */
	void *init[RUNG_COUNT];
};

struct cook {
	struct replan replan;
	struct kitchen *kitchen;
	struct wants *wants;
	struct pass *pass;
	struct library *library;
	struct cook_calls calls;
	struct report report;
	struct job jobs[COOK_MOST_JOBS];
	unsigned workers;
	struct jobs_lesson *lessons; /* in the library's order */
	size_t *order, *place;       /* lessons in the order of cooking; the place of each in it */
	int64_t ordered_day;         /* of which the order is */
	struct seen {
		const struct library *library;
		const struct pass *pass;
		size_t lesson;
	} * seen;
	struct jobs_want *wanted;
	size_t wanted_room;
	struct setbacks setbacks;
	uint64_t not_before_ms;      /* no room on disk for anybody */
	uint64_t idle_not_before_ms; /* nor for what nobody waits for */
	uint64_t full_told_ms;       /* no room on disk: until then it has been said */
	bool start_told, walls_told;
	enum cook_pace pace;
	struct cook_preview preview;
	int preview_refused; /* what the store said of it */
	struct cook_counts counts;
};

void cook_tell(const struct cook *c, const char *kind, const char *subject, const char *layer,
	       const char *sentence);
struct library_lesson *cook_lesson_of(const struct job *j);
/* The slot that a rung of the job goes to; versions may change places while it cooks. */
unsigned cook_slot(const struct job *j, enum kitchen_rung rung);
uint32_t cook_slots(const struct job *j);
/* cook_lost.c: these slots of it were not made; or were, whatever became of the others */
void cook_failed(struct job *j, uint32_t slots, const struct fault *why);
void cook_went_well(struct job *j, uint32_t slots);
/* Of what was picked those slots that share a job: where one of them has failed, sound goes alone. */
uint32_t cook_apart(struct cook *c, size_t lesson, const struct jobs_pick *pick);
/* Nothing of the film can be read for it: black and silence. */
bool cook_blank(const struct job *j);
bool cook_preview_again(struct cook *c, size_t lesson); /* it failed: false after the last time */
/* The library is another: what was given up stays so for a while. */
void cook_remember(struct cook *c);
/* cook_view.c */
size_t cook_see_wants(struct cook *c); /* into c->wanted */
struct jobs_pick cook_look(struct cook *c, uint64_t now);
bool cook_view_make(struct cook *c, const struct library *l);
void cook_view_free(struct cook *c);
/* A preview as the kitchen made it: to disk, where there is room. `data` is the preview. */
void cook_preview_made(void *data, const struct kitchen_dish *dish);
/* What the kitchen made: to disk, or on a full one through memory to whoever waits. `data` is the job. */
void cook_made(void *data, const struct kitchen_dish *dish);
