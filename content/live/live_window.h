// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "content/live/live_list.h"

/*
 * What the box offers of a live stream: the last pieces that have arrived, and the playlist that names them. Only what is here
 * is listed, so that no phone waits for a piece, and one that never came is passed over. Numbers go on by one whatever the
 * stream does; the place in the stream is remembered apart. Pure.
 */
#define LIVE_WINDOW_PIECES 24u
#define LIVE_NAME_BYTES 32u

struct live_piece {
	uint64_t number; /* ours */
	uint64_t stretch;
	uint32_t duration_ms;
	uint64_t bytes;
	uint32_t init; /* number of its init section; 0: none */
	char kind;     /* 'm': fragmented MP4, 't': transport stream, 'a': packed sound */
	char date[36];
};

struct live_window {
	char track;       /* 'm' main, 's' sound: begins each file's name */
	bool begun;       /* `place` means something */
	uint64_t place;   /* number in the stream of the last piece taken or passed over */
	uint64_t theirs;  /* its stretch there */
	uint64_t stretch; /* ours */
	bool broken;      /* something is missing before the next piece */
	uint64_t next;    /* number of the next piece */
	uint32_t target_ms;
	struct live_piece pieces[LIVE_WINDOW_PIECES]; /* oldest first */
	size_t count;
	bool ended;
};

/*
 * The segment to take next, or NULL: nothing new. Begins `back_ms` before the end of the list; goes on where it was;
 * when that is no longer listed (too slow, or a stream that began anew), as if it began. A version that replaces
 * another goes on at the same number.
 */
const struct live_segment *live_window_next(struct live_window *w, const struct live_list *l,
					    uint32_t back_ms);
/* The segment will not come (or has just been taken by live_window_add). */
void live_window_skip(struct live_window *w, const struct live_segment *s);
/*
 * The segment has arrived as `p` (number and stretch are filled in here). `breaks`: another version than the one before.
 * Returns how many pieces left at the front, given in `gone` (room for LIVE_WINDOW_PIECES).
 */
size_t live_window_add(struct live_window *w, const struct live_segment *s, struct live_piece *p,
		       bool breaks, uint32_t keep_ms, struct live_piece *gone);

/* "m123.ts"; of an init section "m7.mp4". */
void live_window_name(const struct live_window *w, const struct live_piece *p,
		      char out[static LIVE_NAME_BYTES]);
void live_window_init_name(const struct live_window *w, uint32_t init,
			   char out[static LIVE_NAME_BYTES]);
/* Whether the piece that a name means may still come: not older than what is offered, and soon. */
bool live_window_awaits(const struct live_window *w, const char *name);
/* The playlist; addresses are below `folder`. malloc'ed; NULL: out of memory. */
char *live_window_text(const struct live_window *w, const char *folder, size_t *len);
/* The kind of a segment by its address and whether it has an init section. */
char live_window_kind(const struct live_segment *s);
