// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

struct fault;
struct sd_event;

/*
 * Listens to the routers of one wire, and asks them (RFC 4861 6.3.7, RFC 7559) until one answers that leads somewhere. The
 * kernel is not asked: where it forwards it hears no router, and elsewhere it would put routes where every line's are.
 */
struct ra_wire;

enum ra_heard { RA_ASK_ON, RA_ANSWERED };

/* `heard` is called from the loop with what came from this very wire, as far as it can be told, and not yet parsed. */
int ra_wire_open(struct sd_event *loop, int ifindex, const char *device,
		 enum ra_heard (*heard)(void *data, const struct in6_addr *from,
					const uint8_t *bytes, size_t len),
		 void *data, struct ra_wire **out, struct fault *why);
void ra_wire_close(struct ra_wire *w); /* NULL is fine */

/* Asks anew, from the beginning: the cable was out. */
void ra_wire_ask(struct ra_wire *w);
