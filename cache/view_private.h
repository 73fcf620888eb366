// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/stat.h>

#include "cache/view.h"

/* What view.c (open files) and view_names.c (the index) share; nobody else includes it. */
struct view_names {
	struct names *names;
	unsigned held;
};

struct view {
	char *dir;
	int fd;
	uint8_t boot[16];
	struct view_names *names;
	struct stat names_stat;
	int names_error;   /* of the index, as last seen: 0, or what is wrong with it */
	bool names_failed; /* the file of this stat could not be used: not before the next tick */
	struct stat names_bad; /* a mapping reads all of it, and there are many requests */
	size_t count, max_open, mask;
	uint64_t last_serial;
	struct view_item *newest, *oldest;
	struct view_item *buckets[];
};

bool view_same_file(const struct stat *a, const struct stat *b);
