// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "provisioning/hub/rows.h"
#include "provisioning/hub/standing.h"
#include "provisioning/hub/store.h"

struct fault;

/*
 * Brings a school's days, its region's days and its status up to date after rows came in, inside the caller's
 * transaction. `touched` are the days that changed; `seen_s` is when the hub took an envelope from it.
 */
int refresh_school(struct store *s, const char *school, const struct day_set *touched,
		   const struct standing_rules *rules, int64_t seen_s, struct fault *why);

/* A school that is registered in another region now takes its days along. */
int refresh_region_move(struct store *s, const struct school *before, const struct school *now,
			struct fault *why);
