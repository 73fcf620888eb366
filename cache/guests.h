// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * How many connections each address has open at one worker, so that one device cannot take the whole door. Counted from
 * the moment a connection is accepted: a head that never comes is a connection, too. Phones of one school share the /64
 * of its network, so an IPv6 address counts whole. Nothing of an address stays when its last connection is closed.
 */
struct guests;

enum { GUESTS_ADDRESS_BYTES = 16 };

struct guest {
	uint8_t address[GUESTS_ADDRESS_BYTES]; /* guest_v4(), guest_v6() */
};

struct guest guest_v4(const void *four_bytes);
struct guest guest_v6(const void *sixteen_bytes); /* IPv4 in IPv6 is the same guest as in IPv4 */

/* For at most `connections` at a time; NULL without memory, or without randomness from the kernel. */
struct guests *guests_new(uint32_t connections);
void guests_free(struct guests *g); /* NULL is fine */

/*
 * 0: counted, and guests_leave() is owed. -EBUSY: the address has `limit` open already. -ENOSPC: more connections than
 * were said to guests_new(); not counted.
 */
int guests_enter(struct guests *g, const struct guest *who, uint32_t limit);
void guests_leave(struct guests *g, const struct guest *who);

uint32_t guests_open(const struct guests *g, const struct guest *who);
