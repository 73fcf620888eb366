// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "content/transcoder/box.h"
#include "content/transcoder/job.h"

struct fault;

/* One segment, all rungs that the order names, the source decoded once. */
struct cook_dish {
	uint32_t rung;
	struct box_out init, media;
	uint64_t lost_us; /* of the segment's pictures: did not decode */
};

/* Fills one dish per rung of the order, in its order; the caller releases them with cook_done(), also on failure. */
int cook_segment(int source_fd, const struct job_order *order, struct cook_dish *dishes,
		 struct fault *why);
void cook_done(struct cook_dish *dishes, size_t count);
