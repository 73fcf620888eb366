// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/planner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/clean.h"

/*
 * A month of a school, in steps of five minutes, by the same planner that the box runs: what it allows is what is brought, what it
 * promised each evening is compared with what came. Cuts, power and pupils come from a generator with a fixed seed.
 */
#define MB UINT64_C(1000000)
#define DAY INT64_C(86400)
#define STEP 300
#define BEGIN 20758 /* 2026-11-01 */
enum { DAYS = 42, LESSONS = 24 };

struct school {
	const char *why;
	struct planner_rules rules;
	uint64_t quota_bytes, bps, pupils_a_day;
	unsigned cut_percent;  /* of the steps, the line is down */
	unsigned dark_percent; /* of the nights, the power is off from 22:00 on */
	unsigned lesson_mb;    /* each, on average */
	unsigned
		within_percent; /* promises of the second week on that were right to a day and a night */
	unsigned late_percent; /* that came more than two days later than said */
};

struct month {
	const struct school *school;
	uint64_t seed;
	struct planner_now now;
	struct planner_past past[DAYS + 1];
	size_t past_count;
	int32_t night, first_night;
	uint64_t missing[LESSONS], cook_s[LESSONS];
	int32_t due[LESSONS];
	int64_t here[LESSONS];            /* the second; 0: not yet */
	uint64_t night_most, period_most; /* that were ever spent */
	int32_t said[DAYS][LESSONS];
	bool dark;
};

static uint32_t dice(struct month *m)
{
	m->seed = m->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(m->seed >> 33);
}

static void make_lessons(struct month *m)
{
	for (size_t i = 0; i < LESSONS; i++) {
		m->missing[i] = (m->school->lesson_mb / 2 + dice(m) % m->school->lesson_mb) * MB;
		m->cook_s[i] = 600 + dice(m) % 1200;
		m->due[i] = i % 3 ? 0 : (int32_t)(BEGIN + 4 + (int32_t)i);
	}
}

/* Those with a day first, as planner_order() has them. */
static size_t in_order(const struct month *m, size_t order[LESSONS])
{
	struct planner_need needs[LESSONS];
	for (size_t i = 0; i < LESSONS; i++)
		needs[i] = (struct planner_need){ .due_day = m->due[i], .rank = i };
	return planner_order(needs, LESSONS, (int32_t)(m->now.clock.local_s / DAY), order);
}

static uint64_t missing(const struct month *m)
{
	uint64_t all = 0;
	for (size_t i = 0; i < LESSONS; i++)
		all += m->missing[i];
	return all;
}

static void next_night(struct month *m, int32_t night)
{
	if (m->night)
		m->past[m->past_count++] = (struct planner_past){ m->night, m->now.ledger.night,
								  m->past[DAYS].meant_bytes };
	if (night == planner_period(night, 1))
		m->now.ledger.period = m->now.line.used_bytes = 0;
	m->night = night;
	m->past[DAYS].meant_bytes = 0;
	m->now.ledger.night = 0;
	m->now.ledger.reliable_percent = planner_reliable(m->past, m->past_count, night);
	m->dark = dice(m) % 100 < m->school->dark_percent;
}

static void promise(struct month *m, size_t day)
{
	size_t order[LESSONS];
	struct planner_work work[LESSONS];
	struct planner_promise said[LESSONS];
	in_order(m, order);
	for (size_t i = 0; i < LESSONS; i++) {
		const size_t at = order[i];
		work[i] = (struct planner_work){ .bytes = m->missing[at],
						 .cook_s = m->missing[at] ? m->cook_s[at] : 0,
						 .due_day = m->due[at],
						 .here = m->here[at] != 0 };
	}
	planner_promise(&m->now, work, LESSONS, said);
	for (size_t i = 0; i < LESSONS; i++)
		m->said[day][order[i]] = said[i].when == PLANNER_DAY ? said[i].day : 0;
}

static void bring(struct month *m, uint64_t bytes)
{
	size_t order[LESSONS];
	const int64_t local = m->now.clock.local_s;
	in_order(m, order);
	m->now.ledger.night += bytes;
	m->now.ledger.period += bytes;
	m->now.line.used_bytes += bytes;
	for (size_t i = 0; i < LESSONS && bytes; i++) {
		const size_t at = order[i];
		const uint64_t take = m->missing[at] < bytes ? m->missing[at] : bytes;
		m->missing[at] -= take;
		bytes -= take;
		if (take && !m->missing[at])
			m->here[at] = local + (int64_t)m->cook_s[at];
	}
}

static void step(struct month *m, int64_t t)
{
	m->now.clock = (struct planner_clock){ .trusted = true, .local_s = t };
	const int32_t night = planner_night(&m->now.rules, &m->now.clock);
	const int hour = (int)(t % DAY / 3600);
	if (night != m->night)
		next_night(m, night);
	if (m->dark && (hour >= 22 || hour < 7))
		return;
	m->now.line.up = dice(m) % 100 >= m->school->cut_percent;
	if (hour >= 8 && hour < 16)
		m->now.line.used_bytes += m->school->pupils_a_day / 96;
	const uint64_t meant = planner_meant(&m->now, missing(m), PLANNER_WAS_HERE);
	if (meant > m->past[DAYS].meant_bytes)
		m->past[DAYS].meant_bytes = meant;
	const struct planner_gate gate = planner_gate(&m->now);
	uint64_t can = m->school->bps / 8 * STEP;
	can = can < gate.left_bytes ? can : gate.left_bytes;
	can = can < missing(m) ? can : missing(m);
	if (gate.wait != PLANNER_GO)
		can = 0;
	bring(m, can);
	/* Nothing that costs money by day, and no night beyond what it may cost. */
	assert_true(!can || hour >= 20 || hour < 6 || !m->now.line.metered);
	assert_true(!can || m->now.ledger.night <= gate.night_bytes);
	if (m->now.ledger.night > m->night_most)
		m->night_most = m->now.ledger.night;
	if (m->now.ledger.period > m->period_most)
		m->period_most = m->now.ledger.period;
}

