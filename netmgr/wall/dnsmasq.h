// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stdint.h>

#include "netmgr/wall/rules.h"

/*
 * What dnsmasq is told: two files. The first holds addresses, the name of the box's pages and those of hosts that phones ask
 * whether this network leads anywhere, which the box answers in their place. It needs a restart of
 * dnsmasq; the second holds whom it asks, follows the uplinks, and is read anew at SIGHUP, so that nobody's question is lost
 * when a line falls. Names of machines of the school go nowhere, answers from outside that lead inside are not passed on, and
 * nothing is logged of who asked what. Pure.
 */
struct dnsmasq_spec {
	const struct rules_spec *zones;
	int64_t lease_s[ZONE_MAX];
	const char *portal;  /* "madrasa" */
	const char *captive; /* RFC 8910; "" none */
	const char *servers; /* path of the second file */
	const char *leases;  /* path of dnsmasq's own */
};

enum { DNSMASQ_ROOM = 8192, DNSMASQ_SERVERS_ROOM = 128 };

/* Length, or -ENOSPC. */
int dnsmasq_text(const struct dnsmasq_spec *spec, char out[static DNSMASQ_ROOM]);

/* `device` "": no uplink carries anything now, and only the box's own names are answered. */
void dnsmasq_servers(const char *server, const char *device, char out[static DNSMASQ_SERVERS_ROOM]);

/* The larger part of a network, beside the box: from and to, both included. -EINVAL where there is none. */
int dnsmasq_range(struct in_addr box, unsigned len, struct in_addr *from, struct in_addr *to);
