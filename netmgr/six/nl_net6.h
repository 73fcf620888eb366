// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stdint.h>

#include "netmgr/kernel/nl_net.h"
#include "netmgr/six/plan6.h"

/* The same as nl_net.h, of IPv6. */
struct nl6_address {
	struct in6_addr address;
	unsigned len;
	uint32_t valid_s, preferred_s; /* UINT32_MAX: for ever */
};

/* Put again, its times begin anew. The kernel has no route from it, and asks the wire first whether somebody has it. */
int nl_net6_address(struct nl_net *n, enum nl_order order, int ifindex,
		    const struct nl6_address *address, struct fault *why);

/* What became of an address that was put. */
enum nl6_state {
	NL6_GONE,   /* taken away, or somebody on the wire has it */
	NL6_ASKING, /* the kernel asks the wire: nobody may have it yet */
	NL6_READY,
};
enum nl6_state nl_net6_address_state(int ifindex, const struct in6_addr *address);

int nl_net6_route(struct nl_net *n, enum nl_order order, const struct plan6_route *route,
		  struct fault *why);

/* Puts what is missing, removes what is ours and not in the plan (plan6_spares()); what is right already stays untouched. */
int nl_net6_settle(struct nl_net *n, const struct plan6 *plan, struct fault *why);

/* NUD_ state of a neighbour; 0 when there is no entry. */
int nl_net6_neighbour(int ifindex, const struct in6_addr *address);

/* nl_net_release_own() for an address of this family. */
int nl_net6_release_own(const struct in6_addr *address, uint32_t mark, unsigned *count);
