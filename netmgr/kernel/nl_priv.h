// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/base/clean.h"

struct inet_diag_sockid;
struct nl_batch;
struct nl_msg;
struct nl_sock;
struct nlmsghdr;

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

/* Room for one more of `size` bytes in the list at `list_at`; what was there stays. 0 or -ENOMEM. */
int nlpriv_grow(void *list_at, size_t *room, size_t count, size_t size);

/* What takes a dump in: `each` is given every answer, `begin` comes before the first (NULL: nothing to forget). */
struct nlpriv_reader {
	int (*each)(struct nl_msg *msg, void *data);
	void (*begin)(void *data);
	void *data;
};

/*
 * Sends a dump request on a socket of its own (a reader that ends early cannot upset other requests). The kernel is
 * held to the fields of the request, so that only what matches crosses over. A dump that was interrupted by a change
 * is worth nothing and is begun anew; -EAGAIN when that never ends.
 */
int nlpriv_dump(int protocol, struct nl_msg *msg, const struct nlpriv_reader *reader);

/* Which uplink a connection of the box goes over stands in its tracked twin: two uplinks may have the same address. */
int nlpriv_ask_mark(struct nl_batch *ask, int family, const struct inet_diag_sockid *id);
uint32_t nlpriv_read_mark(struct nlmsghdr *answer); /* PLAN_MARK_UPLINK bits; 0 none */
