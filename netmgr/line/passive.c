// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/line/passive.h"

#include <string.h>

enum {
	SHORT_MS = 500,  /* between two looks: less says nothing of a rate ... */
	LONG_MS = 10000, /* ... and more is mostly pauses */
	PRESSED_PERCENT = 80,
	HELD_PERCENT = 20,
	FEW_BYTES = 3000,      /* an answer, not a transfer */
	STREAM_BYTES = 32768,  /* between two looks */
	SILENT_MS = 300,       /* longer, and it was no stream to the end */
	WINDOWS_BYTES = 65536, /* before the receiver's own round trip means something */
	ENOUGH_SENT = 20000,   /* to say how much of it was sent twice */
	MILLION = 1000000,
};

static const struct passive_flow *find(const struct passive *p, uint64_t id)
{
	for (size_t i = 0; i < p->flow_count; i++)
		if (p->flows[i].id == id)
			return &p->flows[i];
	return NULL;
}

int passive_line_of(const struct passive *p, uint64_t id)
{
	const struct passive_flow *f = find(p, id);
	return f ? f->line : PASSIVE_NEW;
}

/* --- what stood for best long ago is forgotten --- */

static void turn(struct passive_best *b)
{
	b->before = b->now;
	b->now = 0;
}

static void turn_slots(struct passive_line *l, uint64_t now_ms)
{
	if (!l->slot_ms)
		l->slot_ms = now_ms;
	for (int i = 0; i < 2 && now_ms - l->slot_ms >= PASSIVE_SLOT_MS; i++) {
		turn(&l->up_kbps);
		turn(&l->down_kbps);
		turn(&l->floor_us);
		l->sent_bytes /= 2;
		l->resent_bytes /= 2;
		l->slot_ms += PASSIVE_SLOT_MS;
	}
	if (now_ms - l->slot_ms >= PASSIVE_SLOT_MS)
		l->slot_ms = now_ms;
}

static void note_most(struct passive_best *b, uint64_t value)
{
	const uint32_t v = value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
	b->now = v > b->now ? v : b->now;
}

static void note_least(struct passive_best *b, uint32_t value)
{
	b->now = !b->now || value < b->now ? value : b->now;
}

static uint32_t most_of(const struct passive_best *b)
{
	return b->now > b->before ? b->now : b->before;
}

static uint32_t least_of(const struct passive_best *b)
{
	if (!b->now || !b->before)
		return b->now | b->before;
	return b->now < b->before ? b->now : b->before;
}

/* --- one look --- */

/* What the connections of a line did since the look before. */
struct sum {
	uint64_t acked, received, sent, resent;
	uint64_t rtt_weight, rtt_sum; /* of round trips, by the bytes that were acknowledged */
	uint32_t late_us, flows;
	bool pressed, streams;
};

static bool is_pressed(const struct passive_flow *was, const struct passive_flow *f, uint64_t ms)
{
	const uint64_t busy = f->busy_us - was->busy_us, held = f->held_us - was->held_us;
	return busy >= ms * 1000 * PRESSED_PERCENT / 100 && held <= ms * 1000 * HELD_PERCENT / 100;
}

static bool goes_on(const struct passive_flow *was, const struct passive_flow *f)
{
	return was && was->line == f->line && f->acked_bytes >= was->acked_bytes &&
	       f->received_bytes >= was->received_bytes && f->sent_bytes >= was->sent_bytes &&
	       f->resent_bytes >= was->resent_bytes && f->busy_us >= was->busy_us &&
	       f->held_us >= was->held_us;
}

static void add_trip(struct sum *s, uint32_t rtt_us, uint64_t weight)
{
	const uint64_t w = weight / 1024 + 1;
	s->rtt_sum += w * rtt_us;
	s->rtt_weight += w;
}

