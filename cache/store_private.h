// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <limits.h>

#include "cache/bits.h"
#include "cache/layout.h"
#include "cache/segtab.h"
#include "cache/store.h"
#include "firmware/base/db.h"

/* What store.c, store_object.c and store_rendition.c share; nobody else includes it. */
struct store {
	char dir[PATH_MAX - sizeof(struct layout) - 1];
	int fd, lock;
	struct db *db;
	struct store_limits limits;
	uint8_t boot[16];
	uint64_t used_bytes;   /* objects in full, and segments with what fills their last page */
	uint64_t behind_bytes; /* written since the last store_sync() */
	struct store_object *objects;       /* open ones */
	struct store_rendition *renditions; /* open ones */
};

struct store_object {
	struct store_object *next;
	struct store *store;
	unsigned opened; /* how often */
	struct objmap *map;
	struct bits bits;
	uint64_t *durable; /* bits_words() words, as last saved */
	int fd;            /* read-write */
	int read_fd;
	bool behind;   /* readable chunks that are not durable yet */
	bool complete; /* readable in full */
	bool dropped;
};

struct store_rendition {
	struct store_rendition *next;
	struct store *store;
	unsigned opened;
	uint64_t number;
	uint32_t segment_count, done;
	uint64_t end;                /* where the next segment goes */
	struct segtab_segment *rows; /* as committed: length 0 where there is none */
	struct segtab tab;
	int fd, read_fd;
	bool dropped;
};

enum { STORE_PAGE = 4096 };

/* What a segment of `length` takes in its file, in SQL; the same as padded() of store_rendition.c. */
#define STORE_PADDED_SQL "CASE WHEN length%4096=0 THEN length ELSE (length+4103)/4096*4096 END"

struct store_path {
	char at[PATH_MAX];
};

/* DIR/REST, for calls that want a whole path. */
struct store_path store_path(const struct store *s, const char *rest);
/* -ENOSPC with a sentence when `more` bytes would break the limits. */
int store_check_room(struct store *s, uint64_t more, struct fault *why);
/* "'DIR/REST': what the error says"; -ENOSPC gets the sentence and id of a full store. */
int store_fault(const struct store *s, const char *rest, int code, struct fault *why);
/*
 * On a full disk not even a DELETE has room, in the database's journal: a spare file gives way for it. True when
 * there was one to give: try again. store_keep_spare() makes it anew once there is room.
 */
bool store_give_spare(struct store *s, int code);
void store_keep_spare(struct store *s);
/* Makes the objects of this store durable; called by store_sync(). */
int store_object_sync_all(struct store *s, struct fault *why);
/* Releases what was not closed. */
void store_object_release_all(struct store *s);
void store_rendition_release_all(struct store *s);
