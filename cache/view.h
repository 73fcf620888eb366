// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/names.h"
#include "cache/segtab.h"

struct fault;

/*
 * The reader's side of the store: what an nginx worker maps. Never writes, never takes a lock, survives
 * contentd's absence. Keeps a bounded set of open files and mappings (least recently used leaves).
 */
struct view;
int view_open(const char *store_dir, size_t max_open, struct view **out, struct fault *why);
void view_close(struct view *v);

/* Finds `path` in the newest names.idx. */
int view_find(struct view *v, const char *path, size_t len, struct names_entry *out);

struct view_file {
	int fd; /* borrowed from the view; valid until the next view call that may evict: dup or pin it */
	uint64_t offset, length;
};

/* Rendition segment: 0, -EAGAIN (not made yet: want it), -ENODATA (failed), other errors. */
int view_segment(struct view *v, uint64_t rendition, uint32_t segment, struct view_file *out,
		 uint32_t *duration_ms);
/* How many verified bytes of the object can be sent from `offset` on: 0 with *ready = 0 means want it. -ENOENT: no such object yet. */
int view_object(struct view *v, const struct objmap_id *id, uint64_t offset, struct view_file *out,
		uint64_t *ready);
int view_rendition_file(struct view *v, uint64_t rendition, struct view_file *out);
void view_pin(struct view *v, int fd); /* keeps the descriptor open until unpinned */
void view_unpin(struct view *v, int fd);
