// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/line/traffic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

static const struct traffic_limits limits = { .silence_ms = 300, .stream_ms = 150 };

/* Rates in bytes a tenth of a second, two stretches of time; when is it first said that somebody waits? */
static void tells_who_waits_in_vain(void **state)
{
	(void)state;
	enum { STEP_MS = 100, TURN_MS = 5000, END_MS = 10000 };
	static const struct {
		const char *story;
		uint32_t rx_before, tx_before, rx_after, tx_after;
		uint32_t least_ms, most_ms; /* after the turn; 0, 0: never */
	} rows[] = {
		{ "nothing at all", 0, 0, 0, 0, 0, 0 },
		{ "a download goes on", 15000, 600, 15000, 600, 0, 0 },
		{ "an upload and its acknowledgements", 600, 15000, 600, 15000, 0, 0 },
		{ "a download breaks off, and nobody says a word", 15000, 600, 0, 0, 200, 200 },
		{ "a stream each way breaks off", 15000, 15000, 0, 15000, 200, 200 },
		{ "questions without an answer", 1500, 300, 0, 300, 200, 500 },
		{ "broadcasts are no answer", 1500, 300, 20, 300, 200, 800 },
		{ "the router's echo each second is none", 0, 0, 6, 60, 300, 800 },
		{ "a trickle that ends was no stream", 500, 0, 0, 0, 0, 0 },
		{ "a trickle that nobody answers any more", 500, 60, 0, 60, 300, 600 },
	};
	for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
		struct traffic t = { 0 };
		uint64_t rx = 1000000, tx = 1000000;
		uint32_t said_ms = 0;
		for (uint32_t now = STEP_MS; now <= END_MS; now += STEP_MS) {
			bool before = now <= TURN_MS;
			rx += before ? rows[r].rx_before : rows[r].rx_after;
			tx += before ? rows[r].tx_before : rows[r].tx_after;
			bool said = traffic_see(&t, rx, tx, &limits, now);
			if (said && before)
				fail_msg("'%s': said at %u ms", rows[r].story, now);
			if (said && !said_ms)
				said_ms = now - TURN_MS;
		}
		if (said_ms < rows[r].least_ms || said_ms > rows[r].most_ms)
			fail_msg("'%s': said %u ms after the turn", rows[r].story, said_ms);
	}
}

static void earns_one_byte_in_a_hundred(void **state)
{
	(void)state;
	struct traffic t = { 0 };
	traffic_see(&t, 1u << 30, 1u << 30, &limits, 1000);
	assert_int_equal(t.credit, 0); /* what was carried before we looked is nobody's */
	traffic_see(&t, (1u << 30) + 50000, (1u << 30) + 50000, &limits, 1100);
	assert_int_equal(t.credit, 1000);
	traffic_see(&t, 100, 100, &limits, 1200); /* the counters began anew */
	assert_int_equal(t.credit, 1000);
	traffic_see(&t, UINT64_MAX, UINT64_MAX / 2, &limits, 1300);
	assert_int_equal(t.credit, 3000);
}

/* Three answers of the router to a burst, two looks apart: with nothing told, that were somebody served. */
static void knows_what_the_router_answers_us(void **state)
{
	(void)state;
	enum { LOOK = 50, FRAME = 58, BURST = 240 };
	for (unsigned told = 0; told <= BURST; told += BURST) {
		struct traffic t = { 0 };
		traffic_see(&t, 1000, 1000, &limits, 1000);
		t.own = told;
		t.asked_until_ms = 1000 + 4 * LOOK;
		for (unsigned k = 1; k <= 3; k++)
			traffic_see(&t, 1000 + k * FRAME, 1000, &limits, 1000 + k * LOOK);
		assert_int_equal(t.heard_ms, told ? 0 : 1000 + 3 * LOOK);
		assert_int_equal(t.own, told ? BURST - 3 * FRAME : 0);
		/* What is left covers nobody else, once all is said. */
		traffic_told(&t, 1000 + 4 * LOOK);
		traffic_see(&t, 1000 + 4 * FRAME, 1000, &limits, 1000 + 100 * LOOK);
		assert_int_equal(t.own, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_who_waits_in_vain),
		cmocka_unit_test(knows_what_the_router_answers_us),
		cmocka_unit_test(earns_one_byte_in_a_hundred),
	};
	return cmocka_run_group_tests_name("netmgr/traffic", tests, NULL, NULL);
}
