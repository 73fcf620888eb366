// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Frames on their way, first in, first out, in memory of a fixed size. */
struct ring {
	uint8_t *bytes;
	size_t size, head, tail; /* read at head, written at tail; equal: empty */
};

/* 0 or -ENOMEM. */
int ring_init(struct ring *r, size_t size);
void ring_done(struct ring *r);

/* -ENOSPC: no room. */
int ring_put(struct ring *r, uint64_t due_ns, const void *frame, size_t len);
/* The first frame, or NULL; it stays until ring_drop(). */
const void *ring_first(const struct ring *r, uint64_t *due_ns, size_t *len);
void ring_drop(struct ring *r);
void ring_empty(struct ring *r);
