// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/shape_learn.h"

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
		shape_learn_second(l, sent, line->srtt_us);
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
		shape_learn_second(&l, 900, 40000 + (uint32_t)(i % 7) * 1000);
	assert_int_equal(l.kbps, 0);
	/* Late answers without traffic: it is the way that is long. */
	for (int i = 0; i < 600; i++)
		shape_learn_second(&l, i % 2 ? 900 : 3, 400000);
	assert_int_equal(l.kbps, 0);
	/* Nobody asked. */
	for (int i = 0; i < 600; i++)
		shape_learn_second(&l, 900, 0);
	assert_int_equal(l.kbps, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_rate_of_a_line_that_is_full),
		cmocka_unit_test(learns_nothing_from_a_line_that_is_not),
	};
	return cmocka_run_group_tests_name("netmgr/shape_learn", tests, NULL, NULL);
}
