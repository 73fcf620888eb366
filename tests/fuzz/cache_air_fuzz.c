// SPDX-License-Identifier: GPL-2.0-or-later
/* What contentd says of the air: whatever is taken can be written again, and is the same. */
#include <stdlib.h>
#include <string.h>

#include "cache/air.h"
#include "firmware/base/clean.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct air_plan plan, plan_again;
	struct air_rungs rungs, rungs_again;
	char text[AIR_TEXT_BYTES];
	/* Not a byte behind the end is looked at. */
	AUTO_FREE char *exact = malloc(len ? len : 1);
	memcpy(exact, bytes, len);
	if (air_plan_parse(exact, len, &plan) == 0) {
		const size_t n = air_plan_text(&plan, text, sizeof(text));
		if (plan.count &&
		    (!n || air_plan_parse(text, n, &plan_again) || plan_again.count != plan.count ||
		     memcmp(plan.rooms, plan_again.rooms, plan.count * sizeof(plan.rooms[0]))))
			abort();
		if (air_room_of(&plan, "\xc0\xa8\x01\x02", 4) > AIR_ROOMS)
			abort();
	}
	if (air_rungs_parse(exact, len, &rungs) == 0) {
		const size_t n = air_rungs_text(&rungs, text, sizeof(text));
		if (!n || air_rungs_parse(text, n, &rungs_again) ||
		    rungs_again.count != rungs.count || air_choose(&rungs, 1000) >= rungs.count)
			abort();
	}
	return 0;
}
