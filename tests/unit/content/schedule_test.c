// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

/* "#" is there, "." is missing; NULL: the map is not known yet. */
static bool gap(const void *data, uint64_t from, uint64_t *first, uint64_t *count)
{
	const char *chunks = data;
	if (from >= strlen(chunks))
		return false;
	const char *hole = strchr(chunks + from, '.');
	if (!hole)
		return false;
	*first = (uint64_t)(hole - chunks);
	*count = strspn(hole, ".");
	return true;
}

#define LONG_HOLE                                                                                  \
	"#......................................................................................." \
	"........"
#define MAP_STREAM(o)            \
	{                        \
		o, true, 0, 0, 0 \
	}

static const struct {
	const char *why;
	size_t count;
	const char *chunks[3];
	uint64_t head;
	struct schedule_want wants[3];     /* count 0 ends */
	struct schedule_stream streams[2]; /* end 0 and no map ends */
	size_t most;
	struct schedule_block block; /* until 0: none */
	size_t order[3];             /* all zero: as they are listed */
	bool limited, closed;        /* the line costs money; nothing may be asked for */
	uint64_t left;               /* chunks that may be */
	unsigned held;               /* mask of objects that there is no room for */
	struct schedule_pick pick;
} rows[] = {
	{ .why = "nothing is missing",
	  .count = 1,
	  .chunks = { "###" },
	  .most = 2,
	  .pick = { SCHEDULE_NOTHING, 0, 0, 0, -1, false, 0 } },
	{ .why = "a map comes before chunks",
	  .count = 3,
	  .chunks = { "#", NULL, ".." },
	  .most = 2,
	  .pick = { SCHEDULE_MAP, 1, 0, 0, -1, false, 0 } },
	{ .why = "the first hole, as one run",
	  .count = 2,
	  .chunks = { "##", "#...#.." },
	  .most = 2,
	  .pick = { SCHEDULE_RANGE, 1, 1, 3, -1, false, 0 } },
	{ .why = "a long hole is asked in runs",
	  .count = 1,
	  .chunks = { LONG_HOLE },
	  .most = 1,
	  .pick = { SCHEDULE_RANGE, 0, 1, 64, -1, false, 0 } },
	{ .why = "one stream per object",
	  .count = 2,
	  .chunks = { "....", "..#" },
	  .streams = { { 0, false, 0, 4 } },
	  .most = 2,
	  .pick = { SCHEDULE_RANGE, 1, 0, 2, -1, false, 0 } },
	{ .why = "all streams are taken",
	  .count = 2,
	  .chunks = { "....", ".." },
	  .streams = { { 0, false, 0, 4 } },
	  .most = 1,
	  .pick = { SCHEDULE_NOTHING, 0, 0, 0, -1, false, 0 } },
	{ .why = "a wanted run comes before the order",
	  .count = 2,
	  .chunks = { "....", "......" },
	  .wants = { { 1, 4, 1, 0 } },
	  .most = 2,
	  .pick = { SCHEDULE_RANGE, 1, 4, 1, -1, true, 0 } },
	{ .why = "the head comes before the wanted run",
	  .count = 1,
	  .chunks = { "......" },
	  .head = 1,
	  .wants = { { 0, 4, 1, 0 } },
	  .most = 2,
	  .pick = { SCHEDULE_RANGE, 0, 0, 6, -1, true, 0 } },
	{ .why = "a wanted object without a map",
	  .count = 2,
	  .chunks = { "..", NULL },
	  .wants = { { 1, 0, 1, 0 } },
	  .most = 1,
	  .pick = { SCHEDULE_MAP, 1, 0, 0, -1, true, 0 } },
	{ .why = "its map is on the way: the line is kept for the pupil",
	  .count = 2,
	  .chunks = { "..", NULL },
	  .wants = { { 1, 0, 1, 0 } },
	  .streams = { MAP_STREAM(1) },
	  .most = 2,
	  .pick = { SCHEDULE_NOTHING, 0, 0, 0, -1, false, 0 } },
	{ .why = "a pupil ends a background stream",
	  .count = 2,
	  .chunks = { "....", ".." },
	  .wants = { { 1, 0, 1, 0 } },
	  .streams = { { 0, false, 0, 4 } },
	  .most = 1,
	  .pick = { SCHEDULE_RANGE, 1, 0, 2, 0, true, 0 } },
	{ .why = "prefetch ends no stream",
	  .count = 2,
	  .chunks = { "....", ".." },
	  .wants = { { 1, 0, 1, 8 } },
	  .streams = { { 0, false, 0, 4 } },
	  .most = 1,
	  .pick = { SCHEDULE_NOTHING, 0, 0, 0, -1, false, 0 } },
	{ .why = "the fill moves to where a pupil waits, for what is asked for",
	  .count = 1,
	  .chunks = { LONG_HOLE },
	  .wants = { { 0, 40, 2, 0 } },
	  .streams = { { 0, false, 1, 65 } },
	  .most = 2,
	  .pick = { SCHEDULE_RANGE, 0, 40, 2, 0, true, 0 } },
	{ .why = "a stream just before it stays",
	  .count = 1,
	  .chunks = { LONG_HOLE },
	  .wants = { { 0, 9, 2, 0 } },
	  .streams = { { 0, false, 1, 65 } },
	  .most = 1,
	  .pick = { SCHEDULE_NOTHING, 0, 0, 0, -1, false, 0 } },
	{ .why = "a stream that has passed it moves back",
	  .count = 1,
	  .chunks = { LONG_HOLE },
	  .wants = { { 0, 9, 2, 0 } },
	  .streams = { { 0, false, 12, 65 } },
	  .most = 1,
	  .pick = { SCHEDULE_RANGE, 0, 9, 2, 0, true, 0 } },
	{ .why = "what follows what is here is asked for with what comes behind it",
	  .count = 1,
	  .chunks = { "#######......................." },
	  .wants = { { 0, 7, 2, 0 } },
	  .most = 1,
	  .pick = { SCHEDULE_RANGE, 0, 7, 23, -1, true, 0 } },
	{ .why = "of an index far before it, no more",
	  .count = 1,
	  .chunks = { LONG_HOLE },
	  .head = 3,
	  .wants = { { 0, 60, 2, 0 } },
	  .most = 1,
	  .pick = { SCHEDULE_RANGE, 0, 1, 2, -1, true, 0 } },
	{ .why = "two pupils far apart in one lesson: the first keeps the stream",
	  .count = 1,
	  .chunks = { LONG_HOLE },
	  .wants = { { 0, 3, 1, 0 }, { 0, 50, 1, 0 } },
	  .streams = { { 0, false, 2, 66 } },
	  .most = 1,
	  .pick = { SCHEDULE_NOTHING, 0, 0, 0, -1, false, 0 } },
	{ .why = "a pupil does not end another pupil's stream",
	  .count = 2,
	  .chunks = { "....", "...." },
	  .wants = { { 0, 0, 1, 0 }, { 1, 0, 1, 0 } },
	  .streams = { { 0, false, 0, 4 } },
	  .most = 1,
	  .pick = { SCHEDULE_NOTHING, 0, 0, 0, -1, false, 0 } },
	{ .why = "a chunk that came wrong waits, the next does not",
	  .count = 2,
	  .chunks = { "....", "##" },
	  .most = 1,
	  .block = { 0, 0, 1500 },
	  .pick = { SCHEDULE_RANGE, 0, 1, 3, -1, false, 0 } },
	{ .why = "a run stops before a held chunk",
	  .count = 2,
	  .chunks = { "....", "##" },
	  .most = 1,
	  .block = { 0, 2, 1500 },
	  .pick = { SCHEDULE_RANGE, 0, 0, 2, -1, false, 0 } },
	{ .why = "only a held chunk is left: wake then",
	  .count = 2,
	  .chunks = { "#.##", "##" },
	  .most = 1,
	  .block = { 0, 1, 1500 },
	  .pick = { SCHEDULE_NOTHING, 0, 0, 0, -1, false, 1500 } },
	{ .why = "held no longer",
	  .count = 2,
	  .chunks = { "#.##", "##" },
	  .most = 1,
	  .block = { 0, 1, 1000 },
	  .pick = { SCHEDULE_RANGE, 0, 1, 1, -1, false, 0 } },
	{ .why = "while a pupil waits, other streams end",
	  .count = 2,
	  .chunks = { "....", "...." },
	  .wants = { { 1, 0, 1, 0 } },
	  .streams = { { 1, false, 0, 4, 0 }, { 0, false, 0, 4, 0 } },
	  .most = 2,
	  .pick = { SCHEDULE_END, 0, 0, 0, 1, false, 0 } },
	{ .why = "and none begins",
	  .count = 2,
	  .chunks = { "....", "...." },
	  .wants = { { 1, 0, 1, 0 } },
	  .streams = { { 1, false, 0, 4, 0 } },
	  .most = 2,
	  .pick = { SCHEDULE_NOTHING, 0, 0, 0, -1, false, 0 } },
	{ .why = "two pupils far apart in one lesson have a stream each, which do not overlap",
	  .count = 1,
	  .chunks = { LONG_HOLE },
	  .wants = { { 0, 50, 1, 0 }, { 0, 3, 1, 0 } },
	  .streams = { { 0, false, 50, 90, 0 } },
	  .most = 2,
	  .pick = { SCHEDULE_RANGE, 0, 3, 1, -1, true, 0 } },
	{ .why = "a third waits until one had its turn",
	  .count = 1,
	  .chunks = { LONG_HOLE },
	  .wants = { { 0, 70, 1, 0 }, { 0, 3, 1, 0 }, { 0, 50, 1, 0 } },
	  .streams = { { 0, false, 3, 50, 7 }, { 0, false, 50, 90, 7 } },
	  .most = 2,
	  .pick = { SCHEDULE_NOTHING, 0, 0, 0, -1, false, 0 } },
	{ .why = "and takes it over then",
	  .count = 1,
	  .chunks = { LONG_HOLE },
	  .wants = { { 0, 70, 1, 0 }, { 0, 3, 1, 0 }, { 0, 50, 1, 0 } },
	  .streams = { { 0, false, 3, 50, 8 }, { 0, false, 50, 90, 7 } },
	  .most = 2,
	  .pick = { SCHEDULE_YIELD, 0, 0, 0, 0, false, 0 } },
	{ .why = "when that one has brought its chunk",
	  .count = 1,
	  .chunks = { LONG_HOLE },
	  .wants = { { 0, 70, 1, 0 }, { 0, 3, 1, 0 }, { 0, 50, 1, 0 } },
	  .streams = { { 0, false, 3, 4, 8, true, true }, { 0, false, 50, 90, 8 } },
	  .most = 2,
	  .pick = { SCHEDULE_NOTHING, 0, 0, 0, -1, false, 0 } },
	{ .why = "who wants several places has one stream while another has none",
	  .count = 1,
	  .chunks = { LONG_HOLE },
	  .wants = { { 0, 3, 1, 0, 70 }, { 0, 30, 1, 0, 71 }, { 0, 50, 1, 0, 70 } },
	  .streams = { { 0, false, 3, 4, 0 }, { 0, false, 50, 51, 0 } },
	  .most = 2,
	  .pick = { SCHEDULE_YIELD, 0, 0, 0, 1, false, 0 } },
	{ .why = "and while another waits no second",
	  .count = 1,
	  .chunks = { LONG_HOLE },
	  .wants = { { 0, 3, 1, 0, 70 }, { 0, 30, 1, 0, 71 }, { 0, 50, 1, 0, 70 } },
	  .streams = { { 0, false, 3, 4, 0 }, { 0, false, 30, 31, 0 } },
	  .most = 4,
	  .pick = { SCHEDULE_NOTHING, 0, 0, 0, -1, false, 0 } },
	{ .why = "alone, as many as there are",
	  .count = 1,
	  .chunks = { LONG_HOLE },
	  .wants = { { 0, 3, 1, 0, 70 }, { 0, 30, 1, 0, 70 }, { 0, 50, 1, 0, 70 } },
	  .streams = { { 0, false, 3, 4, 0 }, { 0, false, 30, 31, 0 } },
	  .most = 4,
	  .pick = { SCHEDULE_RANGE, 0, 50, 1, -1, true, 0 } },
	{ .why = "where more wait than streams are, no request is longer than a turn",
	  .count = 3,
	  .chunks = { "....................", "..", ".." },
	  .wants = { { 0, 0, 20, 0, 70 }, { 1, 0, 1, 0, 71 }, { 2, 0, 1, 0, 72 } },
	  .most = 2,
	  .pick = { SCHEDULE_RANGE, 0, 0, 8, -1, true, 0 } },
	{ .why = "what came wrong is asked again for a pupil before it is for later",
	  .count = 1,
	  .chunks = { ".." },
	  .wants = { { 0, 0, 1, 0 } },
	  .most = 1,
	  .block = { 0, 0, 9000, 900 },
	  .pick = { SCHEDULE_RANGE, 0, 0, 2, -1, true, 0 } },
	{ .why = "but not at once",
	  .count = 1,
	  .chunks = { "." },
	  .wants = { { 0, 0, 1, 0 } },
	  .most = 1,
	  .block = { 0, 0, 9000, 1100 },
	  .pick = { SCHEDULE_NOTHING, 0, 0, 0, -1, false, 1100 } },
	{ .why = "and no longer than somebody waits",
	  .count = 1,
	  .chunks = { ".." },
	  .streams = { { 0, false, 0, 2, 0 } },
	  .most = 1,
	  .held = 1,
	  .pick = { SCHEDULE_END, 0, 0, 0, 0, false, 0 } },
	{ .why = "what there is no room for is passed over",
	  .count = 3,
	  .chunks = { NULL, "..", ".." },
	  .held = 3,
	  .most = 2,
	  .pick = { SCHEDULE_RANGE, 2, 0, 2, -1, false, 0 } },
	{ .why = "also as prefetch: rest",
	  .count = 1,
	  .chunks = { NULL },
	  .wants = { { 0, 0, 1, 9 } },
	  .held = 1,
	  .most = 2,
	  .pick = { SCHEDULE_NOTHING, 0, 0, 0, -1, false, 0 } },
	{ .why = "but for a pupil",
	  .count = 2,
	  .chunks = { "..", NULL },
	  .wants = { { 1, 0, 1, 0 } },
	  .held = 3,
	  .most = 2,
	  .pick = { SCHEDULE_MAP, 1, 0, 0, -1, true, 0 } },
	{ .why = "what a pupil wants is there already",
	  .count = 2,
	  .chunks = { "##..", "##" },
	  .wants = { { 0, 0, 2, 0 } },
	  .most = 1,
	  .pick = { SCHEDULE_RANGE, 0, 2, 2, -1, false, 0 } },
	{ .why = "another order in the background",
	  .count = 3,
	  .chunks = { "..", "..", ".." },
	  .order = { 2, 1, 0 },
	  .most = 2,
	  .pick = { SCHEDULE_RANGE, 2, 0, 2, -1, false, 0 } },
	{ .why = "no more than may be spent",
	  .count = 1,
	  .chunks = { "....." },
	  .most = 2,
	  .limited = true,
	  .left = 3,
	  .pick = { SCHEDULE_RANGE, 0, 0, 3, -1, false, 0 } },
	{ .why = "nothing when it is spent; what is paid for goes on",
	  .count = 2,
	  .chunks = { ".....", ".." },
	  .streams = { { 0, false, 0, 5 } },
	  .most = 2,
	  .limited = true,
	  .pick = { SCHEDULE_NOTHING, 0, 0, 0, -1, false, 0 } },
	{ .why = "by day it ends",
	  .count = 2,
	  .chunks = { ".....", ".." },
	  .streams = { { 0, false, 0, 5 } },
	  .most = 2,
	  .closed = true,
	  .pick = { SCHEDULE_END, 0, 0, 0, 0, false, 0 } },
	{ .why = "a pupil is served all the same",
	  .count = 2,
	  .chunks = { ".....", ".." },
	  .wants = { { 1, 0, 2, 0 } },
	  .most = 2,
	  .limited = true,
	  .closed = true,
	  .pick = { SCHEDULE_RANGE, 1, 0, 2, -1, true, 0 } },
	{ .why = "what a pupil began and left was not counted: it ends",
	  .count = 1,
	  .chunks = { "....." },
	  .streams = { { 0, false, 0, 5, 0, true } },
	  .most = 2,
	  .limited = true,
	  .left = 100,
	  .pick = { SCHEDULE_END, 0, 0, 0, 0, false, 0 } },
};

