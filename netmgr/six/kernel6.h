// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stdbool.h>

#include "netmgr/kernel/nl_net.h"
#include "netmgr/six/plan6.h"

struct fault;
struct net_conf;
struct sd_event;

/*
 * The lines over IPv6: what their routers say, the addresses that the box takes by it, and the routes. Which line is used is
 * not decided here: IPv6 follows the line that most traffic takes.
 */
struct kernel6;

struct kernel6_calls {
	/* What a line has over IPv6 is another: routes, marks and resolver follow. */
	void (*changed)(void *data, unsigned uplink);
	void *data;
};

int kernel6_open(struct sd_event *loop, const struct net_conf *conf, struct nl_net *net,
		 const struct kernel6_calls *calls, struct kernel6 **out, struct fault *why);
void kernel6_close(struct kernel6 *s); /* NULL is fine; all that is put stays */

/* The line's device as it is; ifindex 0: it is not there. As often as one likes. */
void kernel6_look(struct kernel6 *s, unsigned uplink, const struct nl_look *look);

/* Addresses as they should be, whatever happened to them. */
void kernel6_put(struct kernel6 *s);

/* Makes the kernel's routes what they should be. */
int kernel6_settle(struct kernel6 *s, const struct prefer_ways *ways, struct fault *why);

/* Addresses and routes go. */
int kernel6_remove(struct kernel6 *s, struct fault *why);

/* Whether the line leads beyond its wire. */
bool kernel6_leads(const struct kernel6 *s, unsigned uplink);

/* The router; ::: none. */
struct in6_addr kernel6_router(const struct kernel6 *s, unsigned uplink);

/* The line's resolver, of port 53; false: it named none. */
bool kernel6_resolver(const struct kernel6 *s, unsigned uplink, struct sockaddr_in6 *out);

/* Addresses of the box on the line, at most `room`. */
size_t kernel6_addresses(const struct kernel6 *s, unsigned uplink, struct in6_addr *out,
			 size_t room);
