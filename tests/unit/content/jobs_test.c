// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/jobs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

enum { A = 1, L = 2, M = 4, H = 8, ALL = A | L | M | H }; /* audio, low, middle, high */
enum { BL = L << 4, BM = M << 4, BH = H << 4 };           /* their better versions */

/* Two lessons of five segments; made and cooking are [init, 1 .. 5]. */
static const struct {
	const char *why;
	uint32_t made[2][6], cooking[2][6];
	uint32_t arrived[2];       /* segments below this number are readable */
	struct jobs_want wants[3]; /* rungs 0 ends */
	struct jobs_block block;   /* until 0: none */
	uint32_t held[2];          /* rungs that there is no room for */
	uint32_t passed[2][6];     /* rungs that are in memory */
	bool wants_only;
	struct jobs_pick pick;
	bool better, apart;
	uint32_t to_better[2], slow[2], spare[2];
	bool lacks[2], previews; /* of their previews; there is room for one */
} rows[] = {
	{ .why = "the first segment of every rung of the first lesson",
	  .arrived = { 6, 6 },
	  .pick = { true, 0, 1, ALL, true, 9, 0 } },
	{ .why = "then of the next lesson",
	  .made = { { ALL, ALL } },
	  .arrived = { 6, 6 },
	  .pick = { true, 1, 1, ALL, true, 9, 0 } },
	{ .why = "its bytes have not arrived: basic rungs of what has",
	  .made = { { ALL, ALL } },
	  .arrived = { 6, 0 },
	  .pick = { true, 0, 2, A | L, false, 9, 0 } },
	{ .why = "nothing has arrived", .arrived = { 0, 0 }, .pick = { .found = false } },
	{ .why = "basic rungs of everything before the others",
	  .made = { { ALL, ALL, A | L, A | L, A | L, A | L }, { ALL, ALL } },
	  .arrived = { 6, 6 },
	  .pick = { true, 1, 2, A | L, false, 9, 0 } },
	{ .why = "the others last, together",
	  .made = { { ALL, ALL, A | L, A | L, A | L, A | L },
		    { ALL, ALL, A | L, A | L, A | L, A | L } },
	  .arrived = { 6, 6 },
	  .pick = { true, 0, 2, M | H, false, 9, 0 } },
	{ .why = "what cooks already is not cooked twice",
	  .made = { { ALL, ALL } },
	  .cooking = { { 0, 0, A | L }, { 0, ALL } },
	  .arrived = { 6, 6 },
	  .pick = { true, 0, 3, A | L, false, 9, 0 } },
	{ .why = "a waiting pupil first, sound along with the picture",
	  .made = { { ALL }, { ALL } },
	  .arrived = { 6, 6 },
	  .wants = { { 1, 4, M } },
	  .pick = { true, 1, 4, M | A, false, 0, 0 } },
	{ .why = "two pupils share a decode",
	  .made = { { ALL }, { ALL } },
	  .arrived = { 6, 6 },
	  .wants = { { 1, 4, M }, { 1, 4, H } },
	  .pick = { true, 1, 4, M | H | A, false, 0, 0 } },
	{ .why = "each waiting pupil before ahead of any",
	  .made = { { ALL }, { ALL, 0, M | A } },
	  .arrived = { 6, 6 },
	  .wants = { { 1, 2, M }, { 0, 3, L } },
	  .pick = { true, 0, 3, L | A, false, 0, 0 } },
	{ .why = "one ahead of a player",
	  .made = { { ALL }, { ALL, 0, M | A } },
	  .arrived = { 6, 6 },
	  .wants = { { 1, 2, M } },
	  .pick = { true, 1, 3, M | A, false, 1, 0 } },
	{ .why = "two ahead of a player",
	  .made = { { ALL }, { ALL, 0, M | A, M | A } },
	  .arrived = { 6, 6 },
	  .wants = { { 1, 2, M } },
	  .pick = { true, 1, 4, M | A, false, 1, 0 } },
	{ .why = "not three ahead, nor past the end",
	  .made = { { ALL, ALL }, { ALL, 0, 0, 0, M | A, M | A } },
	  .arrived = { 6, 6 },
	  .wants = { { 1, 4, M } },
	  .pick = { true, 1, 1, ALL, false, 9, 0 } },
	{ .why = "the init segment comes with the first",
	  .arrived = { 6, 6 },
	  .wants = { { 0, 0, H } },
	  .pick = { true, 0, 1, H | A, true, 0, 0 } },
	{ .why = "an init segment that one rung has and another has not",
	  .made = { { A, A } },
	  .arrived = { 6, 6 },
	  .wants = { { 0, 1, H } },
	  .pick = { true, 0, 1, H, true, 0, 0 } },
	{ .why = "a wanted segment whose bytes are missing waits for them",
	  .made = { { ALL, ALL }, { ALL, ALL } },
	  .arrived = { 3, 3 },
	  .wants = { { 0, 4, L } },
	  .pick = { true, 0, 2, A | L, false, 9, 0 } },
	{ .why = "a failed segment is left alone for a while",
	  .made = { { ALL, ALL }, { ALL, ALL } },
	  .arrived = { 6, 6 },
	  .block = { 0, 2, 1500 },
	  .pick = { true, 0, 3, A | L, false, 9, 0 } },
	{ .why = "and tried again when its time has come",
	  .made = { { ALL, ALL }, { ALL, ALL } },
	  .arrived = { 6, 6 },
	  .block = { 0, 2, 1000 },
	  .pick = { true, 0, 2, A | L, false, 9, 0 } },
	{ .why = "only the failed one is left: wake then",
	  .made = { { ALL, ALL, 0, ALL, ALL, ALL }, { ALL, ALL, ALL, ALL, ALL, ALL } },
	  .arrived = { 6, 6 },
	  .block = { 0, 2, 1500 },
	  .pick = { .found = false, .wake_ms = 1500 } },
	{ .why = "what there is no room for is not made in advance",
	  .arrived = { 6, 6 },
	  .held = { ALL, M | H },
	  .pick = { true, 1, 1, A | L, true, 9, 0 } },
	{ .why = "no room at all: rest",
	  .arrived = { 6, 6 },
	  .held = { ALL, ALL },
	  .pick = { .found = false } },
	{ .why = "but for a pupil",
	  .made = { { ALL }, { ALL } },
	  .arrived = { 6, 6 },
	  .held = { ALL, ALL },
	  .wants = { { 1, 4, M } },
	  .pick = { true, 1, 4, M | A, false, 0, 0 } },
	{ .why = "and what comes next for the same one",
	  .made = { { ALL }, { ALL, 0, 0, 0, M | A } },
	  .arrived = { 6, 6 },
	  .held = { ALL, ALL },
	  .wants = { { 1, 4, M } },
	  .pick = { true, 1, 5, M | A, false, 1, 0 } },
	{ .why = "the disk was full a moment ago: nothing in advance",
	  .arrived = { 6, 6 },
	  .wants_only = true,
	  .pick = { .found = false } },
	{ .why = "but what pupils wait for, and what they watch next",
	  .made = { { ALL }, { ALL, 0, M | A } },
	  .arrived = { 6, 6 },
	  .wants = { { 1, 2, M } },
	  .wants_only = true,
	  .pick = { true, 1, 3, M | A, false, 1, 0 } },
	{ .why = "while a wanted one cooks, what passed through memory is not made again",
	  .made = { { ALL }, { ALL } },
	  .cooking = { { 0 }, { 0, 0, M | A } },
	  .passed = { { 0 }, { 0, 0, 0, M | A } },
	  .arrived = { 6, 6 },
	  .wants = { { 1, 2, M } },
	  .wants_only = true,
	  .pick = { true, 1, 4, M | A, false, 1, 0 } },
	{ .why = "of what passed only the rest is made",
	  .made = { { ALL }, { ALL } },
	  .passed = { { 0 }, { 0, 0, A } },
	  .arrived = { 6, 6 },
	  .wants = { { 1, 2, M } },
	  .wants_only = true,
	  .pick = { true, 1, 2, M, false, 0, 0 } },
	{ .why = "nor for nobody while the disk has no room for it",
	  .made = { { ALL, ALL, ALL, ALL, ALL, ALL }, { ALL, ALL, ALL, ALL, ALL } },
	  .passed = { { 0 }, { 0, 0, 0, 0, 0, ALL } },
	  .arrived = { 6, 6 },
	  .wants_only = true,
	  .pick = { .found = false } },
	{ .why = "when there is room again it is made for the disk",
	  .made = { { ALL, ALL, ALL, ALL, ALL, ALL }, { ALL, ALL, ALL, ALL, ALL } },
	  .passed = { { 0 }, { 0, 0, 0, 0, 0, ALL } },
	  .arrived = { 6, 6 },
	  .pick = { true, 1, 5, L | A, false, 9, 0 } },
	{ .why = "all is made: better ones, the basic ones of everything first",
	  .made = { { ALL, ALL, ALL, ALL, ALL, ALL }, { ALL, ALL, ALL, ALL, ALL, ALL } },
	  .arrived = { 6, 6 },
	  .better = true,
	  .to_better = { BM | BH, BL | BM },
	  .slow = { BL | BM | BH, BL | BM | BH },
	  .pick = { true, 1, 1, BL, true, 9, 0 } },
	{ .why = "then the others, together",
	  .made = { { ALL, ALL, ALL, ALL, ALL, ALL },
		    { ALL | BL, ALL | BL, ALL | BL, ALL | BL, ALL | BL, ALL | BL } },
	  .arrived = { 6, 6 },
	  .better = true,
	  .to_better = { BM | BH, BL | BM },
	  .slow = { BL | BM | BH, BL | BM | BH },
	  .pick = { true, 0, 1, BM | BH, true, 9, 0 } },
	{ .why = "not before everything can be watched",
	  .made = { { ALL, ALL, ALL, ALL, ALL, ALL }, { ALL, ALL, ALL, ALL, ALL, A | L | M } },
	  .arrived = { 6, 6 },
	  .better = true,
	  .to_better = { BL, BL },
	  .slow = { BL, BL },
	  .pick = { true, 1, 5, H, false, 9, 0 } },
	{ .why = "nor when there is no time or no room for it",
	  .made = { { ALL, ALL, ALL, ALL, ALL, ALL }, { ALL, ALL, ALL, ALL, ALL, ALL } },
	  .arrived = { 6, 6 },
	  .to_better = { BL, BL },
	  .slow = { BL, BL },
	  .pick = { .found = false } },
	{ .why = "a pupil who waits for the better version gets the sound first, which is quick",
	  .made = { { ALL | BL }, { ALL | BL } },
	  .arrived = { 6, 6 },
	  .wants = { { 1, 2, BL } },
	  .slow = { BL, BL },
	  .spare = { BL, BL },
	  .pick = { true, 1, 2, A, false, 0, 0 } },
	{ .why = "and the picture by itself",
	  .made = { { ALL | BL }, { ALL | BL } },
	  .cooking = { { 0 }, { 0, 0, A } },
	  .arrived = { 6, 6 },
	  .wants = { { 1, 2, BL } },
	  .slow = { BL, BL },
	  .spare = { BL, BL },
	  .pick = { true, 1, 2, BL, false, 0, 0 } },
	{ .why = "where there is a place for each, picture and sound are made at once: the picture",
	  .arrived = { 6, 6 },
	  .wants = { { 1, 4, M }, { 1, 4, A } },
	  .apart = true,
	  .pick = { true, 1, 4, M, true, 0, 0 } },
	{ .why = "and the sound",
	  .cooking = { { 0 }, { 0, 0, 0, 0, M } },
	  .arrived = { 6, 6 },
	  .wants = { { 1, 4, M } },
	  .apart = true,
	  .pick = { true, 1, 4, A, true, 0, 0 } },
	{ .why = "what has no address is not made for anybody",
	  .made = { { ALL, ALL, ALL, ALL, ALL, ALL }, { ALL, ALL, ALL, ALL, ALL, ALL } },
	  .arrived = { 6, 6 },
	  .wants = { { 1, 2, BL } },
	  .slow = { BL, BL },
	  .pick = { .found = false } },
	{ .why = "previews, once the basic rungs of everything are there, before the others",
	  .made = { { ALL, ALL, A | L, A | L, A | L, A | L },
		    { ALL, ALL, A | L, A | L, A | L, A | L } },
	  .arrived = { 6, 6 },
	  .lacks = { false, true },
	  .previews = true,
	  .pick = { true, 1, 0, 0, false, 9, 0 } },
	{ .why = "not before that",
	  .made = { { ALL, ALL, A | L, A | L, A | L, A | L }, { ALL, ALL } },
	  .arrived = { 6, 6 },
	  .lacks = { true, true },
	  .previews = true,
	  .pick = { true, 1, 2, A | L, false, 9, 0 } },
	{ .why = "where there is no room for them, or one is under way, the others",
	  .made = { { ALL, ALL, A | L, A | L, A | L, A | L },
		    { ALL, ALL, A | L, A | L, A | L, A | L } },
	  .arrived = { 6, 6 },
	  .lacks = { true, true },
	  .pick = { true, 0, 2, M | H, false, 9, 0 } },
	{ .why = "one that could not be made waits for its time, the next does not",
	  .made = { { ALL, ALL, ALL, ALL, ALL, ALL }, { ALL, ALL, ALL, ALL, ALL, ALL } },
	  .arrived = { 6, 6 },
	  .block = { 0, 0, 1500 },
	  .lacks = { true, true },
	  .previews = true,
	  .pick = { true, 1, 0, 0, false, 9, 0 } },
	{ .why = "nothing else is left: wake then",
	  .made = { { ALL, ALL, ALL, ALL, ALL, ALL }, { ALL, ALL, ALL, ALL, ALL, ALL } },
	  .arrived = { 6, 6 },
	  .block = { 0, 0, 1500 },
	  .lacks = { true, false },
	  .previews = true,
	  .pick = { .found = false, .wake_ms = 1500 } },
	{ .why = "a pupil before any",
	  .made = { { ALL }, { ALL } },
	  .arrived = { 6, 6 },
	  .wants = { { 1, 4, M } },
	  .lacks = { true, true },
	  .previews = true,
	  .pick = { true, 1, 4, M | A, false, 0, 0 } },
	{ .why = "none while the box rests",
	  .made = { { ALL, ALL, ALL, ALL, ALL, ALL }, { ALL, ALL, ALL, ALL, ALL, ALL } },
	  .arrived = { 6, 6 },
	  .lacks = { true, true },
	  .previews = true,
	  .wants_only = true,
	  .pick = { .found = false } },
};

