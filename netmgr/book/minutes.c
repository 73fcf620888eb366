// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/book/minutes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_S = 86400 };

void minutes_init(struct minutes *m, int64_t named_s, uint64_t mono_ms,
		  void (*emit)(void *data, const struct minute_row *row), void *data)
{
	memset(m, 0, sizeof(*m));
	m->named_s = named_s;
	m->mono_ms = mono_ms;
	m->emit = emit;
	m->data = data;
}

int minutes_resume_line(struct minutes *m, unsigned line,
			const uint8_t seconds[static UPLINK_CLASSES])
{
	unsigned sum = 0;
	for (int c = 0; c < UPLINK_CLASSES; c++)
		sum += seconds[c];
	if (line >= MINUTES_LINES || sum != (unsigned)(m->named_s % 60))
		return -EINVAL;
	struct minutes_line *l = &m->lines[line];
	memset(l, 0, sizeof(*l));
	l->used = true;
	l->class = UPLINK_CLASS_UNKNOWN;
	memcpy(l->seconds, seconds, sizeof(l->seconds));
	return 0;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static uint32_t median(uint32_t *list, uint32_t count)
{
	if (!count)
		return 0;
	qsort(list, count, sizeof(*list), by_value);
	return list[count / 2];
}

static void close_minute(struct minutes *m, unsigned line, int64_t minute)
{
	struct minutes_line *l = &m->lines[line];
	struct minute_row row = {
		.minute = minute,
		.count = 1,
		.line = (uint8_t)line,
		.rx_bytes = l->rx_bytes,
		.tx_bytes = l->tx_bytes,
		.rtt_us = median(l->rtts, l->rtt_count),
		.down_kbps = median(l->kbps, l->kbps_count),
		.layer = l->seconds[UPLINK_CLASS_DOWN] ? l->down_layer : UPLINK_LAYER_NONE,
	};
	memcpy(row.seconds, l->seconds, sizeof(row.seconds));
	memset(l->seconds, 0, sizeof(l->seconds));
	l->rx_bytes = l->tx_bytes = 0;
	l->rtt_count = l->kbps_count = 0;
	m->emit(m->data, &row);
}

/* Rest of the open minute, whole minutes, beginning of one. */
static void fill_seconds(struct minutes *m, unsigned line, enum uplink_class class, int64_t from_s,
			 int64_t count)
{
	struct minutes_line *l = &m->lines[line];
	int64_t head = from_s % 60 ? 60 - from_s % 60 : 0;
	if (head) {
		int64_t n = count < head ? count : head;
		l->seconds[class] += (uint8_t)n;
		count -= n;
		if (n == head)
			close_minute(m, line, from_s / 60);
		from_s += n;
	}
	while (count >= 60) {
		struct minute_row row = { .minute = from_s / 60, .line = (uint8_t)line };
		row.count = count / 60 < UINT32_MAX ? (uint32_t)(count / 60) : UINT32_MAX;
		row.seconds[class] = 60;
		if (class == UPLINK_CLASS_DOWN)
			row.layer = l->layer;
		from_s += (int64_t)row.count * 60;
		count -= (int64_t)row.count * 60;
		/* Bytes counted while nobody looked belong to the first of them. */
		if (l->rx_bytes || l->tx_bytes) {
			struct minute_row first = row;
			first.count = 1;
			first.rx_bytes = l->rx_bytes;
			first.tx_bytes = l->tx_bytes;
			l->rx_bytes = l->tx_bytes = 0;
			m->emit(m->data, &first);
			row.minute++;
			row.count--;
		}
		if (row.count)
			m->emit(m->data, &row);
	}
	l->seconds[class] += (uint8_t)count;
}

/* `count` seconds of one class for one line, from `from_s` on; a retired line takes none beyond its day. */
static void fill_line(struct minutes *m, unsigned line, enum uplink_class class, int64_t from_s,
		      int64_t count)
{
	struct minutes_line *l = &m->lines[line];
	if (!l->retired) {
		fill_seconds(m, line, class, from_s, count);
		return;
	}
	int64_t left = l->ends_s - from_s;
	if (left > 0)
		fill_seconds(m, line, UPLINK_CLASS_UNKNOWN, from_s, count < left ? count : left);
	if (count >= left)
		l->used = false;
}

void minutes_retire_line(struct minutes *m, unsigned line)
{
	struct minutes_line *l = &m->lines[line];
	int64_t day_end = m->named_s + DAY_S - 1;
	l->retired = true;
	l->class = UPLINK_CLASS_UNKNOWN;
	l->ends_s = day_end - day_end % DAY_S;
	if (l->ends_s == m->named_s)
		l->used = false;
}

void minutes_fill(struct minutes *m, enum uplink_class class, int64_t until_s)
{
	if (until_s <= m->named_s)
		return;
	for (unsigned i = 0; i < MINUTES_LINES; i++)
		if (m->lines[i].used)
			fill_line(m, i, class, m->named_s, until_s - m->named_s);
	m->named_s = until_s;
}

void minutes_begin_line(struct minutes *m, unsigned line)
{
	struct minutes_line *l = &m->lines[line];
	memset(l, 0, sizeof(*l));
	l->used = true;
	l->class = UPLINK_CLASS_UNKNOWN;
	int64_t midnight = m->named_s - m->named_s % DAY_S;
	fill_line(m, line, UPLINK_CLASS_UNKNOWN, midnight, m->named_s - midnight);
}

void minutes_restart(struct minutes *m, int64_t until_s)
{
	int64_t midnight = until_s - until_s % DAY_S;
	if (midnight <= m->named_s)
		return;
	int64_t day_end = m->named_s + DAY_S - 1;
	minutes_fill(m, UPLINK_CLASS_UNKNOWN, day_end - day_end % DAY_S);
	m->named_s = midnight;
}

/* Observed time until now goes to the class that the line had. */
static void credit(struct minutes *m, uint64_t mono_ms)
{
	if (mono_ms <= m->mono_ms)
		return;
	uint64_t passed = mono_ms - m->mono_ms;
	m->mono_ms = mono_ms;
	m->carry_ms += passed;
	for (unsigned i = 0; i < MINUTES_LINES; i++) {
		struct minutes_line *l = &m->lines[i];
		l->credit_ms[passed > MINUTES_STALL_MS ? UPLINK_CLASS_UNKNOWN : l->class] +=
			(int64_t)passed;
	}
}

void minutes_see(struct minutes *m, unsigned line, enum uplink_class class, enum uplink_layer layer,
		 uint64_t mono_ms)
{
	credit(m, mono_ms);
	struct minutes_line *l = &m->lines[line];
	l->class = l->retired ? UPLINK_CLASS_UNKNOWN : (uint8_t) class;
	l->layer = (uint8_t)layer;
	if (class == UPLINK_CLASS_DOWN)
		l->down_layer = (uint8_t)layer;
}

void minutes_rtt(struct minutes *m, unsigned line, uint32_t rtt_us)
{
	struct minutes_line *l = &m->lines[line];
	if (rtt_us && l->rtt_count < MINUTES_RTTS)
		l->rtts[l->rtt_count++] = rtt_us;
}

void minutes_bytes(struct minutes *m, unsigned line, uint64_t rx, uint64_t tx)
{
	struct minutes_line *l = &m->lines[line];
	l->rx_bytes += rx;
	l->tx_bytes += tx;
	l->second_bytes += rx;
}

/* The class that is owed most gets the whole second; the debt is paid back later, so nothing drifts over a day. */
static enum uplink_class take_second(struct minutes_line *l)
{
	unsigned most = l->class;
	for (unsigned c = 0; c < UPLINK_CLASSES; c++)
		if (l->credit_ms[c] > l->credit_ms[most])
			most = c;
	l->credit_ms[most] -= 1000;
	return (enum uplink_class)most;
}

/* A second in which next to nothing came says nothing about the line's speed. */
static void sample_speed(struct minutes_line *l, uint64_t seconds)
{
	enum { ENOUGH_BYTES = 16384 };
	uint64_t rate = l->second_bytes / seconds;
	l->second_bytes = 0;
	if (rate < ENOUGH_BYTES)
		return;
	l->last_kbps = (uint32_t)(rate * 8 / 1000 < UINT32_MAX ? rate * 8 / 1000 : UINT32_MAX);
	if (l->kbps_count < 60)
		l->kbps[l->kbps_count++] = l->last_kbps;
}

static void spend(struct minutes *m, int64_t count)
{
	for (unsigned i = 0; i < MINUTES_LINES; i++) {
		struct minutes_line *l = &m->lines[i];
		if (!l->used)
			continue;
		if (count)
			sample_speed(l, (uint64_t)count);
		int64_t at = m->named_s;
		for (int64_t left = count; left > 0 && l->used;) {
			enum uplink_class class = take_second(l);
			int64_t same = 1;
			/* A long stall is one class: take its whole minutes in one go. */
			if (l->credit_ms[class] / 1000 >= 60 && left > 60)
				same += left - 1 < l->credit_ms[class] / 1000
						? left - 1
						: l->credit_ms[class] / 1000;
			l->credit_ms[class] -= (same - 1) * 1000;
			fill_line(m, i, class, at, same);
			at += same;
			left -= same;
		}
	}
	m->named_s += count;
}

static void forget(struct minutes *m, int64_t count)
{
	for (unsigned i = 0; i < MINUTES_LINES; i++)
		for (int64_t n = 0; m->lines[i].used && n < count; n++)
			(void)take_second(&m->lines[i]);
}

/* The clock is ahead of named time by `gap` seconds, beyond what was observed. */
static void step_forward(struct minutes *m, int64_t gap, bool synced)
{
	bool fresh = !m->ever_synced && !m->proved_cut;
	if (gap > MINUTES_BELIEVE_S && !synced)
		return;
	int64_t until_s = m->named_s + gap;
	enum uplink_class class = m->proved_cut ? UPLINK_CLASS_UNPOWERED : UPLINK_CLASS_UNKNOWN;
	if (gap > MINUTES_BELIEVE_S || (fresh && gap > DAY_S)) {
		minutes_restart(m, until_s);
		class = UPLINK_CLASS_UNKNOWN;
	}
	minutes_fill(m, class, until_s);
}

void minutes_advance(struct minutes *m, uint64_t mono_ms, int64_t wall_s, bool synced)
{
	credit(m, mono_ms);
	int64_t seen = (int64_t)(m->carry_ms / 1000);
	m->carry_ms %= 1000;
	int64_t lead = m->named_s + seen - wall_s;
	if (lead > 1) {
		/* Set back: every other second, so that the day stays whole and the clock is met again. */
		int64_t pay = (m->half + seen) / 2;
		m->half = (uint32_t)((m->half + seen) % 2);
		forget(m, seen - pay);
		seen = pay;
	} else if (lead < -MINUTES_STRETCH_S) {
		step_forward(m, -lead, synced);
	} else if (lead < -1) {
		for (unsigned i = 0; i < MINUTES_LINES; i++)
			m->lines[i].credit_ms[m->lines[i].class] -= lead * 1000;
		seen -= lead;
	}
	spend(m, seen);
	m->ever_synced |= synced;
	if (synced)
		m->proved_cut = false;
}
