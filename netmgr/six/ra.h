// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a router says of itself and its wire (RFC 4861, 4191, 8106), read from the bytes behind the IPv6 header, and the
 * question that makes it speak. What does not fit is left out: a wire has a handful of each. Pure.
 */
enum {
	RA_BYTES_MAX = 1500,
	RA_PREFIXES = 8,
	RA_SERVERS = 4,
	RA_SOLICIT_ROOM = 16,
	RA_MTU_MIN = 1280,
	RA_HOPS = 255, /* of whoever is on the same wire: no router in between has counted down */
};

#define RA_FOREVER UINT32_MAX

struct ra_prefix {
	struct in6_addr prefix; /* without any bits behind its length */
	unsigned len;
	bool on_link;    /* whoever is in it is on this wire */
	bool autonomous; /* a machine may choose an address in it */
	uint32_t valid_s, preferred_s;
};

struct ra_server {
	struct in6_addr address;
	uint32_t life_s;
};

struct ra {
	uint32_t router_s; /* 0: leads nowhere */
	int preference;    /* -1, 0 or 1 */
	uint32_t mtu;      /* 0: nothing is said */
	struct ra_prefix prefixes[RA_PREFIXES];
	size_t prefix_count;
	struct ra_server servers[RA_SERVERS];
	size_t server_count;
};

/* 0; -EBADMSG for what no router may send: all of it is to be dropped. */
int ra_parse(const uint8_t *bytes, size_t len, struct ra *out);

/* Whether it can have come from this very wire. */
bool ra_is_near(const struct in6_addr *from, int hop_limit);

/* A solicitation with the device's address on its wire (`mac_len` other than 6: without). Length; the kernel sums it up. */
size_t ra_solicit(const uint8_t *mac, size_t mac_len, uint8_t out[static RA_SOLICIT_ROOM]);

/*
 * How long to wait after a solicitation that nobody answered (RFC 7559): twice as long as before, an hour at most, give or
 * take a tenth. `before_ms` 0: after the first. `random` is any number.
 */
uint32_t ra_wait_ms(uint32_t before_ms, uint32_t random);
