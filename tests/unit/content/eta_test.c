// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/eta.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static const struct {
	const char *why;
	struct eta eta;
	int minutes;
} rows[] = {
	{ "nothing to do", { 0, 0, 0, 0, 1 }, 0 },
	{ "no rate yet", { 1000, 0, 0, 0, 1 }, -1 },
	{ "no cooking time yet", { 0, 0, 5, 0, 1 }, -1 },
	{ "half a minute", { 0, 0, 30, 1000, 1 }, 0 },
	{ "a minute", { 0, 0, 60, 1000, 1 }, 1 },
	{ "two workers", { 0, 0, 120, 1000, 2 }, 1 },
	{ "the longer of both", { 75000000, 2000000, 60, 1000, 1 }, 5 },
	{ "rounded up as people say it", { 0, 0, 660, 1000, 1 }, 15 },
	{ "hours", { 0, 0, 8000, 1000, 1 }, 180 },
	{ "for ever", { UINT32_MAX, 1, 0, 0, 1 }, -1 },
};

static void every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (eta_minutes(&rows[i].eta) != rows[i].minutes)
			print_message("row %zu: %s: %d\n", i, rows[i].why,
				      eta_minutes(&rows[i].eta));
		assert_int_equal(eta_minutes(&rows[i].eta), rows[i].minutes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_row) };
	return cmocka_run_group_tests_name("content/eta", tests, NULL, NULL);
}
