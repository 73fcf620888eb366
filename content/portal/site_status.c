// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "content/portal/site.h"
#include "content/portal/site_json.h"
#include "content/fetch/promise.h"
#include "firmware/base/clean.h"

/* One of the house's six states for an uplink as netmgrd names it. */
static const char *state_of(const struct site_uplink *u)
{
	static const struct {
		const char *state, *shown;
	} rows[] = {
		{ "up", "good" },           { "suspect", "moderate" }, { "probing", "moderate" },
		{ "holddown", "moderate" }, { "absent", "unknown" },   { "off", "unknown" },
	};
	if (strcmp(u->state, "up") == 0 && strcmp(u->grade, "degraded") == 0)
		return "moderate";
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(u->state, rows[i].state) == 0)
			return rows[i].shown;
	return "no";
}

/* The layer's name in the page's language; "" for one that the tables do not know. */
static const char *layer_text(enum strings_lang lang, const char *layer)
{
	static const char *const layers[] = { "cable",    "address", "gateway", "isp",
					      "resolver", "portal",  "hub",     "origin" };
	char id[32];
	for (size_t i = 0; i < ARRAY_LEN(layers); i++)
		if (strcmp(layers[i], layer) == 0) {
			snprintf(id, sizeof(id), "layer.%s", layer);
			return strings_get(lang, id);
		}
	return "";
}

/* What the head of school can do about it. */
static const char *todo_text(enum strings_lang lang, const char *layer)
{
	static const struct {
		const char *layer, *id;
	} rows[] = {
		{ "cable", "status.todo.cable" },     { "address", "status.todo.gateway" },
		{ "gateway", "status.todo.gateway" }, { "isp", "status.todo.isp" },
		{ "resolver", "status.todo.isp" },    { "portal", "status.todo.portal" },
		{ "hub", "status.todo.hub" },         { "origin", "status.todo.hub" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(rows[i].layer, layer) == 0)
			return strings_get(lang, rows[i].id);
	return "";
}

static json_t *uplinks(const struct site_status *st, enum strings_lang lang)
{
	json_t *list = json_array();
	for (size_t i = 0; i < st->uplink_count; i++) {
		const struct site_uplink *u = &st->uplinks[i];
		const char *state = state_of(u), *reason = layer_text(lang, u->reason);
		bool said = *reason && strcmp(state, "good") != 0;
		char id[32];
		snprintf(id, sizeof(id), "state.%s", state);
		const char *text = strings_get(lang, id);
		json_array_append_new(list,
				      json_pack("{s:s,s:s,s:s,s:o,s:b}", "name", u->name, "state",
						state, "icon", site_state_icon(state), "text",
						said ? json_sprintf("%s · %s", text, reason)
						     : json_string(text),
						"preferred", u->preferred));
	}
	return list;
}

static void count_lessons(const struct site *s, int *ready, int *total)
{
	*ready = *total = 0;
	for (size_t i = 0; i < s->lesson_count; i++) {
		*total += s->lessons[i].playable;
		*ready += s->lessons[i].playable && s->lessons[i].plays;
	}
}

int site_status(const struct site *s, enum strings_lang lang, char **out, size_t *len,
		struct fault *why)
{
	const struct site_status *st = &s->status;
	json_t *c = site_context(s, lang, strings_get(lang, "status.title"), "/status?lang=");
	json_t *lines = uplinks(st, lang);
	int ready, total;
	count_lessons(s, &ready, &total);
	char free_text[40];
	site_size(lang, st->free_bytes, free_text);
	if (st->internet == SITE_INTERNET_OFF || *st->since)
		site_put(json_object_get(c, "net"), "since",
			 json_pack("{s:s,s:s}", "time", st->since, "reason",
				   st->internet == SITE_INTERNET_OFF ? layer_text(lang, st->layer)
								     : ""));
	site_put(c, "has_uplinks", json_boolean(st->uplink_count > 0));
	site_put(c, "uplinks", lines);
	site_put_text(c, "todo",
		      st->internet == SITE_INTERNET_OFF ? todo_text(lang, st->layer) : "");
	site_put(c, "ready", json_integer(ready));
	site_put(c, "total", json_integer(total));
	AUTO_FREE char *coming = st->coming ? promise_sum_text(lang, st->coming) : NULL;
	site_put_text(c, "coming", coming ? coming : "");
	site_put(c, "version", json_integer(s->catalogue ? s->catalogue->version : 0));
	/* What was heard from it last says nothing once every line is down. */
	site_put(c, "origin_ok", json_boolean(st->origin_ok && st->internet != SITE_INTERNET_OFF));
	site_put_text(c, "free", free_text);
	site_put_text(c, "time", st->read_at);
	return site_render(s, lang, "status.html", c, out, len, why);
}
