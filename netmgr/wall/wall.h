// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "netmgr/wall/emergency.h"

struct fault;
struct net_conf;

/*
 * The wall of a running daemon: what is configured, where the networks of the zones are now, and which emergency there
 * is, put into the kernel whenever they change. Without a zone there is no wall, and that is said. What the kernel refuses
 * takes nothing away: the rules before stay.
 */
struct wall;

/*
 * Puts the rules at once: before the caller brings any device up. Only memory is a failure; what the kernel says is told
 * by `said` (may be NULL), also later: kind and reason of an event.
 */
struct wall_calls {
	void (*said)(void *data, const char *kind, const char *reason);
	void *data;
};
int wall_new(const struct net_conf *conf, const struct wall_calls *calls, uint64_t now_ms,
	     struct wall **out, struct fault *why);

enum wall_end { WALL_STAYS, WALL_REMOVED };
void wall_free(struct wall *w, enum wall_end end); /* NULL is fine */

/* About once a second: networks that moved, rules that somebody took away, an emergency that ends. */
void wall_tick(struct wall *w, uint64_t now_ms);

/* The resolver of the line that most traffic takes, and its device; "": there is none. Whom dnsmasq asks. */
void wall_upstream(struct wall *w, const char *server, const char *device);

#define WALL_TECHNICIANS "wasl-technician"

/*
 * Durable and in force, or refused and nothing changed. `for_s` 0: as configured. For root, the daemon's own user, and whom the
 * system's list of groups has in WALL_TECHNICIANS; else -EPERM: whoever breaks into another daemon of the house, which may ask
 * how things are, must not open the rest.
 */
int wall_order(struct wall *w, enum emergency_mode mode, uint32_t for_s, uid_t who, uint64_t now_ms,
	       struct fault *why);

/* {standing, emergency, left_s, reason, zones: [...]} */
json_t *wall_json(const struct wall *w);
