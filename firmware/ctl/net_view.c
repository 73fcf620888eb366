// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/net_view.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/ctl/measure_view.h"
#include "firmware/ctl/modem_view.h"
#include "firmware/ctl/status_view.h"
#include "firmware/ctl/wall_view.h"
#include "firmware/ctl/wifi_view.h"

/* --- the box's own networks --- */

struct lan_words {
	char name[40], address[24], network[24], from[24], line[40];
};

static struct lan_words lan_words(const json_t *lan)
{
	const json_t *moved = json_object_get(lan, "moved");
	const char *collides = view_text(lan, "collides");
	struct lan_words w;
	view_foreign(view_text(lan, "name"), w.name, sizeof(w.name));
	view_foreign(view_text(lan, "address"), w.address, sizeof(w.address));
	view_foreign(view_text(lan, "network"), w.network, sizeof(w.network));
	view_foreign(view_text(moved, "from"), w.from, sizeof(w.from));
	view_foreign(*collides ? collides : view_text(moved, "uplink"), w.line, sizeof(w.line));
	return w;
}

static char *lan_text(const struct view *v, const char *id, const struct lan_words *w)
{
	return view_fill(v, id, "name", w->name, "network", w->network, "from", w->from, "line",
			 w->line, NULL);
}

static bool collides(const json_t *lan)
{
	return *view_text(lan, "collides") != '\0';
}

static void show_lans(const json_t *lans, const struct view *v, FILE *to)
{
	size_t i;
	json_t *lan;
	if (json_array_size(lans) > 0)
		view_section(v, strings_get(v->lang, "net.lans"), to);
	json_array_foreach (lans, i, lan) {
		struct lan_words w = lan_words(lan);
		bool here = json_is_true(json_object_get(lan, "here"));
		AUTO_FREE char *text = view_fill(v, here ? "net.lan.row" : "net.lan.row.away",
						 "name", w.name, "address", w.address, NULL);
		view_row(v,
			 !here           ? VIEW_NEVER
			 : collides(lan) ? VIEW_MODERATE
					 : VIEW_GOOD,
			 text ? text : "", to);
	}
}

/* --- what real transfers say --- */

struct passive_words {
	char name[40], down[24], up[24], rtt[24];
};

static void say_mbps(const struct view *v, int64_t kbps, char out[static 24])
{
	if (kbps > 0)
		view_tenths(v, (uint64_t)(kbps + 50) / 100, out, 24);
	else
		snprintf(out, 24, "–");
}

static void say_ms(int64_t us, char out[static 24])
{
	if (us > 0)
		snprintf(out, 24, "%lld", (long long)((us + 500) / 1000));
	else
		snprintf(out, 24, "–");
}

/* NULL while nothing is known. */
static char *passive_text(const json_t *line, const struct view *v)
{
	const json_t *passive = json_object_get(line, "passive");
	const int64_t down = view_int(passive, "down_kbps", 0),
		      up = view_int(passive, "up_kbps", 0);
	struct passive_words w;
	if (down <= 0 && up <= 0)
		return NULL;
	view_foreign(view_text(line, "name"), w.name, sizeof(w.name));
	say_mbps(v, down, w.down);
	say_mbps(v, up, w.up);
	say_ms(view_int(passive, "rtt_us", 0), w.rtt);
	return view_fill(v, "net.passive", "name", w.name, "down", w.down, "up", w.up, "rtt", w.rtt,
			 NULL);
}

static void show_passive(const json_t *lines, const struct view *v, FILE *to)
{
	size_t i;
	json_t *line;
	json_array_foreach (lines, i, line) {
		AUTO_FREE char *text = passive_text(line, v);
		if (text)
			fprintf(to, "    %s\n", text);
	}
}

void net_view_status(const json_t *answer, const struct view *v, FILE *to)
{
	view_title(v, strings_get(v->lang, "net.title"), to);
	status_view_lines(answer, v, to);
	show_passive(json_object_get(answer, "uplinks"), v, to);
	modem_view(json_object_get(answer, "uplinks"), v, to);
	wall_view(json_object_get(answer, "wall"), WALL_VIEW_ALL, v, to);
	measure_view_last(json_object_get(answer, "uplinks"), v, to);
	show_lans(json_object_get(answer, "lans"), v, to);
	wifi_view(json_object_get(answer, "wifi"), v, to);
}

/* --- one sentence after the other --- */

struct story {
	const struct view *v;
	FILE *to;
	bool begun;
};

/* The string with {name} and {state} filled. */
static void tell(struct story *s, const char *id, const char *name, const char *state)
{
	AUTO_FREE char *text = view_fill(s->v, id, "name", name, "state", state, NULL);
	fprintf(s->to, "%s%s", s->begun ? " " : "", text ? text : "");
	s->begun = true;
}

static bool is(const json_t *line, const char *key, const char *word)
{
	return strcmp(view_text(line, key), word) == 0;
}

static bool well(const json_t *line)
{
	return is(line, "state", "up") && is(line, "grade", "good");
}

/* What is with a line, in the words of the status, and whose fault it is: "down, because of the provider". */
static void say_state(const struct story *s, const json_t *line, char *out, size_t room)
{
	const char *state = strings_get(s->v->lang, status_view_state(line));
	const char *layer = status_view_layer(line, s->v);
	if (*layer) {
		AUTO_FREE char *both =
			view_fill(s->v, "net.because", "state", state, "layer", layer, NULL);
		view_foreign(both ? both : "", out, room);
	} else {
		view_foreign(state, out, room);
	}
}

