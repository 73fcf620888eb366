// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "content/catalogue/library.h"

struct air_plan;
struct fault;
struct store;

/* Under which files that people added are counted, all together: what they are called stays in the school. */
#define SHELF_SCHOOL_FILES "school-files"

/*
 * Writes names.idx: what nginx answers under /m/ and /p/. Everything planned is named, whether it is there or still to come;
 * downloads only once they are whole. A lesson that cannot be named is left out and *why says so; the others stay.
 * Beside the library's (NULL: no catalogue yet) stand the files that people added to the store. Where `air` is watched, each
 * lesson's playlist stands there once more for each size that it may have to end at (cache/air_plan.h).
 */
int shelf_write(const struct library *l, struct store *store, const struct air_plan *air,
		const char *path, struct fault *why);
