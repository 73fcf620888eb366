// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Folders of their own for tests, and their removal with all that is in them. */
static inline int scratch_folder(char at[static PATH_MAX])
{
	const char *tmp = getenv("TMPDIR");
	snprintf(at, PATH_MAX, "%s/wasl-test-XXXXXX", tmp ? tmp : "/tmp");
	return mkdtemp(at) ? 0 : -1;
}

static inline int scratch_drop_one(const char *path, const struct stat *st, int kind,
				   struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static inline int scratch_drop(const char *folder)
{
	return nftw(folder, scratch_drop_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline int scratch_empty_one(const char *path, const struct stat *st, int kind,
				    struct FTW *at)
{
	(void)st;
	(void)kind;
	return at->level ? remove(path) : 0;
}

static inline void scratch_empty(const char *folder)
{
	(void)nftw(folder, scratch_empty_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The same for cmocka: scratch_make() sets *state to the folder's path, scratch_remove() removes it. */
static inline int scratch_make(void **state)
{
	char *at = malloc(PATH_MAX);
	*state = at;
	return at ? scratch_folder(at) : -1;
}

static inline int scratch_remove(void **state)
{
	(void)scratch_drop(*state);
	free(*state);
	return 0;
}

/* A name in the folder; good until the fourth call after this one. */
static inline const char *scratch_path(void **state, const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned turn;
	char *path = paths[turn++ % 4];
	if (snprintf(path, PATH_MAX, "%s/%s", (const char *)*state, name) >= PATH_MAX)
		abort();
	return path;
}

/* Turns the bits of `mask` in the byte at `offset`; a negative offset counts from the end. */
static inline int scratch_flip(const char *path, long offset, uint8_t mask)
{
	FILE *f = fopen(path, "r+b");
	if (!f || fseek(f, offset, offset < 0 ? SEEK_END : SEEK_SET))
		return -1;
	int was = fgetc(f);
	if (was == EOF || fseek(f, -1, SEEK_CUR) || fputc(was ^ mask, f) == EOF)
		return -1;
	return fclose(f);
}

static inline long scratch_size(const char *path)
{
	struct stat st;
	return stat(path, &st) < 0 ? -1 : (long)st.st_size;
}
