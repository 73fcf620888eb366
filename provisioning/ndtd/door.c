// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/ndtd/door.h"

#include <stdbool.h>
#include <string.h>

#include "provisioning/ndtd/reply.h"

static bool are_one(const struct in6_addr *a, const struct in6_addr *b)
{
	const size_t len = reply_net_bytes(a);
	return len == reply_net_bytes(b) && memcmp(a, b, len) == 0;
}

static void remove_at(struct door *d, uint32_t at)
{
	d->count--;
	memmove(&d->list[at], &d->list[at + 1], (d->count - at) * sizeof(d->list[0]));
}

static uint32_t who_goes(const struct door *d)
{
	uint32_t goes = 0, most = 0;
	for (uint32_t i = 0; i < d->count; i++) {
		uint32_t beside = 0;
		for (uint32_t k = 0; k < d->count; k++)
			beside += are_one(&d->list[i].from, &d->list[k].from);
		if (beside > most) {
			most = beside;
			goes = i;
		}
	}
	return goes;
}

void *door_enter(struct door *d, void *who, const struct in6_addr *from)
{
	void *goes = NULL;
	if (d->count == DOOR_MOST) {
		const uint32_t at = who_goes(d);
		goes = d->list[at].who;
		remove_at(d, at);
	}
	d->list[d->count].who = who;
	d->list[d->count].from = *from;
	d->count++;
	return goes;
}

void door_leave(struct door *d, const void *who)
{
	for (uint32_t i = 0; i < d->count; i++) {
		if (d->list[i].who == who) {
			remove_at(d, i);
			return;
		}
	}
}
