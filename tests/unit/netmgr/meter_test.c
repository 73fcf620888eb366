// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/book/meter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static void names_periods(void **state)
{
	(void)state;
	static const struct {
		int32_t day;
		int first_day;
		int32_t period;
	} rows[] = {
		{ 0, 1, 0 },        /* 1970-01-01 */
		{ 30, 1, 0 },       /* 1970-01-31 */
		{ 31, 1, 1 },       /* 1970-02-01 */
		{ 31, 2, 0 },       /* 1970-02-01, begins on the 2nd */
		{ 20782, 25, 682 }, /* 2026-11-25 */
		{ 20781, 25, 681 }, /* 2026-11-24 */
		{ 20819, 1, 684 },  /* 2027-01-01 */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(meter_period(rows[i].day, rows[i].first_day), rows[i].period);
}

static void counts_within_a_period(void **state)
{
	(void)state;
	struct meter m = { 0 };
	meter_resume(&m, METER_ANEW, METER_ALLOWANCE_QUOTA);
	struct meter_change c = meter_read(&m, 100, 10, 5);
	assert_int_equal(c.rx_bytes, 100);
	c = meter_read(&m, 400, 30, 5);
	assert_int_equal(c.rx_bytes, 300);
	assert_int_equal(c.tx_bytes, 20);
	assert_int_equal(m.rx_bytes, 400);
	/* A modem plugged out and in counts from zero. */
	c = meter_read(&m, 50, 5, 5);
	assert_int_equal(c.rx_bytes, 50);
	assert_int_equal(m.rx_bytes, 450);
	assert_int_equal(m.tx_bytes, 35);
	/* A clock set back does not give the old quota again. */
	meter_read(&m, 60, 5, 4);
	assert_int_equal(m.rx_bytes, 460);
	meter_read(&m, 70, 6, 6);
	assert_int_equal(m.rx_bytes, 10);
	assert_int_equal(m.tx_bytes, 1);
}

static void charges_only_what_may_be_lost(void **state)
{
	(void)state;
	static const struct {
		enum meter_start how;
		uint64_t raw_rx;  /* first reading afterwards; it stood at 5000 */
		uint64_t want_rx; /* it had counted 5000 */
	} rows[] = {
		{ METER_SAME, 5400, 5400 },
		{ METER_SAME, 0, 5000 },
		{ METER_KILLED, 5400, 5400 },
		{ METER_KILLED, 7, 5000 + METER_ALLOWANCE_MIN + 7 },
		{ METER_ANEW, 9000, 5000 + 9000 },
		{ METER_POWER_LOST, 0, 5000 + METER_ALLOWANCE_MIN },
		{ METER_POWER_LOST, 9000, 5000 + METER_ALLOWANCE_MIN + 9000 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct meter m = { 0 };
		meter_resume(&m, METER_ANEW, METER_ALLOWANCE_QUOTA);
		meter_read(&m, 5000, 0, 1);
		meter_stored(&m);
		meter_resume(&m, rows[i].how, METER_ALLOWANCE_QUOTA);
		meter_read(&m, rows[i].raw_rx, 0, 1);
		if (m.rx_bytes != rows[i].want_rx)
			fail_msg("row %zu: %llu", i, (unsigned long long)m.rx_bytes);
	}
}

/*
 * 1,000 power cuts, each with its counters lost, at any moment: between two looks, or while the new state is on its way
 * to the disk (which keeps the old one then). A line of 60 Mbit/s that is at times full, at times idle.
 */
static void never_under_counts(void **state)
{
	(void)state;
	enum { CUTS = 1000, MOST_PER_LOOK = 375000 };
	uint32_t luck = 3;
	uint64_t truth = 0, raw = 0, over = 0, looks = 0, stores = 0;
	struct meter live = { .period = 1 }, stored;
	meter_resume(&live, METER_ANEW, METER_ALLOWANCE_QUOTA);
	meter_stored(&live);
	stored = live;
	for (int cuts = 0; cuts < CUTS; looks++) {
		luck = luck * 1103515245u + 12345u;
		const bool busy = (looks / 200) % 3 != 0;
		const uint64_t carried = busy ? (luck >> 8) % MOST_PER_LOOK : (luck >> 8) % 200;
		const bool cut = (luck >> 16) % 61 == 0, seen = !cut || (luck & 0x2000);
		raw += carried;
		truth += carried;
		if (seen) {
			meter_read(&live, raw, 0, 1);
			if (meter_must_store(&live)) {
				const uint64_t meanwhile = (luck >> 12) % 60000;
				struct meter next = live;
				meter_stored(&next);
				raw += meanwhile;
				truth += meanwhile;
				if (!cut)
					stored = live = next;
				stores++;
			}
		}
		if (!cut)
			continue;
		live = stored;
		raw = 0;
		meter_resume(&live, METER_POWER_LOST, METER_ALLOWANCE_QUOTA);
		if (live.rx_bytes < truth)
			fail_msg("cut %d: %llu bytes too few", cuts,
				 (unsigned long long)(truth - live.rx_bytes));
		over = live.rx_bytes - truth > over ? live.rx_bytes - truth : over;
		truth = live.rx_bytes;
		meter_stored(&live);
		stored = live;
		cuts++;
	}
	assert_in_range(over, 1, 1000000);
	assert_true(stores < looks / 2);
}

/* A line that is faster than that is charged what it carries until the second next look, rather than too little. */
static void follows_a_fast_line(void **state)
{
	(void)state;
	const uint64_t each = 2000000;
	uint64_t raw = 0;
	struct meter m = { 0 };
	meter_resume(&m, METER_ANEW, METER_ALLOWANCE_QUOTA);
	meter_stored(&m);
	assert_int_equal(m.allowance_bytes, 1000000);
	for (int i = 0; i < 3; i++) {
		meter_read(&m, raw += each, 0, 1);
		assert_true(meter_must_store(&m));
		meter_stored(&m);
		assert_int_equal(m.allowance_bytes, each / 4 * 7);
	}
	/* Idle for a month of looks, it is forgotten. */
	for (int i = 0; i < 20 * 3600 * 24; i++)
		meter_read(&m, raw, 0, 1);
	meter_stored(&m);
	assert_int_equal(m.allowance_bytes, 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_periods),
		cmocka_unit_test(counts_within_a_period),
		cmocka_unit_test(charges_only_what_may_be_lost),
		cmocka_unit_test(never_under_counts),
		cmocka_unit_test(follows_a_fast_line),
	};
	return cmocka_run_group_tests_name("netmgr/meter", tests, NULL, NULL);
}
