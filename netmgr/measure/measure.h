// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "netmgr/measure/measure_plan.h"

struct ctl_request;
struct engine;
struct fault;

/*
 * Measures lines against the hub, one at a time: by itself as measure_plan says, or because somebody asks. wasl-ndt does it, a
 * process for each direction, over a socket that this daemon has dialled over the line. All bytes are on the line's counters, and so
 * in its quota, as any others.
 */
struct measure;

int measure_new(struct engine *e, struct measure **out, struct fault *why);
void measure_free(struct measure *m); /* NULL is fine; what is under way breaks off */

void measure_tick(struct measure *m, uint64_t now_ms, int64_t wall_s); /* about once a second */

/* Begins now; -EBUSY: one is under way; -EPERM, -EHOSTDOWN, …: why not. */
int measure_order(struct measure *m, unsigned uplink, enum measure_how how, struct fault *why);

/* measure_api.c, on the control socket (firmware/SOCKETS.md); `data` is the engine. */
void measure_api_order(struct ctl_request *req, void *data);
void measure_api_now(struct ctl_request *req, void *data);
void measure_api_rows(struct ctl_request *req, void *data);
/* The newest good one of a line, for GET /v1/uplinks; null when there is none. */
json_t *measure_api_last(struct measure *m, unsigned uplink);
