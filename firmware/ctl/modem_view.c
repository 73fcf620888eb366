// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/modem_view.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/ctl/view.h"

enum { ROOM = 400 };

/* The string of PREFIX and the word, as the tables have it; "" where they have none: strangers' words are not shown. */
static const char *word(const struct view *v, const char *prefix, const char *said)
{
	char id[40];
	const int len = snprintf(id, sizeof(id), "%s%s", prefix, said);
	if (!*said || said[strspn(said, "abcdefghijklmnopqrstuvwxyz_")] || len >= (int)sizeof(id))
		return "";
	const char *text = strings_get(v->lang, id);
	return text == id ? "" : text;
}

static bool is(const json_t *modem, const char *key, const char *said)
{
	return strcmp(view_text(modem, key), said) == 0;
}

static bool well(const json_t *modem)
{
	return is(modem, "state", "connected") && is(modem, "reason", "");
}

/* "connected, network Zitouna 4G, signal 3 of 4"; "locked: there is no SIM in it". */
static void say(const json_t *modem, const struct view *v, char out[static ROOM])
{
	const char *reason = word(v, "modem.why.", view_text(modem, "reason"));
	char operator[100], technology[16], bars[24];
	AUTO_FREE char *with = NULL, *why = NULL;
	const char *text = word(v, "modem.", view_text(modem, "state"));
	text = *text ? text : "–";
	view_foreign(view_text(modem, "operator"), operator, sizeof(operator));
	view_foreign(view_text(modem, "technology"), technology, sizeof(technology));
	snprintf(bars, sizeof(bars), "%lld", (long long)view_int(modem, "bars", 0));
	if (operator[0] && json_is_integer(json_object_get(modem, "bars"))) {
		with = view_fill(v, "net.modem.network", "state", text, "operator", operator,
				 "technology", technology, "bars", bars, NULL);
		text = with ? with : text;
	}
	if (*reason) {
		why = view_fill(v, "net.modem.because", "state", text, "reason", reason, NULL);
		text = why ? why : text;
	}
	snprintf(out, ROOM, "%s", text);
}

static void put(const json_t *line, const json_t *modem, const char *id, const struct view *v,
		char **out)
{
	char name[40], state[ROOM];
	view_foreign(view_text(line, "name"), name, sizeof(name));
	say(modem, v, state);
	*out = view_fill(v, id, "name", name, "state", state, NULL);
}

void modem_view(const json_t *lines, const struct view *v, FILE *to)
{
	bool begun = false;
	size_t i;
	json_t *line;
	json_array_foreach (lines, i, line) {
		const json_t *modem = json_object_get(line, "modem");
		AUTO_FREE char *text = NULL;
		if (!json_is_object(modem))
			continue;
		if (!begun)
			view_section(v, strings_get(v->lang, "net.modems"), to);
		begun = true;
		put(line, modem, "net.modem.row", v, &text);
		view_row(v,
			 well(modem)                 ? VIEW_GOOD
			 : is(modem, "state", "off") ? VIEW_NEVER
			 : is(modem, "reason", "")   ? VIEW_MODERATE
						     : VIEW_NO,
			 text ? text : "", to);
	}
}

void modem_view_explain(const json_t *lines, const struct view *v, FILE *to)
{
	size_t i;
	json_t *line;
	json_array_foreach (lines, i, line) {
		const json_t *modem = json_object_get(line, "modem");
		const int64_t step_s = view_int(modem, "step_s", 0);
		AUTO_FREE char *text = NULL, *step = NULL;
		char minutes[24];
		if (!json_is_object(modem) || well(modem) || is(modem, "state", "off"))
			continue;
		put(line, modem, "net.modem.explain", v, &text);
		fprintf(to, " %s", text ? text : "");
		if (step_s <= 0)
			continue;
		snprintf(minutes, sizeof(minutes), "%lld", (long long)((step_s + 59) / 60));
		step = view_fill(v, "net.modem.step", "n", minutes, NULL);
		fprintf(to, " %s", step ? step : "");
	}
}
