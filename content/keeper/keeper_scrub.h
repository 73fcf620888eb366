// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "content/keeper/keeper_priv.h"
#include "firmware/base/fault.h"

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
	uint64_t lost; /* of the bad ones: neither mended here nor fetched or made again */
	json_t *damaged; /* the first of the bad ones: [{what, state: "mended", "comes" or "lost"}]; NULL: none */
	struct fault why; /* code != 0: it was not looked at to the end */
};
typedef void keeper_scrubbed(void *data, const struct keeper_scrub_result *result);
/* Looks at these now; `done` is called once, later. -EBUSY while others are looked at for somebody. */
int keeper_scrub_things(struct keeper_scrub *s, const struct keeper_thing *things, size_t count,
			keeper_scrubbed *done, void *data, struct fault *why);
/* Looks whether there is something to search (store_search_step()); once a second is enough. */
void keeper_scrub_tick(struct keeper_scrub *s);
/* keeper_rot.c: an object was searched through: what it lacks is fetched. */
void keeper_searched(struct keeper *k, const struct objmap_id *id);
/* {bytes, bad, mended, lost, damaged} */
json_t *keeper_scrub_json(const struct keeper_scrub_result *r);
void keeper_scrub_result_done(struct keeper_scrub_result *r); /* and it is empty again */
/* keeper_rot.c: what was withdrawn comes again, where it can; it is told, and counted. */
void keeper_rot_found(struct keeper *k, const struct store_scrub_found *found,
		      struct keeper_scrub_result *r);
void keeper_scrub_leave(struct keeper_scrub *s); /* who asked is gone: `done` is not called */
/* A whole pass from the beginning, as fast as it goes beside pupils. */
void keeper_scrub_hurry(struct keeper_scrub *s);
/* {passes, last_pass_s, bytes, pass_bytes, bad, mended, unreadable, set_aside_s, running, found: of the last pass that a person began} */
json_t *keeper_scrub_health(const struct keeper_scrub *s);
