// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "firmware/stage/plan.h"

struct fault;
struct term;

/*
 * The plan of `wasl-stage run`: a ministry's hub in ROOT/hub, a school's box in ROOT/box. What it needs is looked
 * at before anything is begun, so that a missing program or a port in use is said at once.
 */
enum house_listen { HOUSE_LOOPBACK, HOUSE_LAN };

struct house_order {
	const char *root;   /* folder of everything; made when missing */
	const char *bin;    /* a build: programs in bin/, the nginx module in lib/ */
	const char *lesson; /* video to publish; NULL: the sample lesson */
	long port, hub_port;
	long schools; /* demo schools on the ministry's map, 0: the sample alone */
	enum house_listen listen;
};

extern const struct plan house_plan;

/* Fills `vars` (zeroed, released by the caller) for house_plan: folders, lesson, nginx. */
int house_vars(const struct house_order *order, struct vars *vars, struct fault *why);

/* Where everything is, for the end of the report. */
void house_facts(struct term *t, const struct vars *vars);

/*
 * Actions of the plan. Ports and programs are looked at when it is known that no other stage runs in the same folder;
 * configuration files of hub and box are written again at each start.
 */
int house_check(struct vars *vars, struct fault *why);
int house_files_hub(struct vars *vars, struct fault *why);
int house_files_box(struct vars *vars, struct fault *why);
