// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stdint.h>

/*
 * Who measures now: so many in all, because they share the hub's own line and would measure each other, and so many from one
 * address or IPv6 network of 64 bits. Pure.
 */
enum { SEATS_MOST = 256 };

struct seats {
	uint32_t in_all, per_address;
	struct {
		uint32_t taken;
		struct in6_addr net;
	} list[SEATS_MOST];
};

void seats_init(struct seats *s, uint32_t in_all, uint32_t per_address);
/* The seat; -EAGAIN: all are taken; -EUSERS: this address has its share. IPv4 as ::ffff:a.b.c.d. */
int seats_take(struct seats *s, const struct in6_addr *from);
void seats_leave(struct seats *s, int seat); /* negative: nothing */
uint32_t seats_taken(const struct seats *s);
