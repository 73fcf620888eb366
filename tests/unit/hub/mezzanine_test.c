// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/mezzanine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

/* Ten seconds each; a rung that is larger than the lesson is none. */
static void a_ladder_has_the_rungs_that_fit(void **state)
{
	static const struct {
		uint32_t width, height, rate;
		uint64_t kbps;
	} rows[] = {
		{ 1280, 720, 48000, 1200 + 700 + 350 + 150 + 64 },
		{ 854, 480, 0, 1200 + 700 + 350 + 150 },          /* silent */
		{ 480, 854, 48000, 1200 + 700 + 350 + 150 + 64 }, /* upright */
		{ 640, 360, 48000, 700 + 350 + 150 + 64 },
		{ 320, 240, 48000, 350 + 150 + 64 },
		{ 128, 96, 48000, 150 + 64 }, /* the smallest there is */
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const wasl_Plan plan = { .width = rows[i].width,
					 .height = rows[i].height,
					 .sample_rate = rows[i].rate };
		assert_int_equal(mezzanine_ladder_bytes(&plan, 10000), rows[i].kbps * 1250);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ladder_has_the_rungs_that_fit),
	};
	return cmocka_run_group_tests_name("hub/mezzanine", tests, NULL, NULL);
}
