// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/batch.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "provisioning/hub/csv.h"
#include "provisioning/hub/kinds.h"

enum { TABLE_BYTES = 8 << 20, NONE = CSV_FIELDS };

static void clean_folder(DIR **held)
{
	if (*held)
		closedir(*held);
}

static void clean_json(json_t **held)
{
	json_decref(*held);
}

void batch_done(struct batch *b)
{
	for (size_t i = 0; i < b->count; i++) {
		free(b->all[i].path);
		free(b->all[i].where);
		json_decref(b->all[i].facts);
	}
	free(b->all);
	*b = (struct batch){ 0 };
}

static int add(struct batch *b, const struct batch_one *one, const char *list, struct fault *why)
{
	if (b->count == BATCH_MOST)
		return fault_set(why, -EFBIG, "publish.many",
				 "'%s' has more than %u files; publish it in several parts", list,
				 BATCH_MOST);
	if (!b->all)
		b->all = calloc(BATCH_MOST, sizeof(*b->all));
	if (!b->all)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	b->all[b->count++] = *one;
	return 0;
}

/* --- a folder -------------------------------------------------------------------------------------------- */

/* A document is a lesson's attachment, unless it has something to say for itself. */
static bool stands_alone(const char *folder, const char *name)
{
	AUTO_FREE char *beside = NULL;
	const char *dot = strrchr(name, '.');
	if (asprintf(&beside, "%s/%.*s.json", folder, (int)(dot - name), name) < 0) {
		beside = NULL;
		return false;
	}
	return access(beside, F_OK) == 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct batch_one *)a)->path, ((const struct batch_one *)b)->path);
}

int batch_folder(const char *folder, struct batch *out, struct fault *why)
{
	CLEANUP(clean_folder) DIR *dir = opendir(folder);
	CLEANUP(batch_done) struct batch b = { 0 };
	if (!dir)
		return fault_set(why, -errno, "publish.folder", "'%s': %s", folder,
				 strerror(errno));
	for (struct dirent *e; (e = readdir(dir));) {
		const enum kind kind = kinds_of(e->d_name);
		struct batch_one one = { 0 };
		if (e->d_name[0] == '.' || kind == KIND_UNKNOWN ||
		    (kind != KIND_VIDEO && !stands_alone(folder, e->d_name)))
			continue;
		if (asprintf(&one.path, "%s/%s", folder, e->d_name) < 0)
			return fault_set(why, -ENOMEM, "memory", "out of memory");
		int rc = add(&b, &one, folder, why);
		if (rc) {
			free(one.path);
			return rc;
		}
	}
	if (b.count == 0)
		return fault_set(why, -ENOENT, "publish.none", "'%s' holds no video", folder);
	qsort(b.all, b.count, sizeof(*b.all), by_path);
	*out = b;
	b = (struct batch){ 0 };
	return 0;
}

/* --- a table --------------------------------------------------------------------------------------------- */

enum form { TEXT, NUMBER, NAMES };

static const struct column {
	const char *name, *field,
		*language; /* language: "ar" of {"title": {"ar": …}}; NULL: the field itself */
	enum form form;
} columns[] = {
	{ "file", NULL, NULL, TEXT },
	{ "id", "id", NULL, TEXT },
	{ "title_ar", "title", "ar", TEXT },
	{ "title_fr", "title", "fr", TEXT },
	{ "title_en", "title", "en", TEXT },
	{ "summary_ar", "summary", "ar", TEXT },
	{ "summary_fr", "summary", "fr", TEXT },
	{ "summary_en", "summary", "en", TEXT },
	{ "subject", "subject", NULL, TEXT },
	{ "grade", "grade", NULL, NUMBER },
	{ "unit", "unit", NULL, TEXT },
	{ "order", "order", NULL, NUMBER },
	{ "language", "language", NULL, TEXT },
	{ "licence", "licence", NULL, TEXT },
	{ "attribution", "attribution", NULL, TEXT },
	{ "attachments", "attachments", NULL, NAMES },
	{ "captions_ar", "captions", "ar", TEXT },
	{ "captions_fr", "captions", "fr", TEXT },
	{ "captions_en", "captions", "en", TEXT },
};

struct table {
	const char *path;
	char folder[4096];
	size_t at[ARRAY_LEN(columns)]; /* field of each column; NONE: it is not there */
};

