// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "content/kitchen/kitchen.h"
#include "content/transcoder/job.h"

/* What the kitchen's own files share about a plan; everybody else uses content/kitchen/kitchen.h. */

/* A plan comes with a signed catalogue, and is still checked: sizes, rates, order of segments. 0 or -EINVAL. */
int kitchen_plan_check(const wasl_Plan *plan, struct fault *why);

/* Grows when a change makes other bytes of the same plan. */
unsigned kitchen_plan_recipe(void);

/* Ticks (picture) or samples (sound) at which `segment` (1..) begins and ends. */
void kitchen_plan_span(const wasl_Plan *plan, enum kitchen_rung rung, uint32_t segment,
		       uint64_t *from, uint64_t *to);

/* AVC level_idc (30 is level 3.0) that carries this rung. */
unsigned kitchen_plan_profile(enum kitchen_rung rung); /* profile_idc: 66 or 77 */
unsigned kitchen_plan_level(const struct kitchen_shape *shape);

/* What a child is told about an order: pure. 0 or -EINVAL. */
int kitchen_plan_order(const struct kitchen_order *from, uint64_t memory_bytes, unsigned cpu_s,
		       struct job_order *out, struct fault *why);

/* The same for a look at a whole file. */
void kitchen_plan_look(uint64_t source_size, uint64_t memory_bytes, struct job_order *out);
/* And for a preview, or captions. */
void kitchen_plan_preview(const struct kitchen_preview *from, uint64_t memory_bytes,
			  struct job_order *out);
