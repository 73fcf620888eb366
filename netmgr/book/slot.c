// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/book/slot.h"

#include <errno.h>
#include <string.h>

#include "firmware/base/crc32c.h"

enum {
	MARK_UNCHAINED = 1, /* of before there was a chain */
	MARK_RATELESS = 2,  /* of before rates were kept */
	MARK_VERSION = 3
};

static const char magic[8] = { 'w', 'a', 's', 'l', 'm', 'i', 'n', '1' };

/* Writer and reader with a sticky error: checked once, at the end. */
struct put {
	uint8_t *at;
	size_t room, used;
};

struct take {
	const uint8_t *at;
	size_t left;
	bool bad;
};

static void put_bytes(struct put *p, const void *bytes, size_t len)
{
	if (len <= p->room - p->used)
		memcpy(p->at + p->used, bytes, len);
	p->used += len <= p->room - p->used ? len : 0;
}

static void put_int(struct put *p, uint64_t value, unsigned width)
{
	uint8_t bytes[8];
	for (unsigned i = 0; i < width; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
	put_bytes(p, bytes, width);
}

static void take_bytes(struct take *t, void *out, size_t len)
{
	if (t->bad || len > t->left) {
		t->bad = true;
		memset(out, 0, len);
		return;
	}
	memcpy(out, t->at, len);
	t->at += len;
	t->left -= len;
}

static uint64_t take_int(struct take *t, unsigned width)
{
	uint8_t bytes[8];
	uint64_t value = 0;
	take_bytes(t, bytes, width);
	for (unsigned i = 0; i < width; i++)
		value |= (uint64_t)bytes[i] << 8 * i;
	return value;
}

static uint64_t take_up_to(struct take *t, unsigned width, uint64_t max)
{
	uint64_t value = take_int(t, width);
	t->bad |= value > max;
	return value <= max ? value : 0;
}

/* Fixed room, NUL-terminated within it. */
static void take_text(struct take *t, char *out, size_t room)
{
	take_bytes(t, out, room);
	t->bad |= memchr(out, '\0', room) == NULL;
	out[room - 1] = '\0';
}

static void put_line(struct put *p, const struct mark_line *line)
{
	put_bytes(p, line->name, sizeof(line->name));
	put_int(p, line->kind, 1);
	put_int(p, line->life, 1);
	put_bytes(p, line->seconds, sizeof(line->seconds));
	put_int(p, (uint32_t)line->meter.period, 4);
	put_int(p, line->meter.rx_bytes, 8);
	put_int(p, line->meter.tx_bytes, 8);
	put_int(p, line->meter.raw_rx, 8);
	put_int(p, line->meter.raw_tx, 8);
	put_int(p, line->meter.allowance_bytes, 8);
}

static void take_line(struct take *t, struct mark_line *line)
{
	memset(line, 0, sizeof(*line));
	take_text(t, line->name, sizeof(line->name));
	line->kind = (uint8_t)take_up_to(t, 1, UPLINK_OTHER);
	line->life = (uint8_t)take_up_to(t, 1, MARK_ENDED);
	take_bytes(t, line->seconds, sizeof(line->seconds));
	line->meter.period = (int32_t)take_int(t, 4);
	line->meter.rx_bytes = take_int(t, 8);
	line->meter.tx_bytes = take_int(t, 8);
	line->meter.raw_rx = take_int(t, 8);
	line->meter.raw_tx = take_int(t, 8);
	line->meter.allowance_bytes = take_int(t, 8);
}

static void put_mark(struct put *p, const struct mark *mark)
{
	put_int(p, MARK_VERSION, 2);
	put_int(p, (uint64_t)mark->gap.named_s, 8);
	put_bytes(p, mark->gap.boot_id, sizeof(mark->gap.boot_id));
	put_int(p, mark->gap.boottime_ms, 8);
	put_int(p, mark->gap.ending, 1);
	put_int(p, mark->gap.synced, 1);
	put_int(p, mark->ever_synced, 1);
	put_int(p, mark->proved_cut, 1);
	put_int(p, mark->boots, 4);
	put_int(p, (uint64_t)mark->next_cursor, 8);
	put_int(p, (uint64_t)mark->next_event, 8);
	for (size_t i = 0; i < MINUTES_LINES; i++)
		put_line(p, &mark->lines[i]);
	put_bytes(p, mark->before, sizeof(mark->before));
	put_bytes(p, mark->head, sizeof(mark->head));
	for (size_t i = 0; i < MINUTES_LINES; i++) {
		put_int(p, mark->lines[i].rate.up_kbps, 4);
		put_int(p, (uint64_t)mark->lines[i].rate.at_s, 8);
	}
}

static void take_mark(struct take *t, struct mark *mark)
{
	memset(mark, 0, sizeof(*mark));
	uint64_t version = take_int(t, 2);
	t->bad |= version < MARK_UNCHAINED || version > MARK_VERSION;
	mark->gap.named_s = (int64_t)take_up_to(t, 8, INT64_MAX / 2);
	take_bytes(t, mark->gap.boot_id, sizeof(mark->gap.boot_id));
	mark->gap.boottime_ms = take_int(t, 8);
	mark->gap.ending = (enum gap_ending)take_up_to(t, 1, GAP_REBOOT);
	mark->gap.synced = take_up_to(t, 1, 1);
	mark->ever_synced = take_up_to(t, 1, 1);
	mark->proved_cut = take_up_to(t, 1, 1);
	mark->boots = (uint32_t)take_int(t, 4);
	mark->next_cursor = (int64_t)take_up_to(t, 8, INT64_MAX / 2);
	mark->next_event = (int64_t)take_up_to(t, 8, INT64_MAX / 2);
	for (size_t i = 0; i < MINUTES_LINES; i++)
		take_line(t, &mark->lines[i]);
	if (version == MARK_UNCHAINED)
		return;
	take_bytes(t, mark->before, sizeof(mark->before));
	take_bytes(t, mark->head, sizeof(mark->head));
	for (size_t i = 0; version > MARK_RATELESS && i < MINUTES_LINES; i++) {
		mark->lines[i].rate.up_kbps = (uint32_t)take_int(t, 4);
		mark->lines[i].rate.at_s = (int64_t)take_up_to(t, 8, INT64_MAX / 2);
	}
}

static void put_row(struct put *p, const struct ledger_row *row)
{
	put_int(p, (uint64_t)row->cursor, 8);
	put_int(p, (uint64_t)row->row.minute, 8);
	put_int(p, row->row.count, 4);
	put_int(p, row->row.line, 1);
	put_bytes(p, row->row.seconds, sizeof(row->row.seconds));
	put_int(p, row->row.rx_bytes, 8);
	put_int(p, row->row.tx_bytes, 8);
	put_int(p, row->row.rtt_us, 4);
	put_int(p, row->row.down_kbps, 4);
	put_int(p, row->row.layer, 1);
}

static void take_row(struct take *t, const struct mark *mark, struct ledger_row *row)
{
	unsigned sum = 0;
	row->cursor = (int64_t)take_up_to(t, 8, INT64_MAX / 2);
	row->row.minute = (int64_t)take_up_to(t, 8, INT64_MAX / 120);
	row->row.count = (uint32_t)take_int(t, 4);
	row->row.line = (uint8_t)take_up_to(t, 1, MINUTES_LINES - 1);
	take_bytes(t, row->row.seconds, sizeof(row->row.seconds));
	for (int c = 0; c < UPLINK_CLASSES; c++)
		sum += row->row.seconds[c];
	row->row.rx_bytes = take_int(t, 8);
	row->row.tx_bytes = take_int(t, 8);
	row->row.rtt_us = (uint32_t)take_int(t, 4);
	row->row.down_kbps = (uint32_t)take_int(t, 4);
	row->row.layer = (uint8_t)take_up_to(t, 1, UPLINK_LAYERS - 1);
	t->bad |= sum != 60 || row->row.count == 0;
	memcpy(row->uplink, mark->lines[row->row.line].name, sizeof(row->uplink));
	row->kind = mark->lines[row->row.line].kind;
}

static void put_event(struct put *p, const struct ledger_event *event)
{
	put_int(p, (uint64_t)event->cursor, 8);
	put_int(p, (uint64_t)event->at_s, 8);
	put_bytes(p, event->kind, sizeof(event->kind));
	put_bytes(p, event->subject, sizeof(event->subject));
	put_bytes(p, event->reason, sizeof(event->reason));
}

static void take_event(struct take *t, struct ledger_event *event)
{
	event->cursor = (int64_t)take_up_to(t, 8, INT64_MAX / 2);
	event->at_s = (int64_t)take_up_to(t, 8, INT64_MAX / 2);
	take_text(t, event->kind, sizeof(event->kind));
	take_text(t, event->subject, sizeof(event->subject));
	take_text(t, event->reason, sizeof(event->reason));
}

void slot_encode(const struct slot *slot, uint8_t out[static SLOT_BYTES])
{
	struct put p = { .at = out, .room = SLOT_BYTES - 4 };
	memset(out, 0, SLOT_BYTES);
	put_bytes(&p, magic, sizeof(magic));
	put_int(&p, slot->seq, 8);
	put_int(&p, slot->row_count, 1);
	put_int(&p, slot->event_count, 1);
	put_mark(&p, &slot->mark);
	for (size_t i = 0; i < slot->row_count; i++)
		put_row(&p, &slot->rows[i]);
	for (size_t i = 0; i < slot->event_count; i++)
		put_event(&p, &slot->events[i]);
	struct put end = { .at = out + SLOT_BYTES - 4, .room = 4 };
	put_int(&end, crc32c(0, out, SLOT_BYTES - 4), 4);
}

int slot_decode(const uint8_t *bytes, size_t len, struct slot *out)
{
	static const uint8_t never[sizeof(magic)];
	if (len != SLOT_BYTES)
		return -EBADMSG;
	if (memcmp(bytes, never, sizeof(never)) == 0)
		return -ENODATA;
	struct take end = { .at = bytes + SLOT_BYTES - 4, .left = 4 };
	if (memcmp(bytes, magic, sizeof(magic)) != 0 ||
	    take_int(&end, 4) != crc32c(0, bytes, SLOT_BYTES - 4))
		return -EBADMSG;

	memset(out, 0, sizeof(*out));
	struct take t = { .at = bytes + sizeof(magic), .left = SLOT_BYTES - 4 - sizeof(magic) };
	out->seq = take_int(&t, 8);
	out->row_count = take_up_to(&t, 1, SLOT_ROWS);
	out->event_count = take_up_to(&t, 1, SLOT_EVENTS);
	take_mark(&t, &out->mark);
	for (size_t i = 0; i < out->row_count; i++)
		take_row(&t, &out->mark, &out->rows[i]);
	for (size_t i = 0; i < out->event_count; i++)
		take_event(&t, &out->events[i]);
	return t.bad ? -EBADMSG : 0;
}

size_t slot_encode_mark(const struct mark *mark, uint8_t out[static SLOT_MARK_BYTES])
{
	struct put p = { .at = out, .room = SLOT_MARK_BYTES };
	put_mark(&p, mark);
	return p.used;
}

int slot_decode_mark(const uint8_t *bytes, size_t len, struct mark *out)
{
	struct take t = { .at = bytes, .left = len };
	take_mark(&t, out);
	return t.bad || t.left ? -EBADMSG : 0;
}

/* What is written for a full house must fit. */
_Static_assert(8 + 8 + 2 +
			       (2 + 8 + 16 + 8 + 4 + 4 + 16 +
				MINUTES_LINES * (UPLINK_NAME_ROOM + 6 + 4 + 40 + 12) +
				2 * EVIDENCE_HEAD_BYTES) +
			       SLOT_ROWS * 50 +
			       SLOT_EVENTS * (16 + EVENT_KIND_ROOM + UPLINK_NAME_ROOM +
					      EVENT_REASON_ROOM) <=
		       SLOT_BYTES - 4,
	       "a slot is too small");
