// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/paths.h"
#include "firmware/ctl/ask.h"
#include "firmware/ctl/commands.h"
#include "firmware/ctl/measure_view.h"
#include "firmware/ctl/wasl.h"

enum { LOOK_US = 300000, LOOKS_MOST = 300 };

CLEAN_FN(json, json_t, json_decref)

static void usage(FILE *to)
{
	fputs("usage: wasl net test [--uplink NAME] [--full]\n\n"
	      "  how fast a line is now; its bytes count as any others\n",
	      to);
}

/* What it comes to, in one place, for who looks on. */
static void show_now(const struct wasl *w, const json_t *now)
{
	AUTO_FREE char *text = measure_view_now(now, &w->view);
	fprintf(stderr, "\r\033[K%s", text ? text : "");
	(void)fflush(stderr);
}

/* The row that was not there before. */
static int await(const struct wasl *w, int64_t last, json_t **out, struct fault *why)
{
	const bool looks_on = w->form == WASL_TEXT && isatty(STDERR_FILENO);
	for (int i = 0; i < LOOKS_MOST; i++, usleep(LOOK_US)) {
		CLEANUP(clean_json) json_t *now = NULL;
		int r = ask_json("netmgrd", "GET", "/v1/measure", ASK_TIMEOUT_MS, &now, why);
		if (r < 0)
			return r;
		if (json_is_true(json_object_get(now, "runs"))) {
			if (looks_on)
				show_now(w, now);
			continue;
		}
		if (looks_on)
			fputs("\r\033[K", stderr);
		if (view_int(now, "last", 0) <= last)
			break;
		char target[64];
		snprintf(target, sizeof(target), "/v1/measurements?after=%lld&limit=1",
			 (long long)view_int(now, "last", 0) - 1);
		CLEANUP(clean_json) json_t *page = NULL;
		r = ask_json("netmgrd", "GET", target, ASK_TIMEOUT_MS, &page, why);
		json_t *row = json_array_get(json_object_get(page, "rows"), 0);
		if (r == 0 && row)
			*out = json_incref(row);
		return r == 0 && !row
			       ? fault_set(why, -EIO, "measure.row",
					   "the measurement was not kept; netmgrd's log says why")
			       : r;
	}
	return fault_set(why, -ETIMEDOUT, "measure.row",
			 "the measurement brought no result; netmgrd's log says why");
}

static int run(const struct wasl *w, const char *uplink, const json_t *full)
{
	struct fault why = { 0 };
	CLEANUP(clean_json) json_t *order = json_object(), *begun = NULL, *row = NULL;
	if (uplink)
		json_object_set_new(order, "uplink", json_string(uplink));
	json_object_set(order, "full", (json_t *)(uintptr_t)full);
	if (ctl_call(paths_at("/run/wasl/netmgrd.sock").at, "POST", "/v1/measure", order,
		     ASK_TIMEOUT_MS, &begun, &why) < 0 ||
	    await(w, view_int(begun, "last", 0), &row, &why) < 0)
		return wasl_failed(&why);
	const int good = json_is_true(json_object_get(row, "good")) ? WASL_GOOD : WASL_FAILED;
	if (w->form == WASL_JSON)
		(void)wasl_show_json(row);
	else
		measure_view(row, &w->view, stdout);
	return good;
}

int wasl_net_test(const struct wasl *w, int argc, char **argv)
{
	struct wasl mine = *w;
	const char *uplink = NULL;
	bool full = false;
	const struct commands_option options[] = { { "uplink", &uplink, NULL },
						   { "full", NULL, &full } };
	const int r = commands_options(options, ARRAY_LEN(options), usage, &mine, &argc, &argv);
	if (r != COMMANDS_GO_ON)
		return r;
	if (argc)
		return wasl_misused("'%s' is too much for 'net test'", argv[0]);
	return run(&mine, uplink, full ? json_true() : json_false());
}
