// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/coverage.h"

#include <stdlib.h>
#include <string.h>

static uint32_t sum(const struct coverage_s *s)
{
	return s->up + s->down + s->unpowered + s->unknown;
}

static uint32_t at_most(uint32_t value, uint32_t limit)
{
	return value < limit ? value : limit;
}

/* Stops at 2^60: stores keep signed numbers. */
static uint64_t bytes_sum(uint64_t a, uint64_t b)
{
	const uint64_t limit = UINT64_C(1) << 60;
	return a >= limit || b >= limit - a ? limit : a + b;
}

static uint32_t weighted(uint32_t a, uint32_t a_weight, uint32_t b, uint32_t b_weight)
{
	if (a == 0 || b == 0)
		return a ? a : b;
	uint64_t weight = (uint64_t)a_weight + b_weight;
	if (weight == 0)
		return (uint32_t)(((uint64_t)a + b) / 2);
	return (uint32_t)(((uint64_t)a * a_weight + (uint64_t)b * b_weight) / weight);
}

bool coverage_hour_add(struct coverage_hour *have, const struct coverage_hour *more)
{
	have->rtt_us = weighted(have->rtt_us, have->samples, more->rtt_us, more->samples);
	have->down_kbps = weighted(have->down_kbps, have->samples, more->down_kbps, more->samples);
	have->up_kbps = weighted(have->up_kbps, have->samples, more->up_kbps, more->samples);
	have->samples += at_most(more->samples, UINT32_MAX - have->samples);
	have->rx_bytes = bytes_sum(have->rx_bytes, more->rx_bytes);
	have->tx_bytes = bytes_sum(have->tx_bytes, more->tx_bytes);
	if (more->kind)
		have->kind = more->kind;
	/* Each figure at most an hour, so that the sum cannot overflow. */
	uint32_t up = at_most(more->s.up, COVERAGE_HOUR_S) + have->s.up;
	uint32_t down = at_most(more->s.down, COVERAGE_HOUR_S) + have->s.down;
	uint32_t unpowered = at_most(more->s.unpowered, COVERAGE_HOUR_S) + have->s.unpowered;
	uint32_t unknown = at_most(more->s.unknown, COVERAGE_HOUR_S) + have->s.unknown;
	uint32_t left = COVERAGE_HOUR_S;
	have->s.up = at_most(up, left);
	left -= have->s.up;
	have->s.down = at_most(down, left);
	left -= have->s.down;
	have->s.unpowered = at_most(unpowered, left);
	left -= have->s.unpowered;
	have->s.unknown = at_most(unknown, left);
	return up + down + unpowered + unknown > COVERAGE_HOUR_S;
}

struct coverage_s coverage_day(const struct coverage_hour *hours, size_t count)
{
	struct coverage_s best[24] = { { 0 } };
	for (size_t i = 0; i < count; i++) {
		if (hours[i].hour > 23)
			continue;
		struct coverage_s *b = &best[hours[i].hour];
		const struct coverage_s *s = &hours[i].s;
		b->up = s->up > b->up ? s->up : b->up;
		b->down = s->down > b->down ? s->down : b->down;
		b->unpowered = s->unpowered > b->unpowered ? s->unpowered : b->unpowered;
	}
	struct coverage_s day = { 0 };
	for (int h = 0; h < 24; h++) {
		uint32_t left = COVERAGE_HOUR_S;
		uint32_t up = at_most(best[h].up, left);
		left -= up;
		uint32_t unpowered = at_most(best[h].unpowered, left);
		left -= unpowered;
		uint32_t down = at_most(best[h].down, left);
		left -= down;
		day.up += up;
		day.unpowered += unpowered;
		day.down += down;
		day.unknown += left;
	}
	return day;
}

int64_t coverage_uptime_ppm(const struct coverage_s *s)
{
	uint64_t known = (uint64_t)s->up + s->down;
	return known ? (int64_t)((uint64_t)s->up * 1000000u / known) : -1;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

uint32_t coverage_median(uint32_t *values, size_t count)
{
	if (count == 0)
		return 0;
	qsort(values, count, sizeof(*values), compare);
	return values[(count - 1) / 2];
}

void coverage_week_shift(struct coverage_week *w, int32_t last_day)
{
	int64_t by = (int64_t)last_day - w->last_day;
	struct coverage_week next = { .last_day = last_day };
	for (int i = 0; i < COVERAGE_WEEK; i++)
		if (i + by >= 0 && i + by < COVERAGE_WEEK)
			next.day[i] = w->day[i + by];
	*w = next;
}

struct coverage_week_sum coverage_week_total(const struct coverage_week *w)
{
	struct coverage_week_sum total = { 0 };
	for (int i = 0; i < COVERAGE_WEEK; i++) {
		const struct coverage_week_day *d = &w->day[i];
		total.starts += d->starts;
		total.watched_s += d->watched_s;
		if (sum(&d->s) == 0) {
			total.s.unknown += COVERAGE_DAY_S;
			continue;
		}
		total.days += d->s.unknown < COVERAGE_DAY_S;
		total.s.up += d->s.up;
		total.s.down += d->s.down;
		total.s.unpowered += d->s.unpowered;
		total.s.unknown += d->s.unknown;
	}
	return total;
}
