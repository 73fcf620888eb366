// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "netmgr/line/core.h"
#include "netmgr/kernel/host.h"
#include "netmgr/kernel/lease.h"
#include "netmgr/net_conf.h"
#include "netmgr/line/passive.h"
#include "netmgr/line/prefer.h"

struct ctl_route;
struct fault;
struct sd_event;

/*
 * The uplinks as the system below sees them. The build gives each daemon one of two: kernel_nl.c speaks
 * netlink and nftables to the real kernel, kernel_sim.c plays a kernel whose lines run through a proxy
 * on loopback (gate.h). Uplinks are indices into net_conf.uplinks.
 */
struct kernel;

struct kernel_calls {
	/* CORE_LINK, CORE_ADDRESS and CORE_TRAFFIC, as soon as they are known; never from within a kernel_ call. */
	void (*seen)(void *data, const struct core_observation *seen);
	/* A network of the box moved, as an uplink has its old one; or collides with that uplink and cannot move. */
	void (*lan_moved)(void *data, const char *lan, const struct lan_net *to);
	void (*lan_collides)(void *data, const char *lan, const char *uplink);
	void *data;
};

/* What -n can say about the configuration for this kernel. */
int kernel_check(const struct net_conf *conf, struct fault *why);

/* Subscribes, takes stock and begins to report. `conf` must outlive the kernel. */
int kernel_open(struct sd_event *loop, const struct net_conf *conf,
		const struct kernel_calls *calls, struct kernel **out, struct fault *why);

/* Ends as [net] leave says. NULL is fine. */
void kernel_close(struct kernel *k);

/* PROBE_BIT()s that can be asked over this uplink. */
unsigned kernel_possible(const struct kernel *k, unsigned uplink);

/* New flows take the uplink of their class; where there is none they fail fast. Established ones stay where they are, except on
 * an uplink that does not carry their class any more. */
int kernel_prefer(struct kernel *k, const struct prefer_ways *ways, struct fault *why);

/* The uplink fell, or is to be left: resets what is on it, now or at the next packet. Until kernel_revive(). */
int kernel_release(struct kernel *k, unsigned uplink, struct fault *why);

/* The uplink carries again: what outlived the fall may go on. */
int kernel_revive(struct kernel *k, unsigned uplink, struct fault *why);

enum kernel_dial { KERNEL_TCP, KERNEL_UDP, KERNEL_ECHO };

/*
 * A non-blocking socket that only uses this uplink, connecting (TCP), connected (UDP) or ready for ICMP echo
 * (KERNEL_ECHO: `to` may be NULL for the gateway). -EOPNOTSUPP where this kernel has no such thing,
 * -ENETUNREACH where the uplink has no way there. `to` may be NULL for TCP: the simulated line knows its target.
 */
int kernel_dial(struct kernel *k, unsigned uplink, enum kernel_dial how, const union host *to,
		int *fd);

/* The DNS server of the uplink; -ENOENT while none is known, -EOPNOTSUPP where names are not needed. */
int kernel_resolver(const struct kernel *k, unsigned uplink, union host *out);

/* What questions go by: IPv4 where the uplink has it, IPv6 where it has that alone. */
enum kernel_family { KERNEL_FOUR, KERNEL_SIX };
enum kernel_family kernel_family(const struct kernel *k, unsigned uplink);

/* The network device of the uplink; 0: it is not there, or no such thing as a device. */
int kernel_device(const struct kernel *k, unsigned uplink);

/* Whether a zone's people are on the uplink's own wire, the box with one port; and which network that is, len 0 while none is known. */
bool kernel_shared(const struct kernel *k, unsigned uplink, struct lan_net *wire);

/*
 * The box's own connections over uplinks as they stand (passive.h): how many, or -errno; -EOPNOTSUPP where there is no such thing.
 * `known` knows over which uplink those go that were there before.
 */
int kernel_flows(const struct kernel *k, const struct passive *known,
		 struct passive_flow out[static PASSIVE_FLOWS]);

/*
 * The uplink is a modem's (net_conf: modem), and this is the device that its bearer has, with its address or with one to be had
 * by DHCP; NULL: there is no bearer. Until the first call there is none. What changes is seen a moment later.
 */
struct kernel_modem {
	char device[16];
	bool fixed;
	struct lease lease; /* with fixed */
};
void kernel_modem(struct kernel *k, unsigned uplink, const struct kernel_modem *modem);

/* What the neighbour table says about the gateway: OK, SILENT, or SKIPPED when it does not know. */
enum probe_answer kernel_neighbour(struct kernel *k, unsigned uplink);

/* The networks that the box gives to people, as they are; valid until the next event. Returns how many. */
struct kernel_lan {
	const struct lan_conf *conf;
	struct lan_net net;    /* the box in it; len 0: none is free */
	bool here;             /* its device is there */
	struct lan_net from;   /* where it was before; len 0: nowhere */
	const char *moved_for; /* the uplink that has it; "" none */
	int64_t moved_s;       /* Unix seconds; 0 unknown */
	int collides;          /* with this uplink, and cannot move; -1 with none */
};
size_t kernel_lans(const struct kernel *k, struct kernel_lan out[static LAN_MAX]);

/* The daemon's data for ctl routes begins with this, so that a kernel's own routes find the kernel. */
struct kernel_serving {
	struct kernel *kernel;
};

/* Control calls that only this kernel has, into an array of KERNEL_ROUTES; returns how many. */
enum { KERNEL_ROUTES = 4 };
size_t kernel_routes(struct ctl_route *out);
