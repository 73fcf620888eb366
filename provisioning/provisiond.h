// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "firmware/base/box_conf.h"
#include "firmware/base/conf.h"

struct fault;
struct sd_event;

/*
 * The I/O around the claim: control socket, agentd's socket, the hub, the claim file. Decisions are in
 * claim.h, records in enrol.h.
 */
struct provisiond_conf {
	struct box_conf box;
	struct setup_conf {
		char hub_url[257];
		char school[33];
	} setup;
};
extern const struct conf_schema provisiond_schema;
int provisiond_check(const void *conf, struct fault *why); /* what the table cannot say */

struct provisiond;
/* `conf` is borrowed for the life of *out. */
int provisiond_new(struct sd_event *loop, const struct provisiond_conf *conf,
		   struct provisiond **out, struct fault *why);
void provisiond_free(struct provisiond *p); /* NULL is fine */