struct scene {
	uint32_t arrived;
	const uint32_t *passed;
	bool lacks;
};

static bool readable_below(const void *data, uint32_t segment)
{
	return segment < ((const struct scene *)data)->arrived;
}

static uint32_t passed_of(const void *data, uint32_t segment)
{
	return ((const struct scene *)data)->passed[segment];
}

static bool lacks_preview(const void *data)
{
	return ((const struct scene *)data)->lacks;
}

static void every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct jobs_lesson lessons[2];
		struct scene scenes[2];
		for (size_t n = 0; n < 2; n++) {
			scenes[n] = (struct scene){ rows[i].arrived[n], rows[i].passed[n],
						    rows[i].lacks[n] };
			lessons[n] = (struct jobs_lesson){ .segments = 5,
							   .ladder = ALL,
							   .made = rows[i].made[n],
							   .cooking = rows[i].cooking[n],
							   .held = &rows[i].held[n],
							   .readable = readable_below,
							   .passed = passed_of,
							   .lacks_preview = lacks_preview,
							   .to_better = &rows[i].to_better[n],
							   .slow = &rows[i].slow[n],
							   .spare = &rows[i].spare[n],
							   .data = &scenes[n] };
		}
		size_t wants = 0;
		while (wants < 3 && rows[i].wants[wants].rungs)
			wants++;
		const struct jobs_view view = { .lessons = lessons,
						.lesson_count = 2,
						.wants = rows[i].wants,
						.want_count = wants,
						.blocks = &rows[i].block,
						.block_count = rows[i].block.until_ms != 0,
						.basic = A | L,
						.sound = A,
						.wants_only = rows[i].wants_only,
						.previews = rows[i].previews,
						.better = rows[i].better,
						.apart = rows[i].apart,
						.better_basic = BL,
						.now_ms = 1000 };
		struct jobs_pick pick = { 0 };
		jobs_next(&view, &pick);
		const struct jobs_pick *want = &rows[i].pick;
		if (pick.found != want->found || pick.lesson != want->lesson ||
		    pick.segment != want->segment || pick.rungs != want->rungs)
			print_message("row %zu: %s: %d lesson %zu segment %u rungs %x\n", i,
				      rows[i].why, pick.found, pick.lesson, pick.segment,
				      pick.rungs);
		assert_int_equal(pick.found, want->found);
		assert_int_equal(pick.lesson, want->lesson);
		assert_int_equal(pick.segment, want->segment);
		assert_int_equal(pick.rungs, want->rungs);
		assert_int_equal(pick.with_init, want->with_init);
		assert_int_equal(pick.priority, want->priority);
		assert_int_equal(pick.wake_ms, want->wake_ms);
	}
}

