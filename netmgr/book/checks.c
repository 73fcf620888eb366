// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/book/checks.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { DAY_MIN = 1440, MOST_S = 30, UUID_BYTES = 16 };

void checks_begin(struct checks *c, int32_t day)
{
	memset(c, 0, sizeof(*c));
	c->day = day;
}

int64_t checks_minute(const struct checks *c, size_t nth)
{
	return (int64_t)c->day * DAY_MIN + (int64_t)nth * CHECKS_EVERY_MIN;
}

/* The line that carried most speaks for the school. */
static void add_up(struct check_result *r, const struct minute_row *row)
{
	const uint64_t bytes = row->rx_bytes + row->tx_bytes;
	if (r->connected && (bytes < r->bytes || (bytes == r->bytes && r->rtt_us)))
		return;
	*r = (struct check_result){
		.made = true, .connected = true, .rtt_us = row->rtt_us, .bytes = bytes
	};
}

static void add_down(struct check_result *r, const struct minute_row *row)
{
	r->made = true;
	if (!r->connected && !r->layer)
		r->layer = row->layer;
}

void checks_add(struct checks *c, const struct minute_row *row)
{
	const int64_t of_day = row->minute - (int64_t)c->day * DAY_MIN;
	if (of_day < 0 || of_day >= DAY_MIN || of_day % CHECKS_EVERY_MIN)
		return;
	struct check_result *r = &c->list[of_day / CHECKS_EVERY_MIN];
	if (row->seconds[UPLINK_CLASS_UP] >= MOST_S)
		add_up(r, row);
	else if (row->seconds[UPLINK_CLASS_DOWN] || row->seconds[UPLINK_CLASS_UP])
		add_down(r, row);
}

/* A number of our own making: version 8, variant of RFC 9562. */
static void write_uuid(uint8_t b[static UUID_BYTES], char out[static CHECKS_ID_ROOM])
{
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x80);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(out, CHECKS_ID_ROOM,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
		 b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		 b[15]);
}

void checks_id(const uint8_t box[static CHECKS_BOX_BYTES], int64_t minute,
	       char out[static CHECKS_ID_ROOM])
{
	uint8_t id[UUID_BYTES], bytes[8];
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)((uint64_t)minute >> 8 * i);
	(void)crypto_generichash(id, sizeof(id), bytes, sizeof(bytes), box, CHECKS_BOX_BYTES);
	write_uuid(id, out);
}

void checks_box_id(const uint8_t box[static CHECKS_BOX_BYTES], char out[static CHECKS_ID_ROOM])
{
	uint8_t id[UUID_BYTES];
	memcpy(id, box, sizeof(id));
	write_uuid(id, out);
}
