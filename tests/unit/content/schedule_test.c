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
	{ .why = "what a pupil began and left was not counted: it ends with its chunk",
	  .count = 1,
	  .chunks = { "....." },
	  .streams = { { 0, false, 0, 5, 0, true } },
	  .most = 2,
	  .limited = true,
	  .left = 100,
	  .pick = { SCHEDULE_YIELD, 0, 0, 0, 0, false, 0 } },
	{ .why = "so it does while another waits: what has come of it is kept",
	  .count = 1,
	  .chunks = { LONG_HOLE },
	  .wants = { { 0, 3, 1, 0, 71 } },
	  .streams = { { 0, false, 50, 60, 0, true, false, 70 } },
	  .most = 2,
	  .pick = { SCHEDULE_YIELD, 0, 0, 0, 0, false, 0 } },
	{ .why = "a map to its end",
	  .count = 2,
	  .chunks = { "..", NULL },
	  .wants = { { 0, 0, 1, 0, 71 } },
	  .streams = { { 1, true, 0, 0, 0, true, false, 70 } },
	  .most = 2,
	  .pick = { SCHEDULE_YIELD, 0, 0, 0, 0, false, 0 } },
	{ .why = "the other has a stream beside it",
	  .count = 1,
	  .chunks = { LONG_HOLE },
	  .wants = { { 0, 3, 1, 0, 71 } },
	  .streams = { { 0, false, 50, 51, 0, true, true, 70 } },
	  .most = 2,
	  .pick = { SCHEDULE_RANGE, 0, 3, 1, -1, true, 0, 71 } },
	{ .why = "or the next one",
	  .count = 1,
	  .chunks = { LONG_HOLE },
	  .wants = { { 0, 3, 1, 0, 71 } },
	  .streams = { { 0, false, 50, 51, 0, true, true, 70 } },
	  .most = 1,
	  .pick = { SCHEDULE_NOTHING, 0, 0, 0, -1, false, 0 } },
	{ .why = "who left it has had that turn",
	  .count = 1,
	  .chunks = { LONG_HOLE },
	  .wants = { { 0, 3, 1, 0, 71 }, { 0, 30, 1, 0, 70 } },
	  .streams = { { 0, false, 50, 51, 0, true, true, 70 },
		       { 0, false, 3, 4, 0, true, false, 71 } },
	  .most = 3,
	  .pick = { SCHEDULE_NOTHING, 0, 0, 0, -1, false, 0 } },
	{ .why = "who comes back finds it on its way",
	  .count = 1,
	  .chunks = { LONG_HOLE },
	  .wants = { { 0, 50, 1, 0, 70 } },
	  .streams = { { 0, false, 50, 51, 0, true, true, 70 } },
	  .most = 2,
	  .pick = { SCHEDULE_NOTHING, 0, 0, 0, -1, false, 0 } },
	{ .why = "nobody asks for its chunk again",
	  .count = 1,
	  .chunks = { LONG_HOLE },
	  .wants = { { 0, 45, 20, 0, 71 } },
	  .streams = { { 0, false, 50, 51, 0, true, true, 70 } },
	  .most = 2,
	  .pick = { SCHEDULE_RANGE, 0, 45, 5, -1, true, 0, 71 } },
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
		if (!rows[i].pick.client) /* no matter whose */
			pick.client = 0;
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
		assert_int_equal(pick.client, rows[i].pick.client);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row),
		cmocka_unit_test(an_object_left_alone_wakes_later),
	};
	return cmocka_run_group_tests_name("content/schedule", tests, NULL, NULL);
}