enum { NOBODY = 3 };

/* Three jobs are under way: lesson, segment, rungs, since when. */
static const struct {
	const char *why;
	struct jobs_running running[3];
	struct jobs_want wants[2];
	unsigned priority;
	size_t who;
} crowds[] = {
	{ "what nobody waits for gives way, the youngest first",
	  { { 0, 5, L, 10 }, { 1, 2, ALL, 30 }, { 1, 3, ALL, 20 } },
	  { { 0, 5, L } },
	  0,
	  1 },
	{ "to what is only ahead of somebody, too",
	  { { 0, 5, L, 10 }, { 1, 2, ALL, 30 }, { 0, 6, L, 40 } },
	  { { 0, 5, L } },
	  1,
	  1 },
	{ "a player jumped: what it waited for before gives way",
	  { { 0, 2, L | A, 10 }, { 0, 3, L | A, 20 }, { 0, 4, L | A, 30 } },
	  { { 0, 40, L } },
	  0,
	  2 },
	{ "what is ahead of somebody gives way to who waits",
	  { { 0, 2, L, 10 }, { 0, 3, L, 20 }, { 0, 4, L, 15 } },
	  { { 0, 2, L }, { 1, 7, M } },
	  0,
	  1 },
	{ "but what nobody needs before it",
	  { { 0, 2, L, 10 }, { 0, 3, L, 20 }, { 0, 9, L, 15 } },
	  { { 0, 2, L }, { 1, 7, M } },
	  0,
	  2 },
	{ "who waits is not cut off for another who waits",
	  { { 0, 2, L, 10 }, { 0, 2, A, 20 }, { 1, 7, M, 15 } },
	  { { 0, 2, L }, { 1, 7, M } },
	  0,
	  NOBODY },
	{ "nor what is ahead of one for what is ahead of another",
	  { { 0, 2, L, 10 }, { 0, 3, L, 20 }, { 0, 4, L, 15 } },
	  { { 0, 2, L }, { 1, 7, M } },
	  1,
	  NOBODY },
	{ "for nobody nobody gives way",
	  { { 0, 5, L, 10 }, { 1, 2, ALL, 30 }, { 1, 3, ALL, 20 } },
	  { { 0, 5, L } },
	  9,
	  NOBODY },
	{ "another size of the same minute is not what is waited for",
	  { { 0, 5, L, 10 }, { 0, 5, H, 30 }, { 0, 5, A, 40 } },
	  { { 0, 5, L } },
	  0,
	  1 },
};

