// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/suppress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static const struct {
	const char *why;
	int64_t in[4], want[4];
} rows[] = {
	{ "large cells are rounded", { 100, 52, 13, 0 }, { 100, 50, 15, 0 } },
	{ "one small cell takes the next smallest with it",
	  { 100, 52, 3, 13 },
	  { 100, 50, -1, -1 } },
	{ "two small cells hide each other", { 100, 9, 1, 13 }, { 100, -1, -1, 15 } },
	{ "nothing else is there to hide behind", { 0, 0, 3, 0 }, { 0, 0, -1, 0 } },
	{ "nobody", { 0, 0, 0, 0 }, { 0, 0, 0, 0 } },
	{ "ten is shown", { 10, 10, 10, 10 }, { 10, 10, 10, 10 } },
};

static void hides_small_cells(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t cells[4];
		memcpy(cells, rows[i].in, sizeof(cells));
		suppress_cells(cells, 4);
		if (memcmp(cells, rows[i].want, sizeof(cells)) != 0)
			fail_msg("%s: %d %d %d %d", rows[i].why, (int)cells[0], (int)cells[1],
				 (int)cells[2], (int)cells[3]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(hides_small_cells) };
	return cmocka_run_group_tests_name("hub/suppress", tests, NULL, NULL);
}
