// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "content/transcoder/job.h"

struct fault;

/*
 * What a child hands over is looked at before anybody uses it: the boxes are ours, the picture has the planned
 * size and profile, the segment begins and ends where the plan says. Pure.
 */
int kitchen_check_init(const void *bytes, size_t len, const struct job_order *order,
		       const struct job_rung *rung, struct fault *why);
int kitchen_check_media(const void *bytes, size_t len, const struct job_order *order,
			const struct job_rung *rung, struct fault *why);