static void who_gives_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(crowds); i++) {
		const struct jobs_view view = { .wants = crowds[i].wants,
						.want_count = crowds[i].wants[1].rungs ? 2 : 1,
						.sound = A };
		const struct jobs_pick pick = { .found = true, .priority = crowds[i].priority };
		const size_t who = jobs_gives_way(&view, crowds[i].running, 3, &pick);
		if (who != crowds[i].who)
			print_message("%s: %zu\n", crowds[i].why, who);
		assert_int_equal(who, crowds[i].who);
	}
}

/* Day 100 is today. */
static void lessons_have_their_turn(void **state)
{
	(void)state;
	struct jobs_rank ranks[] = {
		{ 0, 0, 900 }, { 1, 0, 20 }, { 2, 107, 5 },    { 3, 101, 700 }, { 4, 101, 300 },
		{ 5, 99, 1 },  { 6, 0, 20 }, { 7, 100, 5000 }, { 8, 90, 1 },
	};
	static const size_t turns[] = { 7, 4, 3, 2, 5, 8, 1, 6, 0 };
	jobs_sort(ranks, ARRAY_LEN(ranks), 100);
	for (size_t i = 0; i < ARRAY_LEN(turns); i++)
		assert_int_equal(ranks[i].lesson, turns[i]);
	jobs_sort(ranks, 0, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_row),
					    cmocka_unit_test(who_gives_way),
					    cmocka_unit_test(lessons_have_their_turn) };
	return cmocka_run_group_tests_name("content/jobs", tests, NULL, NULL);
}
