// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/holes.h"

#include <stddef.h>

#define STEP_US 1000000 /* a pause this long is looked at */
#define OWN_BYTES 4096  /* so much may lie between two packets for the container itself */

void holes_step(struct holes *h, int64_t begin_us, int64_t end_us, int64_t byte, int64_t bytes)
{
	const int64_t was_us = h->end_us, was_byte = h->end_byte;
	if (byte < 0 || bytes < 0)
		return;
	if (h->begun && begin_us > was_us && begin_us - was_us >= STEP_US &&
	    byte - was_byte >= OWN_BYTES && h->count < HOLES_MAX)
		h->at[h->count++] = (struct hole){ was_us, begin_us, was_byte, byte };
	if (!h->begun || end_us > was_us)
		h->end_us = end_us;
	h->end_byte = byte + bytes;
	h->begun = 1;
}

static int64_t common(int64_t a_from, int64_t a_to, int64_t b_from, int64_t b_to)
{
	int64_t from = a_from > b_from ? a_from : b_from, to = a_to < b_to ? a_to : b_to;
	return to > from ? to - from : 0;
}

static int64_t lost_of(const struct hole *a, const struct hole *b)
{
	int64_t us = common(a->from_us, a->to_us, b->from_us, b->to_us);
	int64_t bytes = common(a->from_byte, a->to_byte, b->from_byte, b->to_byte);
	return us >= STEP_US && bytes >= OWN_BYTES ? us : 0;
}

int64_t holes_lost_us(const struct holes *a, const struct holes *b)
{
	int64_t lost = 0;
	for (uint32_t i = 0; i < a->count; i++) {
		if (!b)
			lost += a->at[i].to_us - a->at[i].from_us;
		for (uint32_t k = 0; b && k < b->count; k++)
			lost += lost_of(&a->at[i], &b->at[k]);
	}
	return lost;
}
