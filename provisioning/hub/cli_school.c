// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "provisioning/hub/cli.h"
#include "provisioning/hub/csv.h"
#include "provisioning/hub/demo.h"
#include "provisioning/hub/refresh.h"

enum { CSV_LIMIT = 64 << 20, BAD_LINES_SHOWN = 20 };

CLEAN_FN(store, struct store, store_close)

struct tally {
	unsigned count[3]; /* by enum store_change */
	unsigned bad;
};

static void say_bad(struct tally *t, const struct fault *why)
{
	if (++t->bad <= BAD_LINES_SHOWN)
		fprintf(stderr, "%s\n", why->text);
}

static int put(struct store *s, const struct school *school, struct tally *t, struct fault *why)
{
	enum store_change change;
	struct school before;
	int rc = store_school_get(s, school->code, &before, why);
	if (rc == 0)
		rc = refresh_region_move(s, &before, school, why);
	if (rc == 0 || rc == -ENOENT)
		rc = store_school_put(s, school, &change, why);
	if (rc == 0)
		t->count[change]++;
	return rc;
}

/* A bad line is named and left out; the good ones are registered all the same. */
static int import_rows(struct store *s, struct csv *c, struct tally *t, struct fault *why)
{
	struct csv_row row;
	struct school_columns columns;
	int got = csv_next(c, &row, why);
	if (got == 0)
		return fault_set(why, -EINVAL, "school.empty",
				 "the file is empty; the first line names the columns");
	int rc = got < 0 ? got : school_columns_read(&row, &columns, why);
	if (rc)
		return rc;
	while ((got = csv_next(c, &row, why)) != 0) {
		struct school school;
		if (got < 0 || school_read(&row, &columns, &school, why)) {
			say_bad(t, why);
			continue;
		}
		rc = put(s, &school, t, why);
		if (rc)
			return rc;
	}
	return 0;
}

static int import_file(struct store *s, const char *path, struct tally *t, struct fault *why)
{
	AUTO_FREE void *text = NULL;
	size_t len = 0;
	int rc = fileio_read(path, CSV_LIMIT, &text, &len, why);
	if (rc)
		return rc;
	if (memchr(text, '\0', len))
		return fault_set(why, -EINVAL, "school.binary",
				 "'%s' is no text; save the table as 'CSV UTF-8 (comma delimited)'",
				 path);
	struct csv c;
	csv_init(&c, text, len);
	rc = import_rows(s, &c, t, why);
	return rc ? fault_within(why, "'%s'", path) : 0;
}

static int import_demo(struct store *s, unsigned count, struct tally *t, struct fault *why)
{
	int rc = 0;
	for (unsigned i = 0; rc == 0 && i < count; i++) {
		struct school school;
		demo_school(i, &school);
		rc = put(s, &school, t, why);
	}
	return rc;
}

static int import(const char *dir, const char *path, unsigned demo, struct fault *why)
{
	CLEANUP(clean_store) struct store *s = NULL;
	struct tally t = { 0 };
	int rc = cli_store(dir, &s, why);
	if (rc == 0)
		rc = store_begin(s, why);
	if (rc == 0)
		rc = path ? import_file(s, path, &t, why) : import_demo(s, demo, &t, why);
	if (rc == 0)
		rc = store_commit(s, why);
	if (rc)
		return rc;
	if (t.bad > BAD_LINES_SHOWN)
		fprintf(stderr, "… and %u more\n", t.bad - BAD_LINES_SHOWN);
	printf("schools: %u added, %u changed, %u as before, %u lines refused\n",
	       t.count[STORE_ADDED], t.count[STORE_CHANGED], t.count[STORE_SAME], t.bad);
	if (t.bad)
		return fault_set(
			why, -EINVAL, "school.refused",
			"'%s': %u lines were refused; correct them and import the file again", path,
			t.bad);
	return 0;
}

int cli_school(int argc, char **argv)
{
	static const struct option options[] = { { "dir", required_argument, NULL, 'd' },
						 { "demo", required_argument, NULL, 'n' },
						 { 0 } };
	struct path dir = paths_at(CLI_DIR);
	unsigned long demo = 0;
	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		char *end = NULL;
		if (o == 'd')
			dir = paths_at("%s", optarg);
		else if (o != 'n')
			return cli_misused("school: option not understood");
		else if ((demo = strtoul(optarg, &end, 10)),
			 !isdigit((unsigned char)*optarg) || *end || demo < 1 || demo > 200000)
			return cli_misused("school: --demo '%s' must be a number from 1 to 200000",
					   optarg);
	}
	if (optind >= argc || strcmp(argv[optind], "import") != 0)
		return cli_misused("school: say 'import' and a file");
	const char *path = optind + 1 < argc ? argv[optind + 1] : NULL;
	if (optind + 2 < argc || !path == !demo)
		return cli_misused("school import: one CSV file, or --demo N");
	struct fault why = { 0 };
	return import(dir.at, path, (unsigned)demo, &why) ? cli_failed(&why) : 0;
}
