// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What to ask for next. Pure: (objects, gaps, wants, streams, time) -> one step.
 * While a pupil waits for bytes, the line is the pupils' alone: other streams end, at no loss but the request, and nothing new is
 * begun in the background. What a pupil began and left goes on to the end of its chunk: until then its client has no other, where
 * others wait. A stream brings what follows each other; a pupil far from it gets one of its own, which never
 * overlaps, so a chunk crosses the line once. Where there are more readers than streams they take turns: a request is no longer than a
 * turn then, so that nothing on its way is thrown away. Who asks for bytes here and there gets what was asked for, who asks in order
 * what follows, too. Where several clients wait, each has one stream at a time, however many places of whatever film it asks for.
 */
#define SCHEDULE_BACKGROUND 8u   /* wants of this priority and above wait for a free stream */
#define SCHEDULE_SLICE_CHUNKS 8u /* brought before a stream is taken from one pupil for another */

struct schedule_object {
	uint64_t head_chunks; /* the index at the front, needed before anything else of it */
	bool held;      /* there is no room for it: brought for who waits, and for nobody else */
	bool map_known; /* without its map no chunk can be verified */
	uint64_t most_chunks;   /* longest request; 0: as long as any */
	uint64_t not_before_ms; /* left alone until then: map refused, no room */
	uint64_t urgent_ms;     /* the same, when a pupil waits */
	/* First run of missing chunks at or after `from`; false when there is none. Not asked before the map is known. */
	bool (*gap)(const void *data, uint64_t from, uint64_t *first, uint64_t *count);
	const void *data;
};

struct schedule_want { /* given most urgent first */
	size_t object;
	uint64_t first, count; /* chunks */
	uint32_t priority;     /* 0 a pupil waits .. 9 background */
	uint32_t client;       /* who waits, and counts as one; 0: nobody knows */
};

struct schedule_block { /* a chunk that nobody could bring: not asked again before then */
	size_t object;
	uint64_t chunk, until_ms, urgent_ms;
};

struct schedule_stream { /* a request under way */
	size_t object;
	bool map; /* it brings the map; else chunks from `next` to before `end` */
	uint64_t next, end;
	uint64_t brought; /* chunks, since it began */
	bool urgent;      /* it began because a pupil waited */
	bool yields;      /* it ends with the chunk under way: SCHEDULE_YIELD */
	uint32_t client;  /* whom it began for; 0: nobody knows */
};

struct schedule_view {
	const struct schedule_object *objects;
	size_t object_count;
	const size_t *order; /* in which objects come in the background; NULL: as they are listed */
	const struct schedule_want *wants;
	size_t want_count;
	const struct schedule_block *blocks;
	size_t block_count;
	const struct schedule_stream *streams;
	size_t stream_count; /* <= SCHEDULE_MAX_STREAMS */
	size_t most_streams;
	uint64_t run_chunks; /* longest request */
	/*
	 * Where bytes cost money: chunks that may still be asked for in the background, beside those that streams bring already. 0
	 * ends what nobody waits for when `closed`, too.
	 */
	bool limited, closed;
	uint64_t background_chunks; /* `limited` */
	uint64_t now_ms;
};
#define SCHEDULE_MAX_STREAMS 8u

enum schedule_what {
	SCHEDULE_NOTHING,
	SCHEDULE_MAP,
	SCHEDULE_RANGE,
	SCHEDULE_END,
	SCHEDULE_YIELD /* end_stream goes on to the end of its chunk: another pupil's turn comes then */
};

struct schedule_pick {
	enum schedule_what what;
	size_t object;
	uint64_t first, count; /* SCHEDULE_RANGE */
	int end_stream;        /* index of a stream to end (first) or to yield, or -1 */
	bool urgent;           /* a pupil waits for it */
	uint64_t wake_ms; /* SCHEDULE_NOTHING: when something held back may be tried; 0 never */
	uint32_t client;  /* who waits for it, first of all */
};

void schedule_next(const struct schedule_view *view, struct schedule_pick *out);
