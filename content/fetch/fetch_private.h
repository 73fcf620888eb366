// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "content/fetch/fetch.h"
#include "content/replan.h"
#include "content/fetch/schedule.h"
#include "firmware/base/http.h"

/* What fetch.c (what next) and fetch_stream.c (bytes as they come) share; nobody else includes it. */
struct stream {
	struct fetch *of;
	struct http_transfer *transfer; /* NULL: free */
	size_t object;
	int source;
	bool map;
	bool urgent;        /* began for a pupil */
	uint32_t client;    /* which */
	uint64_t next, end; /* chunks; the request may have asked for more */
	uint64_t brought;   /* chunks */
	uint64_t since_ms;  /* of the chunk under way */
	uint64_t heard_ms;  /* when its last byte came; or when it was asked for */
	size_t filled; /* of it; kept when the stream ends, and gone on with by one that comes here */
	bool mixed;    /* it came in several answers: nobody is to blame for it */
	bool over;     /* what was to be said of its end has been said */
	bool yields;   /* to another pupil, once the chunk or the map under way is whole */
	uint8_t *chunk;
};

/* Places more than streams: a chunk that broke off stays where it is while others are brought. */
#define FETCH_PARKED 4u

struct fetch {
	struct replan replan;
	struct http *http;
	struct sources *sources;
	struct wants *wants;
	struct pass *pass;
	struct library *library;
	struct fetch_calls calls;
	struct report report;
	struct stream streams[SCHEDULE_MAX_STREAMS + FETCH_PARKED];
	size_t most_streams, places;     /* of those, this many at once */
	size_t passing;                  /* objects that pass through memory */
	struct schedule_object *objects; /* the scheduler's view, as the library's objects */
	struct schedule_block blocks[SOURCES_TROUBLES];
	struct schedule_want *wanted;
	size_t wanted_room;
	uint64_t settle_ms;    /* when to look whether there is room again */
	uint64_t full_told_ms; /* no room on disk: until then it has been said */
	struct fetch_counts counts;
	uint64_t rate_since_ms, rate_bytes;
};

/* Tries whether what passes through memory has room on the disk by now. */
void fetch_stream_settle(struct fetch *f, uint64_t now_ms);

enum { FETCH_FIRST_WAIT_MS = 1000 };

/* Asks for what was picked; what is left of a chunk that was under way is not asked again. */
int fetch_stream_start(struct fetch *f, const struct schedule_pick *pick);
void fetch_stream_end(struct stream *s);
/* Ends when the chunk under way has come, or the map; at once between two chunks. */
void fetch_stream_yield(struct stream *s);
/* Whether a pupil waits for this, or for what is made of it. */
bool fetch_awaited(const struct fetch *f, size_t object);
/* Ends streams that drip: slower than any line is; or too slow for who waits, where another source can be asked. */
void fetch_stream_look(struct fetch *f, uint64_t now_ms);
