// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "content/keeper/keeper_priv.h"

struct fault;
struct sd_event;

/*
 * Looks for rot, a little at a time: by itself while nobody waits and nothing is fetched or cooked, at a rate that an old
 * card does not feel; faster when a person asked. What is found bad was withdrawn by the store already: it is fetched or
 * made again like anything that is missing, and told as an event of the layer "disk".
 */
struct keeper_scrub;

/* `days` between whole passes that begin by themselves; 0: none does. */
int keeper_scrub_new(struct sd_event *loop, struct keeper *k, unsigned days,
		     struct keeper_scrub **out, struct fault *why);
void keeper_scrub_free(struct keeper_scrub *s); /* NULL is fine; who waits is not told */

struct keeper_scrub_result { /* of the things that were asked for */
	uint64_t bytes, bad, mended;
};
/* Looks at these now; `done` is called once, later. -EBUSY while others are looked at for somebody. */
int keeper_scrub_things(struct keeper_scrub *s, const struct keeper_thing *things, size_t count,
			void (*done)(void *data, const struct keeper_scrub_result *result),
			void *data, struct fault *why);
void keeper_scrub_leave(struct keeper_scrub *s); /* who asked is gone: `done` is not called */
/* A whole pass from the beginning, as fast as it goes beside pupils. */
void keeper_scrub_hurry(struct keeper_scrub *s);
/* {passes, last_pass_s, bytes, pass_bytes, bad, mended, unreadable, running} */
json_t *keeper_scrub_health(const struct keeper_scrub *s);
