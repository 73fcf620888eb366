// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/paths.h"
#include "firmware/ctl/ask.h"
#include "firmware/ctl/wall_view.h"
#include "firmware/ctl/wasl.h"

CLEAN_FN(json, json_t, json_decref)

static const struct {
	const char *name, *mode;
} orders[] = { { "open", "open" }, { "close", "closed" }, { "normal", "none" } };

static int minutes_of(const char *text, long *out)
{
	char *end;
	long n = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : 0;
	if (n < 1 || n > 10080 || *end)
		return -1;
	*out = n;
	return 0;
}

static int give(const struct wasl *w, const char *mode, long minutes)
{
	struct fault why = { 0 };
	CLEANUP(clean_json) json_t *answer = NULL, *order = json_pack("{s:s}", "mode", mode);
	if (minutes)
		json_object_set_new(order, "minutes", json_integer(minutes));
	if (ctl_call(paths_at("/run/wasl/netmgrd.sock").at, "POST", "/v1/emergency", order,
		     ASK_TIMEOUT_MS, &answer, &why) < 0)
		return wasl_failed(&why);
	if (w->form == WASL_JSON)
		return wasl_show_json(answer);
	AUTO_FREE char *text = wall_view_said(answer, &w->view);
	puts(text ? text : "");
	return WASL_GOOD;
}

int wasl_net_order(const struct wasl *w, int argc, char **argv)
{
	long minutes = 0;
	for (size_t i = 0; argc > 0 && i < ARRAY_LEN(orders); i++) {
		if (strcmp(orders[i].name, argv[0]) != 0)
			continue;
		const bool timed = strcmp(orders[i].mode, "none") != 0;
		if (argc > (timed ? 2 : 1))
			return wasl_misused("'%s' is too much", argv[timed ? 2 : 1]);
		if (argc == 2 && minutes_of(argv[1], &minutes) < 0)
			return wasl_misused("'%s' is no number of minutes from 1 to 10080",
					    argv[1]);
		return give(w, orders[i].mode, minutes);
	}
	return WASL_NO_ORDER;
}
