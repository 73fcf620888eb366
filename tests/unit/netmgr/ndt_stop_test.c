// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/measure/ndt_stop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

/* A line as a measurement sees it: kbit/s from one moment to the next. */
struct part {
	uint32_t until_ms, kbps;
};

struct outcome {
	enum ndt_stop_verdict verdict;
	uint32_t ms;
	uint64_t bytes, bps;
};

/* Looked at every `step_us`, in packets of 1,460 bytes. */
static struct outcome run(const struct part *line, const struct ndt_stop_rules *rules,
			  uint32_t rtt_us, uint32_t step_us)
{
	struct ndt_stop s;
	struct outcome out = { 0 };
	double bits = 0;
	uint64_t us = 0;
	ndt_stop_init(&s, rules);
	ndt_stop_rtt(&s, rtt_us);
	while (out.verdict == NDT_STOP_NOT_YET && us < 20000000) {
		us += step_us;
		while (us > line->until_ms * 1000ull)
			line++;
		bits += (double)line->kbps * step_us / 1000;
		out.bytes = (uint64_t)(bits / 8 / 1460) * 1460;
		out.verdict = ndt_stop_see(&s, us, out.bytes);
	}
	out.ms = (uint32_t)(us / 1000);
	out.bps = ndt_stop_bps(&s);
	return out;
}

static bool within(uint64_t got, uint64_t want, unsigned percent)
{
	return got * 100 >= want * (100 - percent) && got * 100 <= want * (100 + percent);
}

static void a_steady_line_costs_a_fifth(void **state)
{
	static const uint32_t rates[] = { 500, 2000, 10000, 50000, 900000 };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
		const struct part line[] = { { 60, rates[i] / 8 },
					     { 120, rates[i] / 4 },
					     { UINT32_MAX, rates[i] } };
		struct outcome o = run(line, &ndt_stop_early, 30000, 25000);
		if (o.verdict != NDT_STOP_STABLE || !within(o.bps, rates[i] * 1000ull, 3) ||
		    o.bytes * 5 > rates[i] * 1000ull * 10 / 8)
			fail_msg("%u kbit/s: %d after %u ms, %llu bytes, %llu bit/s", rates[i],
				 o.verdict, o.ms, (unsigned long long)o.bytes,
				 (unsigned long long)o.bps);
	}
}

static void waits_for_what_still_changes(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		struct part line[8];
		uint32_t rtt_us, least_ms;
		uint64_t kbps;
	} rows[] = {
		{ "grows for three seconds",
		  { { 500, 500 },
		    { 1000, 1000 },
		    { 1500, 2000 },
		    { 2000, 4000 },
		    { 2500, 6000 },
		    { 3000, 8000 },
		    { UINT32_MAX, 10000 } },
		  50000,
		  3000,
		  10000 },
		{ "stands still, then goes",
		  { { 1500, 0 }, { UINT32_MAX, 4000 } },
		  50000,
		  2200,
		  4000 },
		{ "a burst first", { { 700, 20000 }, { UINT32_MAX, 5000 } }, 50000, 1300, 5000 },
		{ "satellite", { { 2500, 1000 }, { UINT32_MAX, 8000 } }, 600000, 7000, 8000 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct outcome o = run(rows[i].line, &ndt_stop_early, rows[i].rtt_us, 25000);
		if (o.verdict != NDT_STOP_STABLE || o.ms < rows[i].least_ms ||
		    !within(o.bps, rows[i].kbps * 1000, 5))
			fail_msg("%s: %d after %u ms, %llu bit/s", rows[i].what, o.verdict, o.ms,
				 (unsigned long long)o.bps);
	}
}

static void has_its_bounds(void **state)
{
	static const struct part dead[] = { { UINT32_MAX, 0 } },
				 steady[] = { { UINT32_MAX, 8000 } },
				 saw[] = { { 400, 8000 },  { 800, 2000 },    { 1200, 8000 },
					   { 1600, 2000 }, { 2000, 8000 },   { 2400, 2000 },
					   { 2800, 8000 }, { UINT32_MAX, 0 } };
	struct ndt_stop_rules rules = ndt_stop_early;
	(void)state;
	rules.most_ms = 10000;
	assert_int_equal(run(dead, &rules, 0, 25000).verdict, NDT_STOP_DEADLINE);
	assert_int_equal(run(dead, &rules, 0, 25000).ms, 10000);
	rules.most_bytes = 1500000;
	struct outcome o = run(saw, &rules, 50000, 25000);
	assert_int_equal(o.verdict, NDT_STOP_CAP);
	assert_in_range(o.bytes, 1500000, 1530000);
	assert_true(within(o.bps, 5000000, 10));
	/* A cap before there is a whole window: what there is. */
	rules.most_bytes = 100000;
	o = run(steady, &rules, 50000, 25000);
	assert_int_equal(o.verdict, NDT_STOP_CAP);
	assert_true(within(o.bps, 8000000, 15));
	/* A whole one ends by its deadline alone. */
	const struct ndt_stop_rules whole = { .most_ms = 10000 };
	assert_int_equal(run(steady, &whole, 50000, 25000).verdict, NDT_STOP_DEADLINE);
}

static void seldom_looked_at(void **state)
{
	static const struct part line[] = { { UINT32_MAX, 10000 } };
	(void)state;
	/* The hub's own word, four times a second; and a machine with no time */
	assert_int_equal(run(line, &ndt_stop_early, 50000, 250000).verdict, NDT_STOP_STABLE);
	assert_true(within(run(line, &ndt_stop_early, 50000, 700000).bps, 10000000, 3));
	/* More looks than are kept */
	struct ndt_stop_rules rules = ndt_stop_early;
	rules.window_ms = 4000;
	assert_true(within(run(line, &rules, 50000, 1000).bps, 10000000, 3));
}

static void counters_that_lie(void **state)
{
	struct ndt_stop s;
	(void)state;
	ndt_stop_init(&s, &ndt_stop_early);
	for (uint64_t us = 0; us < 3000000; us += 20000)
		assert_int_equal(ndt_stop_see(&s, us, UINT64_MAX - us), NDT_STOP_NOT_YET);
	assert_int_equal(ndt_stop_see(&s, 0, 0), NDT_STOP_NOT_YET);
	assert_int_equal(ndt_stop_see(&s, UINT64_MAX, 5), NDT_STOP_NOT_YET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_steady_line_costs_a_fifth),
		cmocka_unit_test(waits_for_what_still_changes),
		cmocka_unit_test(has_its_bounds),
		cmocka_unit_test(seldom_looked_at),
		cmocka_unit_test(counters_that_lie),
	};
	return cmocka_run_group_tests_name("netmgr/ndt_stop", tests, NULL, NULL);
}
