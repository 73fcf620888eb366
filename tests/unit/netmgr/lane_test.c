// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/sim/lane.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void takes_its_time(void **state)
{
	(void)state;
	struct lane l;
	struct lane_rate rate = { .bytes_per_s = 1000000, .delay_us = 20000 };
	size_t len;
	assert_int_equal(lane_init(&l, lane_room_for(&rate)), 0);
	assert_int_equal(l.room, 70000);
	(void)lane_space(&l, &len);
	assert_int_equal(len, 70000);
	lane_put(&l, &rate, 1000, 5000); /* 1 ms on the line, 20 ms on the way */
	lane_put(&l, &rate, 1000, 5000);
	assert_int_equal(lane_due_us(&l), 26000);
	(void)lane_ready(&l, 25999, &len);
	assert_int_equal(len, 0);
	(void)lane_ready(&l, 26000, &len);
	assert_int_equal(len, 1000);
	(void)lane_ready(&l, 27000, &len);
	assert_int_equal(len, 2000);
	lane_take(&l, 1500);
	(void)lane_ready(&l, 27000, &len);
	assert_int_equal(len, 500);
	lane_take(&l, 500);
	assert_true(lane_empty(&l));
	assert_true(lane_due_us(&l) == UINT64_MAX);
	lane_done(&l);
}

static void is_bounded(void **state)
{
	(void)state;
	static const struct {
		struct lane_rate rate;
		size_t room;
	} rows[] = {
		{ { 0, 0, 0 }, 64 << 10 },
		{ { 0, 300000, 0 }, 1 << 20 },
		{ { 8000, 0, 0 }, 16 << 10 },
		{ { 1 << 30, 300000, 0 }, 1 << 20 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(lane_room_for(&rows[i].rate), rows[i].room);
	struct lane l;
	struct lane_rate rate = { 0 };
	size_t len;
	assert_int_equal(lane_init(&l, 1000), 0);
	for (int i = 0; i < LANE_PIECES; i++)
		lane_put(&l, &rate, 1, 0);
	(void)lane_space(&l, &len);
	assert_int_equal(len, 0); /* no piece left, though there is room */
	lane_take(&l, 1);
	(void)lane_space(&l, &len);
	assert_true(len > 0);
	lane_done(&l);
}

/* Whatever sizes go in and out: the same bytes in the same order. */
static void keeps_bytes_in_order(void **state)
{
	(void)state;
	struct lane l;
	struct lane_rate rate = { .bytes_per_s = 50000, .delay_us = 3000 };
	unsigned seed = 5;
	uint8_t next_in = 0, next_out = 0;
	uint64_t now = 0, total = 0;
	assert_int_equal(lane_init(&l, 777), 0);
	for (int i = 0; i < 100000; i++) {
		size_t len;
		seed = seed * 1103515245u + 12345u;
		uint8_t *space = lane_space(&l, &len);
		size_t n = len ? (seed >> 16) % len + 1 : 0;
		n = n > 97 ? 97 : n;
		for (size_t b = 0; b < n; b++)
			space[b] = next_in++;
		if (n)
			lane_put(&l, &rate, n, now);
		now += (seed >> 8) % 2000;
		const uint8_t *ready = lane_ready(&l, now, &len);
		n = len ? (seed >> 20) % len + 1 : 0;
		for (size_t b = 0; b < n; b++)
			assert_int_equal(ready[b], next_out++);
		lane_take(&l, n);
		total += n;
	}
	/* And no faster than the line. */
	assert_in_range(total, now / 1000000 * 40000, now / 1000000 * 50000 + 50000);
	lane_done(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_its_time),
		cmocka_unit_test(is_bounded),
		cmocka_unit_test(keeps_bytes_in_order),
	};
	return cmocka_run_group_tests_name("netmgr/lane", tests, NULL, NULL);
}
