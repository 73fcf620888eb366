// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/live_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"

static const struct {
	const char *state, *text;
	enum view_state shape;
} states[] = {
	{ "live", "wasl.live.on", VIEW_GOOD },
	{ "stale", "wasl.live.stale", VIEW_MODERATE },
	{ "off", "wasl.live.off", VIEW_NO },
	{ "over", "wasl.live.over", VIEW_NEVER },
	{ "looking", "wasl.live.looking", VIEW_UNKNOWN },
	{ "idle", "wasl.live.idle", VIEW_UNKNOWN },
};

static void put_class(const json_t *class, const struct view *v, FILE *to)
{
	char name[64], reason[400];
	const char *state = view_text(class, "state");
	size_t at = 0;
	while (at + 1 < ARRAY_LEN(states) && strcmp(states[at].state, state) != 0)
		at++;
	view_foreign(view_text(class, "name"), name, sizeof(name));
	view_foreign(view_text(class, "reason"), reason, sizeof(reason));
	const char *text = states[at].text;
	if (at == 0 && strcmp(view_text(class, "mode"), "sound") == 0)
		text = "wasl.live.sound";
	AUTO_FREE char *line = view_fill(v, text, "name", name, NULL);
	view_row(v, states[at].shape, line ? line : "", to);
	/* The reason is the box's own sentence, as in its journal. */
	if (states[at].shape != VIEW_GOOD && states[at].shape != VIEW_UNKNOWN && *reason)
		fprintf(to, "    %s\n", reason);
	if (json_is_true(json_object_get(class, "keeping"))) {
		AUTO_FREE char *keeping = view_fill(v, "wasl.live.keeping", NULL);
		fprintf(to, "    %s\n", keeping ? keeping : "");
	}
}

static void put_kept(const json_t *kept, const struct view *v, FILE *to)
{
	char id[80], when[20], size[48], minutes[24];
	view_foreign(view_text(kept, "id"), id, sizeof(id));
	view_time(v, view_int(kept, "at", 0), when);
	view_size(v, (uint64_t)view_int(kept, "bytes", 0), size, sizeof(size));
	snprintf(minutes, sizeof(minutes), "%lld",
		 (long long)((view_int(kept, "ms", 0) + 59999) / 60000));
	AUTO_FREE char *line = view_fill(v, "wasl.live.kept", "id", id, "time", when, "n", minutes,
					 "size", size, NULL);
	view_row(v, VIEW_GOOD, line ? line : "", to);
}

void live_view(const json_t *answer, const struct view *v, FILE *to)
{
	const json_t *classes = json_object_get(answer, "classes");
	const json_t *kept = json_object_get(answer, "kept");
	AUTO_FREE char *title = view_fill(v, "live.title", NULL);
	AUTO_FREE char *none = view_fill(v, "live.none", NULL);
	AUTO_FREE char *below = view_fill(v, "live.kept", NULL);
	view_title(v, title ? title : "", to);
	for (size_t i = 0; i < json_array_size(classes); i++)
		put_class(json_array_get(classes, i), v, to);
	if (json_array_size(classes) == 0)
		view_row(v, VIEW_UNKNOWN, none ? none : "", to);
	if (json_array_size(kept) > 0)
		view_section(v, below ? below : "", to);
	for (size_t i = 0; i < json_array_size(kept); i++)
		put_kept(json_array_get(kept, i), v, to);
}
