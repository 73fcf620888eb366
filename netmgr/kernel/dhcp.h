// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "netmgr/kernel/lease.h"

struct fault;
struct sd_event;

/*
 * One DHCP client (udhcpc) for one device: a child process whose hook writes the lease into
 * /run/wasl/netmgr/lease.DEVICE, which is watched. The child is started again when it ends.
 */
struct dhcp;

/*
 * `client` is a command such as "/bin/busybox udhcpc". `changed` is called from the loop with the lease, or with
 * NULL when there is none any more. A lease of an earlier life of the daemon is taken up at once.
 */
int dhcp_start(struct sd_event *loop, const char *client, const char *hook, const char *device,
	       void (*changed)(void *data, const struct lease *lease), void *data,
	       struct dhcp **out, struct fault *why);
void dhcp_stop(struct dhcp *d); /* NULL is fine; ends the child, keeps the lease file */

/* The cable is in again: ask for a lease now rather than when the old one is half over. */
void dhcp_link_is_back(struct dhcp *d);
