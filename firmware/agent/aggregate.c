// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/agent/aggregate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/record/report.pb.h"

#define MINUTES_PER_DAY 1440
#define SMALL_CELL 5u /* fewer devices could be one person */

_Static_assert(sizeof(((wasl_UplinkHour *)0)->uplink) >=
		       sizeof(((struct aggregate_hour *)0)->uplink),
	       "uplink");
_Static_assert(sizeof(((wasl_LessonUse *)0)->lesson) >= sizeof(((struct aggregate_use *)0)->lesson),
	       "lesson");
_Static_assert(sizeof(((wasl_LessonUse *)0)->rung) >= sizeof(((struct aggregate_use *)0)->rung),
	       "rung");

bool aggregate_minute_ok(const struct aggregate_minute *m)
{
	uint64_t sum = (uint64_t)m->up_s + m->down_s + m->unpowered_s + m->unknown_s;
	return sum == 60 && m->minute >= 0 && m->minute / MINUTES_PER_DAY <= INT32_MAX &&
	       m->uplink[0];
}

void aggregate_begin(const struct aggregate_minute *m, struct aggregate_hour *out)
{
	*out = (struct aggregate_hour){
		.day = (int32_t)(m->minute / MINUTES_PER_DAY),
		.hour = (uint32_t)(m->minute % MINUTES_PER_DAY / 60),
		.kind = m->kind,
	};
	memcpy(out->uplink, m->uplink, sizeof(out->uplink));
	aggregate_add(out, m);
}

uint32_t aggregate_seconds(const struct aggregate_hour *h)
{
	return h->up_s + h->down_s + h->unpowered_s + h->unknown_s;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

int aggregate_add(struct aggregate_hour *h, const struct aggregate_minute *m)
{
	if (m->minute / MINUTES_PER_DAY != h->day || m->minute % MINUTES_PER_DAY / 60 != h->hour ||
	    strcmp(m->uplink, h->uplink) != 0 || aggregate_seconds(h) > 3600 - 60)
		return -ERANGE;
	h->kind = m->kind;
	h->up_s += m->up_s;
	h->down_s += m->down_s;
	h->unpowered_s += m->unpowered_s;
	h->unknown_s += m->unknown_s;
	h->rx_bytes = sum(h->rx_bytes, m->rx_bytes);
	h->tx_bytes = sum(h->tx_bytes, m->tx_bytes);
	if (m->rtt_us && h->rtt_count < AGGREGATE_SAMPLES)
		h->rtts[h->rtt_count++] = m->rtt_us;
	if (m->down_kbps && h->kbps_count < AGGREGATE_SAMPLES)
		h->kbps[h->kbps_count++] = m->down_kbps;
	return 0;
}

void aggregate_use_add(struct aggregate_use *have, const struct aggregate_use *more)
{
	have->starts = sum(have->starts, more->starts);
	have->completions = sum(have->completions, more->completions);
	have->watched_s = sum(have->watched_s, more->watched_s);
	have->sent_bytes = sum(have->sent_bytes, more->sent_bytes);
	have->devices = sum(have->devices, more->devices);
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

/* The lower middle of an even count; 0 for none. */
static uint32_t median(const uint32_t *values, uint32_t count)
{
	uint32_t sorted[AGGREGATE_SAMPLES];
	if (!count)
		return 0;
	memcpy(sorted, values, count * sizeof(*values));
	qsort(sorted, count, sizeof(*sorted), by_value);
	return sorted[(count - 1) / 2];
}

void aggregate_hour_report(const struct aggregate_hour *h, wasl_UplinkHour *out)
{
	*out = (wasl_UplinkHour){
		.day = h->day,
		.hour = h->hour,
		.kind = h->kind,
		.up_s = h->up_s,
		.down_s = h->down_s,
		.unpowered_s = h->unpowered_s,
		.unknown_s = h->unknown_s,
		.rx_bytes = h->rx_bytes,
		.tx_bytes = h->tx_bytes,
		.rtt_us = median(h->rtts, h->rtt_count),
		.down_kbps = median(h->kbps, h->kbps_count),
		/* The hub weighs pieces of an hour by this. */
		.samples = h->rtt_count > h->kbps_count ? h->rtt_count : h->kbps_count,
	};
	memcpy(out->uplink, h->uplink, sizeof(h->uplink));
}

static uint32_t narrow(uint64_t n)
{
	return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

void aggregate_use_report(const struct aggregate_use *u, wasl_LessonUse *out)
{
	bool small = u->devices > 0 && u->devices < SMALL_CELL;
	*out = (wasl_LessonUse){
		.day = u->day,
		.starts = narrow(u->starts),
		.completions = narrow(u->completions),
		.watched_s = u->watched_s,
		.sent_bytes = u->sent_bytes,
		.devices = small ? 1 : narrow(u->devices),
		.devices_small = small,
	};
	memcpy(out->lesson, u->lesson, sizeof(u->lesson));
	memcpy(out->rung, u->rung, sizeof(u->rung));
}
