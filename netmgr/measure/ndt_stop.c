// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/measure/ndt_stop.h"

#include <string.h>

enum { FOURTHS = 4, WINDOW_TRIPS = 8, LEAST_TRIPS = 14, PATIENT = 17 /* tenths of the least */ };

const struct ndt_stop_rules ndt_stop_early = {
	.least_ms = 1000,
	.window_ms = 800,
	.half_permille = 30,
	.fourth_permille = 120,
};

void ndt_stop_init(struct ndt_stop *s, const struct ndt_stop_rules *rules)
{
	memset(s, 0, sizeof(*s));
	s->rules = *rules;
	s->count = 1; /* nothing at the beginning */
}

void ndt_stop_rtt(struct ndt_stop *s, uint32_t rtt_us)
{
	s->rtt_us = rtt_us;
}

static size_t ring(size_t n)
{
	return n % NDT_STOP_SAMPLES;
}

static uint64_t longer(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* How many had crossed at that moment, on a straight line between two looks. */
static uint64_t bytes_at(const struct ndt_stop *s, uint64_t us)
{
	size_t newer = s->count - 1,
	       first = s->count > NDT_STOP_SAMPLES ? s->count - NDT_STOP_SAMPLES : 0;
	while (newer > first && s->samples[ring(newer - 1)].us > us)
		newer--;
	if (newer == first)
		return s->samples[ring(first)].bytes;
	const uint64_t from = s->samples[ring(newer - 1)].us, to = s->samples[ring(newer)].us;
	const uint64_t below = s->samples[ring(newer - 1)].bytes,
		       above = s->samples[ring(newer)].bytes;
	return to <= from || us >= to ? above : below + (above - below) * (us - from) / (to - from);
}

static uint64_t bps(uint64_t bytes, uint64_t us)
{
	return us ? (uint64_t)((double)bytes * 8e6 / (double)us) : 0;
}

/* a and b differ by more than so many thousandths of b. */
static int differ(uint64_t a, uint64_t b, uint32_t permille)
{
	const uint64_t by = a > b ? a - b : b - a;
	return (double)by * 1000 > (double)b * permille;
}

/* `times`: the rules, so much wider. */
static int is_stable(const struct ndt_stop *s, uint64_t us, uint64_t window_us, uint32_t times)
{
	uint64_t edge[FOURTHS + 1];
	for (unsigned i = 0; i <= FOURTHS; i++)
		edge[i] = bytes_at(s, us - window_us + window_us * i / FOURTHS);
	const uint64_t all = edge[FOURTHS] - edge[0], early = edge[2] - edge[0];
	if (!all || differ(all - early, early, s->rules.half_permille * times))
		return 0;
	for (unsigned i = 0; i < FOURTHS; i++)
		if (differ((edge[i + 1] - edge[i]) * FOURTHS, all,
			   s->rules.fourth_permille * times))
			return 0;
	return 1;
}

static void keep(struct ndt_stop *s, uint64_t us, uint64_t bytes)
{
	const size_t last = ring(s->count - 1);
	if (bytes < s->samples[last].bytes)
		bytes = s->samples[last].bytes;
	if (us < s->samples[last].us + NDT_STOP_APART_US)
		return;
	s->samples[ring(s->count)].us = us;
	s->samples[ring(s->count)].bytes = bytes;
	s->count++;
}

enum ndt_stop_verdict ndt_stop_see(struct ndt_stop *s, uint64_t us, uint64_t bytes)
{
	const uint64_t default_ms = s->rules.window_ms ? s->rules.window_ms : NDT_STOP_SAMPLES;
	const uint64_t window_us = longer(default_ms * 1000, (uint64_t)s->rtt_us * WINDOW_TRIPS);
	const uint64_t least_us =
		longer((uint64_t)s->rules.least_ms * 1000, (uint64_t)s->rtt_us * LEAST_TRIPS);
	keep(s, us, bytes);
	const uint64_t at = s->samples[ring(s->count - 1)].us;
	const uint64_t have = s->samples[ring(s->count - 1)].bytes;
	const size_t first = s->count > NDT_STOP_SAMPLES ? s->count - NDT_STOP_SAMPLES : 0;
	const uint64_t whole_us = at - s->samples[ring(first)].us;
	if (whole_us < window_us)
		s->rate_bps = bps(have - s->samples[ring(first)].bytes, whole_us);
	else
		s->rate_bps = bps(have - bytes_at(s, at - window_us), window_us);
	if (s->rules.window_ms && at >= least_us && whole_us >= window_us &&
	    is_stable(s, at, window_us, at >= least_us * PATIENT / 10 ? 2 : 1))
		return NDT_STOP_STABLE;
	if (s->rules.most_bytes && bytes >= s->rules.most_bytes)
		return NDT_STOP_CAP;
	if (s->rules.most_ms && us >= (uint64_t)s->rules.most_ms * 1000)
		return NDT_STOP_DEADLINE;
	return NDT_STOP_NOT_YET;
}

uint64_t ndt_stop_bps(const struct ndt_stop *s)
{
	return s->rate_bps;
}
