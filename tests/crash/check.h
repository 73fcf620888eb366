// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "tests/crash/world.h"

/* What is wrong with a store after a cut. */
struct check_found {
	uint64_t wrong_bytes;  /* that a worker would have sent */
	uint64_t lost_durable; /* things that were said to be safe, and are not there */
	uint64_t came_back;    /* things that were said to be gone, and are there */
	uint64_t leaked_files; /* without a row, after the sweep */
	uint64_t
		too_much; /* stores where more than 1 MiB a fill had to be hashed or fetched again */
	uint64_t refused; /* stores that could not be opened or used any more */
	uint64_t rehashed_bytes, refetched_bytes;
	char text[240]; /* of the first trouble */
};

enum check_cut { CHECK_KILLED, CHECK_POWER }; /* the same boot goes on, or another one began */

/*
 * Looks at the store in `folder` first as a worker does, then as contentd does, which mends it; then again as a worker. The maps are
 * those of the world's objects. Uses up the store. 0 or -ENOMEM and the like.
 */
int check_store(const char *folder, enum check_cut cut, const struct world_promises *p,
		struct objmap *const *maps, struct check_found *out);

/* Bitmaps name the boot that wrote them: now it is another one. check_store() does this by itself. */
void check_another_boot(const char *folder);
