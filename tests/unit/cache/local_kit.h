// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cache/store_local.h"
#include "cache/store_scrub.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "tests/unit/cache/sample.h"
#include "tests/unit/scratch.h"

/* Stores with files of the school. */
static inline int collect(void *data, const struct store_local *file)
{
	char *paths = data;
	const size_t len = strlen(paths);
	snprintf(paths + len, 200 - len, "%s ", file->path);
	return strcmp(file->path, "/p/stop") ? 0 : -ECANCELED;
}

static inline struct objmap_id add_whole(struct store *s, uint64_t seed)
{
	uint8_t bytes[3000];
	struct objmap *map = sample_map(seed, sizeof(bytes));
	struct store_object *o = NULL;
	sample_fill(seed, 0, bytes, sizeof(bytes));
	assert_int_equal(store_object_open(s, map, "text/plain", &o, NULL), 0);
	assert_int_equal(store_object_put(o, 0, bytes, sizeof(bytes), NULL), 0);
	struct objmap_id id = *objmap_get_id(map);
	store_object_close(o);
	objmap_free(map);
	return id;
}

static inline struct objmap_id add_file(struct store *s, const char *path, uint64_t seed)
{
	struct store_local file = { .media_type = "a/b", .added_s = (int64_t)seed };
	snprintf(file.path, sizeof(file.path), "%s", path);
	file.id = add_whole(s, seed);
	assert_int_equal(store_local_put(s, &file, NULL), 0);
	return file.id;
}

static inline struct store *open_store(void **state)
{
	const struct store_limits unlimited = { 0 };
	struct store *s = NULL;
	struct fault why = { 0 };
	if (store_open(*state, &unlimited, &s, &why))
		fail_msg("%s", why.text);
	return s;
}

static inline uint64_t sweep(struct store *s)
{
	uint64_t removed = 0;
	while (store_sweep_step(s, &removed, NULL) > 0)
		;
	return removed;
}

static inline void lose_database(void **state)
{
	static const char *const files[] = { "store.db", "store.db-wal", "store.db-shm" };
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		unlink(scratch_path(state, files[i]));
}

static inline long own_files(void **state)
{
	long count = 0;
	DIR *d = opendir(scratch_path(state, "own"));
	for (const struct dirent *e; d && (e = readdir(d));)
		count += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return count;
}
