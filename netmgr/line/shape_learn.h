// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

/*
 * What a line carries upward, from what it was seen to carry: no bytes are spent on it. Pure, and told once a second.
 *
 * A line is full when as much leaves for seconds and answers come late: most of that is its rate. From then on the queue is
 * in the box; while it is full the rate is raised a little as long as answers are not late, and lowered when they are.
 */
enum { SHAPE_LEARN_SECONDS = 5 };

struct shape_learn {
	uint32_t kbps; /* 0: not known */
	uint32_t base_rtt_us;
	uint32_t sent_kbps[SHAPE_LEARN_SECONDS];
	unsigned seconds;        /* seen */
	unsigned full_s, wait_s; /* how long it has been full; no change sooner than this */
};

struct shape_learn_second {
	uint32_t sent_kbps;
	uint32_t rtt_us; /* of our questions; 0: nobody asked */
	uint32_t
		late_us; /* how much longer than at best real transfers wait for their answers (passive.h); 0: not known */
};

/*
 * Zeroed memory is a line that nobody knows. What transfers wait counts only until a rate is known: from then on it is our own
 * queue that they wait in, which our questions pass.
 */
void shape_learn_second(struct shape_learn *l, const struct shape_learn_second *second);

/* What an earlier life learned: begins with it; the next seconds hold it to what the line carries now. */
void shape_learn_resume(struct shape_learn *l, uint32_t kbps);
