// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/unfinished.h"

int64_t unfinished_age(struct unfinished *u, const struct unfinished_look *look)
{
	if (look->have != u->seen_bytes) {
		*u = (struct unfinished){ look->have, look->now_s, 0 };
		return 0;
	}
	u->still_s += look->ran_s;
	if (!u->touched_s)
		u->touched_s = look->now_s;
	const int64_t by_clock = u->touched_s && look->now_s ? look->now_s - u->touched_s : 0;
	return by_clock > u->still_s ? by_clock : u->still_s;
}
