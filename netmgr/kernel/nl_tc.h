// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "netmgr/kernel/nl_net.h"
#include "netmgr/line/shape.h"

struct fault;
struct nl_msg;
struct nl_net;

/*
 * Queues of the kernel over netlink. Every order may be given again; what is right already stays untouched, and with it
 * the packets that wait in it.
 */

/*
 * Makes the queues of one device what the plan's objects for it say; those of ours that it does not name are removed. -ENOENT when
 * the kernel has no queue of such a kind (fault id "queue.kind"), -EBUSY when somebody else's is there: it is left alone.
 */
int nl_tc_settle(struct nl_net *n, const struct shape_plan *plan, int ifindex, struct fault *why);

/* The kind of queue that an earlier life chose for this device; -ENOENT: none. */
int nl_tc_leaf(int ifindex, enum shape_leaf *out);

/* The device that what comes in is led through: made when it is not there. -EOPNOTSUPP: this kernel has none. */
int nl_tc_ifb(struct nl_net *n, const char *name, int *ifindex, struct fault *why);
int nl_tc_ifb_remove(struct nl_net *n, const char *name);

/* The bytes of an order, as `tc` sends them (but for HTB's tables, which kernels of today work out themselves). NULL: no memory. */
struct nl_msg *nl_tc_encode(const struct shape_object *object, enum nl_order order);

/* Reads an answer of the kernel: false for what is none of these objects. */
bool nl_tc_decode(struct nl_msg *msg, struct shape_object *out);
