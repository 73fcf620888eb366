// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/standing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

#define NOW INT64_C(1795300000)
#define HOUR INT64_C(3600)

static const struct standing_rules rules = { .standard_kbps = 5000,
					     .school_from = 7,
					     .school_to = 16 };

static const struct {
	const char *why;
	struct standing_facts facts;
	enum standing want;
	const char *reason, *layer;
} rows[] = {
	{ "no box", { 0 }, STANDING_NEVER, "no-box", "" },
	{ "a box that never spoke", { .enrolled = true }, STANDING_NEVER, "no-report", "" },
	{ "steady and fast",
	  { true, NOW, NOW, { 86400, 0, 0, 0 }, { 32400, 0, 0, 54000 }, 6000, "" },
	  STANDING_GOOD,
	  "meets",
	  "" },
	{ "exactly the standard",
	  { true, NOW, NOW, { 86400, 0, 0, 0 }, { 32400, 0, 0, 54000 }, 5000, "" },
	  STANDING_GOOD,
	  "meets",
	  "" },
	{ "slow",
	  { true, NOW, NOW, { 86400, 0, 0, 0 }, { 32400, 0, 0, 54000 }, 4999, "" },
	  STANDING_MODERATE,
	  "slow",
	  "" },
	{ "nobody measured",
	  { true, NOW, NOW, { 300, 0, 0, 86100 }, { 0 }, 0, "" },
	  STANDING_MODERATE,
	  "unmeasured",
	  "" },
	{ "unsteady in school hours, whatever the night",
	  { true, NOW, NOW, { 80000, 6400, 0, 0 }, { 26000, 6400, 0, 54000 }, 9000, "" },
	  STANDING_MODERATE,
	  "unsteady",
	  "" },
	{ "bad night, good school hours",
	  { true, NOW, NOW, { 32400, 54000, 0, 0 }, { 32400, 0, 0, 54000 }, 9000, "" },
	  STANDING_GOOD,
	  "meets",
	  "" },
	{ "not a second in school hours",
	  { true, NOW, NOW, { 50000, 36400, 0, 0 }, { 0, 32400, 0, 54000 }, 9000, "isp" },
	  STANDING_NO,
	  "offline",
	  "isp" },
	{ "no layer told",
	  { true, NOW, NOW, { 0, 300, 0, 86100 }, { 0 }, 0, "" },
	  STANDING_NO,
	  "offline",
	  "" },
	{ "mostly without power",
	  { true, NOW, NOW, { 30000, 0, 50000, 6400 }, { 10000, 0, 20000, 54000 }, 9000, "" },
	  STANDING_UNPOWERED,
	  "power",
	  "" },
	{ "a power cut is not a link fault",
	  { true, NOW, NOW, { 60000, 0, 20000, 6400 }, { 22400, 0, 10000, 54000 }, 9000, "" },
	  STANDING_GOOD,
	  "meets",
	  "" },
	{ "two days of silence",
	  { true,
	    NOW - 48 * HOUR - 1,
	    NOW - 48 * HOUR - 1,
	    { 86400, 0, 0, 0 },
	    { 32400, 0, 0, 54000 },
	    9000,
	    "" },
	  STANDING_UNKNOWN,
	  "silent",
	  "" },
	{ "not yet two days",
	  { true,
	    NOW - 48 * HOUR,
	    NOW - 48 * HOUR,
	    { 86400, 0, 0, 0 },
	    { 32400, 0, 0, 54000 },
	    9000,
	    "" },
	  STANDING_GOOD,
	  "meets",
	  "" },
	{ "a late report of an old week tells nothing of today",
	  { true, NOW, NOW - 200 * HOUR, { 86400, 0, 0, 0 }, { 32400, 0, 0, 54000 }, 9000, "" },
	  STANDING_UNKNOWN,
	  "silent",
	  "" },
	{ "reports without a minute of an uplink",
	  { true, NOW, 0, { 0 }, { 0 }, 0, "" },
	  STANDING_UNKNOWN,
	  "gap",
	  "" },
	{ "reports that know nothing",
	  { true, NOW, NOW, { .unknown = 86400 }, { 0 }, 0, "" },
	  STANDING_UNKNOWN,
	  "gap",
	  "" },
};

static void decides(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct standing_answer got;
		standing_decide(&rows[i].facts, &rules, NOW, &got);
		if (got.state != rows[i].want || strcmp(got.reason, rows[i].reason) != 0 ||
		    strcmp(got.layer, rows[i].layer) != 0)
			fail_msg("%s: %s, %s, '%s'", rows[i].why, standing_name(got.state),
				 got.reason, got.layer);
	}
}

static void six_states_have_six_names(void **state)
{
	(void)state;
	for (int a = 0; a < STANDING_COUNT; a++)
		for (int b = 0; b < a; b++)
			assert_string_not_equal(standing_name((enum standing)a),
						standing_name((enum standing)b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides),
		cmocka_unit_test(six_states_have_six_names),
	};
	return cmocka_run_group_tests_name("hub/standing", tests, NULL, NULL);
}
