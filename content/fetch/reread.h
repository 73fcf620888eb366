// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>

#include "cache/want.h"
#include "content/report.h"

struct store;

/*
 * A worker could not read what the store says is there. Looks at just that: bytes that lie in memory mend what is on the disk, the
 * rest is withdrawn, so that it is fetched or made again like anything missing. Each thing found is told (layer "disk").
 * True when something was found.
 */
bool reread(struct store *s, const struct want_msg *want, const struct report *report);
