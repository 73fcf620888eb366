// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct fault;
struct net_conf;

/*
 * The wireless networks of a running daemon: each radio has a channel and hostapd's file for it, and is looked at every ten
 * seconds. Without a [wifi NAME] there is nothing of it. What a radio refuses is told, and the others go on.
 */
struct air;

struct air_calls {
	/* kind, network or radio, reason of an event */
	void (*said)(void *data, const char *kind, const char *subject, const char *reason);
	void *data;
};

/* Only memory is a failure. `conf` must outlive it. */
int air_new(const struct net_conf *conf, const struct air_calls *calls, struct air **out,
	    struct fault *why);
void air_free(struct air *a); /* NULL is fine; hostapd's files stay */

/* About once a second. `minute` of the local day, -1 while the clock is a guess; then `wall_s` is none, too. */
void air_tick(struct air *a, uint64_t now_ms, int minute, int64_t wall_s);

/* {networks: [...]}: GET /v1/wifi */
json_t *air_json(const struct air *a);

/* Prometheus text (version 0.0.4); length. */
enum { AIR_METRICS_ROOM = 8192 };
int air_metrics(const struct air *a, char out[static AIR_METRICS_ROOM]);
