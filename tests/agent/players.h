// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>

/*
 * The others on wasl-agentd's stage, in a process of their own: netmgrd and contentd on their
 * control sockets (below WASL_ROOT), which give out as many rows as they are told to, and a hub
 * on a free loopback port that verifies, links, opens and adds up what it gets, and answers well
 * or badly. All is set and read through shared memory.
 */
enum hub_does {
	HUB_COUNTS,       /* and gives a receipt */
	HUB_DROPS,        /* closes the connection, counts nothing */
	HUB_LOSES_ANSWER, /* counts, then closes the connection */
	HUB_TWICE,        /* two copies of the receipt */
	HUB_CUT,          /* a receipt without its end */
	HUB_FLIPPED,      /* one bit of the receipt is wrong */
	HUB_FORGED,       /* a receipt for everything, signed by a stranger; counts nothing */
	HUB_WRONG_ROLE,   /* the same, signed by the enrol role */
	HUB_REPLAYS,      /* the same, well signed, with the nonce of another question */
	HUB_OTHER_BOX,    /* the same, with our nonce, for another box; counts nothing */
	HUB_BUSY,         /* 503 and Retry-After */
	HUB_REFUSES,      /* 403 and a sentence */
	HUB_LOGIN_PAGE,   /* 200 and HTML: a captive portal */
	HUB_MISBEHAVES,   /* all of the above, one after the other */
	HUB_HOLDS,        /* counts, says nothing until `hold` is posted */
	HUB_TOO_FAR,      /* a receipt for more than there is */
	HUB_OTHER_PAST,   /* a receipt for another envelope */
	HUB_CLOSES,       /* counts nothing any more in this epoch and ends it */
	HUB_RESTORED,     /* from a backup of before the first report: forgets all, new ledger */
	HUB_NEW_KEY,      /* counts, signs with the receipt key of root 2 */
};

#define NEW_KEY \
	201 /* signs receipts and settings under root 2, in the place of the first of those of root 1 */

struct players {
	_Atomic int hub;
	_Atomic int64_t minutes, uses, events; /* rows that exist so far */
	_Atomic uint32_t settings_version;     /* of a set that comes with the receipt; 0: none */
	_Atomic unsigned settings_key;         /* its signer */
	_Atomic int offers;                    /* lessons own-0, own-1 … on offer */
	uint16_t port;
	uint8_t device_public[32]; /* of the box that reports */
	sem_t ready, asked, hold;  /* asked: posted at each request of the agent */
	sem_t told; /* posted when netmgrd was told a key for echoes; it refuses the first time */
	_Atomic unsigned tellings;
	char telling[256]; /* the last one */

	/* what the hub counted */
	_Atomic uint64_t up_s, down_s, rx_bytes, starts, got_events, envelopes, requests;
	_Atomic uint64_t through, forks, refused;
	_Atomic uint64_t offered, withdrawn; /* words about lessons */
	_Atomic uint32_t epoch;
};

#define PLAY_DAY 20780
#define PLAY_MINUTE0 (INT64_C(20780) * 1440)

/* Row `cursor` (from 1) of each list, so that both sides know the sums. */
static inline uint32_t play_up_s(int64_t cursor)
{
	return (uint32_t)(cursor % 7 ? 60 : 41);
}

static inline uint64_t play_rx_bytes(int64_t cursor)
{
	return (uint64_t)cursor * 3;
}

/* Never returns: the child's main(). */
void players_run(struct players *stage) __attribute__((noreturn));
