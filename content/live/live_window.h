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

/* A segment as it was listed: an older copy of a list repeats it, a stream that began anew does not. */
#define LIVE_MARKS LIVE_SEGMENTS_MOST
struct live_mark {
	uint64_t number; /* and one; 0: none */
	uint32_t name, duration_ms;
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
	/* what was looked at */
	bool looked;       /* `newest` means something */
	uint64_t newest;   /* number of the last segment that was listed, since the stream began */
	bool suspect;      /* the last list ended far before that, */
	uint64_t suspects; /* with this number */
	uint32_t begins;   /* how often the stream began anew */
	bool rewind;       /* it has just done so: the next segment is one near the end */
	bool anew;         /* and the next piece is the first one since */
	struct live_mark marks[LIVE_MARKS]; /* by number */
};

/*
 * A list has come: whether it says anything new. One that ends before what was listed already is an older copy, as servers of the
 * same stream do not all know the same: it is passed over. It is a new beginning, of an encoder that was started again,
 * when it went on from look to look and is further behind than servers are, when it names other segments under the same
 * numbers, or when it is the end. `begins`: those of the stream's other track, where picture and sound come apart: they part
 * together.
 */
bool live_window_look(struct live_window *w, const struct live_list *l, uint32_t begins);
/* Lists come from another address from now on: names there say nothing of those before. */
void live_window_elsewhere(struct live_window *w);

/*
 * The segment to take next, or NULL: nothing new. Begins `back_ms` before the end of the list; goes on where it was;
 * when that is no longer listed (too slow), or the stream began anew, as if it began. A version that replaces
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
