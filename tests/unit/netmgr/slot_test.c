// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/book/slot.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A full house: every line used, every row and event. */
static void full(struct slot *s)
{
	memset(s, 0, sizeof(*s));
	s->seq = 77;
	s->mark.gap = (struct gap_mark){ .named_s = 1795608017,
					 .boot_id = { 9 },
					 .boottime_ms = 12345,
					 .ending = GAP_REBOOT,
					 .synced = true };
	s->mark.ever_synced = true;
	s->mark.boots = 3;
	s->mark.next_cursor = 1000;
	s->mark.next_event = 17;
	for (unsigned i = 0; i < MINUTES_LINES; i++) {
		struct mark_line *l = &s->mark.lines[i];
		snprintf(l->name, sizeof(l->name), "an-uplink-with-a-long-name-%02u", i);
		l->kind = UPLINK_SATELLITE;
		l->life = i % 3;
		l->seconds[UPLINK_CLASS_UP] = 17;
		l->meter = (struct meter){ .period = -5,
					   .rx_bytes = UINT64_MAX,
					   .tx_bytes = i,
					   .raw_rx = 1,
					   .raw_tx = 2,
					   .allowance_bytes = 3 };
		l->rate = (struct mark_rate){ .up_kbps = UINT32_MAX - i, .at_s = 1795608000 };
		struct ledger_row *r = &s->rows[i];
		r->cursor = 900 + i;
		r->row = (struct minute_row){ .minute = 29926800,
					      .count = 1,
					      .line = (uint8_t)i,
					      .seconds = { 50, 10 },
					      .rx_bytes = 5,
					      .tx_bytes = 6,
					      .rtt_us = 7,
					      .down_kbps = 8,
					      .layer = UPLINK_LAYER_ISP };
		memcpy(r->uplink, l->name, sizeof(r->uplink));
		r->kind = l->kind;
	}
	s->row_count = SLOT_ROWS;
	for (unsigned i = 0; i < SLOT_EVENTS; i++) {
		struct ledger_event *e = &s->events[i];
		*e = (struct ledger_event){ .cursor = 11 + i, .at_s = 1795608000 };
		snprintf(e->kind, sizeof(e->kind), "uplink.down");
		snprintf(e->subject, sizeof(e->subject), "adsl");
		snprintf(e->reason, sizeof(e->reason), "ISP");
	}
	s->event_count = SLOT_EVENTS;
}

static void comes_back_as_it_was(void **state)
{
	(void)state;
	static struct slot in, out;
	uint8_t first[SLOT_BYTES], again[SLOT_BYTES], mark[SLOT_MARK_BYTES],
		mark_again[SLOT_MARK_BYTES];
	full(&in);
	slot_encode(&in, first);
	assert_int_equal(slot_decode(first, sizeof(first), &out), 0);
	slot_encode(&out, again);
	assert_memory_equal(first, again, sizeof(first));
	assert_string_equal(out.rows[15].uplink, in.rows[15].uplink);
	assert_int_equal(out.rows[15].row.seconds[UPLINK_CLASS_DOWN], 10);
	assert_int_equal(out.mark.lines[3].meter.period, -5);
	assert_int_equal(out.mark.lines[3].rate.up_kbps, UINT32_MAX - 3);
	assert_string_equal(out.events[5].reason, "ISP");

	struct mark back;
	size_t len = slot_encode_mark(&in.mark, mark);
	assert_int_equal(slot_decode_mark(mark, len, &back), 0);
	assert_int_equal(slot_encode_mark(&back, mark_again), len);
	assert_memory_equal(mark, mark_again, len);
	assert_int_equal(slot_decode_mark(mark, len - 1, &back), -EBADMSG);
	assert_int_equal(slot_decode_mark(mark, 0, &back), -EBADMSG);

	/* Of before rates were kept. */
	const size_t before = len - MINUTES_LINES * 12;
	mark[0] = 2;
	assert_int_equal(slot_decode_mark(mark, before, &back), 0);
	assert_int_equal(back.lines[15].rate.up_kbps | back.lines[15].rate.at_s, 0);
	assert_memory_equal(back.head, in.mark.head, sizeof(back.head));
	mark[0] = 4;
	assert_int_equal(slot_decode_mark(mark, len, &back), -EBADMSG);
}

static void refuses_every_wrong_bit(void **state)
{
	(void)state;
	static struct slot in, out;
	uint8_t bytes[SLOT_BYTES];
	full(&in);
	slot_encode(&in, bytes);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] ^= (uint8_t)(1u << i % 8);
		if (slot_decode(bytes, sizeof(bytes), &out) != -EBADMSG)
			fail_msg("byte %zu", i);
		bytes[i] ^= (uint8_t)(1u << i % 8);
	}
	/* Torn: the first half new, the second half old. */
	static struct slot old;
	uint8_t before[SLOT_BYTES];
	full(&old);
	old.seq = 13;
	slot_encode(&old, before);
	memcpy(before, bytes, SLOT_BYTES / 2);
	assert_int_equal(slot_decode(before, sizeof(before), &out), -EBADMSG);
	assert_int_equal(slot_decode(bytes, SLOT_BYTES - 1, &out), -EBADMSG);
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(slot_decode(bytes, sizeof(bytes), &out), -ENODATA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back_as_it_was),
		cmocka_unit_test(refuses_every_wrong_bit),
	};
	return cmocka_run_group_tests_name("netmgr/slot", tests, NULL, NULL);
}
