// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>

/*
 * The others on wasl-provisiond's stage, in a process of their own: agentd on its control socket (below
 * WASL_ROOT) and a hub on a free loopback port. What they do is set through shared memory, and what
 * happened to them is told through a pipe, one letter each.
 */
enum hub_does {
	HUB_GRANTS,
	HUB_DROPS,       /* closes the connection */
	HUB_HOLDS,       /* says nothing until `hold` is posted, then grants */
	HUB_LOGIN_PAGE,  /* 200 and HTML: a captive portal */
	HUB_BUSY,        /* 503 with a sentence */
	HUB_SAYS_SPENT,  /* 409 with a sentence */
	HUB_OTHER_NONCE, /* grants that must not be taken */
	HUB_OTHER_BOX,
	HUB_OTHER_SCHOOL,
	HUB_FORGED,
};
enum agent_does {
	AGENT_KEEPS,
	AGENT_FULL,         /* 507 to the grant */
	AGENT_KEEPS_SILENT, /* keeps the grant and never answers */
};

struct players {
	_Atomic int hub, agent;
	_Atomic int enrolled, requests, grants;
	uint16_t port;
	sem_t hold;
};

#define PLAYER_READY 'r'
#define PLAYER_ASKED 'a'   /* the hub has an enrol request in hand */
#define PLAYER_GRANTED 'g' /* agentd has kept a grant */

/* Never returns: the child's main(). */
void players_run(struct players *stage, int tell) __attribute__((noreturn));
