// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stdint.h>

#include "netmgr/net_conf.h"

struct fault;
struct sd_event;

/*
 * The simulated line: a TCP proxy on loopback through which a box reaches its hub and its origin. A new
 * connection takes the preferred uplink and stays on it, at that uplink's rate and round trip, its bytes
 * counted there. While no uplink is preferred, nothing gets through.
 */
struct gate;

enum gate_line {
	GATE_WHOLE,
	GATE_CUT,    /* the cable is out: connections are reset, new ones refused */
	GATE_SILENT, /* everything is swallowed and nobody says so */
};

int gate_open(struct sd_event *loop, const struct net_conf *conf, struct gate **out,
	      struct fault *why);
void gate_close(struct gate *g); /* NULL is fine; open connections are reset */

void gate_prefer(struct gate *g, int uplink);
void gate_set_line(struct gate *g, unsigned uplink, enum gate_line line);
void gate_reset(struct gate *g, unsigned uplink); /* connections that are on the uplink */
void gate_counters(const struct gate *g, unsigned uplink, uint64_t *rx_bytes, uint64_t *tx_bytes);

/*
 * One end of a connection to the target over a given uplink, preferred or not, as a non-blocking socket that
 * the caller owns. -EOPNOTSUPP without a target.
 */
int gate_dial(struct gate *g, unsigned uplink, int *fd);
