// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/agent/seal_policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

#define MIN UINT64_C(60000)
#define HOUR SEAL_HOUR_MS
#define DAY SEAL_DAY_MS

static const struct {
	const char *what;
	uint64_t age, interval;
	bool enrolled, waiting;
	uint64_t rows;
	enum seal_decision want;
} rows[] = {
	{ "not enrolled", DAY * 9, HOUR, false, false, 5, SEAL_NOT_YET },
	{ "not due", HOUR - 1, HOUR, true, false, 5, SEAL_NOT_YET },
	{ "due", HOUR, HOUR, true, false, 5, SEAL_ROWS },
	{ "one waits: rows are added to", HOUR * 5, HOUR, true, true, 5, SEAL_NOT_YET },
	{ "one waits since yesterday", DAY, HOUR, true, true, 5, SEAL_ROWS },
	{ "one waits, nothing new", DAY * 3, HOUR, true, true, 0, SEAL_NOT_YET },
	{ "nothing to tell", HOUR * 4 - 1, HOUR * 4, true, false, 0, SEAL_NOT_YET },
	{ "nothing to tell for long", HOUR * 4, HOUR * 4, true, false, 0, SEAL_HEALTH },
	{ "fast, nothing to tell", MIN * 59, MIN, true, false, 0, SEAL_NOT_YET },
	{ "fast, nothing to tell for an hour", HOUR, MIN, true, false, 0, SEAL_HEALTH },
};

static void decides(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct seal_view v = {
			.now_ms = 5 * DAY + rows[i].age,
			.last_ms = 5 * DAY,
			.interval_ms = rows[i].interval,
			.enrolled = rows[i].enrolled,
			.waiting = rows[i].waiting,
			.ready_rows = rows[i].rows,
		};
		if (seal_policy(&v) != rows[i].want)
			fail_msg("%s", rows[i].what);
	}
}

/* First report within two minutes of a start, also right after the machine's own. */
static void begins_soon(void **state)
{
	(void)state;
	static const uint64_t starts[] = { 0, 1000, DAY };
	static const uint64_t intervals[] = { 10000, SEAL_START_MS, HOUR * 4, DAY };
	for (size_t s = 0; s < ARRAY_LEN(starts); s++) {
		for (size_t i = 0; i < ARRAY_LEN(intervals); i++) {
			uint64_t first =
				intervals[i] < SEAL_START_MS ? intervals[i] : SEAL_START_MS;
			struct seal_view v = {
				.last_ms = seal_policy_begin(starts[s], intervals[i]),
				.interval_ms = intervals[i],
				.enrolled = true,
				.ready_rows = 1,
			};
			v.now_ms = starts[s] + first - 1;
			assert_int_equal(seal_policy(&v), SEAL_NOT_YET);
			v.now_ms = starts[s] + first;
			assert_int_equal(seal_policy(&v), SEAL_ROWS);
		}
	}
}

/* A month without the hub: as many envelopes as days. */
static void needs_few_envelopes_for_a_long_outage(void **state)
{
	(void)state;
	struct seal_view v = {
		.interval_ms = HOUR, .enrolled = true, .waiting = true, .ready_rows = 1
	};
	unsigned sealed = 0;
	for (v.now_ms = 0; v.now_ms <= 30 * DAY; v.now_ms += MIN) {
		if (seal_policy(&v) == SEAL_NOT_YET)
			continue;
		v.last_ms = v.now_ms;
		sealed++;
	}
	assert_int_equal(sealed, 30);
}

static void sends_pieces_only_when_asked_to_be_fast(void **state)
{
	(void)state;
	assert_int_equal(seal_policy_which(10000), OUTBOX_ALL);
	assert_int_equal(seal_policy_which(HOUR - 1), OUTBOX_ALL);
	assert_int_equal(seal_policy_which(HOUR), OUTBOX_COMPLETE);
	assert_int_equal(seal_policy_which(DAY), OUTBOX_COMPLETE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides),
		cmocka_unit_test(begins_soon),
		cmocka_unit_test(needs_few_envelopes_for_a_long_outage),
		cmocka_unit_test(sends_pieces_only_when_asked_to_be_fast),
	};
	return cmocka_run_group_tests_name("agent/seal_policy", tests, NULL, NULL);
}
