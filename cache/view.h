// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/names.h"

struct fault;

/*
 * The reader's side of the store: what an nginx worker maps. Never writes, never takes a lock, survives
 * contentd's absence, and files that are cut short or that the disk does not give (cache/guard.h). Keeps a bounded set of open files and mappings (least recently used leaves).
 *
 * What a call gives belongs to the view; hold what must outlast the next call, and release it.
 */
struct view;
struct view_item;  /* an open object or rendition */
struct view_names; /* one generation of the index */

/* The folder need not exist yet: until it does nothing is found. -ENOMEM alone can fail. */
int view_open(const char *store_dir, size_t max_open, struct view **out, struct fault *why);
void view_close(struct view *v); /* NULL is fine; everything held becomes invalid */
/* Call about once a second: looks for an index whose announcement was missed. A first one is found by who asks first. */
void view_tick(struct view *v);

/*
 * Finds `path` in the newest names.idx: 0, -ENOENT (there is no such name), -EBADMSG or -EIO (rot: until contentd writes it again nobody
 * can say), -ENODATA (there is no index), or why it cannot be opened. What *out points at lasts as long as *from is held.
 */
int view_find(struct view *v, const char *path, size_t len, struct names_entry *out,
	      struct view_names **from);
/* The index is damaged, or not there, as far as view_find() and view_tick() have seen: whoever writes it ought to hear of that. */
bool view_names_damaged(const struct view *v);
void view_names_hold(struct view_names *n);
void view_names_release(struct view_names *n);

struct view_file {
	struct view_item *item; /* hold it for as long as fd is used */
	int fd;
	uint64_t offset, length; /* where in fd, and how much of it can be sent */
	uint32_t duration_ms;    /* of a segment */
	uint32_t segment_count;  /* of its rendition */
	uint64_t serial;         /* of this opening of the file: never 0, never used again */
};
void view_hold(struct view_item *item);
void view_release(struct view_item *item);

/* Whether the files of a rendition, or (rendition 0) of an object are open: asking for them opens nothing. */
bool view_is_open(struct view *v, const struct objmap_id *id, uint64_t rendition);
/* The store's folder, for as long as the view is open; a negative errno while there is none. */
int view_dir(struct view *v);

/*
 * 0, -EAGAIN (not made yet: want it), -EIO (made, and its file ends before it: want it with that error), -ENODATA (cannot be made),
 * -ENOENT (beyond the last), or another error.
 */
int view_segment(struct view *v, uint64_t rendition, uint32_t segment, struct view_file *out);
/*
 * The verified bytes from `offset` on; length 0: want it. -EAGAIN: nothing of the object is there yet: want it, too. `size` is
 * the object's, as the index says.
 */
int view_object(struct view *v, const struct objmap_id *id, uint64_t size, uint64_t offset,
		struct view_file *out);
/* How long the object is that the store has under this id, whole or in part; -ENOENT. */
int view_object_size(struct view *v, const struct objmap_id *id, uint64_t *size);
/* The whole of its map, as it is now, for who verifies it. -ENOENT. */
int view_object_map(struct view *v, const struct objmap_id *id, struct view_file *out);
/* `length` bytes at `offset` of a rendition's file, for virtual files; -EAGAIN when it has not so many. */
int view_extent(struct view *v, uint64_t rendition, uint64_t offset, uint64_t length,
		struct view_file *out);
