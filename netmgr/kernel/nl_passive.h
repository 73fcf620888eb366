// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "netmgr/line/passive.h"
#include "netmgr/kernel/plan.h"

/* Addresses of the box that lead beyond it. */
struct nl_passive_ends {
	const struct plan_uplink *uplinks;
	size_t uplink_count;
	const struct in6_addr *six; /* each on a wire of 64 bits, RFC 4291 section 2.5.1 */
	size_t six_count;
};

/*
 * The box's own connections that go over uplinks, or that `known` knows to go over none; at most `room`, those that moved bytes of
 * late. Which uplink one takes stands in its tracked twin, and is asked once. Returns how many, or -errno.
 */
int nl_passive_take(const struct nl_passive_ends *ends, const struct passive *known,
		    struct passive_flow *out, size_t room);
