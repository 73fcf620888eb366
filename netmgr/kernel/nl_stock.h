// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "netmgr/kernel/nl_net.h"
#include "netmgr/kernel/plan.h"

/*
 * Puts what the plan wants (what is right already stays untouched) and removes what is ours and not in it. Strays in
 * `spare_table` are left alone; 0: none is.
 */
int nl_stock_settle(struct nl_net *n, const struct plan *plan, uint32_t spare_table,
		    struct fault *why);
