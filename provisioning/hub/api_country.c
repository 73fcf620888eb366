// SPDX-License-Identifier: GPL-2.0-or-later
/* Answers about all schools at once: the table and map, the sentence of the day, the public figures. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "provisioning/hub/hubd.h"
#include "provisioning/hub/suppress.h"

/* An answer is made once per change and minute, however many pages ask. */
static bool cached(const struct hubd_cache *c, int64_t revision, int64_t minute)
{
	return c->body && c->revision == revision && c->minute == minute;
}

/* Takes the text. */
static int keep(struct hubd_cache *c, struct jsonout *made, int64_t revision, int64_t minute,
		struct fault *why)
{
	if (made->bad)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	free(c->body);
	*c = (struct hubd_cache){ .body = MOVE_PTR(made->text),
				  .len = made->len,
				  .revision = revision,
				  .minute = minute };
	return 0;
}

static void reply_cached(struct ctl_request *req, const struct hubd_cache *c)
{
	char tag[64];
	snprintf(tag, sizeof(tag), "W/\"%llx-%llx\"", (unsigned long long)c->revision,
		 (unsigned long long)c->minute);
	const char *has = ctl_header(req, "If-None-Match");
	ctl_reply_header(req, "ETag", tag);
	ctl_reply_header(req, "Cache-Control", "private, no-cache");
	if (has && strcmp(has, tag) == 0)
		ctl_reply_bytes(req, 304, "application/json", "", 0);
	else
		ctl_reply_bytes(req, 200, "application/json", c->body, c->len);
}

struct walk {
	struct hubd *d;
	int64_t now_s;
	struct jsonout text;
	/* the country at a glance */
	int64_t registered, enrolled, reported_today, connected, meets, lost_power,
		states[STANDING_COUNT];
	uint64_t starts, watched_s;
	int64_t week_up, week_down, week_unpowered, week_unknown;
	int64_t as_of_s;
	uint32_t sample;
};

static void clean_walk(struct walk *w)
{
	jsonout_done(&w->text);
}

static int school_row(void *data, const struct school *school, const struct school_status *status)
{
	struct walk *w = data;
	if (w->registered++ > 0)
		jsonout_raw(&w->text, ",\n");
	hubd_school(w->d, school, status, w->now_s, &w->text);
	if (status->as_of_s > w->as_of_s)
		w->as_of_s = status->as_of_s;
	return w->text.bad ? -ENOMEM : 0;
}

void api_schools(struct ctl_request *req, void *data)
{
	struct hubd *d = data;
	if (!hubd_officer(d, req))
		return;
	struct fault why = { .id = "memory", .text = "out of memory", .code = -ENOMEM };
	int64_t now_s = clock_wall_s(), revision = hubd_revision(d);
	if (!cached(&d->schools, revision, now_s / 60)) {
		CLEANUP(clean_walk) struct walk w = { .d = d, .now_s = now_s };
		jsonout_raw(&w.text, "{\"schools\":[");
		int rc = store_schools_each(d->hub.store, school_row, &w, &why);
		jsonout_raw(&w.text, "],\"n\":");
		jsonout_int(&w.text, w.registered);
		jsonout_raw(&w.text, ",\"as_of\":");
		jsonout_time(&w.text, w.as_of_s);
		jsonout_raw(&w.text, ",\"now\":");
		jsonout_time(&w.text, now_s);
		jsonout_raw(&w.text, "}");
		if (rc == 0)
			rc = keep(&d->schools, &w.text, revision, now_s / 60, &why);
		if (rc) {
			hubd_reply_failed(req, &why);
			return;
		}
	}
	reply_cached(req, &d->schools);
}

static int add_school(void *data, const struct school *school, const struct school_status *status)
{
	struct walk *w = data;
	struct standing_answer standing;
	hubd_standing(w->d, status, w->now_s, &standing);
	struct coverage_week_sum sum = hubd_week(status, w->now_s);
	w->registered++;
	w->sample += school->sample;
	w->enrolled += status->enrolled;
	w->states[standing.state]++;
	w->reported_today +=
		status->last_seen_s > 0 && clock_day(status->last_seen_s) == clock_day(w->now_s);
	w->connected += sum.s.up > 0;
	w->meets += status->down_kbps >= w->d->hub.rules.standard_kbps && sum.days > 0;
	w->lost_power +=
		status->as_of_s > w->now_s - STANDING_SILENT_S && status->day.unpowered > 0;
	w->starts += sum.starts;
	w->watched_s += sum.watched_s;
	if (sum.days > 0) {
		w->week_up += sum.s.up;
		w->week_down += sum.s.down;
		w->week_unpowered += sum.s.unpowered;
		w->week_unknown += sum.s.unknown;
	}
	if (status->as_of_s > w->as_of_s)
		w->as_of_s = status->as_of_s;
	return 0;
}

