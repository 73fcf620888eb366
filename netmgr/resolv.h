// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>

struct fault;

/*
 * Which DNS server the box's own resolver is to ask (dnsmasq: resolv-file), in /run/wasl/netmgr/resolv.conf, replaced as
 * a whole. 0.0.0.0: none. 0 or -errno.
 */
int resolv_put(struct in_addr server, struct fault *why);
