// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/setback.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static const struct setback picture = { .generation = "g-1", .lesson = 7, .segment = 2 };
static const struct setback sound = {
	.generation = "g-1", .lesson = 7, .segment = 2, .part = SETBACK_SOUND
};

/* Failures of one segment, one after the other: what comes next, and not before when. */
static const struct {
	bool blank;
	enum setback_next next[5];
	uint64_t least_ms[5];
} rows[] = {
	/* a ministry's mezzanine */
	{ false,
	  { SETBACK_AGAIN, SETBACK_AGAIN, SETBACK_NEVER, SETBACK_NEVER, SETBACK_NEVER },
	  { 1500, 3000, 3600000, 3600000, 3600000 } },
	/* a teacher's film as it came: black and silence, and when not even these can be made, no more */
	{ true,
	  { SETBACK_AGAIN, SETBACK_AGAIN, SETBACK_BLANK, SETBACK_NEVER, SETBACK_NEVER },
	  { 1500, 3000, 6000, 3600000, 3600000 } },
};

static void tries_come_later_and_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct setbacks s = { .count = 0 };
		for (size_t k = 0; k < ARRAY_LEN(rows[i].next); k++) {
			const uint64_t now = 1000 * k;
			assert_int_equal(setback_add(&s, &picture, rows[i].blank, now),
					 rows[i].next[k]);
			const struct setback *b = setback_find(&s, 7, 2, SETBACK_PICTURES);
			assert_non_null(b);
			assert_true(b->until_ms >= now + rows[i].least_ms[k]);
			assert_int_equal(b->given_up, rows[i].next[k] == SETBACK_NEVER);
		}
		assert_int_equal(s.count, 1);
	}
}

static void picture_and_sound_count_apart(void **state)
{
	(void)state;
	struct setbacks s = { .count = 0 };
	setback_add(&s, &picture, false, 0);
	setback_add(&s, &sound, false, 0);
	assert_int_equal(setback_add(&s, &picture, false, 0), SETBACK_AGAIN);
	setback_forget(&s, 7, 2, SETBACK_SOUND); /* it was made, alone */
	assert_null(setback_find(&s, 7, 2, SETBACK_SOUND));
	assert_int_equal(setback_add(&s, &picture, false, 0), SETBACK_NEVER);
	assert_int_equal(setback_add(&s, &sound, false, 0), SETBACK_AGAIN);
	setback_forget(&s, 8, 2, SETBACK_SOUND); /* nothing of it is known */
	assert_int_equal(s.count, 2);
}

static size_t where(const void *data, const char *generation)
{
	return strcmp(generation, "g-1") == 0 ? *(const size_t *)data : SIZE_MAX;
}

/* A teacher who changes a title while a segment fails does not make it be tried for ever. */
static void another_library_begins_no_new_count(void **state)
{
	(void)state;
	struct setbacks s = { .count = 0 };
	struct setback other = { .generation = "g-2", .lesson = 8, .segment = 1 };
	size_t place = 3;
	setback_add(&s, &picture, false, 0);
	setback_add(&s, &other, false, 0);
	setback_add(&s, &picture, false, 0);
	setback_move(&s, where, &place, 10);
	assert_int_equal(s.count, 1);
	struct setback moved = picture;
	moved.lesson = place;
	assert_int_equal(setback_add(&s, &moved, false, 20), SETBACK_NEVER);
	setback_move(&s, where, &place, 30);
	assert_true(setback_find(&s, place, 2, SETBACK_PICTURES)->given_up);
	/* After its hour there is another chance. */
	setback_move(&s, where, &place, 20 + SETBACK_GIVEN_UP_MS);
	assert_int_equal(s.count, 0);
}

static void there_is_room_for_so_many(void **state)
{
	(void)state;
	static struct setbacks s;
	struct setback one = picture;
	for (one.segment = 1; one.segment <= SETBACKS_MOST; one.segment++)
		assert_int_equal(setback_add(&s, &one, false, 0), SETBACK_AGAIN);
	assert_int_equal(setback_add(&s, &one, true, 0), SETBACK_NEVER);
	assert_int_equal(s.count, SETBACKS_MOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tries_come_later_and_end),
		cmocka_unit_test(picture_and_sound_count_apart),
		cmocka_unit_test(another_library_begins_no_new_count),
		cmocka_unit_test(there_is_room_for_so_many),
	};
	return cmocka_run_group_tests_name("content/setback", tests, NULL, NULL);
}
