// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/line/traffic.h"

enum {
	SLOT_MS = 150,
	A_FEW_BYTES = 150, /* in two slots */
	ONE_ARP = 46,      /* told to a neighbour who asked */
	A_STREAM = 6000,   /* 20 kB/s and more */
	LONGEST_GAP_MS = 2000,
	ONE_IN = 100,
	MOST_CREDIT = 3000,
	LAST_WORD_MS =
		250, /* a connection's end follows its answer; then it is on the counters at the next look */
};

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* How many bytes came in within the last two slots. */
static uint32_t note_received(struct traffic *t, uint64_t received, uint64_t now_ms)
{
	uint64_t passed = now_ms - t->slot_ms;
	if (passed >= SLOT_MS) {
		t->before = passed < 2 * SLOT_MS ? t->now : 0;
		t->now = 0;
		t->slot_ms = now_ms;
	}
	t->now = (uint32_t)smaller(t->now + received, UINT32_MAX / 2);
	return t->now + t->before;
}

/* A stream that comes in gulps is not missed before a gulp is late. */
static void note_gap(struct traffic *t, uint64_t now_ms)
{
	uint64_t gap = t->heard_ms ? now_ms - t->heard_ms : 0;
	uint32_t faded = t->gap_ms - t->gap_ms / 16;
	t->gap_ms = gap <= LONGEST_GAP_MS && gap > faded ? (uint32_t)gap : faded;
}

/* A stream has the pauses that it had before, and half as much again. */
static uint64_t limit_of(const struct traffic *t, const struct traffic_limits *limits)
{
	uint64_t pause = t->gap_ms + t->gap_ms / 2;
	if (!t->loud)
		return limits->silence_ms;
	return pause > limits->stream_ms ? pause : limits->stream_ms;
}

bool traffic_see(struct traffic *t, uint64_t rx_bytes, uint64_t tx_bytes,
		 const struct traffic_limits *limits, uint64_t now_ms)
{
	/* A device that was plugged in again begins at zero. */
	uint64_t received = rx_bytes >= t->rx_bytes ? rx_bytes - t->rx_bytes : 0;
	uint64_t sent = tx_bytes >= t->tx_bytes ? tx_bytes - t->tx_bytes : 0;
	bool first = !t->counted;
	t->counted = true;
	t->rx_bytes = rx_bytes;
	t->tx_bytes = tx_bytes;
	if (first)
		return false;
	t->credit = (uint32_t)smaller(t->credit + (received + sent) / ONE_IN, MOST_CREDIT);
	if (now_ms > t->asked_until_ms)
		t->own = t->asked = 0;
	if (received <= t->own) {
		t->own -= (uint32_t)received;
		received = 0;
	}
	if (sent <= t->asked) {
		t->asked -= (uint32_t)sent;
		sent = 0;
	} else if (sent <= ONE_ARP) {
		sent = 0;
	}
	uint32_t lately = note_received(t, received, now_ms);
	/* What came in a moment ago says nothing about this one. */
	if (received && lately >= A_FEW_BYTES) {
		t->loud |= lately >= A_STREAM;
		note_gap(t, now_ms);
		t->heard_ms = now_ms;
		t->waiting_ms = 0;
		return false;
	}
	if (!t->waiting_ms && (sent || t->loud))
		t->waiting_ms = t->loud ? t->heard_ms : now_ms;
	return t->waiting_ms && now_ms - t->waiting_ms >= limit_of(t, limits);
}

bool traffic_at_rest(const struct traffic *t, uint64_t rx_bytes, uint64_t tx_bytes)
{
	return t->counted && t->rx_bytes == rx_bytes && t->tx_bytes == tx_bytes && !t->waiting_ms &&
	       !t->loud;
}

void traffic_told(struct traffic *t, uint64_t now_ms)
{
	t->asked_until_ms = now_ms + LAST_WORD_MS;
}

void traffic_forget_waiting(struct traffic *t)
{
	t->waiting_ms = 0;
	t->loud = false;
}
