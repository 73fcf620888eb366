// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

/*
 * How long nothing has come of an upload: by the time that somebody vouches for, where that is known; else by how long the box ran
 * meanwhile. The box's own clock may jump by years, and nobody's film goes for that. Pure; kept with the upload's row.
 */
struct unfinished {
	uint64_t seen_bytes; /* that had come at the last look */
	int64_t touched_s;   /* trusted time of the first look that found them; 0: nobody knew it */
	int64_t still_s;     /* that the box has run since */
};

struct unfinished_look {
	uint64_t have; /* bytes that are here */
	int64_t now_s; /* trusted time; 0: nobody vouches */
	int64_t ran_s; /* since the look before */
};

/* Takes a look into account; seconds without a piece. */
int64_t unfinished_age(struct unfinished *u, const struct unfinished_look *look);
