// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/line/shape_learn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

/* A line with a queue of half a second in its modem, and somebody who sends all he can. */
struct line {
	uint32_t kbps, rtt_us;
	uint64_t queue_kbit_s; /* kilobits that wait, times 1,000 */
	uint32_t srtt_us;
};

static void second(struct shape_learn *l, uint32_t sent_kbps, uint32_t rtt_us, uint32_t late_us)
{
	const struct shape_learn_second s = { sent_kbps, rtt_us, late_us };
	shape_learn_second(l, &s);
}

static void pass(struct line *line, struct shape_learn *l, int seconds, uint32_t wish_kbps)
{
	for (int i = 0; i < seconds; i++) {
		uint32_t sent = wish_kbps;
		if (l->kbps && sent > l->kbps)
			sent = l->kbps;
		line->queue_kbit_s += (uint64_t)sent * 1000;
		const uint64_t carried = (uint64_t)line->kbps * 1000, most = carried / 2;
		const uint64_t left =
			line->queue_kbit_s > carried ? line->queue_kbit_s - carried : 0;
		line->queue_kbit_s = left < most ? left : most;
		/* What leaves the box beyond the line's rate is lost, TCP does not send it for long. */
		if (sent > line->kbps + line->kbps / 50)
			sent = line->kbps;
		const uint64_t rtt = line->rtt_us + line->queue_kbit_s * 1000 / line->kbps;
		line->srtt_us += ((int64_t)rtt - line->srtt_us) / 3;
		second(l, sent, line->srtt_us, 0);
	}
}

static void finds_the_rate_of_a_line_that_is_full(void **state)
{
	(void)state;
	static const struct {
		uint32_t kbps, rtt_us;
	} rows[] = {
		{ 256, 60000 },   { 1000, 30000 },  { 5000, 80000 },
		{ 20000, 15000 }, { 2000, 600000 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct line line = { rows[i].kbps, rows[i].rtt_us, 0, rows[i].rtt_us };
		struct shape_learn l = { 0 };
		pass(&line, &l, 30, rows[i].kbps / 20);
		assert_int_equal(l.kbps, 0);
		pass(&line, &l, 120, UINT32_MAX / 2);
		assert_in_range(l.kbps, rows[i].kbps * 80 / 100, rows[i].kbps * 106 / 100);
		/* A line that became slower, and fast again. */
		line.kbps = rows[i].kbps / 2;
		pass(&line, &l, 300, UINT32_MAX / 2);
		assert_in_range(l.kbps, line.kbps * 75 / 100, line.kbps * 106 / 100);
		line.kbps = rows[i].kbps;
		pass(&line, &l, 600, UINT32_MAX / 2);
		assert_in_range(l.kbps, line.kbps * 80 / 100, line.kbps * 106 / 100);
	}
}

static void learns_nothing_from_a_line_that_is_not(void **state)
{
	(void)state;
	struct shape_learn l = { 0 };
	/* As much every second, and answers in time: somebody sends a stream. */
	for (int i = 0; i < 600; i++)
		second(&l, 900, 40000 + (uint32_t)(i % 7) * 1000, 0);
	assert_int_equal(l.kbps, 0);
	/* Late answers without traffic: it is the way that is long. */
	for (int i = 0; i < 600; i++)
		second(&l, i % 2 ? 900 : 3, 400000, 0);
	assert_int_equal(l.kbps, 0);
	/* Nobody asked. */
	for (int i = 0; i < 600; i++)
		second(&l, 900, 0, 0);
	assert_int_equal(l.kbps, 0);
}

/* Questions are dear there and come rarely: it is real transfers that wait. */
static void a_metered_line_is_learned_from_its_transfers(void **state)
{
	(void)state;
	struct shape_learn l = { 0 };
	for (int i = 0; i < 8; i++)
		second(&l, 2000, i ? 0 : 60000, 40000);
	assert_int_equal(l.kbps, 1900);
	/* From now on it is our own queue that they wait in. */
	for (int i = 0; i < 6; i++)
		second(&l, 1900, 60000, 900000);
	assert_int_equal(l.kbps, 1900);
	l = (struct shape_learn){ 0 };
	for (int i = 0; i < 60; i++)
		second(&l, 2000, 0, 15000);
	assert_int_equal(l.kbps, 0);
}

static void what_was_learned_before_is_held_to_the_line(void **state)
{
	(void)state;
	static const struct {
		uint32_t stored, kbps;
	} rows[] = { { 4750, 5000 }, { 20000, 5000 }, { 2000, 5000 } };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct line line = { rows[i].kbps, 40000, 0, 40000 };
		struct shape_learn l = { 0 };
		shape_learn_resume(&l, rows[i].stored);
		assert_int_equal(l.kbps, rows[i].stored);
		pass(&line, &l, 5, 10);
		pass(&line, &l, 400, UINT32_MAX / 2);
		assert_in_range(l.kbps, rows[i].kbps * 75 / 100, rows[i].kbps * 106 / 100);
	}
	struct shape_learn l = { 0 };
	shape_learn_resume(&l, 0);
	assert_int_equal(l.kbps, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_rate_of_a_line_that_is_full),
		cmocka_unit_test(learns_nothing_from_a_line_that_is_not),
		cmocka_unit_test(a_metered_line_is_learned_from_its_transfers),
		cmocka_unit_test(what_was_learned_before_is_held_to_the_line),
	};
	return cmocka_run_group_tests_name("netmgr/shape_learn", tests, NULL, NULL);
}
