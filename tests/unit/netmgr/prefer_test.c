// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/line/prefer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

enum {
	LIVE = PREFER_BIT(SHAPE_LIVE),
	BROWSE = PREFER_BIT(SHAPE_BROWSE),
	SYNC = PREFER_BIT(SHAPE_SYNC),
	FIRMWARE = PREFER_BIT(SHAPE_FIRMWARE),
	PEOPLE = LIVE | BROWSE,
	LATER = SYNC | FIRMWARE,
};

static void reads_the_setting(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int code;
		struct prefer_rules rules;
	} rows[] = {
		{ "", 0, { .count = 0 } },
		{ "  ", 0, { .count = 0 } },
		{ "sync", 0, { { { SYNC, 0, 0 } }, 1 } },
		{ "sync 06:00-18:00", 0, { { { SYNC, 360, 1080 } }, 1 } },
		{ " sync  firmware 22:30-05:00 ", 0, { { { LATER, 1350, 300 } }, 1 } },
		{ "sync 06:00-18:00, firmware",
		  0,
		  { { { SYNC, 360, 1080 }, { FIRMWARE, 0, 0 } }, 2 } },
		{ "live browsing 00:00-24:00,sync",
		  0,
		  { { { PEOPLE, 0, 1440 }, { SYNC, 0, 0 } }, 2 } },
		{ .text = "control", .code = -EINVAL },
		{ .text = "sync control", .code = -EINVAL },
		{ .text = "06:00-18:00", .code = -EINVAL },
		{ .text = "sync 06:00-06:00", .code = -EINVAL },
		{ .text = "sync 6:00-18:00", .code = -EINVAL },
		{ .text = "sync 06:00-24:01", .code = -EINVAL },
		{ .text = "sync 06:60-18:00", .code = -EINVAL },
		{ .text = "sync 06:00-18:00 firmware", .code = -EINVAL },
		{ .text = "sync 06:00-18:00 20:00-21:00", .code = -EINVAL },
		{ .text = "sync 06:00-18", .code = -EINVAL },
		{ .text = "syn", .code = -EINVAL },
		{ .text = "sync,", .code = -EINVAL },
		{ .text = ",sync", .code = -EINVAL },
		{ .text = "sync,,firmware", .code = -EINVAL },
		{ .text = "sync, ", .code = -EINVAL },
		{ .text = "sync,sync,sync,sync,sync", .code = -EINVAL },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct prefer_rules got = { .count = 0 };
		if (prefer_parse(rows[i].text, &got) != rows[i].code)
			fail_msg("'%s'", rows[i].text);
		assert_memory_equal(&got, &rows[i].rules, sizeof(got));
	}
}

static void goes_by_the_hour(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int minute;
		unsigned named;
	} rows[] = {
		{ "", 700, 0 },
		{ "sync", 0, SYNC },
		{ "sync 06:00-18:00", 359, 0 },
		{ "sync 06:00-18:00", 360, SYNC },
		{ "sync 06:00-18:00", 1079, SYNC },
		{ "sync 06:00-18:00", 1080, 0 },
		{ "sync 22:00-06:00", 1400, SYNC },
		{ "sync 22:00-06:00", 0, SYNC },
		{ "sync 22:00-06:00", 359, SYNC },
		{ "sync 22:00-06:00", 360, 0 },
		{ "sync 06:00-18:00, firmware", 0, FIRMWARE },
		{ "sync 06:00-18:00, firmware", 600, LATER },
		/* Bytes that may be dear are not spent on a guess. */
		{ "sync 06:00-18:00, live 22:00-23:00", -1, SYNC | LIVE },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct prefer_rules rules;
		assert_int_equal(prefer_parse(rows[i].text, &rules), 0);
		if (prefer_named(&rules, rows[i].minute) != rows[i].named)
			fail_msg("row %zu", i);
	}
}

#define WELL .works = true, .trusted = true
#define HELD_DOWN .works = true
#define CAPPED .capped = true, .held = true

