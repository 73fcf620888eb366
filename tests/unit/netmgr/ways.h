// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>

#include "netmgr/line/prefer.h"

/* Everything takes this line; -1: there is none. */
static inline struct prefer_ways ways_all_over(int uplink)
{
	struct prefer_ways ways = { .base = uplink, .chosen = 1 };
	for (size_t c = 0; c < SHAPE_CLASSES; c++)
		ways.line[c] = uplink;
	return ways;
}
