// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/agent/film_course.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

enum { SIZE = 40 << 20, PIECE = 1 << 20 };

/* One answer to the second piece, or to a question. */
static void believes_what_can_be(void **state)
{
	(void)state;
	static const struct {
		bool asked;
		struct film_answer a;
		enum film_next want;
		uint64_t at;
	} rows[] = {
		{ false, { 200, true, 2 * PIECE, SIZE }, FILM_GO_ON, 2 * PIECE },
		{ false, { 200, true, PIECE, SIZE }, FILM_LATER, 0 }, /* it did not grow */
		{ false, { 200, true, 0, SIZE }, FILM_LATER, 0 },
		{ false, { 200, true, 2 * PIECE + 1, SIZE }, FILM_LATER, 0 }, /* nor by more */
		{ false, { 200, true, SIZE, SIZE }, FILM_LATER, 0 },
		{ false, { 200, true, 2 * PIECE, SIZE + 1 }, FILM_LATER, 0 }, /* another film's */
		{ false, { 200, true, 2 * PIECE, 2 * PIECE }, FILM_LATER, 0 },
		{ false, { 200, false, 0, 0 }, FILM_LATER, 0 }, /* a portal's page */
		{ false, { 409, true, 0, SIZE }, FILM_GO_ON, 0 },
		{ false, { 409, true, SIZE, SIZE }, FILM_THERE, 0 },
		{ false, { 409, true, SIZE + 1, SIZE }, FILM_LATER, 0 },
		{ false, { 409, true, -1, SIZE }, FILM_LATER, 0 },
		{ false, { 409, true, 0, -1 }, FILM_LATER, 0 },
		{ false,
		  { 503, false, 0, 0 },
		  FILM_LATER,
		  0 }, /* the last one came, and it checks */
		{ true, { 200, true, 0, SIZE }, FILM_GO_ON, 0 },
		{ true, { 200, true, 70000, SIZE }, FILM_GO_ON, 70000 },
		{ true, { 200, true, SIZE, SIZE }, FILM_THERE, 0 },
		{ true, { 404, false, 0, 0 }, FILM_UNWANTED, 0 },
		{ true, { 403, false, 0, 0 }, FILM_UNWANTED, 0 },
		{ true, { 503, false, 0, 0 }, FILM_LATER, 0 },
		{ true, { 503, true, 0, SIZE }, FILM_LATER, 0 },
		{ true, { 0, false, 0, 0 }, FILM_LATER, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct film_course c;
		film_course_begin(&c, SIZE);
		film_course_ask(&c);
		if (!rows[i].asked) {
			c.at = PIECE;
			assert_true(film_course_send(&c, PIECE));
		}
		assert_int_equal(film_course_after(&c, &rows[i].a), rows[i].want);
		if (rows[i].want == FILM_GO_ON)
			assert_int_equal(c.at, rows[i].at);
	}
}

static void goes_nowhere_twice_without_a_pause(void **state)
{
	(void)state;
	static const struct film_answer back = { 409, true, 0, SIZE };
	struct film_course c;
	film_course_begin(&c, SIZE);
	film_course_ask(&c);
	assert_int_equal(film_course_after(&c, &back), FILM_GO_ON);
	assert_true(film_course_send(&c, PIECE));
	assert_int_equal(film_course_after(&c, &back), FILM_LATER);
	film_course_ask(&c);
	assert_int_equal(film_course_after(&c, &back), FILM_GO_ON);
}

/* A hub that lost what it had wants it again, but no answer makes the box send for ever. */
static void sends_at_most_twice_the_film(void **state)
{
	(void)state;
	struct film_course c;
	uint64_t sent = 0;
	film_course_begin(&c, SIZE);
	film_course_ask(&c);
	for (int i = 0; i < 1000; i++) {
		const struct film_answer a = { i % 3 ? 200 : 409, true,
					       i % 3 ? (int64_t)(c.at + c.len) : i % 2, SIZE };
		if (film_course_after(&c, &a) != FILM_GO_ON)
			film_course_ask(&c);
		const uint64_t left = SIZE - c.at, n = left < PIECE ? left : PIECE;
		if (film_course_send(&c, n))
			sent += n;
	}
	assert_in_range(sent, SIZE, 2 * SIZE + FILM_COURSE_LOST);
	assert_false(film_course_send(&c, 3 * SIZE));
	assert_false(film_course_send(&c, UINT64_MAX));
	film_course_begin(&c, SIZE); /* the ministry's next word */
	assert_true(film_course_send(&c, PIECE));
}

static void a_film_goes_from_its_first_byte_to_its_last(void **state)
{
	(void)state;
	struct film_course c;
	struct film_answer a = { 200, true, 0, SIZE };
	enum film_next next;
	film_course_begin(&c, SIZE);
	film_course_ask(&c);
	while ((next = film_course_after(&c, &a)) == FILM_GO_ON) {
		const uint64_t left = SIZE - c.at, n = left < PIECE ? left : PIECE;
		assert_true(film_course_send(&c, n));
		a.have += (int64_t)n;
	}
	assert_int_equal(next, FILM_THERE);
	assert_int_equal(c.sent_bytes, SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(believes_what_can_be),
		cmocka_unit_test(goes_nowhere_twice_without_a_pause),
		cmocka_unit_test(sends_at_most_twice_the_film),
		cmocka_unit_test(a_film_goes_from_its_first_byte_to_its_last),
	};
	return cmocka_run_group_tests_name("agent/film_course", tests, NULL, NULL);
}