static void every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct schedule_object objects[3];
		size_t objects_count = 0, wants = 0, streams = 0;
		for (; objects_count < rows[i].count; objects_count++)
			objects[objects_count] = (struct schedule_object){
				.head_chunks = rows[i].head,
				.map_known = rows[i].chunks[objects_count] != NULL,
				.held = rows[i].held >> objects_count & 1,
				.gap = gap,
				.data = rows[i].chunks[objects_count],
			};
		while (wants < 3 && rows[i].wants[wants].count)
			wants++;
		while (streams < 2 &&
		       (rows[i].streams[streams].end || rows[i].streams[streams].map))
			streams++;
		const struct schedule_view view = { .objects = objects,
						    .object_count = objects_count,
						    .order =
							    rows[i].order[1] ? rows[i].order : NULL,
						    .wants = rows[i].wants,
						    .want_count = wants,
						    .blocks = &rows[i].block,
						    .block_count = rows[i].block.until_ms != 0,
						    .streams = rows[i].streams,
						    .stream_count = streams,
						    .most_streams = rows[i].most,
						    .run_chunks = 64,
						    .limited = rows[i].limited,
						    .closed = rows[i].closed,
						    .background_chunks = rows[i].left,
						    .now_ms = 1000 };
		struct schedule_pick pick = { 0 };
		schedule_next(&view, &pick);
		if (memcmp(&pick, &rows[i].pick, sizeof(pick)) != 0)
			print_message(
				"row %zu: %s: what %d object %zu run %ju+%ju end %d wake %ju\n", i,
				rows[i].why, pick.what, pick.object, (uintmax_t)pick.first,
				(uintmax_t)pick.count, pick.end_stream, (uintmax_t)pick.wake_ms);
		assert_int_equal(pick.what, rows[i].pick.what);
		assert_int_equal(pick.object, rows[i].pick.object);
		assert_int_equal(pick.first, rows[i].pick.first);
		assert_int_equal(pick.count, rows[i].pick.count);
		assert_int_equal(pick.end_stream, rows[i].pick.end_stream);
		assert_int_equal(pick.urgent, rows[i].pick.urgent);
		assert_int_equal(pick.wake_ms, rows[i].pick.wake_ms);
	}
}

