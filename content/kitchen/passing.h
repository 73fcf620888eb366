// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fault;
struct objmap;
struct pass;
struct store;
struct store_object;

/*
 * An object that the disk has no room for: its chunks pass through memory (cache/pass.h), a window of them at a time, for as
 * long as somebody asks. Each is verified as on its way to the disk.
 */
struct passing;

/* The map is taken over when this returns 0; the area is shared by all and must outlive it. -ENOMEM. */
int passing_new(struct pass *area, struct objmap *map, struct passing **out);
void passing_free(struct passing *p); /* NULL is fine; what is in memory may be sent on */

/* How many chunks from `first` on are in memory now, `most` at most. */
uint64_t passing_run(const struct passing *p, uint64_t first, uint64_t most);
/* First run of chunks at or after `from` that are not: false at the end. */
bool passing_gap(const struct passing *p, uint64_t from, uint64_t *first, uint64_t *count);
/*
 * How many chunks may be asked for at once: what is ahead of a reader must not push out what it reads next. 0: none before
 * *next_ms.
 */
uint64_t passing_window(const struct passing *p, uint64_t now_ms, uint64_t *next_ms);
/* -EBADMSG: not what the map says. */
int passing_put(struct passing *p, uint64_t chunk, const void *bytes, size_t len,
		struct fault *why);
/* For who reads it: copies a chunk; its length, or -EAGAIN. */
int64_t passing_read(const struct passing *p, uint64_t chunk, void *to);
/* Tries whether there is room on disk by now: opens it there, with what memory still has of it. -ENOSPC while there is none. */
int passing_settle(const struct passing *p, struct store *store, const char *media_type,
		   struct store_object **out, struct fault *why);
