// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/planner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400
#define BLIND_PERIOD 31 /* nights that a quota must last for when no calendar is at hand */
#define PERIOD_NIGHTS 31
#define MOST_EVEN 8 /* times an even night: what is left at the end of a month does not go in one */

/* --- days and nights --------------------------------------------------------------------------------- */

int planner_window(const char *text, struct planner_rules *out)
{
	unsigned h[2], m[2];
	int end = 0;
	if (!*text) {
		out->window_from = out->window_to = 0;
		return 0;
	}
	if (sscanf(text, "%2u:%2u-%2u:%2u%n", &h[0], &m[0], &h[1], &m[1], &end) != 4 || text[end] ||
	    h[0] > 23 || h[1] > 24 || m[0] > 59 || m[1] > 59)
		return -EINVAL;
	out->window_from = (int)(h[0] * 60 + m[0]);
	out->window_to = (int)(h[1] * 60 + m[1]) % 1440;
	return 0;
}

static int64_t floor_day(int64_t s)
{
	return s / DAY_S - (s % DAY_S < 0);
}

/* Seconds since the window opened last. */
static int64_t since_open(const struct planner_rules *r, const struct planner_clock *c)
{
	if (!c->trusted)
		return c->blind_s;
	const int64_t s = c->local_s - (int64_t)r->window_from * 60;
	return s - floor_day(s) * DAY_S;
}

static int64_t window_s(const struct planner_rules *r)
{
	const int minutes = (r->window_to - r->window_from + 1440) % 1440;
	return (minutes ? minutes : 1440) * 60;
}

int32_t planner_night(const struct planner_rules *r, const struct planner_clock *c)
{
	if (!c->trusted)
		return c->blind_night;
	return (int32_t)floor_day(c->local_s - (int64_t)r->window_from * 60);
}