static void an_object_left_alone_wakes_later(void **state)
{
	(void)state;
	const struct schedule_object object = { .not_before_ms = 9000,
						.urgent_ms = 8000,
						.gap = gap };
	const struct schedule_want want = { .count = 1 };
	const struct schedule_view view = { .objects = &object,
					    .object_count = 1,
					    .wants = &want,
					    .want_count = 1,
					    .most_streams = 1,
					    .run_chunks = 64,
					    .now_ms = 1000 };
	struct schedule_pick pick = { 0 };
	schedule_next(&view, &pick);
	assert_int_equal(pick.what, SCHEDULE_NOTHING);
	assert_int_equal(pick.wake_ms, 8000);
}

/*
 * One client asks for single chunks all over a film, another one reads it in order; the line brings a chunk a step, of each stream
 * in turn.
 */
enum { FILM = 600, STEPS = 160, FAR = 60 };

struct film {
	bool here[FILM];
	struct schedule_stream streams[SCHEDULE_MAX_STREAMS];
	size_t streams_count, asked, brought, cut;
	uint64_t read;      /* by who reads in order */
	size_t far, far_at; /* brought to the other; its oldest want */
	bool far_first;     /* it was told of nothing for longer */
};

static bool film_gap(const void *data, uint64_t from, uint64_t *first, uint64_t *count)
{
	const struct film *f = data;
	while (from < FILM && f->here[from])
		from++;
	*first = from;
	for (*count = 0; from + *count < FILM && !f->here[from + *count];)
		++*count;
	return *count > 0;
}

