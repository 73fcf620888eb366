// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/request_view.h"

#include <stdbool.h>
#include <stdlib.h>

#include "firmware/base/clean.h"
#include "firmware/ctl/view.h"

static char *sentence(const json_t *request, const char *id, const struct view *v)
{
	char lesson[120], day[24];
	view_foreign(view_text(request, "lesson"), lesson, sizeof(lesson));
	view_foreign(view_text(request, "needed_by"), day, sizeof(day));
	return view_fill(v, id, "lesson", lesson, "day", day, NULL);
}

void request_view(const json_t *answer, const struct view *v, FILE *to)
{
	const bool kept = json_is_string(json_object_get(answer, "needed_by"));
	AUTO_FREE char *text =
		sentence(answer, kept ? "wasl.request.kept" : "wasl.request.withdrawn", v);
	fprintf(to, "%s\n", text);
}

static void put_one(const json_t *request, const struct view *v, FILE *to)
{
	char when[900];
	const bool here = json_is_true(json_object_get(request, "here"));
	AUTO_FREE char *text =
		sentence(request, here ? "wasl.request.here" : "wasl.request.kept", v);
	view_row(v, here ? VIEW_GOOD : VIEW_MODERATE, text, to);
	view_said(json_object_get(json_object_get(request, "promise"), "text"), v, when,
		  sizeof(when));
	if (when[0])
		fprintf(to, "    %s\n", when);
}

void request_view_list(const json_t *answer, const struct view *v, FILE *to)
{
	const json_t *list = json_object_get(answer, "requests"), *one;
	size_t i;
	AUTO_FREE char *title = view_fill(v, "wasl.request.title", NULL);
	AUTO_FREE char *none = view_fill(v, "wasl.request.none", NULL);
	view_title(v, title, to);
	json_array_foreach (list, i, one)
		put_one(one, v, to);
	if (json_array_size(list) == 0)
		view_row(v, VIEW_UNKNOWN, none, to);
}
