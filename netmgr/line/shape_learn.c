// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/line/shape_learn.h"

#include <stdbool.h>

enum {
	LEAST_KBPS = 64,
	EVEN_PERCENT = 85,  /* seconds that differ by less are a line that is full */
	FIRST_PERCENT = 95, /* of what it carried then */
	FULL_PERCENT = 88,  /* of the rate: whoever sends that much would send more */
	LATE_US = 20000,    /* what a queue adds at least */
	VERY_LATE_US = 50000,
	DOWN_PERCENT = 90,
	UP_PERCENT = 104,
	UP_S = 10,
	WAIT_S = 10,         /* until the answers tell of the last change */
	BASE_SLOWNESS = 4096 /* a way that became longer is known after hours */
};

static void note_rtt(struct shape_learn *l, uint32_t rtt_us)
{
	if (!l->base_rtt_us || rtt_us < l->base_rtt_us)
		l->base_rtt_us = rtt_us;
	else
		l->base_rtt_us += (rtt_us - l->base_rtt_us) / BASE_SLOWNESS;
}

/* The most of the last seconds, 0 where they differ. */
static uint32_t even_kbps(const struct shape_learn *l)
{
	uint32_t least = UINT32_MAX, most = 0;
	if (l->seconds < SHAPE_LEARN_SECONDS)
		return 0;
	for (unsigned i = 0; i < SHAPE_LEARN_SECONDS; i++) {
		least = l->sent_kbps[i] < least ? l->sent_kbps[i] : least;
		most = l->sent_kbps[i] > most ? l->sent_kbps[i] : most;
	}
	return most >= LEAST_KBPS && least >= (uint64_t)most * EVEN_PERCENT / 100 ? most : 0;
}

static void set(struct shape_learn *l, uint64_t kbps)
{
	l->kbps = kbps < LEAST_KBPS ? LEAST_KBPS : kbps > UINT32_MAX ? UINT32_MAX : (uint32_t)kbps;
	l->full_s = 0;
	l->wait_s = WAIT_S;
}

/* A queue stands somewhere else: at least a tenth less, and no more than is carried. */
static uint64_t slower(const struct shape_learn *l, uint32_t even_kbps)
{
	const uint64_t less = (uint64_t)l->kbps * DOWN_PERCENT / 100;
	const uint64_t carried = (uint64_t)even_kbps * FIRST_PERCENT / 100;
	return carried && carried < less ? carried : less;
}

void shape_learn_resume(struct shape_learn *l, uint32_t kbps)
{
	if (kbps >= LEAST_KBPS)
		set(l, kbps);
}

/* Questions, or transfers where a queue of ours cannot be what they wait in. */
static bool is_late(const struct shape_learn *l, uint32_t late_us, uint32_t transfers_late_us)
{
	const uint32_t much = l->base_rtt_us / 2 > LATE_US ? l->base_rtt_us / 2 : LATE_US;
	return late_us > much || transfers_late_us > much;
}

void shape_learn_second(struct shape_learn *l, const struct shape_learn_second *second)
{
	const uint32_t sent_kbps = second->sent_kbps, rtt_us = second->rtt_us;
	l->sent_kbps[l->seconds++ % SHAPE_LEARN_SECONDS] = sent_kbps;
	if (rtt_us)
		note_rtt(l, rtt_us);
	if (l->wait_s)
		l->wait_s--;
	const uint32_t late_us = rtt_us > l->base_rtt_us ? rtt_us - l->base_rtt_us : 0;
	const uint32_t even = even_kbps(l);
	if (!l->kbps) {
		if (even && is_late(l, late_us, second->late_us))
			set(l, (uint64_t)even * FIRST_PERCENT / 100);
		return;
	}
	const bool full = sent_kbps >= (uint64_t)l->kbps * FULL_PERCENT / 100;
	l->full_s = full ? l->full_s + 1 : 0;
	if ((!full && !even) || l->wait_s)
		return;
	if (late_us > VERY_LATE_US)
		set(l, slower(l, even));
	else if (l->full_s >= UP_S && late_us < LATE_US)
		set(l, (uint64_t)l->kbps * UP_PERCENT / 100 + 1);
}