static int read_columns(const struct csv_row *row, struct table *t, struct fault *why)
{
	for (size_t c = 0; c < ARRAY_LEN(columns); c++)
		t->at[c] = NONE;
	for (size_t i = 0; i < row->count; i++) {
		size_t c = 0;
		while (c < ARRAY_LEN(columns) && strcmp(columns[c].name, row->field[i]) != 0)
			c++;
		if (c == ARRAY_LEN(columns) || t->at[c] != NONE)
			return fault_set(why, -EINVAL, "publish.column",
					 "'%s': the column '%s' is %s; see waslhub(1)", t->path,
					 row->field[i],
					 c == ARRAY_LEN(columns) ? "unknown" : "there twice");
		t->at[c] = i;
	}
	if (t->at[0] == NONE)
		return fault_set(why, -EINVAL, "publish.column",
				 "'%s': the first line names no column 'file'", t->path);
	return 0;
}

static const char *cell(const struct table *t, const struct csv_row *row, size_t column)
{
	return t->at[column] < row->count ? row->field[t->at[column]] : "";
}

/* A number that is none stays a text: who reads the facts says what is wrong with it. */
static json_t *value_of(const char *text, enum form form)
{
	char *end;
	if (form == NUMBER) {
		const long long n = strtoll(text, &end, 10);
		return *end ? json_string(text) : json_integer(n);
	}
	if (form == TEXT)
		return json_string(text);
	json_t *names = json_array();
	for (const char *at = text; *at;) {
		const size_t n = strcspn(at, "|");
		if (n)
			json_array_append_new(names, json_stringn(at, n));
		at += n + (at[n] == '|');
	}
	return names;
}

static int read_line(const struct table *t, const struct csv_row *row, struct batch *out,
		     struct fault *why)
{
	CLEANUP(clean_json) json_t *facts = json_object();
	AUTO_FREE char *path = NULL, *where = NULL;
	const char *file = cell(t, row, 0);
	if (!*file)
		return fault_set(why, -EINVAL, "publish.line", "'%s' line %u: it names no file",
				 t->path, row->line);
	for (size_t c = 1; c < ARRAY_LEN(columns); c++) {
		const char *text = cell(t, row, c);
		json_t *to = facts;
		if (!*text)
			continue;
		if (columns[c].language) {
			to = json_object_get(facts, columns[c].field);
			if (!to) {
				to = json_object();
				json_object_set_new(facts, columns[c].field, to);
			}
		}
		json_t *value = value_of(text, columns[c].form);
		if (!value)
			return fault_set(why, -EINVAL, "publish.line",
					 "'%s' line %u: '%s' is not UTF-8; save the table as "
					 "'CSV UTF-8'",
					 t->path, row->line, columns[c].name);
		json_object_set_new(to,
				    columns[c].language ? columns[c].language : columns[c].field,
				    value);
	}
	if (asprintf(&path, "%s%s%s", *file == '/' ? "" : t->folder, *file == '/' ? "" : "/",
		     file) < 0)
		path = NULL;
	if (asprintf(&where, "%s line %u", t->path, row->line) < 0)
		where = NULL;
	if (!path || !where || !facts)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	const struct batch_one one = { path, facts, where };
	int rc = add(out, &one, t->path, why);
	if (rc == 0) {
		path = where = NULL;
		facts = NULL;
	}
	return rc;
}

int batch_table(const char *path, void (*bad)(const struct fault *why), struct batch *out,
		struct fault *why)
{
	CLEANUP(batch_done) struct batch b = { 0 };
	AUTO_FREE void *text = NULL;
	size_t len = 0;
	struct table t = { .path = path };
	struct fault line = { 0 };
	struct csv c;
	struct csv_row row;
	const char *slash = strrchr(path, '/');
	int rc = fileio_read(path, TABLE_BYTES, &text, &len, why);
	if (rc)
		return rc;
	if (memchr(text, '\0', len) || (slash && (size_t)(slash - path) >= sizeof(t.folder)))
		return fault_set(why, -EINVAL, "publish.table",
				 "'%s' is no text; save the table as 'CSV UTF-8 (comma delimited)'",
				 path);
	snprintf(t.folder, sizeof(t.folder), "%.*s", slash ? (int)(slash - path) : 1,
		 slash ? path : ".");
	csv_init(&c, text, len);
	int got = csv_next(&c, &row, why);
	if (got <= 0)
		return got < 0 ? got
			       : fault_set(why, -EINVAL, "publish.table",
					   "'%s' is empty; its first line names the columns", path);
	rc = read_columns(&row, &t, why);
	while (rc == 0 && (got = csv_next(&c, &row, &line)) != 0) {
		rc = got < 0 ? got : read_line(&t, &row, &b, &line);
		if (rc == -EINVAL || rc == -EBADMSG) {
			b.bad++;
			bad(&line);
			rc = 0;
		} else if (rc && why) {
			*why = line;
		}
	}
	if (rc == 0 && b.count == 0)
		rc = fault_set(why, -ENOENT, "publish.none", "'%s' names no file", path);
	if (rc)
		return rc;
	*out = b;
	b = (struct batch){ 0 };
	return 0;
}
