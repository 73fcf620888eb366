// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/stage/plan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

static int act(struct vars *vars, struct fault *why)
{
	(void)vars, (void)why;
	return 0;
}

#define GOOD_TASK                                                          \
	{                                                                  \
		.name = "a", .title = "A", .root = "/", .argv = { "true" } \
	}

static void tables_are_checked(void **state)
{
	(void)state;
	static const struct {
		struct plan_step steps[2];
		size_t count;
		int code;
	} rows[] = {
		{ { GOOD_TASK }, 1, 0 },
		{ { GOOD_TASK, GOOD_TASK }, 2, -EEXIST },
		{ { { .name = "A b", .title = "x", .root = "/", .argv = { "x" } } }, 1, -EINVAL },
		{ { { .name = "a", .root = "/", .argv = { "x" } } }, 1, -EINVAL },
		{ { { .name = "a", .title = "x", .root = "/" } }, 1, -EINVAL },
		{ { { .name = "a", .title = "x", .argv = { "x" } } }, 1, -EINVAL },
		{ { { .name = "a", .title = "x", .kind = PLAN_ACTION } }, 1, -EINVAL },
		{ { { .name = "a", .title = "x", .kind = PLAN_ACTION, .action = act } }, 1, 0 },
		{ { { .name = "a",
		      .title = "x",
		      .kind = PLAN_SERVICE,
		      .root = "/",
		      .argv = { "x" },
		      .ready = PLAN_PORT } },
		  1,
		  -EINVAL },
		{ { { .name = "a",
		      .title = "x",
		      .kind = PLAN_SERVICE,
		      .root = "/",
		      .argv = { "x" } } },
		  1,
		  0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct plan plan = { rows[i].steps, rows[i].count };
		struct fault why = { 0 };
		if (plan_check(&plan, &why) != rows[i].code)
			fail_msg("row %zu: %s", i, why.text);
	}
}

static void steps_are_judged(void **state)
{
	(void)state;
	static const struct {
		const char *when, *stamp, *recorded;
		enum plan_verdict want;
	} rows[] = {
		{ NULL, NULL, NULL, PLAN_DO },
		{ "EMPTY", NULL, NULL, PLAN_NOT_ASKED },
		{ "UNKNOWN", NULL, NULL, PLAN_NOT_ASKED },
		{ "FILE", NULL, NULL, PLAN_DO },
		{ NULL, "@FILE@ 10", NULL, PLAN_DO },
		{ NULL, "@FILE@ 10", "film.mp4 10", PLAN_STILL_GOOD },
		{ NULL, "@FILE@ 10", "film.mp4 9", PLAN_DO },
		{ NULL, "@FILE@ 10", "film.mp4 10 ", PLAN_DO },
		{ NULL, NULL, "film.mp4 10", PLAN_DO }, /* done each time */
		{ "EMPTY", "@FILE@", "film.mp4", PLAN_NOT_ASKED },
	};
	struct vars v = { 0 };
	vars_set(&v, "EMPTY", "", NULL);
	vars_set(&v, "FILE", "film.mp4", NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct plan_step step = { .when = rows[i].when, .stamp = rows[i].stamp };
		enum plan_verdict got;
		assert_int_equal(plan_judge(&step, &v, rows[i].recorded, &got, NULL), 0);
		assert_int_equal(got, rows[i].want);
	}
	vars_done(&v);
}

static void commands_are_filled_in(void **state)
{
	(void)state;
	struct vars v = { 0 };
	struct fault why = { 0 };
	vars_set(&v, "BIN", "build/dev", NULL);
	vars_set(&v, "EXTRA", "", NULL);
	struct plan_step step = { .name = "x",
				  .argv = { "@BIN@/bin/waslhub", "@EXTRA@", "publish" } };
	char **words = NULL;
	assert_int_equal(plan_words(&step, &v, &words, &why), 0);
	assert_string_equal(words[0], "build/dev/bin/waslhub");
	assert_string_equal(words[1], "publish"); /* what is empty is left out */
	assert_null(words[2]);
	plan_free_words(words);

	struct plan_step bad = { .name = "publish", .argv = { "@BIN@", "@NOBODY@" } };
	assert_int_equal(plan_words(&bad, &v, &words, &why), -ENOENT);
	assert_non_null(strstr(why.text, "publish"));
	vars_done(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_checked),
		cmocka_unit_test(steps_are_judged),
		cmocka_unit_test(commands_are_filled_in),
	};
	return cmocka_run_group_tests_name("stage/plan", tests, NULL, NULL);
}
