// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/record/objmap.h"

struct fault;

/*
 * Verified bytes on their way through memory, where the disk has no room for them: a bounded area of slots of 64 KiB that contentd
 * writes and workers map read-only. Nothing in it lasts: what was written longest ago gives way. A chunk of an object
 * takes one slot, a segment as many as it needs. Times are clock_mono_ms().
 *
 * Each slot has a generation, odd while it is being written. A reader copies and then looks whether the generation is still the one
 * that it found; only then were these the bytes. (So they cannot be sent from the area without copying: the socket may read them
 * after the slot went to something else.) Slots are found by a hash of what they hold; a reader who finds nothing while the writer
 * moves one to another chain looks again.
 */
struct pass;

enum { PASS_SLOT_BYTES = OBJMAP_CHUNK_BYTES, PASS_LEAST_SLOTS = 16, PASS_MOST_SLOTS = 16384 };

struct pass_key {
	struct objmap_id id; /* all zero: a segment */
	uint64_t rendition;  /* of a segment */
	uint64_t number;     /* chunk, or segment */
};

struct pass_about {
	uint64_t size; /* of the thing: the chunk, or the whole segment */
	uint32_t duration_ms, segment_count;
	uint64_t
		tag; /* pass_put() makes it: never 0; a segment's says which bytes it was made of */
};

/*
 * The writer's end: as many slots as fit `bytes`, in an unnamed file that cannot shrink. No memory is taken before the first
 * pass_put(). -EINVAL for less than PASS_LEAST_SLOTS.
 */
int pass_new(uint64_t bytes, struct pass **out, struct fault *why);
/* A reader's end of what pass_fd() gave; the descriptor stays the caller's. -EBADMSG when it is no such area. */
int pass_map(int fd, struct pass **out);
void pass_free(struct pass *p);    /* NULL is fine */
int pass_fd(const struct pass *p); /* the writer's; borrowed */
uint64_t pass_slots(const struct pass *p);

/*
 * The tag that a segment with these bytes would have: what is on the disk by now may be the same. 0 or a negative errno. It reads them
 * and hashes them: for a thread of its own.
 */
int pass_file_tag(int fd, uint64_t offset, uint64_t length, uint64_t *tag);
/* What is there already, of whatever bytes, stays as it is. -E2BIG: it would take more than half of the area. -ENOMEM: the machine has no memory for the area. */
int pass_put(struct pass *p, const struct pass_key *key, const struct pass_about *about,
	     const void *bytes, uint64_t now_ms);
/* Writer: it is of use, others go before it. No-op when it is not there. */
void pass_touch(struct pass *p, const struct pass_key *key, uint64_t now_ms);
/*
 * How many slots may be written now without taking from under its readers what came less than PASS_REST_MS ago. Whoever fetches
 * keeps to it: the area paces the line then, to its size in a second. *next_ms: when there are more.
 */
#define PASS_REST_MS 1000u
uint64_t pass_room(const struct pass *p, uint64_t now_ms, uint64_t *next_ms);

/* Whether it is there in full, and what it is. */
bool pass_has(const struct pass *p, const struct pass_key *key, struct pass_about *out);
/*
 * Copies up to `len` bytes from `from` on, at most to the end of a slot: how many, or -EAGAIN when they are not there (any more),
 * or not under this tag. 0: any.
 */
int64_t pass_read(const struct pass *p, const struct pass_key *key, uint64_t tag, uint64_t from,
		  void *to, size_t len);