static void finds_a_line_for_each_class(void **state)
{
	(void)state;
	static const struct {
		const char *why;
		struct prefer_line lines[3];
		int preferred;
		int line[SHAPE_CLASSES]; /* control, live, browsing, sync, firmware */
		int base;
		unsigned held, barred[3];
	} rows[] = {
		{ "nothing is barred",
		  { { WELL, .rank = 10 }, { WELL, .rank = 20 } },
		  0,
		  { 0, 0, 0, 0, 0 },
		  0,
		  0,
		  { 0 } },
		{ "lessons that nobody waits for take another line",
		  { { WELL, .rank = 10, .never = SYNC }, { WELL, .rank = 20 } },
		  0,
		  { 0, 0, 0, 1, 0 },
		  0,
		  0,
		  { SYNC } },
		{ "the best of those",
		  { { WELL, .rank = 10, .never = LATER },
		    { WELL, .rank = 30 },
		    { WELL, .rank = 20 } },
		  0,
		  { 0, 0, 0, 2, 2 },
		  0,
		  0,
		  { LATER } },
		{ "but none that has only just come back, while another is well",
		  { { WELL, .rank = 10, .never = SYNC },
		    { HELD_DOWN, .rank = 20 },
		    { WELL, .rank = 30 } },
		  0,
		  { 0, 0, 0, 2, 0 },
		  0,
		  0,
		  { SYNC } },
		{ "and none that is down",
		  { { WELL, .rank = 10, .never = SYNC }, { .rank = 20 } },
		  0,
		  { 0, 0, 0, -1, 0 },
		  0,
		  SYNC,
		  { SYNC } },
		{ "nor one that does not carry them, too",
		  { { WELL, .rank = 10, .never = SYNC }, { WELL, .rank = 20, .never = SYNC } },
		  0,
		  { 0, 0, 0, -1, 0 },
		  0,
		  SYNC,
		  { SYNC, SYNC } },
		{ "a spare one only when no other does",
		  { { WELL, .rank = 10, .spare = SYNC }, { WELL, .rank = 20 } },
		  0,
		  { 0, 0, 0, 1, 0 },
		  0,
		  0,
		  { 0 } },
		{ "even one that only just came back",
		  { { WELL, .rank = 10, .spare = SYNC }, { HELD_DOWN, .rank = 20 } },
		  0,
		  { 0, 0, 0, 1, 0 },
		  0,
		  0,
		  { 0 } },
		{ "which is so when that is down",
		  { { WELL, .rank = 10, .spare = SYNC }, { .rank = 20 } },
		  0,
		  { 0, 0, 0, 0, 0 },
		  0,
		  0,
		  { 0 } },
		{ "a line for reports alone, as it was wished",
		  { { WELL, .rank = 10, .never = PEOPLE | LATER }, { .rank = 20 } },
		  0,
		  { 0, -1, -1, -1, -1 },
		  0,
		  PEOPLE | LATER,
		  { PEOPLE | LATER } },
		{ "what is of no class takes the other line then",
		  { { WELL, .rank = 10, .never = PEOPLE | LATER }, { WELL, .rank = 20 } },
		  0,
		  { 0, 1, 1, 1, 1 },
		  1,
		  0,
		  { PEOPLE | LATER } },
		{ "what is left of a quota is not for lessons that nobody waits for",
		  { { WELL, .rank = 10, .held = true }, { .rank = 20 } },
		  0,
		  { 0, 0, 0, -1, -1 },
		  0,
		  LATER,
		  { LATER } },
		{ "reports go on when all of it is used up, and nothing else",
		  { { CAPPED, .rank = 10 }, { .rank = 20 } },
		  -1,
		  { 0, -1, -1, -1, -1 },
		  0,
		  PEOPLE | LATER,
		  { PEOPLE | LATER } },
		{ "over another line as soon as there is one",
		  { { CAPPED, .rank = 10 }, { WELL, .rank = 20 } },
		  1,
		  { 1, 1, 1, 1, 1 },
		  1,
		  0,
		  { PEOPLE | LATER } },
		{ "reports cannot be barred",
		  { { WELL, .never = ~0u } },
		  0,
		  { 0, -1, -1, -1, -1 },
		  0,
		  PEOPLE | LATER,
		  { PEOPLE | LATER } },
		{ "nothing was preferred, though something works: for reports all the same",
		  { { CAPPED, .rank = 10 }, { WELL, .rank = 20 } },
		  -1,
		  { 1, -1, -1, -1, -1 },
		  1,
		  PEOPLE | LATER,
		  { PEOPLE | LATER } },
		{ "nothing works",
		  { { .rank = 10 }, { .rank = 20, .never = SYNC } },
		  -1,
		  { -1, -1, -1, -1, -1 },
		  -1,
		  0,
		  { 0, SYNC } },
		{ "nobody has chosen yet, and what no line may carry does not begin",
		  { { CAPPED, .never = SYNC }, { .held = true } },
		  PREFER_UNCHOSEN,
		  { -1, -1, -1, -1, -1 },
		  -1,
		  LATER,
		  { PEOPLE | LATER, LATER } },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct prefer_ways got;
		/* The third is there in some. */
		const size_t count = rows[i].lines[2].works ? 3 : 2;
		prefer_choose(rows[i].lines, count, rows[i].preferred, &got);
		if (memcmp(got.line, rows[i].line, sizeof(got.line)) != 0 ||
		    got.base != rows[i].base ||
		    memcmp(got.barred, rows[i].barred, sizeof(rows[i].barred)) != 0 ||
		    got.held != rows[i].held ||
		    got.chosen != (rows[i].preferred != PREFER_UNCHOSEN))
			fail_msg("%s", rows[i].why);
	}
	struct prefer_ways none;
	prefer_choose(NULL, 0, -1, &none);
	assert_int_equal(none.base, -1);
	assert_int_equal(none.held, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_setting),
		cmocka_unit_test(goes_by_the_hour),
		cmocka_unit_test(finds_a_line_for_each_class),
	};
	return cmocka_run_group_tests_name("netmgr/prefer", tests, NULL, NULL);
}