static void run(struct month *m, const struct school *s)
{
	memset(m, 0, sizeof(*m));
	m->school = s;
	m->seed = 20261122;
	m->now.rules = s->rules;
	m->now.line = (struct planner_line){ .known = true,
					     .up = true,
					     .metered = s->quota_bytes || s->rules.night_bytes,
					     .quota_bytes = s->quota_bytes,
					     .quota_day = 1,
					     .bps = s->bps };
	make_lessons(m);
	for (size_t day = 0; day < DAYS; day++)
		for (int64_t s_of = 0; s_of < DAY; s_of += STEP) {
			step(m, (BEGIN + (int64_t)day) * DAY + s_of);
			if (s_of == 17 * 3600)
				promise(m, day);
		}
}

/* Days between what was said and what came: "today" until midnight, any other day until ten in the morning. */
static int off_by(const struct month *m, size_t day, size_t lesson)
{
	const int64_t said = m->said[day][lesson];
	const int64_t by = said == BEGIN + (int64_t)day ? (said + 1) * DAY : said * DAY + 10 * 3600;
	const int64_t off = m->here[lesson] - by;
	return off > 0 ? (int)((off + DAY - 1) / DAY) : -(int)(-off / DAY);
}

static const struct school schools[] = {
	{ .why = "4G with 2 GB a month, a line that holds",
	  .rules = { 1200, 360, PLANNER_DAY_UNMETERED, 0, 50 },
	  .quota_bytes = 2000 * MB,
	  .bps = 2000000,
	  .pupils_a_day = 10 * MB,
	  .lesson_mb = 40,
	  .within_percent = 90,
	  .late_percent = 2 },
	{ .why = "45 MB a night, a line that is cut a third of the time",
	  .rules = { 1200, 360, PLANNER_DAY_UNMETERED, 45 * MB, 50 },
	  .bps = 1000000,
	  .cut_percent = 33,
	  .lesson_mb = 40,
	  .within_percent = 90,
	  .late_percent = 2 },
	{ .why = "a slow line, and no power in two nights of five",
	  .rules = { 1200, 360, PLANNER_DAY_UNMETERED, 60 * MB, 50 },
	  .bps = 30000,
	  .cut_percent = 20,
	  .dark_percent = 40,
	  .lesson_mb = 40,
	  .within_percent = 55,
	  .late_percent = 2 },
	{ .why = "pupils use most of the quota",
	  .rules = { 1200, 360, PLANNER_DAY_UNMETERED, 0, 50 },
	  .quota_bytes = 1500 * MB,
	  .bps = 2000000,
	  .cut_percent = 10,
	  .pupils_a_day = 45 * MB,
	  .lesson_mb = 30,
	  .within_percent = 50, /* the others come sooner than was said */
	  .late_percent = 2 },
};

static void what_was_promised_came(void **state)
{
	(void)state;
	struct month *m = calloc(1, sizeof(*m));
	for (size_t k = 0; k < ARRAY_LEN(schools); k++) {
		const struct school *s = &schools[k];
		unsigned told = 0, right = 0, late = 0, here = 0;
		run(m, s);
		for (size_t i = 0; i < LESSONS; i++)
			here += m->here[i] != 0;
		/* After a week of looking at what nights are worth. */
		for (size_t day = 7; day < DAYS; day++)
			for (size_t i = 0; i < LESSONS; i++) {
				if (!m->said[day][i] || !m->here[i])
					continue;
				const int off = off_by(m, day, i);
				told++;
				right += abs(off) <= 2;
				late += off > 2;
			}
		print_message(
			"%s: %u of %d here, night at most %ju MB, %u promises, %u%% right to two "
			"days, %u%% later\n",
			s->why, here, LESSONS, (uintmax_t)(m->night_most / MB), told,
			told ? right * 100 / told : 0, told ? late * 100 / told : 0);
		assert_true(here > 0 && told > 20);
		assert_true(right * 100 >= told * s->within_percent);
		assert_true(late * 100 <= told * s->late_percent);
		if (s->quota_bytes)
			assert_true(m->period_most <= s->quota_bytes / 100 * s->rules.share);
	}
	free(m);
}

/* The sooner a day is, the surer: what was promised for tomorrow came. */
static void tomorrow_is_sure(void **state)
{
	(void)state;
	struct month *m = calloc(1, sizeof(*m));
	unsigned told = 0, kept = 0;
	run(m, &schools[1]);
	for (size_t day = 7; day < DAYS; day++)
		for (size_t i = 0; i < LESSONS; i++) {
			if (!m->said[day][i] || m->said[day][i] > (int32_t)(BEGIN + day + 1))
				continue;
			told++;
			kept += m->here[i] && off_by(m, day, i) <= 0;
		}
	print_message("for today or tomorrow: %u promised, %u kept\n", told, kept);
	assert_true(told > 5);
	assert_true(kept * 100 >= told * 90);
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_promised_came),
		cmocka_unit_test(tomorrow_is_sure),
	};
	return cmocka_run_group_tests_name("content/planner_month", tests, NULL, NULL);
}
