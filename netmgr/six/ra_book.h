// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "netmgr/six/ra.h"

/*
 * What is known of one wire by what its routers said, and until when: each thing has its own time. Times are milliseconds
 * of clock_mono_ms(); UINT64_MAX: for ever. Pure.
 */
enum { RA_BOOK_ROUTERS = 4, RA_BOOK_NETS = 4, RA_BOOK_SERVERS = 4 };

struct ra_router {
	struct in6_addr address;
	uint64_t until_ms, heard_ms;
	int preference;
	uint32_t mtu;
};

struct ra_net {
	struct in6_addr prefix;
	unsigned len;
	bool autonomous;
	uint64_t on_link_ms, valid_ms, preferred_ms; /* until then; 0: not at all */
	uint64_t heard_ms;
};

struct ra_name_server {
	struct in6_addr address;
	uint64_t until_ms, heard_ms;
};

struct ra_book {
	struct ra_router routers[RA_BOOK_ROUTERS];
	size_t router_count;
	struct ra_net nets[RA_BOOK_NETS];
	size_t net_count;
	struct ra_name_server servers[RA_BOOK_SERVERS];
	size_t server_count;
};

void ra_book_take(struct ra_book *b, const struct in6_addr *from, const struct ra *ra,
		  uint64_t now_ms);

/* What is over is forgotten. Returns when something is over next, also that a prefix is preferred; UINT64_MAX never. */
uint64_t ra_book_pass(struct ra_book *b, uint64_t now_ms);

/* Another wire perhaps: what nobody has repeated since is forgotten. */
void ra_book_forget(struct ra_book *b, uint64_t since_ms);

/* The one that is preferred, the first of those; NULL: there is none. */
const struct ra_router *ra_book_router(const struct ra_book *b);

/* 0 when it is over, UINT32_MAX for ever. */
uint32_t ra_book_left_s(uint64_t until_ms, uint64_t now_ms);
