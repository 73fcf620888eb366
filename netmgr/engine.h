// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "firmware/base/ctl.h"
#include "netmgr/line/core.h"
#include "netmgr/kernel/kernel.h"
#include "netmgr/net_conf.h"
#include "netmgr/line/passive.h"
#include "netmgr/line/prefer.h"
#include "netmgr/line/shape_learn.h"

struct account;
struct air;
struct fault;
struct measure;
struct modems;
struct sd_event;
struct wall;

enum { ENGINE_ROUTES = 14 + KERNEL_ROUTES };

/*
 * The running daemon: carries observations to the core and its actions to kernel, prober and book. Both
 * programs share it; they differ by the kernel and the board that they are linked with.
 */
struct engine {
	struct kernel_serving serving; /* first: a kernel's own control calls find it here */
	struct sd_event *loop;
	const struct net_conf *conf;
	struct core core;
	struct account *account;
	struct prober *prober;
	struct board *board;
	struct shaper *shaper;
	struct wall *wall;
	struct air *air;
	struct measure *measure;
	struct modems *modems; /* NULL: none */
	struct shape_learn learned[UPLINK_MAX];
	struct passive passive;
	uint64_t passive_bytes; /* of all lines at its last look */
	unsigned passive_s;
	bool passive_failed;
	uint64_t rx_bytes[UPLINK_MAX], tx_bytes[UPLINK_MAX],
		tx_told[UPLINK_MAX]; /* of the device, now and a second ago */
	struct ctl *ctl;
	struct ctl_route routes[ENGINE_ROUTES];
	struct sd_event_source *wake, *tick;
	uint64_t wake_ms; /* what it is set to; 0: not */
	bool store_failed, quota_up[UPLINK_MAX];
	uint8_t quota_level[UPLINK_MAX]; /* enum quota_level */
	int preferred;                   /* PREFER_UNCHOSEN: not yet */
	int minute;                      /* of the local day; -1 while the clock is a guess */
	struct prefer_rules never[UPLINK_MAX], spare[UPLINK_MAX];
	struct prefer_ways ways;
	enum engine_release { ENGINE_HELD, ENGINE_FELL, ENGINE_DRAINED } released[UPLINK_MAX];
	uint64_t drain_ms
		[UPLINK_MAX]; /* when connections left on a metered line are ended; 0: never */
	uint8_t class[UPLINK_MAX], layer[UPLINK_MAX], state[UPLINK_MAX];
	unsigned possible[UPLINK_MAX]; /* PROBE_BIT()s that the core counts on */
	uint64_t start_ms;
};

#define ENGINE_KEY_FILE "/var/lib/wasl/netmgr/echo.key"

/* *e is zeroed memory of the caller. After a failure engine_stop() releases what was made. */
int engine_start(struct engine *e, struct sd_event *loop, const struct net_conf *conf,
		 struct fault *why);
void engine_stop(struct engine *e);

/* What the queues of an uplink are kept at: as configured, or as it was learned. */
uint32_t engine_up_kbps(const struct engine *e, unsigned uplink);

/* engine_ways.c: which line each class of traffic takes. Begun once; then told of each second, and whenever something changed. */
void ways_begin(struct engine *e);
void ways_tick(struct engine *e, int64_t wall_s, bool synced);
void ways_note(struct engine *e);
/* For GET /v1/uplinks: the line of each class; what one does not carry; "go", or why it does not carry lessons. */
json_t *ways_json(const struct engine *e);
json_t *ways_barred_json(const struct engine *e, unsigned uplink);
const char *ways_sync(const struct engine *e, unsigned uplink);

/*
 * engine_passive.c: what real transfers say of the lines, looked at every few seconds in which bytes move; and the rate upward that is
 * learned from what leaves and from them, and kept. engine_engine_passive_resume() once, before queues are.
 */
void engine_passive_tick(struct engine *e, uint64_t now_ms);
json_t *engine_passive_json(const struct engine *e, unsigned uplink,
			    uint64_t now_ms); /* null: nothing yet */
void engine_passive_resume(struct engine *e);
void engine_passive_learn(struct engine *e, unsigned uplink, uint32_t sent_kbps, uint64_t now_ms);
/* What is known is not the line's: nothing is. */
void engine_passive_unlearn(struct engine *e, unsigned uplink);

/* The control socket; called by engine_start(). */
int api_listen(struct engine *e, struct fault *why);
