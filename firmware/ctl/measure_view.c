// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/measure_view.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"

/* "9,5" of a rate in bit/s */
static void mbps(const struct view *v, const json_t *way, char *out, size_t room)
{
	const int64_t bps = view_int(way, "bps", 0);
	view_tenths(v, bps > 0 ? (uint64_t)(bps + 50000) / 100000 : 0, out, room);
}

static bool is_true(const json_t *row, const char *key)
{
	return json_is_true(json_object_get(row, key));
}

static char *figures(const json_t *row, const struct view *v, const char *id)
{
	char name[40], down[32], up[32], rtt[24], at[20];
	view_foreign(view_text(row, "uplink"), name, sizeof(name));
	mbps(v, json_object_get(row, "down"), down, sizeof(down));
	mbps(v, json_object_get(row, "up"), up, sizeof(up));
	snprintf(rtt, sizeof(rtt), "%" PRId64, (view_int(row, "rtt_us", 0) + 500) / 1000);
	view_time(v, view_int(row, "at", 0), at);
	return view_fill(v, id, "name", name, "down", down, "up", up, "rtt", rtt, "at", at, NULL);
}

/* Of the direction that has no rate. */
static const char *failure(const json_t *row)
{
	static const struct {
		const char *end, *id;
	} ends[] = {
		{ "refused", "net.test.refused" },
		{ "rude", "net.test.rude" },
		{ "late", "net.test.late" },
		{ "line", "net.test.line" },
	};
	static const char *const ways[] = { "down", "up" };
	for (size_t w = 0; w < ARRAY_LEN(ways); w++)
		for (size_t i = 0; i < ARRAY_LEN(ends); i++)
			if (strcmp(view_text(json_object_get(row, ways[w]), "end"), ends[i].end) ==
			    0)
				return ends[i].id;
	return "net.test.broken";
}

void measure_view(const json_t *row, const struct view *v, FILE *to)
{
	char cost[32];
	const bool good = is_true(row, "good");
	AUTO_FREE char *head = figures(row, v, good ? "net.test.row" : "net.test.none");
	const int64_t bytes = view_int(row, "bytes", 0);
	view_size(v, bytes > 0 ? (uint64_t)bytes : 0, cost, sizeof(cost));
	const char *how = !good                       ? failure(row)
			  : is_true(row, "truncated") ? "net.test.early"
						      : "net.test.full";
	AUTO_FREE char *spent = view_fill(v, "net.test.cost", "size", cost, NULL);
	view_row(v, good ? VIEW_GOOD : VIEW_NO, head ? head : "", to);
	fprintf(to, "    %s %s\n", strings_get(v->lang, how), spent ? spent : "");
	if (good && !is_true(row, "proved"))
		fprintf(to, "    %s\n", strings_get(v->lang, "net.test.unproved"));
}

char *measure_view_now(const json_t *now, const struct view *v)
{
	char name[40], rate[32];
	const bool up = strcmp(view_text(now, "way"), "upload") == 0;
	view_foreign(view_text(now, "uplink"), name, sizeof(name));
	mbps(v, json_object_get(now, "now"), rate, sizeof(rate));
	return view_fill(v, up ? "net.test.now.up" : "net.test.now.down", "name", name, "n", rate,
			 NULL);
}

void measure_view_last(const json_t *uplinks, const struct view *v, FILE *to)
{
	size_t i;
	json_t *uplink;
	bool begun = false;
	json_array_foreach (uplinks, i, uplink) {
		const json_t *row = json_object_get(uplink, "measured");
		if (!json_is_object(row))
			continue;
		if (!begun)
			view_section(v, strings_get(v->lang, "net.measured"), to);
		begun = true;
		AUTO_FREE char *text = figures(row, v,
					       is_true(row, "truncated") ? "net.measured.early"
									 : "net.measured.full");
		view_row(v, VIEW_NEVER, text ? text : "", to);
	}
}
