// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/holes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

#define SECOND 1000000

struct pause { /* in a stream of ten seconds */
	int64_t from_s, to_s, bytes;
};

/* One packet a second at `first` + n x 2,000; in the pause there is none, and what follows lies `bytes` further. */
static struct holes stream(int64_t first, struct pause p)
{
	struct holes h = { 0 };
	for (int64_t s = 0; s < 10; s++)
		if (s < p.from_s || s >= p.to_s)
			holes_step(&h, s * SECOND, (s + 1) * SECOND,
				   first + s * 2000 + (s >= p.to_s ? p.bytes : 0), 1000);
	return h;
}

static void bytes_of_nobody_in_a_pause_of_both_are_lost(void **state)
{
	(void)state;
	static const struct {
		struct pause picture, sound;
		int64_t lost_s;
	} rows[] = {
		{ { 10, 10, 0 }, { 10, 10, 0 }, 0 },
		{ { 3, 6, 50000 }, { 3, 6, 50000 }, 3 },
		{ { 3, 6, 50000 }, { 4, 8, 50000 }, 2 },
		{ { 3, 6, 50000 },
		  { 10, 10, 0 },
		  0 }, /* the picture stood still, and was talked about */
		{ { 10, 10, 0 }, { 2, 9, 50000 }, 0 },   /* nobody spoke */
		{ { 3, 6, -4000 }, { 3, 6, -4000 }, 0 }, /* both rested: nothing is between */
		{ { 1, 3, 50000 }, { 6, 9, 50000 }, 0 }, /* one after the other */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct holes a = stream(0, rows[i].picture), b = stream(1000, rows[i].sound);
		assert_int_equal(holes_lost_us(&a, &b), rows[i].lost_s * SECOND);
	}
	struct holes alone = stream(0, (struct pause){ 3, 6, 50000 });
	assert_int_equal(holes_lost_us(&alone, NULL), 3 * SECOND);
}

static void what_is_not_known_is_no_loss(void **state)
{
	(void)state;
	struct holes h = { 0 };
	for (int64_t s = 0; s < 100; s += 10)
		holes_step(&h, s * SECOND, (s + 1) * SECOND, -1, 1000); /* no place in the file */
	assert_int_equal(h.count, 0);
	holes_step(&h, 90 * SECOND, 91 * SECOND, 1 << 20,
		   1000); /* the first of which it is known */
	assert_int_equal(h.count, 0);
	holes_step(&h, INT64_MIN, INT64_MIN, 1 << 22, 1000);
	holes_step(&h, 0, 0, 1 << 24, 1000); /* a clock that goes back */
	assert_int_equal(h.count, 0);
	for (int64_t i = 0; i < 2 * HOLES_MAX; i++)
		holes_step(&h, (100 + i * 10) * SECOND, (101 + i * 10) * SECOND, (i + 32) << 20, 1);
	assert_int_equal(h.count, HOLES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_of_nobody_in_a_pause_of_both_are_lost),
		cmocka_unit_test(what_is_not_known_is_no_loss),
	};
	return cmocka_run_group_tests_name("transcoder/holes", tests, NULL, NULL);
}