/* Days from the civil calendar (proleptic Gregorian): years begin in March, so that leap days come last. */
static int32_t day_of(int year, int month, int day)
{
	year -= month <= 2;
	const int era = (year >= 0 ? year : year - 399) / 400;
	const int of_era = year - era * 400;
	const int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void civil(int32_t days, int *year, int *month, int *day)
{
	days += 719468;
	const int era = (days >= 0 ? days : days - 146096) / 146097;
	const int doe = days - era * 146097;
	const int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	const int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	const int mp = (5 * doy + 2) / 153;
	*day = doy - (153 * mp + 2) / 5 + 1;
	*month = mp + (mp < 10 ? 3 : -9);
	*year = yoe + era * 400 + (*month <= 2);
}

int32_t planner_period(int32_t night, int quota_day)
{
	int y, m, d;
	const int first = quota_day ? quota_day : 1;
	civil(night, &y, &m, &d);
	if (d < first && --m == 0) {
		m = 12;
		y--;
	}
	return day_of(y, m, first);
}

/* Nights from this one on, until the quota begins anew; at least 1. */
static int32_t nights_left(const struct planner_now *now)
{
	if (!now->clock.trusted)
		return BLIND_PERIOD;
	const int32_t night = planner_night(&now->rules, &now->clock);
	const int32_t begun = planner_period(night, now->line.quota_day);
	const int32_t next = planner_period(begun + PERIOD_NIGHTS + 1, now->line.quota_day);
	return next > night ? next - night : 1;
}

/* --- what a night may cost --------------------------------------------------------------------------- */

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t share_of(const struct planner_now *now, uint64_t bytes)
{
	return bytes / 100 * now->rules.share;
}

/*
 * The same for each night that is left. Counted from where it began, so that it stays what it is while it is spent: lessons
 * have a share of the quota, and no more than that share of what others left of it.
 */
static uint64_t quota_night(const struct planner_now *now, uint64_t quota_left, uint64_t spent,
			    uint64_t spent_tonight, int32_t nights)
{
	const uint64_t of_all = minus(share_of(now, now->line.quota_bytes), spent - spent_tonight);
	const uint64_t of_rest = share_of(now, quota_left + spent_tonight);
	const uint64_t even = share_of(now, now->line.quota_bytes) / PERIOD_NIGHTS;
	return least(least(of_all, of_rest) / (uint64_t)nights, even * MOST_EVEN);
}

/* PLANNER_NO_LIMIT where bytes cost nothing. */
static uint64_t allowance(const struct planner_now *now)
{
	const struct planner_line *l = &now->line;
	const uint64_t most = now->rules.night_bytes;
	if (!l->known || !l->metered)
		return PLANNER_NO_LIMIT;
	if (!l->quota_bytes)
		return most ? most : PLANNER_DEFAULT_NIGHT;
	const uint64_t spent =
		now->ledger.period > now->ledger.night ? now->ledger.period : now->ledger.night;
	const uint64_t night = quota_night(now, minus(l->quota_bytes, l->used_bytes), spent,
					   now->ledger.night, nights_left(now));
	return most ? least(most, night) : night;
}

/* The same in the middle of what is left of the period, when others go on as they did in it. */
static uint64_t usual_allowance(const struct planner_now *now)
{
	struct planner_now then = *now;
	const struct planner_line *l = &now->line;
	if (!l->known || !l->metered || !l->quota_bytes || !now->clock.trusted)
		return allowance(now);
	const int32_t night = planner_night(&now->rules, &now->clock);
	const int32_t past = night - planner_period(night, l->quota_day);
	const uint64_t others = minus(l->used_bytes, now->ledger.period);
	if (past > 0)
		then.line.used_bytes +=
			others / (uint64_t)past * (uint64_t)(nights_left(now) - 1) / 2;
	return allowance(&then);
}

/* The same in the quota period after this one. */
static uint64_t next_allowance(const struct planner_now *now)
{
	struct planner_now then = *now;
	if (!now->line.known || !now->line.metered || !now->line.quota_bytes)
		return allowance(now);
	then.line.used_bytes = 0;
	then.ledger.night = then.ledger.period = 0;
	const uint64_t night = share_of(now, now->line.quota_bytes) / PERIOD_NIGHTS;
	return now->rules.night_bytes ? least(now->rules.night_bytes, night) : night;
}

/* --- may it be used now ------------------------------------------------------------------------------ */

static bool at_any_time(const struct planner_now *now)
{
	switch (now->rules.by_day) {
	case PLANNER_DAY_ANY:
		return true;
	case PLANNER_DAY_UNMETERED:
		return !now->line.known || !now->line.metered;
	case PLANNER_DAY_NONE:
		break;
	}
	return false;
}

static bool is_open(const struct planner_now *now)
{
	if (at_any_time(now))
		return true;
	return now->clock.trusted ? since_open(&now->rules, &now->clock) < window_s(&now->rules)
				  : now->clock.quiet_s >= PLANNER_QUIET_S;
}

/* No line carries lessons now that nobody waits for, whatever the window says. */
static bool is_barred(const struct planner_now *now)
{
	return now->line.known && now->line.barred;
}

struct planner_gate planner_gate(const struct planner_now *now)
{
	struct planner_gate g = { .night_bytes = allowance(now) };
	const int64_t opened = since_open(&now->rules, &now->clock);
	const int64_t next = opened < DAY_S ? DAY_S - opened : 1;
	uint64_t left = g.night_bytes;
	if (left != PLANNER_NO_LIMIT) {
		left = minus(left, now->ledger.night);
		if (now->line.quota_bytes)
			left = least(left, minus(now->line.quota_bytes, now->line.used_bytes));
	}
	if (now->line.known && now->line.capped) {
		g.wait = PLANNER_QUOTA;
		g.until_s = next;
	} else if (is_barred(now)) {
		g.wait = PLANNER_NIGHT;
	} else if (!is_open(now)) {
		g.wait = now->clock.trusted ? PLANNER_NIGHT : PLANNER_QUIET;
		g.until_s = now->clock.trusted ? next : PLANNER_QUIET_S - now->clock.quiet_s;
	} else if (left < PLANNER_LEAST_BYTES) {
		g.wait = PLANNER_SPENT;
		g.until_s = next;
	} else {
		g.wait = now->line.known && !now->line.up ? PLANNER_OFF : PLANNER_GO;
		g.left_bytes = left;
		if (!at_any_time(now) && now->clock.trusted)
			g.until_s = window_s(&now->rules) - opened;
	}
	return g;
}

struct planner_span planner_span(const struct planner_now *now)
{
	const struct planner_line *l = &now->line;
	const bool any = at_any_time(now);
	const int64_t opened = since_open(&now->rules, &now->clock);
	const bool quota = l->known && l->metered && l->quota_bytes;
	struct planner_span s = {
		/* Where the clock is not trusted, nights are as long as the configured ones: schools are. */
		.window_s = any ? DAY_S : window_s(&now->rules),
		.next_s = opened < DAY_S ? DAY_S - opened : 1,
		.nights_left = quota ? nights_left(now) : PLANNER_MOST_NIGHTS,
		.usual_bytes = usual_allowance(now),
		.later_bytes = next_allowance(now),
	};
	if (is_open(now) && !is_barred(now))
		s.open_s = any || !now->clock.trusted ? s.next_s : s.window_s - opened;
	return s;
}

/* --- what comes first -------------------------------------------------------------------------------- */

struct ranked {
	size_t lesson, rank;
	int group;
	int32_t day;
};

/* With a day, soonest first; what people keep; the rest. What is late for weeks is no longer urgent. */
static struct ranked rank_of(const struct planner_need *n, size_t lesson, int32_t today)
{
	struct ranked r = { .lesson = lesson, .rank = n->rank };
	const bool stale = today && n->due_day < today - PLANNER_LATE_DAYS;
	if (n->due_day && !stale)
		r.day = n->due_day;
	else if (n->due_day || n->programme || n->pinned)
		r.group = 1;
	else
		r.group = 2;
	return r;
}

static int compare(const void *x, const void *y)
{
	const struct ranked *a = x, *b = y;
	if (a->group != b->group)
		return a->group - b->group;
	if (a->day != b->day)
		return a->day < b->day ? -1 : 1;
	return a->rank < b->rank ? -1 : a->rank > b->rank;
}

size_t planner_order(const struct planner_need *needs, size_t count, int32_t today, size_t *order)
{
	struct ranked *all = calloc(count + 1, sizeof(*all));
	for (size_t i = 0; i < count; i++)
		order[i] = i;
	for (size_t i = 0; all && i < count; i++)
		all[i] = rank_of(&needs[i], i, today);
	if (all)
		qsort(all, count, sizeof(*all), compare);
	size_t dated = 0;
	for (size_t i = 0; all && i < count; i++) {
		order[i] = all[i].lesson;
		dated += all[i].group == 0;
	}
	free(all);
	return dated;
}
