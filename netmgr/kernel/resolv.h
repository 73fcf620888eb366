// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

struct fault;

/*
 * Which DNS server the box's own resolver is to ask (dnsmasq: resolv-file), in /run/wasl/netmgr/resolv.conf, replaced as
 * a whole. "": none. 0 or -errno.
 */
int resolv_put(const char *server, struct fault *why);
