// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/wall_view.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/ctl/view.h"

static bool is(const json_t *wall, const char *emergency)
{
	return strcmp(view_text(wall, "emergency"), emergency) == 0;
}

char *wall_view_said(const json_t *wall, const struct view *v)
{
	char minutes[24];
	snprintf(minutes, sizeof(minutes), "%" PRId64, (view_int(wall, "left_s", 0) + 59) / 60);
	return view_fill(v,
			 is(wall, "open")     ? "net.wall.open"
			 : is(wall, "closed") ? "net.wall.closed"
					      : "net.wall.usual",
			 "n", minutes, NULL);
}

void wall_view(const json_t *wall, enum wall_view what, const struct view *v, FILE *to)
{
	char reason[240];
	const bool zones = json_array_size(json_object_get(wall, "zones")) > 0;
	if (!json_is_object(wall))
		return;
	if (is(wall, "open") || is(wall, "closed")) {
		AUTO_FREE char *text = wall_view_said(wall, v);
		view_row(v, VIEW_MODERATE, text ? text : "", to);
	}
	view_foreign(view_text(wall, "reason"), reason, sizeof(reason));
	if (reason[0]) {
		AUTO_FREE char *text = view_fill(v, "net.wall.refused", "reason", reason, NULL);
		view_row(v, VIEW_NO, text ? text : "", to);
	}
	if (!zones && !json_is_true(json_object_get(wall, "standing")) && what == WALL_VIEW_ALL)
		view_row(v, VIEW_UNKNOWN, strings_get(v->lang, "net.wall.none"), to);
}
