// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "netmgr/kernel/kernel.h"
#include "netmgr/kernel/lan.h"

struct fault;
struct nl_net;

/*
 * The box's own networks on the real kernel: gives each [lan] device its address, remembers which, and moves it
 * when an uplink comes with the same network. The old address goes at once: it may be the provider's router.
 */
struct house;

/*
 * Reads what was remembered. `conf`, `net` and `calls` must outlive the house; the calls lan_moved and lan_collides
 * come from house_line() and house_look().
 */
int house_open(const struct net_conf *conf, struct nl_net *net, const struct kernel_calls *calls,
	       struct house **out, struct fault *why);
void house_close(struct house *h);  /* NULL is fine; addresses stay */
void house_remove(struct house *h); /* takes them away */

/* What uplink `i` has from now on: its network, and its router and resolver, which may lie elsewhere. Count 0: nothing. */
enum { HOUSE_LINE_NETS = 3 };
void house_line(struct house *h, unsigned uplink, const struct lan_net *nets, size_t count);

/* Devices that came, went or were switched off. Cheap: once a second, and when links change. */
void house_look(struct house *h);

/* Addresses that somebody took away. */
void house_put(struct house *h);

size_t house_show(const struct house *h, struct kernel_lan out[static LAN_MAX]);
