// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stdint.h>

/*
 * Who has connected and is no visit yet. So many at most: for one more the oldest goes, of those whose address or IPv6 network
 * of 64 bits has most of them here, so that nobody shuts others out by saying nothing. Pure.
 */
enum { DOOR_MOST = 64 };

struct door {
	uint32_t count;
	struct {
		void *who;
		struct in6_addr from;
	} list[DOOR_MOST]; /* the oldest first */
};

/* Zeroed memory is an empty one. `who` is no more than a name. Answers who goes for him, and is here no more; NULL: nobody. */
void *door_enter(struct door *d, void *who, const struct in6_addr *from);
void door_leave(struct door *d, const void *who); /* who is not here: nothing */
