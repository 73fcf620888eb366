// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* A folder of its own for one test, and its removal with all that is in it. */
static inline int scratch_make(char root[static PATH_MAX])
{
	const char *tmp = getenv("TMPDIR");
	snprintf(root, PATH_MAX, "%s/wasl-board-XXXXXX", tmp ? tmp : "/tmp");
	return mkdtemp(root) ? 0 : -1;
}

static inline int scratch_drop(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

static inline void scratch_remove(const char *root)
{
	(void)nftw(root, scratch_drop, 16, FTW_DEPTH | FTW_PHYS);
}
