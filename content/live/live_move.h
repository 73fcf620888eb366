// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "content/live/live_keep.h"

struct fault;
struct store;

/*
 * A part of a recording on its way into the store, a slice at a time: eight megabytes at once would keep everybody waiting whom
 * contentd serves, for as long as a slow card takes to write them.
 */
#define LIVE_MOVE_SLICE_BYTES (512u << 10)
struct live_move;

/* Bytes that have an address from now on, durable. For short ones: at once. */
int live_move_bytes(struct store *s, const struct live_keep_calls *calls, const char *id,
		    const char *name, const void *bytes, size_t len, struct fault *why);

/* Begins with the file `name` in `folder` (kept open by its caller); -ENOENT: it is in the store already. */
int live_move_new(struct store *s, const char *id, int folder, const char *name,
		  struct live_move **out, struct fault *why);
void live_move_free(struct live_move *m); /* NULL is fine; the next one begins anew */
/* 1: there is more to do; 0: it has its address, durable, and the file is gone. -EAGAIN: room is on its way. */
int live_move_step(struct live_move *m, const struct live_keep_calls *calls, struct fault *why);
