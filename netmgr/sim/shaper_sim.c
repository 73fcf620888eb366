// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/kernel/shaper.h"

#include <stdio.h>

int shaper_new(struct shaper **out, struct fault *why)
{
	(void)why;
	*out = NULL;
	return 0;
}

void shaper_free(struct shaper *s, enum shaper_end end)
{
	(void)s;
	(void)end;
}

void shaper_keep(struct shaper *s, unsigned uplink, const struct shaper_line *line)
{
	(void)s;
	(void)uplink;
	(void)line;
}

void shaper_look(const struct shaper *s, unsigned uplink, struct shaper_view *out)
{
	(void)s;
	(void)uplink;
	*out = (struct shaper_view){ .queue = "" };
	snprintf(out->reason, sizeof(out->reason), "a simulated line has a rate of its own");
}
