// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "netmgr/line/passive.h"
#include "netmgr/kernel/plan.h"

/*
 * The box's own connections that go over uplinks, or that `known` knows to go over none; at most `room`, those that moved bytes of
 * late. Which uplink one takes stands in its tracked twin, and is asked once. Returns how many, or -errno.
 */
int nl_passive_take(const struct plan_uplink *uplinks, size_t count, const struct passive *known,
		    struct passive_flow *out, size_t room);
