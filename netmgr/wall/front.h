// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stdint.h>

#include "netmgr/net_conf.h"
#include "netmgr/wall/rules.h"

struct fault;

/*
 * Writes dnsmasq's two files (dnsmasq.h) below /run/wasl/netmgr, each whole and only when it says something else than before.
 * Who runs dnsmasq watches them: wasl-dnsmasq-restart.path and wasl-dnsmasq-reload.path.
 */
int front_zones(const struct net_conf *conf, const struct rules_spec *zones, struct fault *why);
int front_upstream(const char *server, const char *device, struct fault *why);
