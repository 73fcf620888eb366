// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * A folder of its own for one test: scratch_make() sets *state to its path, scratch_remove() removes it with
 * what is in it (two floors of folders at most).
 */
static inline int scratch_make(void **state)
{
	const char *tmp = getenv("TMPDIR");
	char *at = malloc(PATH_MAX);
	snprintf(at, PATH_MAX, "%s/wasl-cache-XXXXXX", tmp ? tmp : "/tmp");
	*state = at;
	return mkdtemp(at) ? 0 : -1;
}

static inline void scratch_empty(const char *folder)
{
	DIR *d = opendir(folder);
	for (struct dirent *e; d && (e = readdir(d));) {
		char path[PATH_MAX];
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", folder, e->d_name) >= (int)sizeof(path))
			continue;
		if (unlink(path) < 0) {
			scratch_empty(path);
			rmdir(path);
		}
	}
	if (d)
		closedir(d);
}

static inline int scratch_remove(void **state)
{
	scratch_empty(*state);
	rmdir(*state);
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
