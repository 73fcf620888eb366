// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stddef.h>

struct fault;

/*
 * What is to be published: the files of a folder, or those that a table names. A table is CSV as spreadsheets write it (csv.h),
 * its first line names the columns, in any order:
 *	file				needed; a path from the table's own folder, or from the root
 *	id, subject, unit, language, licence, attribution
 *	title_ar, title_fr, title_en, summary_ar, summary_fr, summary_en
 *	grade, order			whole numbers
 *	attachments			names of files beside `file`, with "|" between them
 *	captions_ar, captions_fr, captions_en	a file beside `file` for each: .vtt, .srt, .ass, .ssa
 * What a table says goes before what lies beside the file (sidecar.h); an empty cell says nothing.
 */
#define BATCH_MOST 2000u

struct batch_one {
	char *path;
	json_t *facts; /* as in NAME.json; NULL: nothing beyond that */
	char *where;   /* "list.csv line 3"; NULL without a table */
};

struct batch {
	struct batch_one *all;
	size_t count;
	unsigned bad; /* lines of the table that were told and left out */
};
void batch_done(struct batch *b);

/* Videos, and documents that have a NAME.json of their own, by name. */
int batch_folder(const char *folder, struct batch *out, struct fault *why);
/* A line that cannot be used goes to `bad` and is left out. -EINVAL: a column is unknown or missing. */
int batch_table(const char *path, void (*bad)(const struct fault *why), struct batch *out,
		struct fault *why);