/* Takes the JSON. */
static int keep_json(struct hubd_cache *c, json_t *made, struct walk *w, int64_t revision,
		     int64_t minute, struct fault *why)
{
	AUTO_FREE char *body = made ? json_dumps(made, JSON_COMPACT) : NULL;
	json_decref(made);
	if (body)
		jsonout_raw(&w->text, body);
	else
		w->text.bad = 1;
	return keep(c, &w->text, revision, minute, why);
}

static json_t *states_json(const int64_t states[static STANDING_COUNT])
{
	json_t *out = json_object();
	for (int i = 0; i < STANDING_COUNT; i++)
		json_object_set_new(out, standing_name((enum standing)i), json_integer(states[i]));
	return out;
}

static json_t *state_json(const struct hubd *d, const struct walk *w)
{
	json_t *uplink = json_pack("{s:I, s:I, s:I, s:I}", "up_min", (json_int_t)(w->week_up / 60),
				   "down_min", (json_int_t)(w->week_down / 60), "unpowered_min",
				   (json_int_t)(w->week_unpowered / 60), "unknown_min",
				   (json_int_t)(w->week_unknown / 60));
	json_t *use = json_pack("{s:I, s:I}", "starts", (json_int_t)w->starts, "watched_s",
				(json_int_t)w->watched_s);
	return json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:s}",
		"registered", (json_int_t)w->registered, "enrolled", (json_int_t)w->enrolled,
		"reported_today", (json_int_t)w->reported_today, "connected_7d",
		(json_int_t)w->connected, "meets_standard", (json_int_t)w->meets, "lost_power",
		(json_int_t)w->lost_power, "sample", (json_int_t)w->sample, "states",
		states_json(w->states), "uplink_7d", uplink, "use_7d", use, "standard_kbps",
		(json_int_t)d->hub.rules.standard_kbps, "n", (json_int_t)w->registered, "as_of",
		hubd_time(w->as_of_s), "now", hubd_time(w->now_s), "ministry",
		trust_ministry(d->hub.trust));
}

void api_state(struct ctl_request *req, void *data)
{
	struct hubd *d = data;
	if (!hubd_officer(d, req))
		return;
	struct fault why = { 0 };
	int64_t now_s = clock_wall_s(), revision = hubd_revision(d);
	if (!cached(&d->state, revision, now_s / 60)) {
		CLEANUP(clean_walk) struct walk w = { .d = d, .now_s = now_s };
		int rc = store_schools_each(d->hub.store, add_school, &w, &why);
		rc = rc ? rc
			: keep_json(&d->state, state_json(d, &w), &w, revision, now_s / 60, &why);
		if (rc) {
			hubd_reply_failed(req, &why);
			return;
		}
	}
	reply_cached(req, &d->state);
}

static json_t *public_json(const struct walk *w)
{
	json_t *states = json_object();
	for (int i = 0; i < STANDING_COUNT; i++)
		json_object_set_new(states, standing_name((enum standing)i),
				    w->states[i] < 0 ? json_null() : json_integer(w->states[i]));
	return json_pack("{s:o, s:I, s:I, s:o}", "states", states, "n",
			 (json_int_t)suppress_round(w->registered), "suppressed_below",
			 (json_int_t)SUPPRESS_BELOW, "as_of", hubd_time(w->as_of_s / 3600 * 3600));
}

/* For everybody: rounded, cells that could point at a school left out; made anew every five minutes, whoever asks. */
void api_public_state(struct ctl_request *req, void *data)
{
	struct hubd *d = data;
	struct fault why = { .id = "memory", .text = "out of memory", .code = -ENOMEM };
	int64_t now_s = clock_wall_s();
	if (!cached(&d->public_state, 0, now_s / 300)) {
		CLEANUP(clean_walk) struct walk w = { .d = d, .now_s = now_s };
		int rc = store_schools_each(d->hub.store, add_school, &w, &why);
		suppress_cells(w.states, STANDING_COUNT);
		rc = rc ? rc
			: keep_json(&d->public_state, public_json(&w), &w, 0, now_s / 300, &why);
		if (rc) {
			hubd_reply_failed(req, &why);
			return;
		}
	}
	ctl_reply_header(req, "Cache-Control", "public, max-age=300");
	ctl_reply_header(req, "Access-Control-Allow-Origin", "*");
	ctl_reply_bytes(req, 200, "application/json", d->public_state.body, d->public_state.len);
}
