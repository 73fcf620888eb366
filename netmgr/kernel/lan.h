// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which network a classroom has. Routers of providers come with a handful of networks (192.168.1.0/24 above all), and
 * a classroom that has the same one makes both sides unreachable: so it is the classroom that moves, to a network
 * that no uplink has, and it stays there until the next collision. Pure.
 */
struct lan_net {
	struct in_addr address; /* of the box in it, or any other in it */
	unsigned len;           /* 1 to 32; 0: none */
};

enum {
	LAN_WISHES = 8,    /* a list in the configuration */
	LAN_LEN_MIN = 16,  /* a classroom's network: from 65,534 */
	LAN_LEN_MAX = 29,  /* to 6 machines */
	LAN_NET_ROOM = 20, /* "255.255.255.255/32" */
	LAN_PACE =
		4, /* moves in LAN_PACE_MS: a provider that hands out another network each time drives nobody on */
	LAN_PACE_MS = 3600000,
};

bool lan_overlap(const struct lan_net *a, const struct lan_net *b);
bool lan_same(const struct lan_net *a, const struct lan_net *b);

/* Private (RFC 1918), of a classroom's size, and the address is one that a machine can have. */
bool lan_good(const struct lan_net *n);

/* "172.27.203.1/24 10.203.77.1/24": how many, at least one; -EINVAL when a word is no lan_good() network or there are too many. */
int lan_read_list(const char *text, struct lan_net out[static LAN_WISHES]);

void lan_write(const struct lan_net *n, char out[static LAN_NET_ROOM]); /* "172.27.203.1/24" */
void lan_write_network(const struct lan_net *n,
		       char out[static LAN_NET_ROOM]); /* "172.27.203.0/24" */

struct lan_ground {
	const struct lan_net *
		wishes; /* in order of liking, at least one; the first says how large a network is */
	size_t wish_count;
	const struct lan_net *taken; /* what uplinks and the other networks of the box have now */
	size_t taken_count;
	const struct lan_net
		*lately; /* what uplinks had last: avoided where something else is free */
	size_t lately_count;
};

enum lan_choice {
	LAN_STAYS,
	LAN_MOVES,   /* to *out */
	LAN_NOWHERE, /* the uplinks have everything: it stays, and collides */
};

/* `now` NULL or of length 0: there is none yet. The first wish that is free, else the highest free private network. */
enum lan_choice lan_choose(const struct lan_net *now, const struct lan_ground *ground,
			   struct lan_net *out);

/* The moves of one network, for the bound above. */
struct lan_pace {
	uint64_t at_ms[LAN_PACE]; /* 0: none */
};

bool lan_pace_allows(const struct lan_pace *p, uint64_t now_ms);
void lan_pace_note(struct lan_pace *p, uint64_t now_ms);
