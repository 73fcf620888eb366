// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>

#include "netmgr/line/uplink.h"

struct fault;
struct kernel;
struct net_conf;
struct sd_event;

/*
 * The modems of the box's uplinks, as the daemon uses them: what modem.h decides, modem_bus.h does, and where a bearer leads
 * the kernel is told. What the ladder did is kept in /var/lib/wasl/netmgr/modem-NAME.json.
 */
struct modems;

struct modems_calls {
	/* For the book: "modem.reconnect", "modem.restart" or "modem.reset" of this uplink, and why. */
	void (*said)(void *data, unsigned uplink, const char *what, const char *reason);
	void *data;
};

/* `conf` and `kernel` must outlive it. *out stays NULL where no uplink has a modem. */
int modems_new(struct sd_event *loop, const struct net_conf *conf, struct kernel *kernel,
	       const struct modems_calls *calls, struct modems **out, struct fault *why);
void modems_free(struct modems *m); /* NULL is fine, here and below */

/* What the uplink's own questions say of it: whenever, but once a second at least. */
void modems_line(struct modems *m, unsigned uplink, enum uplink_state state,
		 enum uplink_layer layer);

/* For GET /v1/uplinks and /v1/status; NULL where the uplink has no modem. */
json_t *modems_json(const struct modems *m, unsigned uplink);