static void tell_of(struct story *s, const char *id, const json_t *line)
{
	char name[40], state[200];
	view_foreign(view_text(line, "name"), name, sizeof(name));
	say_state(s, line, state, sizeof(state));
	tell(s, id, name, state);
	int64_t hold_s = view_int(line, "hold_s", 0);
	if (hold_s > 0) {
		char seconds[24];
		snprintf(seconds, sizeof(seconds), "%lld", (long long)hold_s);
		AUTO_FREE char *text = view_fill(s->v, "net.hold", "n", seconds, NULL);
		fprintf(s->to, " %s", text ? text : "");
	}
}

/* --- why this one --- */

static bool comes_before(const json_t *a, const json_t *b)
{
	return view_int(a, "preference", 0) < view_int(b, "preference", 0);
}

/* How many lines of the order stand before `chosen`. */
static size_t before(const json_t *lines, const json_t *chosen)
{
	size_t n = 0, i;
	json_t *line;
	json_array_foreach (lines, i, line)
		n += comes_before(line, chosen);
	return n;
}

static void tell_choice(struct story *s, const json_t *lines, const json_t *chosen)
{
	char name[40];
	view_foreign(view_text(chosen, "name"), name, sizeof(name));
	tell(s, "net.takes", name, "");
	if (json_array_size(lines) == 1)
		tell(s, "net.takes.only", name, "");
	else if (before(lines, chosen) == 0)
		tell(s, "net.takes.first", name, "");
	if (is(chosen, "state", "up") && is(chosen, "grade", "degraded"))
		tell(s, "net.limps", name, "");
	else if (!is(chosen, "state", "up"))
		tell_of(s, "net.line", chosen);
	if (is(chosen, "reason", "hub"))
		tell(s, "net.hub.silent", name, "");
	else if (json_is_true(json_object_get(chosen, "hub_echo")) && is(chosen, "state", "up"))
		tell(s, "net.hub.answers", name, "");
}

/* Lessons that nobody waits for: whether the chosen line carries them, and where they go then. */
static void tell_sync(struct story *s, const json_t *answer, const json_t *chosen)
{
	const json_t *line = json_object_get(json_object_get(answer, "classes"), "sync");
	const bool quota = is(chosen, "sync", "quota"), never = is(chosen, "sync", "never");
	char name[40];
	if (quota || never)
		tell(s, quota ? "net.sync.waits" : "net.sync.never", "", "");
	if (json_is_string(line) && !is(chosen, "name", json_string_value(line))) {
		view_foreign(json_string_value(line), name, sizeof(name));
		tell(s, "net.sync.other", name, "");
	} else if ((quota || never) && json_is_null(line)) {
		tell(s, "net.sync.wait", "", "");
	}
}

static void tell_passive(struct story *s, const json_t *chosen)
{
	AUTO_FREE char *text = passive_text(chosen, s->v);
	if (text)
		fprintf(s->to, " %s", text);
}

/* No line is for people; one whose plan is used up still takes reports. */
static void tell_none(struct story *s, const json_t *answer)
{
	const json_t *line = json_object_get(json_object_get(answer, "classes"), "control");
	char name[40];
	tell(s, "net.none", "", "");
	if (!json_is_string(line))
		return;
	view_foreign(json_string_value(line), name, sizeof(name));
	tell(s, "net.reports", name, "");
}

static void tell_others(struct story *s, const json_t *lines, const json_t *chosen)
{
	size_t i;
	json_t *line;
	json_array_foreach (lines, i, line) {
		bool first = chosen && comes_before(line, chosen);
		if (line == chosen)
			continue;
		if (first)
			tell_of(s, well(line) ? "net.before.well" : "net.before", line);
		else
			tell_of(s, chosen && well(line) ? "net.reserve" : "net.line", line);
	}
}

/* Only what somebody may wonder about: a network that is not where it was, or is where a line is, too. */
static void tell_lans(struct story *s, const json_t *lans)
{
	size_t i;
	json_t *lan;
	json_array_foreach (lans, i, lan) {
		struct lan_words w = lan_words(lan);
		const char *id = collides(lan)        ? "net.lan.collides"
				 : *w.from && *w.line ? "net.lan.moved"
						      : NULL;
		AUTO_FREE char *text = id ? lan_text(s->v, id, &w) : NULL;
		if (text)
			fprintf(s->to, " %s", text);
	}
}

void net_view_explain(const json_t *answer, const struct view *v, FILE *to)
{
	struct story s = { .v = v, .to = to };
	const json_t *lines = json_object_get(answer, "uplinks"), *chosen = NULL;
	size_t i;
	json_t *line;
	json_array_foreach (lines, i, line)
		if (is(answer, "preferred", view_text(line, "name")))
			chosen = line;
	if (json_array_size(lines) == 0) {
		tell(&s, "net.unset", "", "");
	} else if (chosen) {
		tell_choice(&s, lines, chosen);
		tell_sync(&s, answer, chosen);
		tell_passive(&s, chosen);
	} else {
		tell_none(&s, answer);
	}
	tell_others(&s, lines, chosen);
	modem_view_explain(lines, v, to);
	tell_lans(&s, json_object_get(answer, "lans"));
	putc('\n', to);
}
