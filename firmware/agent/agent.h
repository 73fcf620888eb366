// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "firmware/base/box_conf.h"
#include "firmware/base/conf_settings.h"

struct fault;
struct sd_event;

/*
 * wasl-agentd without its main(): keys, outbox, collection, sealing, courier, receipts, time
 * floor, signing, and the control socket around them. Decisions are in aggregate, chain, floor,
 * courier_policy and seal_policy.
 */
struct agent_conf {
	struct box_conf box;
	struct conf_settings settings;
	struct agent_times {
		int64_t collect_s, seal_s, retry_max_s, keep_days;
		uint64_t keep_bytes;
	} agent;
	struct agent_hub {
		char url[256];
	} hub;
};
extern const struct conf_schema agent_schema;
int agent_check(const void *conf, struct fault *why); /* what the table cannot say */

struct agent;
/* `conf` and `source` are borrowed for the life of *out; settings change the one by the other. */
int agent_new(struct sd_event *loop, struct agent_conf *conf, const struct conf_source *source,
	      struct agent **out, struct fault *why);
void agent_free(struct agent *a); /* NULL is fine */