static uint64_t far_chunk(size_t n)
{
	return 110 + n * 7;
}

static void drop_stream(struct film *f, size_t i)
{
	f->streams[i] = f->streams[--f->streams_count];
}

static void plan_film(struct film *f, size_t most)
{
	const struct schedule_object object = { .map_known = true, .gap = film_gap, .data = f };
	struct schedule_want wants[FAR + 1];
	struct schedule_pick pick;
	do {
		size_t count = 0, far = f->far_at;
		const struct schedule_want reads = { 0, f->read, FILM - f->read, 0, 71 };
		if (!f->far_first || far == FAR)
			wants[count++] = reads;
		if (far < FAR)
			wants[count++] = (struct schedule_want){ 0, far_chunk(far++), 1, 0, 70 };
		if (f->far_first && f->far_at < FAR)
			wants[count++] = reads;
		for (; far < FAR; far++)
			wants[count++] = (struct schedule_want){ 0, far_chunk(far), 1, 0, 70 };
		const struct schedule_view view = { .objects = &object,
						    .object_count = 1,
						    .wants = wants,
						    .want_count = count,
						    .streams = f->streams,
						    .stream_count = f->streams_count,
						    .most_streams = most,
						    .run_chunks = 1024,
						    .now_ms = 1000 };
		schedule_next(&view, &pick);
		struct schedule_stream *end =
			f->streams + (pick.end_stream < 0 ? 0 : pick.end_stream);
		if (pick.what == SCHEDULE_YIELD) {
			f->cut += end->end - end->next - 1;
			end->end = end->next + 1;
			end->yields = true;
		} else if (pick.end_stream >= 0) {
			f->cut += end->end - end->next;
			drop_stream(f, (size_t)pick.end_stream);
		}
		if (pick.what != SCHEDULE_RANGE)
			continue;
		assert_in_range(f->streams_count, 0, most - 1);
		f->asked += pick.count;
		f->streams[f->streams_count++] = (struct schedule_stream){
			.next = pick.first, .end = pick.first + pick.count, .urgent = true
		};
	} while (pick.what != SCHEDULE_NOTHING);
}

