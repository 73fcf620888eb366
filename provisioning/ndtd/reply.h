// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/record/hubecho.h"
#include "provisioning/ndtd/limit.h"

/*
 * What becomes of one datagram. Nothing is kept about who asked but the two limits, and these count only questions whose MAC
 * is right: whoever has no key is met with silence, and cannot use up what belongs to another by lying about his address. Pure.
 */
enum reply_end {
	REPLY_SEND,
	REPLY_NO_ASK,    /* not 36 bytes */
	REPLY_NO_KEY,    /* the MAC is not of a box of this hub */
	REPLY_BOX_OFTEN, /* one box asks too often */
	REPLY_NET_OFTEN, /* one address, or one IPv6 network, does */
	REPLY_ENDS
};

struct reply {
	uint8_t secret[HUBECHO_KEY];
	struct limit boxes, nets;
};

/* Of the limits' tables: random ones, two, drawn at each start. */
struct reply_seeds {
	uint8_t boxes[crypto_shorthash_KEYBYTES], nets[crypto_shorthash_KEYBYTES];
};

/* Before the first call; sodium_init() has succeeded. */
void reply_init(struct reply *r, const uint8_t secret[static HUBECHO_KEY], uint32_t per_box,
		uint32_t per_net, const struct reply_seeds *seeds);

/* `out` is written with REPLY_SEND only. `from` is an IPv6 address; IPv4 as ::ffff:a.b.c.d. */
enum reply_end reply_to(struct reply *r, const uint8_t *bytes, size_t len,
			const struct in6_addr *from, uint64_t now_ms,
			uint8_t out[static HUBECHO_ANSWER]);

/* Whoever sent this, and how many bytes of the address are one customer's: a host has a whole /64 of IPv6 to itself. */
struct in6_addr reply_asker(const struct sockaddr_storage *from);
size_t reply_net_bytes(const struct in6_addr *from);

const char *reply_end_name(enum reply_end end); /* "answered" … */