static void add_flow(struct sum *s, const struct passive_flow *was, const struct passive_flow *f,
		     uint64_t ms)
{
	const uint64_t acked = f->acked_bytes - was->acked_bytes;
	const uint64_t received = f->received_bytes - was->received_bytes;
	if (!acked && !received)
		return;
	s->flows++;
	s->acked += acked;
	s->received += received;
	s->sent += f->sent_bytes - was->sent_bytes;
	s->resent += f->resent_bytes - was->resent_bytes;
	s->pressed |= acked > FEW_BYTES && is_pressed(was, f, ms);
	s->streams |= received >= STREAM_BYTES && f->heard_ms_ago <= SILENT_MS;
	if (acked && f->rtt_us)
		add_trip(s, f->rtt_us, acked);
	else if (received >= WINDOWS_BYTES && f->receiver_rtt_us)
		add_trip(s, f->receiver_rtt_us, received);
	if (acked > FEW_BYTES && f->least_rtt_us && f->rtt_us > f->least_rtt_us &&
	    f->rtt_us - f->least_rtt_us > s->late_us)
		s->late_us = f->rtt_us - f->least_rtt_us;
}

static void take_sum(struct passive_line *l, const struct sum *s, uint64_t ms, uint64_t now_ms)
{
	l->flows = s->flows;
	if (!s->flows)
		return;
	l->seen_ms = now_ms;
	l->late_us = s->late_us;
	l->sent_bytes += s->sent;
	l->resent_bytes += s->resent;
	if (s->rtt_weight) {
		const uint32_t rtt_us = (uint32_t)(s->rtt_sum / s->rtt_weight);
		l->rtt_us = l->rtt_us ? (uint32_t)(((uint64_t)l->rtt_us + rtt_us) / 2) : rtt_us;
	}
	if (s->pressed)
		note_most(&l->up_kbps, s->acked * 8 / ms);
	if (s->streams)
		note_most(&l->down_kbps, s->received * 8 / ms);
}

/* A connection that is new tells its best round trip, and its bytes from the next look on. */
static void note_floor(struct passive_line *l, const struct passive_flow *f)
{
	if (f->least_rtt_us)
		note_least(&l->floor_us, f->least_rtt_us);
}

void passive_take(struct passive *p, const struct passive_flow *flows, size_t count,
		  uint64_t now_ms)
{
	struct sum sums[UPLINK_MAX] = { { 0 } };
	const uint64_t ms = p->looked_ms && now_ms > p->looked_ms ? now_ms - p->looked_ms : 0;
	const bool comparable = ms >= SHORT_MS && ms <= LONG_MS;
	count = count < PASSIVE_FLOWS ? count : PASSIVE_FLOWS;
	for (unsigned i = 0; i < UPLINK_MAX; i++)
		turn_slots(&p->lines[i], now_ms);
	for (size_t i = 0; i < count; i++) {
		const struct passive_flow *f = &flows[i], *was = find(p, f->id);
		if (f->line < 0 || f->line >= UPLINK_MAX)
			continue;
		note_floor(&p->lines[f->line], f);
		if (comparable && goes_on(was, f))
			add_flow(&sums[f->line], was, f, ms);
	}
	for (unsigned i = 0; i < UPLINK_MAX; i++)
		take_sum(&p->lines[i], &sums[i], ms, now_ms);
	memcpy(p->flows, flows, count * sizeof(*flows));
	p->flow_count = count;
	p->looked_ms = now_ms;
}

void passive_look(const struct passive *p, unsigned uplink, uint64_t now_ms,
		  struct passive_view *out)
{
	struct passive_line l = p->lines[uplink];
	*out = (struct passive_view){ .known = l.seen_ms != 0 };
	if (!out->known)
		return;
	turn_slots(&l, now_ms);
	out->age_ms = now_ms - l.seen_ms;
	out->fresh = out->age_ms <= PASSIVE_FRESH_MS;
	out->rtt_us = l.rtt_us;
	out->floor_us = least_of(&l.floor_us);
	out->late_us = out->fresh ? l.late_us : 0;
	out->up_kbps = most_of(&l.up_kbps);
	out->down_kbps = most_of(&l.down_kbps);
	if (l.sent_bytes >= ENOUGH_SENT)
		out->resent_ppm = (uint32_t)(l.resent_bytes * MILLION / l.sent_bytes);
	out->flows = out->fresh ? l.flows : 0;
}
