// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "netmgr/kernel/lan.h"

/*
 * The nftables text that tells apart what comes in over a line, and leads it to the device where it is queued. Pure.
 *
 * Nothing in an arriving packet says who waits: providers bleach DSCP. So a flow has the class of what leaves by it: after
 * NAT its protocol, far address and ports are noted in a set of its class (chain leave), and what arrives from there bears the class as its
 * priority, by which HTB chooses (chain arrive). `fwd` leads it on from there, before anybody else sees it: packets that a
 * filter of tc mirrored pass no hook on the device that they are led to (Linux: nf_skip_egress). One table a line, netdev by its
 * family and named as the device that queues, so that a line whose device is not there spoils no other's rules. A flow that
 * is noted twice has the better of its classes until the other was not seen for half a minute.
 */
struct arrive {
	char device[16]; /* of the line */
	int ifindex;
	char ifb[16]; /* where it is queued */
	bool shared; /* people are on the line's own wire: what they send did not come over the line, and is let by */
	struct lan_net wire; /* with shared: their network; len 0: not known */
};

/* ARRIVE_KEEP: the flows that are known stay known; the chains must be of the same device. */
enum arrive_how { ARRIVE_KEEP, ARRIVE_ANEW };

/* One transaction. Length, or -ENOSPC. */
enum { ARRIVE_ROOM = 8192 };
int arrive_nft(const struct arrive *a, enum arrive_how how, char out[static ARRIVE_ROOM]);

/* Takes it away, whether or not it is there. */
int arrive_nft_none(const char *ifb, char out[static ARRIVE_ROOM]);

/* "chain netdev waslin0 arrive_3": is there where an earlier life's rules are of the same device. */
int arrive_chain(const struct arrive *a, char out[static ARRIVE_ROOM]);
