// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One direction of a line as a plan: when does a frame that enters now come out, if it does? Pure; all times are
 * nanoseconds of one clock. A frame waits in a queue, takes its time on the wire, is lost or not, and travels. Frames
 * never overtake each other. Zero everywhere is a perfect line.
 */
struct shape {
	uint64_t rate_bps;    /* 0: no limit */
	uint64_t queue_bytes; /* that may wait before the wire; only with a rate */
	uint64_t delay_ns;
	uint64_t jitter_ns;         /* added: 0 up to this, evenly */
	uint32_t loss_ppm, run_len; /* lost frames in a million; how many in a row on average */
	/* what it remembers */
	uint64_t random;  /* any number but 0 to begin with */
	uint64_t busy_ns; /* the wire is taken until then */
	uint64_t last_ns; /* when the frame before comes out */
	bool losing;
};

enum shape_fate { SHAPE_COMES, SHAPE_LOST, SHAPE_NO_ROOM };

/* *due_ns is written with SHAPE_COMES only. */
enum shape_fate shape_take(struct shape *s, size_t bytes, uint64_t now_ns, uint64_t *due_ns);
