// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/sim/lane.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_MIN = 16 << 10, ROOM_FREE = 64 << 10, ROOM_MAX = 1 << 20, SLACK_MS = 50 };

size_t lane_room_for(const struct lane_rate *rate)
{
	if (!rate->bytes_per_s)
		return rate->delay_us ? ROOM_MAX : ROOM_FREE;
	uint64_t on_the_way = rate->bytes_per_s * (rate->delay_us / 1000 + SLACK_MS) / 1000;
	return on_the_way < ROOM_MIN   ? ROOM_MIN
	       : on_the_way > ROOM_MAX ? ROOM_MAX
				       : (size_t)on_the_way;
}

int lane_init(struct lane *l, size_t room)
{
	memset(l, 0, sizeof(*l));
	l->bytes = malloc(room);
	if (!l->bytes)
		return -ENOMEM;
	l->room = room;
	return 0;
}

void lane_done(struct lane *l)
{
	free(l->bytes);
	memset(l, 0, sizeof(*l));
}

void *lane_space(struct lane *l, size_t *len)
{
	size_t end = (l->begin + l->used) % l->room;
	size_t contiguous = l->used == l->room ? 0
			    : end >= l->begin  ? l->room - end
					       : l->begin - end;
	*len = l->count == LANE_PIECES ? 0 : contiguous;
	return l->bytes + end;
}

void lane_put(struct lane *l, struct lane_rate *rate, size_t len, uint64_t now_us)
{
	if (rate->free_at_us < now_us)
		rate->free_at_us = now_us;
	if (rate->bytes_per_s)
		rate->free_at_us += len * UINT64_C(1000000) / rate->bytes_per_s;
	size_t at = (l->first + l->count) % LANE_PIECES;
	l->pieces[at].len = len;
	l->pieces[at].due_us = rate->free_at_us + rate->delay_us;
	l->count++;
	l->used += len;
}

const void *lane_ready(const struct lane *l, uint64_t now_us, size_t *len)
{
	size_t ready = 0;
	for (size_t i = 0; i < l->count; i++) {
		size_t at = (l->first + i) % LANE_PIECES;
		if (l->pieces[at].due_us > now_us)
			break;
		ready += l->pieces[at].len;
	}
	*len = ready < l->room - l->begin ? ready : l->room - l->begin;
	return l->bytes + l->begin;
}

void lane_take(struct lane *l, size_t len)
{
	l->begin = (l->begin + len) % l->room;
	l->used -= len;
	while (len) {
		size_t n = len < l->pieces[l->first].len ? len : l->pieces[l->first].len;
		l->pieces[l->first].len -= n;
		len -= n;
		if (l->pieces[l->first].len)
			break;
		l->first = (l->first + 1) % LANE_PIECES;
		l->count--;
	}
}

uint64_t lane_due_us(const struct lane *l)
{
	return l->count ? l->pieces[l->first].due_us : UINT64_MAX;
}

bool lane_empty(const struct lane *l)
{
	return l->count == 0;
}
