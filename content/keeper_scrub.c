// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/keeper_scrub.h"

#include <errno.h>
#include <stdlib.h>

#include "content/keeper_priv.h"
#include "firmware/base/fault.h"

struct keeper_scrub {
	struct keeper *keeper;
};

int keeper_scrub_new(struct sd_event *loop, struct keeper *k, struct keeper_scrub **out,
		     struct fault *why)
{
	(void)loop;
	struct keeper_scrub *s = calloc(1, sizeof(*s));
	if (!s)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	s->keeper = k;
	*out = s;
	return 0;
}

void keeper_scrub_free(struct keeper_scrub *s)
{
	free(s);
}
