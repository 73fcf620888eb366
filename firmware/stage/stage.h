// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "firmware/stage/plan.h"

struct term;

/*
 * Carries out a plan and stays until it is told to end: SIGTERM, `POST /v1/shutdown` on ROOT/stage.sock, or a step that
 * fails. Everything started is stopped in reverse order.
 */
struct stage_order {
	const struct plan *plan;
	struct vars *vars; /* ROOT and what the plan's words name; borrowed */
	const char *
		once_ready; /* NULL, or a command for /bin/sh: run when ready, then all ends with its status */
	unsigned watchdog_ms; /* of daemons that tell; 0: 30 s */
	char *const *report;  /* NULL, or a command whose output closes the report when ready */
	void (*facts)(struct term *t,
		      const struct vars *vars); /* addresses and so on, when ready; or NULL */
};

/* To be run inside front_run(). Exit status: 0, 1 with a sentence on standard output or error. */
int stage_run(const struct stage_order *order);
