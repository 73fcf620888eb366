// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stdbool.h>

#include "netmgr/wall/rules.h"

struct fault;

/* What the wall asks of the system below. The build gives each daemon one of two: wall_nl.c is the real one, wall_sim.c keeps nothing out. */
struct wall_kernel;

int wall_kernel_open(struct wall_kernel **out, struct fault *why);
void wall_kernel_close(struct wall_kernel *k); /* NULL is fine; the rules stay */

/* One transaction, or nothing of it. */
int wall_kernel_put(struct wall_kernel *k, const char *text, struct fault *why);
bool wall_kernel_is_there(struct wall_kernel *k);

/* The first IPv4 address of a device; -ENOENT while it has none. */
int wall_kernel_network(struct wall_kernel *k, const char *device, struct in_addr *address,
			unsigned *len);

/* The ports of a bridge; 0 where it is none. */
size_t wall_kernel_ports(struct wall_kernel *k, const char *bridge,
			 char out[static RULES_PORTS][ZONE_DEVICE_ROOM]);
