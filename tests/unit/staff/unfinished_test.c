// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/unfinished.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

#define DAY INT64_C(86400)
#define NOW INT64_C(1795564800)

/* Looks at one upload, one after the other. */
static const struct {
	const char *what;
	struct unfinished_look look;
	int64_t want_s;
} rows[] = {
	{ "begun, and nobody knows the time", { 0, 0, 0 }, 0 },
	{ "an hour later", { 0, 0, 3600 }, 3600 },
	{ "a piece came", { 4096, 0, 3600 }, 0 },
	{ "nothing more for an hour", { 4096, 0, 3600 }, 3600 },
	{ "now somebody vouches: what was is not guessed", { 4096, NOW, 0 }, 3600 },
	{ "the box was off for three days", { 4096, NOW + 3 * DAY, 0 }, 3 * DAY },
	{ "started anew, nobody vouches yet", { 4096, 0, 60 }, 3660 },
	{ "and then does", { 4096, NOW + 4 * DAY, 0 }, 4 * DAY },
	{ "another piece", { 8192, NOW + 4 * DAY, 3600 }, 0 },
	{ "a box that runs on", { 8192, NOW + 4 * DAY + 100, 7200 }, 7200 },
	{ "a time that went back is no age", { 8192, NOW, 0 }, 7200 },
};

static void age_is_time_without_a_piece(void **state)
{
	(void)state;
	struct unfinished u = { 0 };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const int64_t age = unfinished_age(&u, &rows[i].look);
		if (age != rows[i].want_s)
			fail_msg("%s: %lld", rows[i].what, (long long)age);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(age_is_time_without_a_piece) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
