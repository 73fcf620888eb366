// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <systemd/sd-event.h>

#include "netmgr/kernel/kernel.h"
#include "netmgr/kernel/plan.h"

struct dhcp;
struct fault;
struct house;
struct kernel6;
struct nft;
struct nl_looks;
struct nl_net;

/* The real kernel, shared by kernel_nl.c (what should be, and what is) and kernel_order.c (what the core asks for). */
struct line {
	struct plan_uplink plan;
	struct in_addr resolver;
	bool known, up, carrier, fixed;
	bool has;                  /* an address, as it was reported */
	uint64_t bytes;            /* on its device at the last look */
	bool modem_news;           /* its bearer is another one than the device was taken for */
	struct kernel_modem modem; /* device "": none */
	struct dhcp *dhcp;
	struct kernel *kernel;
};

struct kernel {
	sd_event *loop;
	const struct net_conf *conf;
	struct kernel_calls calls;
	struct nl_net *net;
	struct nl_looks *looker;
	struct nft *nft;
	struct house *house;
	struct kernel6 *six;
	int events;
	sd_event_source *look, *hear, *settle;
	struct line lines[UPLINK_MAX];
	struct prefer_ways ways; /* not chosen: table 200 stays as an earlier life left it */
	bool failed;             /* the last order was refused: said once */
	uint64_t bytes;          /* of all lines */
	unsigned looks, calm;    /* calm: in a row, in which hardly a byte moved */
};

/* What a plan is made of: the lines as they are. */
void kernelpriv_uplinks(const struct kernel *k, struct plan_uplink out[static UPLINK_MAX]);

/* Makes the kernel's routes and rules what they should be; what is right already stays untouched. */
int kernelpriv_settle(struct kernel *k, struct fault *why);

/* The nftables table of the lines, whole. */
int kernelpriv_put_table(struct kernel *k, struct fault *why);

/* Of that table, only what changes from hour to hour: which lines fell, what they carry. */
int kernelpriv_put_sets(struct kernel *k, struct fault *why);

/* The resolver of the line that most traffic takes becomes the box's. */
void kernelpriv_tell_resolver(struct kernel *k);
