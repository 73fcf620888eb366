// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/ndtd/seats.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "provisioning/ndtd/reply.h"

void seats_init(struct seats *s, uint32_t in_all, uint32_t per_address)
{
	memset(s, 0, sizeof(*s));
	s->in_all = in_all < SEATS_MOST ? in_all : SEATS_MOST;
	s->per_address = per_address;
}

int seats_take(struct seats *s, const struct in6_addr *from)
{
	uint32_t beside = 0;
	int free_one = -EAGAIN;
	for (int i = (int)s->in_all - 1; i >= 0; i--) {
		if (!s->list[i].taken)
			free_one = i;
		else if (memcmp(&s->list[i].net, from, reply_net_bytes(from)) == 0)
			beside++;
	}
	if (beside >= s->per_address)
		return -EUSERS;
	if (free_one < 0)
		return free_one;
	s->list[free_one].taken = 1;
	s->list[free_one].net = *from;
	return free_one;
}

void seats_leave(struct seats *s, int seat)
{
	if (seat >= 0)
		s->list[seat].taken = 0;
}

uint32_t seats_taken(const struct seats *s)
{
	uint32_t taken = 0;
	for (uint32_t i = 0; i < s->in_all; i++)
		taken += s->list[i].taken;
	return taken;
}
