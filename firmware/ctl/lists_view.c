// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/lists_view.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/ctl/view.h"

static void put_rungs(const json_t *lesson, FILE *to)
{
	size_t i;
	json_t *rung;
	json_array_foreach (json_object_get(lesson, "rungs"), i, rung) {
		char name[24];
		view_foreign(view_text(rung, "rung"), name, sizeof(name));
		fprintf(to, "%s%s %" PRId64 "/%" PRId64, i ? " · " : "", name,
			view_int(rung, "done", 0), view_int(rung, "of", 0));
	}
}

static void put_progress(const json_t *lesson, const struct view *v, FILE *to)
{
	char have[48], size[48];
	int64_t got = view_int(lesson, "mezzanine_have", 0);
	int64_t whole = view_int(lesson, "mezzanine_size", 0);
	int64_t minutes = (view_int(lesson, "eta_s", 0) + 59) / 60;
	fputs("    ", to);
	if (got < whole) {
		view_size(v, (uint64_t)(got > 0 ? got : 0), have, sizeof(have));
		view_size(v, (uint64_t)whole, size, sizeof(size));
		AUTO_FREE char *text =
			view_fill(v, "wasl.lesson.arriving", "have", have, "size", size, NULL);
		fprintf(to, "%s · ", text);
	}
	put_rungs(lesson, to);
	if (minutes > 0) {
		char n[24];
		snprintf(n, sizeof(n), "%" PRId64, minutes);
		AUTO_FREE char *text = view_fill(v, "wasl.lesson.eta", "n", n, NULL);
		fprintf(to, " · %s", text);
	}
	putc('\n', to);
	char when[900];
	view_said(json_object_get(json_object_get(lesson, "promise"), "text"), v, when,
		  sizeof(when));
	if (when[0] && minutes <= 0)
		fprintf(to, "    %s\n", when);
}

void lessons_view(const json_t *answer, const struct view *v, FILE *to)
{
	const json_t *lessons = json_object_get(answer, "lessons");
	int64_t version = view_int(answer, "catalogue_version", 0);
	char number[24];
	snprintf(number, sizeof(number), "%" PRId64, version);
	AUTO_FREE char *head = view_fill(v, version ? "status.catalogue" : "status.catalogue.none",
					 "version", number, NULL);
	view_title(v, head, to);
	size_t i;
	json_t *lesson;
	json_array_foreach (lessons, i, lesson) {
		bool complete = json_is_true(json_object_get(lesson, "complete"));
		bool ready = json_is_true(json_object_get(lesson, "ready"));
		char title[300], id[80], line[400];
		view_said(json_object_get(lesson, "title"), v, title, sizeof(title));
		view_foreign(view_text(lesson, "id"), id, sizeof(id));
		snprintf(line, sizeof(line), "%s  %s", id, title);
		view_row(v, complete ? VIEW_GOOD : ready ? VIEW_MODERATE : VIEW_UNKNOWN, line, to);
		if (!complete)
			put_progress(lesson, v, to);
	}
}

void receipts_view(const json_t *rows, const struct view *v, FILE *to)
{
	size_t i;
	json_t *row;
	if (json_array_size(rows) == 0)
		view_row(v, VIEW_NEVER, strings_get(v->lang, "wasl.receipt.none"), to);
	json_array_foreach (rows, i, row) {
		char date[20], number[24], epoch[24], hash[13];
		view_time(v, view_int(row, "hub_time", 0), date);
		snprintf(number, sizeof(number), "%" PRId64, view_int(row, "through_seq", 0));
		snprintf(epoch, sizeof(epoch), "%" PRId64, view_int(row, "epoch", 0));
		view_foreign(view_text(row, "head_hash"), hash, sizeof(hash));
		AUTO_FREE char *text = view_fill(v, "wasl.receipt.row", "n", number, "date", date,
						 "epoch", epoch, "hash", hash, NULL);
		view_row(v, VIEW_GOOD, text, to);
	}
}