static void bring_chunk(struct film *f, size_t step)
{
	assert_true(f->streams_count > 0); /* the line is never idle */
	const size_t i = step % f->streams_count;
	struct schedule_stream *t = &f->streams[i];
	const bool far = f->far_at < FAR && t->next >= far_chunk(0);
	f->here[t->next++] = true;
	f->brought++;
	f->far += far;
	f->far_first = !far;
	t->brought++;
	if (t->next == t->end)
		drop_stream(f, i);
	while (f->far_at < FAR && f->here[far_chunk(f->far_at)])
		f->far_at++;
	while (f->here[f->read])
		f->read++;
}

static void who_plays_in_order_has_its_turn(void **state)
{
	(void)state;
	for (size_t most = 1; most <= 4; most++) {
		struct film f = { .far_first = true };
		size_t since = 0, longest = 0;
		plan_film(&f, most);
		for (size_t step = 0; step < STEPS; step++) {
			const uint64_t had = f.read;
			bring_chunk(&f, step);
			since = f.read > had ? 0 : since + 1;
			longest = since > longest ? since : longest;
			plan_film(&f, most);
		}
		print_message(
			"%zu streams: %ju in order, %zu far ones, %zu steps without, %zu asked "
			"for in vain\n",
			most, (uintmax_t)f.read, f.far, longest, f.cut);
		assert_in_range(longest, 0, most == 1 ? 1 : 2);
		assert_in_range(f.read, STEPS / 2 - 8, STEPS);
		assert_in_range(f.far, 10, STEPS);
		assert_in_range(f.cut, 0, 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row),
		cmocka_unit_test(an_object_left_alone_wakes_later),
		cmocka_unit_test(who_plays_in_order_has_its_turn),
	};
	return cmocka_run_group_tests_name("content/schedule", tests, NULL, NULL);
}
