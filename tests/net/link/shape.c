// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/net/link/shape.h"

enum { MILLION = 1000000 };
static const uint64_t second_ns = 1000000000;

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* xorshift64*: the same seed gives the same line. */
static uint64_t draw(struct shape *s, uint64_t below)
{
	s->random ^= s->random >> 12;
	s->random ^= s->random << 25;
	s->random ^= s->random >> 27;
	return (s->random * UINT64_C(2685821657736338717) >> 20) % below;
}

/* Losses by themselves, or in runs: two states, each lost run_len frames long on average (Gilbert). */
static bool is_lost(struct shape *s)
{
	const uint64_t lost = s->loss_ppm, run = s->run_len;
	if (!lost || lost >= MILLION)
		return lost != 0;
	if (run <= 1)
		return draw(s, MILLION) < lost;
	if (s->losing)
		s->losing = draw(s, run) != 0;
	else
		s->losing = draw(s, run * (MILLION - lost)) < lost;
	return s->losing;
}

enum shape_fate shape_take(struct shape *s, size_t bytes, uint64_t now_ns, uint64_t *due_ns)
{
	uint64_t out_ns = now_ns;
	if (s->rate_bps) {
		const uint64_t waits_ns = s->busy_ns > now_ns ? s->busy_ns - now_ns : 0;
		if ((double)waits_ns * (double)s->rate_bps / 8e9 > (double)s->queue_bytes)
			return SHAPE_NO_ROOM;
		s->busy_ns = now_ns + waits_ns + bytes * 8 * second_ns / s->rate_bps;
		out_ns = s->busy_ns;
	}
	if (is_lost(s))
		return SHAPE_LOST;
	out_ns += s->delay_ns + (s->jitter_ns ? draw(s, s->jitter_ns + 1) : 0);
	s->last_ns = later(s->last_ns, out_ns);
	*due_ns = s->last_ns;
	return SHAPE_COMES;
}
