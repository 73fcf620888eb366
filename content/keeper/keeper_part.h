// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "content/keeper/keeper.h"

/*
 * What leaves with a lesson that the next catalogue names no more (withdrawn, or with another film): its bytes are given back at once,
 * not when there is no room. What the school added or pinned itself stays, and so does what another lesson names, too.
 */
struct keeper_named { /* by a library, sorted */
	struct objmap_id *objects;
	uint64_t *renditions;
	size_t object_count, rendition_count;
};
int keeper_named(const struct library *l, struct keeper_named *out); /* -ENOMEM */
void keeper_named_done(struct keeper_named *n);

struct keeper_parted {
	size_t objects, renditions;
	uint64_t bytes;
};
/* Of `before`, what the library in use does not name. What cannot go now is the first to go for room. */
void keeper_part(struct keeper *k, const struct keeper_named *before, struct keeper_parted *out);
