// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/agent/aggregate.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"
#include "firmware/record/report.pb.h"

#define DAY20700 (INT64_C(20700) * 1440)

static const struct aggregate_minute plain = {
	.minute = DAY20700 + 5 * 60 + 7, .uplink = "adsl", .kind = 2, .up_s = 60
};

static void checks_minutes(void **state)
{
	(void)state;
	static const struct {
		struct aggregate_minute m;
		bool ok;
	} rows[] = {
		{ { .minute = 1, .uplink = "a", .up_s = 60 }, true },
		{ { .minute = 1,
		    .uplink = "a",
		    .up_s = 15,
		    .down_s = 15,
		    .unpowered_s = 15,
		    .unknown_s = 15 },
		  true },
		{ { .minute = 1, .uplink = "a", .up_s = 59 }, false },
		{ { .minute = 1, .uplink = "a", .up_s = 61 }, false },
		{ { .minute = 1, .uplink = "a", .up_s = 0xffffffff, .down_s = 61 },
		  false }, /* 60 once it wraps */
		{ { .minute = 1, .up_s = 60 }, false },
		{ { .minute = -1, .uplink = "a", .up_s = 60 }, false },
		{ { .minute = INT64_MAX, .uplink = "a", .up_s = 60 }, false },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(aggregate_minute_ok(&rows[i].m), rows[i].ok);
}

static void adds_minutes_of_the_same_hour_only(void **state)
{
	(void)state;
	struct aggregate_hour h;
	aggregate_begin(&plain, &h);
	assert_int_equal(h.day, 20700);
	assert_int_equal(h.hour, 5);
	assert_string_equal(h.uplink, "adsl");
	static const struct {
		struct aggregate_minute m;
		int want;
	} rows[] = {
		{ { .minute = DAY20700 + 5 * 60, .uplink = "adsl", .kind = 2, .up_s = 60 }, 0 },
		{ { .minute = DAY20700 + 5 * 60 + 59, .uplink = "adsl", .kind = 2, .down_s = 60 },
		  0 },
		{ { .minute = DAY20700 + 6 * 60, .uplink = "adsl", .up_s = 60 }, -ERANGE },
		{ { .minute = DAY20700 + 1440 + 5 * 60, .uplink = "adsl", .up_s = 60 }, -ERANGE },
		{ { .minute = DAY20700 + 5 * 60 + 8, .uplink = "4g", .up_s = 60 }, -ERANGE },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(aggregate_add(&h, &rows[i].m), rows[i].want);
	assert_int_equal(h.up_s, 120);
	assert_int_equal(h.down_s, 60);
	assert_int_equal(aggregate_seconds(&h), 180);
}

static void never_has_more_than_an_hour_in_a_piece(void **state)
{
	(void)state;
	struct aggregate_hour h;
	aggregate_begin(&plain, &h);
	for (int i = 1; i < 60; i++)
		assert_int_equal(aggregate_add(&h, &plain), 0);
	assert_int_equal(aggregate_seconds(&h), 3600);
	assert_int_equal(aggregate_add(&h, &plain), -ERANGE);
	assert_int_equal(aggregate_seconds(&h), 3600);
}

static void reports_medians_and_exact_sums(void **state)
{
	(void)state;
	static const uint32_t rtts[] = { 900, 0, 100, 300, 200, 0 };
	struct aggregate_hour h;
	struct aggregate_minute m = plain;
	m.rx_bytes = UINT64_MAX - 5;
	m.tx_bytes = 10;
	aggregate_begin(&m, &h);
	for (size_t i = 0; i < ARRAY_LEN(rtts); i++) {
		m = plain;
		m.minute += (int64_t)i + 1;
		m.rtt_us = rtts[i];
		m.down_kbps = i == 3 ? 4000 : 0;
		m.rx_bytes = 100;
		m.tx_bytes = 1;
		assert_int_equal(aggregate_add(&h, &m), 0);
	}
	wasl_UplinkHour out;
	aggregate_hour_report(&h, &out);
	assert_int_equal(out.day, 20700);
	assert_int_equal(out.hour, 5);
	assert_string_equal(out.uplink, "adsl");
	assert_int_equal(out.kind, 2);
	assert_int_equal(out.up_s, 420);
	assert_int_equal(out.rx_bytes, UINT64_MAX); /* stops, does not wrap */
	assert_int_equal(out.tx_bytes, 16);
	assert_int_equal(out.rtt_us, 200); /* lower middle of 100 200 300 900 */
	assert_int_equal(out.down_kbps, 4000);
	assert_int_equal(out.samples, 4);
}

static void hides_small_numbers_of_devices(void **state)
{
	(void)state;
	static const struct {
		uint64_t devices;
		uint32_t told;
		bool small;
	} rows[] = {
		{ 0, 0, false },
		{ 1, 1, true },
		{ 2, 1, true },
		{ 4, 1, true },
		{ 5, 5, false },
		{ 37, 37, false },
		{ UINT64_MAX, UINT32_MAX, false },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct aggregate_use u = {
			.day = 20700, .lesson = "waves", .rung = "240p", .devices = rows[i].devices
		};
		wasl_LessonUse out;
		aggregate_use_report(&u, &out);
		assert_int_equal(out.devices, rows[i].told);
		assert_int_equal(out.devices_small, rows[i].small);
		assert_string_equal(out.lesson, "waves");
		assert_string_equal(out.rung, "240p");
	}
}

static void adds_uses_without_wrapping(void **state)
{
	(void)state;
	struct aggregate_use a = { .starts = 3,
				   .completions = UINT64_MAX,
				   .watched_s = 5,
				   .sent_bytes = 7,
				   .devices = 2 };
	struct aggregate_use b = {
		.starts = 4, .completions = 1, .watched_s = 6, .sent_bytes = 8, .devices = 4
	};
	aggregate_use_add(&a, &b);
	assert_int_equal(a.starts, 7);
	assert_true(a.completions == UINT64_MAX);
	assert_int_equal(a.watched_s, 11);
	assert_int_equal(a.sent_bytes, 15);
	assert_int_equal(a.devices, 6);
	wasl_LessonUse out;
	aggregate_use_report(&a, &out);
	assert_int_equal(out.completions, UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_minutes),
		cmocka_unit_test(adds_minutes_of_the_same_hour_only),
		cmocka_unit_test(never_has_more_than_an_hour_in_a_piece),
		cmocka_unit_test(reports_medians_and_exact_sums),
		cmocka_unit_test(hides_small_numbers_of_devices),
		cmocka_unit_test(adds_uses_without_wrapping),
	};
	return cmocka_run_group_tests_name("agent/aggregate", tests, NULL, NULL);
}
