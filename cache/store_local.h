// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "cache/names.h"
#include "cache/store.h"

/*
 * Files that people of the school put behind an address of their own, beside what the catalogue names: rows of
 * store.db, and a copy of each beside the bodies (cache/store_own.h), durable when a call returned 0. Nobody else has these bytes: they go only when a person says so.
 */
struct store_local {
	char path[NAMES_MAX_PATH + 1]; /* "/p/…" */
	char media_type[128];
	struct objmap_id id;
	uint64_t size;
	int64_t added_s;
};

/* Whether `path` can be such an address; -EINVAL and a sentence. Pure. */
int store_local_check(const char *path, struct fault *why);
/* The object must be whole in the store and durable. An address that is there is given to the new object. */
int store_local_put(struct store *s, const struct store_local *file, struct fault *why);
/* Only the address; -ENOENT. The object stays until it is dropped. */
int store_local_drop(struct store *s, const char *path, struct fault *why);
/* -ENOENT when no file has this address. */
int store_local_find(struct store *s, const char *path, struct store_local *out, struct fault *why);
/* Each file, by path, until `each` returns something else than 0, which is then returned. */
int store_local_each(struct store *s, int (*each)(void *data, const struct store_local *file),
		     void *data, struct fault *why);
