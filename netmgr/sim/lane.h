// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Bytes on their way over a simulated line, one direction of one connection: each piece comes out after
 * the line had time to send it (rate) and after half a round trip (delay). Bounded; no I/O and no clock of
 * its own. All connections of an uplink and direction share one `struct lane_rate`.
 */
struct lane_rate {
	uint64_t bytes_per_s; /* 0: no limit */
	uint64_t delay_us;
	uint64_t free_at_us; /* when what was sent so far is on its way */
};

enum { LANE_PIECES = 128 };

struct lane {
	uint8_t *bytes;
	size_t room, begin, used;
	struct {
		size_t len;
		uint64_t due_us;
	} pieces[LANE_PIECES];
	size_t first, count;
};

/* Room for what the line holds at its rate and delay, within 16 KiB and 1 MiB. */
size_t lane_room_for(const struct lane_rate *rate);

int lane_init(struct lane *l, size_t room);
void lane_done(struct lane *l);

/* Where up to *len bytes may be put; *len 0 while the lane is full. Then tell how many were. */
void *lane_space(struct lane *l, size_t *len);
void lane_put(struct lane *l, struct lane_rate *rate, size_t len, uint64_t now_us);

/* Bytes that have arrived; *len 0 while none has. Then tell how many were taken. */
const void *lane_ready(const struct lane *l, uint64_t now_us, size_t *len);
void lane_take(struct lane *l, size_t len);

/* When the next bytes arrive; UINT64_MAX when the lane is empty. */
uint64_t lane_due_us(const struct lane *l);
bool lane_empty(const struct lane *l);
