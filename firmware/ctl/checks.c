// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/ctl/ask.h"
#include "firmware/ctl/commands.h"
#include "firmware/ctl/wasl.h"

enum { WEEK = 7, DAYS_MOST = 1000 };

CLEAN_FN(json, json_t, json_decref)

/* How the school is called where the rows go: its id at Giga, else the ministry's code; nothing when neither is known. */
static void school_id(const json_t *answer, char *out, size_t room)
{
	CLEANUP(clean_json) json_t *who = NULL;
	struct fault why;
	const char *id = view_text(answer, "giga_id");
	if (!*id && ask_json("agentd", "GET", "/v1/identity", ASK_TIMEOUT_MS, &who, &why) == 0)
		id = view_text(who, "school_code");
	/* A field that a comma cannot leave. */
	snprintf(out, room, "%s", strpbrk(id, ",\"\r\n") ? "" : id);
}

static void put_row(const json_t *row, const char *school, const char *box, FILE *to)
{
	const time_t at = (time_t)(view_int(row, "minute", 0) * 60);
	const json_t *latency = json_object_get(row, "latency_ms");
	const bool connected = json_is_true(json_object_get(row, "connected"));
	struct tm t;
	char when[32] = "";
	if (gmtime_r(&at, &t))
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &t);
	fprintf(to, "%s,%s,%s,%s,%s,%s,", when, connected ? "true" : "false",
		connected ? "" : view_text(row, "error"), school, view_text(row, "id"), box);
	if (json_is_integer(latency))
		fprintf(to, "%" JSON_INTEGER_FORMAT, json_integer_value(latency));
	putc('\n', to);
}

static void put_csv(const json_t *answer, const char *school, FILE *to)
{
	const json_t *rows = json_object_get(answer, "rows");
	size_t i;
	json_t *row;
	json_array_foreach (rows, i, row)
		put_row(row, school, view_text(answer, "box"), to);
}

/* "2026-11-23: 280 of 288 checks were answered". */
static void put_day(const json_t *answer, const struct view *v, FILE *to)
{
	const json_t *rows = json_object_get(answer, "rows");
	size_t i, connected = 0;
	json_t *row;
	char day[11], n[24], of[24];
	json_array_foreach (rows, i, row)
		connected += json_is_true(json_object_get(row, "connected"));
	const size_t all = json_array_size(rows);
	clock_day_text((int32_t)view_int(answer, "day", 0), day);
	snprintf(n, sizeof(n), "%zu", connected);
	snprintf(of, sizeof(of), "%zu", all);
	AUTO_FREE char *text = view_fill(v, all ? "net.checks.day" : "net.checks.none", "day", day,
					 "n", n, "of", of, NULL);
	view_row(v,
		 !all                  ? VIEW_UNKNOWN
		 : connected == all    ? VIEW_GOOD
		 : connected * 2 > all ? VIEW_MODERATE
				       : VIEW_NO,
		 text ? text : "", to);
}

enum form { FORM_DAYS, FORM_CSV };

static int show(const struct wasl *w, enum form form, int32_t from, int32_t until)
{
	CLEANUP(clean_json) json_t *days = json_array();
	char school[64] = "";
	for (int32_t day = from; day <= until; day++) {
		CLEANUP(clean_json) json_t *answer = NULL;
		struct fault why = { 0 };
		char target[40];
		snprintf(target, sizeof(target), "/v1/checks?day=%d", day);
		if (ask_json("netmgrd", "GET", target, ASK_TIMEOUT_MS, &answer, &why) < 0)
			return wasl_failed(&why);
		if (day == from && form == FORM_CSV) {
			school_id(answer, school, sizeof(school));
			puts("timestamp,isConnected,errorMessage,giga_id_school,app_local_uuid,"
			     "browserId,latency");
		}
		if (w->form == WASL_JSON)
			json_array_append(days, answer);
		else if (form == FORM_CSV)
			put_csv(answer, school, stdout);
		else
			put_day(answer, &w->view, stdout);
	}
	return w->form == WASL_JSON ? wasl_show_json(days) : WASL_GOOD;
}

static void usage(FILE *to)
{
	fputs("usage: wasl net checks [--csv] [--from DAY] [--to DAY]\n\n"
	      "  --csv            one row for every five minutes, as Giga Meter has them\n"
	      "  --from DAY       the first day (UTC), 2026-11-23; else the last seven\n"
	      "  --to DAY         the last one; else today\n",
	      to);
}

int wasl_checks(const struct wasl *w, int argc, char **argv)
{
	const char *from = NULL, *until = NULL;
	bool csv = false;
	const struct commands_option options[] = { { "from", &from, NULL },
						   { "to", &until, NULL },
						   { "csv", NULL, &csv } };
	struct wasl mine = *w;
	struct fault why = { 0 };
	int r = commands_options(options, ARRAY_LEN(options), usage, &mine, &argc, &argv);
	if (r != COMMANDS_GO_ON)
		return r;
	int32_t last = clock_day(clock_wall_s()), first;
	if (argc)
		return wasl_misused("'%s' is too much for 'net checks'", argv[0]);
	if (csv && mine.form == WASL_JSON)
		return wasl_misused("--csv and --json are two forms; take one");
	if (until && wasl_evidence_day(until, &last, &why))
		return wasl_misused("%s", why.text);
	first = last - WEEK + 1;
	if (from && wasl_evidence_day(from, &first, &why))
		return wasl_misused("%s", why.text);
	if (first > last || last - first >= DAYS_MOST)
		return wasl_misused("--from is after --to, or %d days before it", DAYS_MOST);
	return show(&mine, csv ? FORM_CSV : FORM_DAYS, first, last);
}
