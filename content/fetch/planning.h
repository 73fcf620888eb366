// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "content/fetch/planner.h"

struct contentd;
struct fault;
struct fetch_leave;
struct library;

/*
 * content/fetch/planner.h at work in wasl-contentd: what the lines, the clock, the agenda and the library say goes in; the order of
 * lessons, what the fetcher may ask for, and what is promised come out. What a line that costs money brought is on disk before
 * it is exceeded: a power cut makes a night's account too high by at most a megabyte, never too low.
 */
struct planning;
int planning_open(struct contentd *c, struct fault *why); /* c->planning */
void planning_close(struct planning *p);                  /* NULL is fine */

/* Another library (NULL: none): its lessons are put in order before anybody works by it. */
void planning_use(struct planning *p, struct library *library);
/* Other rules: what may come now, and what is promised, follow them at once. */
void planning_obey(struct planning *p, const struct planner_rules *rules);
/* Requests or pins have changed. */
void planning_changed(struct planning *p);
/* Somebody watches, or waits: the classroom is not quiet. */
void planning_used(struct planning *p);
/* Once a second. */
void planning_tick(struct planning *p);

/* For the fetcher; `data` is the struct contentd. */
struct fetch_leave planning_leave(void *data);
void planning_spent(void *data, uint64_t bytes);

void planning_now(struct planning *p, struct planner_now *out);
int32_t planning_today(const struct planner_now *now); /* local day; 0: not known */
/* One for each lesson of the library, and all of them together. */
struct library_progress;
struct promise_sum;
int planning_promises(const struct contentd *c, const struct library_progress *progress,
		      struct planner_promise *out, struct promise_sum *sum);
