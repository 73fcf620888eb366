// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "netmgr/line/core.h"
#include "netmgr/kernel/host.h"
#include "netmgr/net_conf.h"
#include "netmgr/line/verdict.h"

struct fault;
struct kernel;
struct measure_key;
struct sd_event;

/*
 * Asks gateway, resolver, far machines and hub over one uplink: sockets come from the kernel behind, so that a question can
 * leave by no other line. At most one round per uplink is out; a new one replaces it.
 */
struct prober;

int prober_new(struct sd_event *loop, const struct net_conf *conf, struct kernel *kernel,
	       void (*done)(void *data, unsigned uplink, const struct probe_round *round),
	       void *data, struct prober **out, struct fault *why);
void prober_free(struct prober *p); /* NULL is fine; `done` is not called any more */

/*
 * PROBE_BIT()s that can be asked over the uplink. The hub's echo is one of them from its first answer there on, until it was
 * silent for long while the hub's check answered: a hub without wasl-ndtd, or a provider that drops it, costs no doubt.
 */
unsigned prober_possible(const struct prober *p, unsigned uplink);

/* With what the hub's echo is asked from now on; copied. */
void prober_set_key(struct prober *p, const struct measure_key *key);

/* probe_echo.c: what is known of the hub, for who measures against it. -EAGAIN: its address is not known over this uplink. */
int prober_hub(const struct prober *p, unsigned uplink, union host *out);
const struct measure_key *prober_key(const struct prober *p);

/* Carries out a CORE_ASK; `done` is called once, from the loop, at the latest after its `within_ms`. */
void prober_ask(struct prober *p, const struct core_action *ask);

/* The uplink has a new address: what was learnt over it is forgotten. */
void prober_forget(struct prober *p, unsigned uplink);
