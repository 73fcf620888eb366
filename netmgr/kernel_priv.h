// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <systemd/sd-event.h>

#include "netmgr/kernel.h"
#include "netmgr/plan.h"

struct dhcp;
struct fault;
struct house;
struct nft;
struct nl_net;

/* The real kernel, shared by kernel_nl.c (what should be, and what is) and kernel_order.c (what the core asks for). */
struct line {
	struct plan_uplink plan;
	struct in_addr resolver;
	bool known, up, carrier, fixed;
	struct dhcp *dhcp;
	struct kernel *kernel;
};

struct kernel {
	sd_event *loop;
	const struct net_conf *conf;
	struct kernel_calls calls;
	struct nl_net *net;
	struct nft *nft;
	struct house *house;
	int events;
	sd_event_source *look, *hear, *settle;
	struct line lines[UPLINK_MAX];
	struct prefer_ways ways; /* not chosen: table 200 stays as an earlier life left it */
	bool failed;             /* the last order was refused: said once */
	unsigned looks;
};

/* What a plan is made of: the lines as they are. */
void kernelpriv_uplinks(const struct kernel *k, struct plan_uplink out[static UPLINK_MAX]);

/* Makes the kernel's routes and rules what they should be; what is right already stays untouched. */
int kernelpriv_settle(struct kernel *k, struct fault *why);

/* The resolver of the line that most traffic takes becomes the box's. */
void kernelpriv_tell_resolver(struct kernel *k);
