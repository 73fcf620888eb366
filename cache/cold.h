// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>

#include "cache/layout.h"

/*
 * Whether opening a thing's files would wait for the disk, for its folders, inodes, or the pages of its bitmap or table; and a
 * thread that waits for that instead of the worker. What is open already (view_is_open()) is not asked about.
 */
struct cold_files {
	struct layout index, body; /* .bits or .tab */
};

struct cold_files cold_files(const struct objmap_id *id,
			     uint64_t rendition); /* rendition 0: an object */
/*
 * Never waits where the kernel can say so (openat2 with RESOLVE_CACHED, Linux 5.12); elsewhere all is cold. What is not there, or
 * cannot be opened, is not: whoever opens it hears that.
 */
bool cold_is(int dir, const struct cold_files *files);
/* Waits. Only what the kernel knows afterwards counts: nothing stays open, and no error is told. */
void cold_bring(int dir, const struct cold_files *files);
