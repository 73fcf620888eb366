// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/welcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static struct welcome *fresh(void **memory)
{
	*memory = malloc(WELCOME_BYTES);
	assert_non_null(*memory);
	memset(*memory, 0xa5, WELCOME_BYTES);
	return welcome_at(*memory);
}

static void shown_once_a_day(void **state)
{
	(void)state;
	AUTO_FREE void *memory = NULL;
	struct welcome *w = fresh(&memory);
	static const struct {
		int32_t day;
		uint64_t shown; /* 1: nobody is; asked before it */
		uint32_t now_s;
		uint64_t phone;
		bool want;
	} rows[] = {
		{ 20780, 1, 1000, 7, false }, /* it joins */
		{ 20780, 1, 1001, 7, false }, /* and asks again */
		{ 20780, 7, 1010, 7, true },  /* it had a page */
		{ 20780, 1, 1010, 8, false }, /* its neighbour had none */
		{ 20780, 0, 1011, 0, true },  /* a number like any other */
		{ 20780, 1, 60000, 7, true },
		{ 20781, 1, 60001, 7, false }, /* the night is over */
		{ 20781, 7, 60002, 7, true },
		{ 20780, 1, 60003, 7, false }, /* a clock that was set back is another day, too */
		{ 20780, 7, 60003, 7, true },
		/* and one that stands still ends none */
		{ 20780, 1, 60003 + WELCOME_LASTS_S - 1, 7, true },
		{ 20780, 1, 60003 + WELCOME_LASTS_S, 7, false },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].shown != 1)
			welcome_shown(w, rows[i].day, rows[i].shown, rows[i].now_s);
		assert_int_equal(welcome_was_shown(w, rows[i].day, rows[i].phone, rows[i].now_s),
				 rows[i].want);
	}
}

/* A worker that comes later finds what others have left. */
static void outlives_a_worker(void **state)
{
	(void)state;
	AUTO_FREE void *memory = NULL;
	welcome_shown(fresh(&memory), 5, 99, 10);
	assert_true(welcome_was_shown(welcome_at(memory), 5, 99, 11));
}

static uint64_t spread(uint64_t n)
{
	n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9u;
	n = (n ^ n >> 27) * 0x94d049bb133111ebu;
	return n ^ n >> 31;
}

/* A school of 1,000 phones finds room, and somebody with 100,000 addresses writes beyond nothing. */
static void is_bounded(void **state)
{
	(void)state;
	AUTO_FREE void *memory = NULL;
	struct welcome *w = fresh(&memory);
	uint32_t kept = 0;
	for (uint64_t n = 1; n <= 1000; n++)
		welcome_shown(w, 1, spread(n), (uint32_t)n);
	for (uint64_t n = 1; n <= 1000; n++)
		kept += welcome_was_shown(w, 1, spread(n), 2000);
	assert_int_equal(kept, 1000);
	for (uint64_t n = 1001; n <= 100000; n++)
		welcome_shown(w, 1, spread(n), (uint32_t)n);
	assert_true(welcome_was_shown(w, 1, spread(100000), 100000));
	for (uint64_t n = 1; n <= 1000; n++) /* who came first gave way */
		assert_false(welcome_was_shown(w, 1, spread(n), 80000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shown_once_a_day),
		cmocka_unit_test(outlives_a_worker),
		cmocka_unit_test(is_bounded),
	};
	return cmocka_run_group_tests_name("cache/welcome", tests, NULL, NULL);
}
