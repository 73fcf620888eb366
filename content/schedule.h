// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What to ask the origin for next. Pure: (objects, gaps, wants, streams, time) -> one step.
 * One stream per object at most, so a chunk crosses the line once. Wanted runs come first and may end a background
 * stream; what nobody wants follows in the order of the objects.
 */
#define SCHEDULE_BACKGROUND 8u /* wants of this priority and above wait for a free stream */

struct schedule_object {
	uint64_t head_chunks;   /* the index at the front, needed before anything else of it */
	bool held;              /* there is no room for it: only what is urgently wanted */
	bool map_known;         /* without its map no chunk can be verified */
	uint64_t not_before_ms; /* left alone until then: map refused, no room */
	/* First run of missing chunks at or after `from`; false when there is none. Not asked before the map is known. */
	bool (*gap)(const void *data, uint64_t from, uint64_t *first, uint64_t *count);
	const void *data;
};

struct schedule_want { /* given most urgent first */
	size_t object;
	uint64_t first, count; /* chunks */
	uint32_t priority;     /* 0 a pupil waits .. 9 background */
};

struct schedule_block { /* a chunk that came wrong: not asked again before `until_ms` */
	size_t object;
	uint64_t chunk, until_ms;
};

struct schedule_stream { /* a request under way */
	size_t object;
	bool map; /* it brings the map; else chunks from `next` to before `end` */
	uint64_t next, end;
};

struct schedule_view {
	const struct schedule_object *objects;
	size_t object_count;
	const struct schedule_want *wants;
	size_t want_count;
	const struct schedule_block *blocks;
	size_t block_count;
	const struct schedule_stream *streams;
	size_t stream_count; /* <= SCHEDULE_MAX_STREAMS */
	size_t most_streams;
	uint64_t run_chunks; /* longest request */
	uint64_t now_ms;
};
#define SCHEDULE_MAX_STREAMS 8u

enum schedule_what { SCHEDULE_NOTHING, SCHEDULE_MAP, SCHEDULE_RANGE };

struct schedule_pick {
	enum schedule_what what;
	size_t object;
	uint64_t first, count; /* SCHEDULE_RANGE */
	int end_stream;        /* index of a stream to end first, or -1 */
	uint64_t wake_ms; /* SCHEDULE_NOTHING: when something held back may be tried; 0 never */
};

void schedule_next(const struct schedule_view *view, struct schedule_pick *out);
