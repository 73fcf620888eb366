// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/book/chain.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

bool chain_begun(const uint8_t head[static EVIDENCE_HEAD_BYTES])
{
	return !sodium_is_zero(head, EVIDENCE_HEAD_BYTES);
}

int chain_line(const struct ledger_row *r, char out[static EVIDENCE_LINE_ROOM])
{
	struct evidence_row row = {
		.number = r->cursor,
		.minute = r->row.minute,
		.count = r->row.count,
		.seconds = { [EVIDENCE_UP] = r->row.seconds[UPLINK_CLASS_UP],
			     [EVIDENCE_DOWN] = r->row.seconds[UPLINK_CLASS_DOWN],
			     [EVIDENCE_UNPOWERED] = r->row.seconds[UPLINK_CLASS_UNPOWERED],
			     [EVIDENCE_UNKNOWN] = r->row.seconds[UPLINK_CLASS_UNKNOWN] },
		.rx_bytes = r->row.rx_bytes,
		.tx_bytes = r->row.tx_bytes,
		.rtt_us = r->row.rtt_us,
		.down_kbps = r->row.down_kbps,
	};
	snprintf(row.name, sizeof(row.name), "%s", r->uplink);
	snprintf(row.kind, sizeof(row.kind), "%s", uplink_kind_name((enum uplink_kind)r->kind));
	snprintf(row.fault, sizeof(row.fault), "%s",
		 uplink_layer_name((enum uplink_layer)r->row.layer));
	/* A name of several words is still one word of the line. */
	for (char *c = row.name; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			*c = '_';
	return evidence_write(&row, out);
}

static void link_rows(uint8_t head[static EVIDENCE_HEAD_BYTES], struct ledger_row *rows,
		      size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char line[EVIDENCE_LINE_ROOM];
		memset(rows[i].before, 0, sizeof(rows[i].before));
		if (chain_line(&rows[i], line) < 0)
			continue; /* its numbers are missing from the chain then, for all to see */
		memcpy(rows[i].before, head, EVIDENCE_HEAD_BYTES);
		evidence_link(head, line, strlen(line), head);
	}
}

void chain_go_on(const uint8_t head[static EVIDENCE_HEAD_BYTES], struct ledger_row *rows,
		 size_t count, struct mark *mark)
{
	memcpy(mark->before, head, sizeof(mark->before));
	if (count && !chain_begun(head))
		randombytes_buf(mark->before, sizeof(mark->before));
	memcpy(mark->head, mark->before, sizeof(mark->head));
	link_rows(mark->head, rows, count);
}

void chain_resume(const uint8_t before[static EVIDENCE_HEAD_BYTES], struct ledger_row *rows,
		  size_t count)
{
	uint8_t head[EVIDENCE_HEAD_BYTES];
	memcpy(head, before, sizeof(head));
	if (chain_begun(head))
		link_rows(head, rows, count);
}
