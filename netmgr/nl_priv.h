// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "firmware/base/clean.h"

struct nl_msg;
struct nl_sock;

/* Shared by nl_net.c and nl_flows.c. */
struct nl_net {
	struct nl_sock *orders;
};

void nlpriv_free_msg(struct nl_msg *msg); /* NULL is fine */
void nlpriv_free_sock(struct nl_sock *sock);
CLEAN_FN(msg, struct nl_msg, nlpriv_free_msg)
CLEAN_FN(sock, struct nl_sock, nlpriv_free_sock)

/* 0 or a negative errno for libnl's result. */
int nlpriv_errno(int r);

/* Sends and waits for the acknowledgement. */
int nlpriv_ask(struct nl_sock *sock, struct nl_msg *msg);

/*
 * Sends a dump request on a socket of its own (a reader that ends early cannot upset other requests) and
 * calls `each` with every answer. A dump that was interrupted by a change is not repeated here: what it
 * missed shows at the next look.
 */
int nlpriv_dump(int protocol, struct nl_msg *msg, int (*each)(struct nl_msg *msg, void *data),
		void *data);
