// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/fetch/agenda_ctl.h"
#include "content/contentd.h"
#include "content/live/live_ctl.h"
#include "content/settle.h"
#include "content/staff/staff.h"
#include "content/keeper/store_ctl.h"
#include "content/kitchen/idle.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/paths.h"

/* The control socket: for the other daemons and for `wasl`; firmware/SOCKETS.md names the calls. */

static json_t *health(struct contentd *c)
{
	struct store_totals t = { 0 };
	(void)store_totals(c->store, &t, NULL);
	int ready = 0, total = 0;
	for (size_t i = 0; c->library && i < c->library->lesson_count; i++) {
		total += c->library->lessons[i].playable;
		ready += c->library->lessons[i].playable && library_progress(c->library, i).plays;
	}
	return json_pack("{s:I,s:I,s:i,s:i,s:i,s:o,s:{s:b,s:s},s:I,s:s}", "disk_free_bytes",
			 (json_int_t)t.free_bytes, "store_bytes", (json_int_t)t.bytes,
			 "lessons_ready", ready, "lessons_total", total, "catalogue_version",
			 (int)catalogue_version(c->catalogue), "disk", keeper_disk(c->keeper),
			 "origin", "ok", c->origin.ok, "reason", c->origin.reason,
			 "settings_version", (json_int_t)c->conf->settings.version,
			 "settings_refused", c->settings_refused);
}

static void get_health(struct ctl_request *req, void *data)
{
	ctl_reply_json(req, 200, health(data));
}

static json_t *sources(const struct sources *s)
{
	static const char *const kinds[] = { "neighbour", "origin", "mirror" };
	json_t *out = json_array();
	for (size_t i = 0; i < s->count; i++) {
		const struct source *it = &s->all[i];
		json_array_append_new(out, json_pack("{s:s,s:s,s:b,s:s,s:I,s:I}", "name", it->name,
						     "kind", kinds[it->kind], "ok", it->at->ok,
						     "reason", it->at->reason, "received_bytes",
						     (json_int_t)it->received_bytes, "bad_chunks",
						     (json_int_t)it->bad_chunks));
	}
	return out;
}

/* What is done while nobody waits, and why not. */
static json_t *idle_json(const struct contentd *c)
{
	static const char *const powers[] = { [REST_POWER_UNKNOWN] = "unknown",
					      [REST_MAINS] = "mains",
					      [REST_ON_BATTERY] = "battery" };
	const struct idle_view v = idle_now(c->idle);
	json_t *warm = v.warm_c == REST_UNKNOWN_C ? json_null() : json_integer(v.warm_c);
	return json_pack("{s:s,s:b,s:o,s:s,s:I,s:I}", "rests", rest_name(v.verdict.reason),
			 "betters", v.verdict.better, "celsius", warm, "power", powers[v.power],
			 "better", (json_int_t)v.better, "left", (json_int_t)v.left);
}

static void get_status(struct ctl_request *req, void *data)
{
	struct contentd *c = data;
	struct fetch_counts f = fetch_count(c->fetch);
	struct cook_counts k = cook_count(c->cook);
	json_t *out = health(c);
	json_t *more =
		json_pack("{s:s,s:s,s:I,s:{s:I,s:I,s:I,s:I,s:I},s:{s:I,s:I,s:I,s:I,s:i}}", "name",
			  "contentd", "version", WASL_VERSION, "since_s",
			  (json_int_t)((clock_mono_ms() - c->started_ms) / 1000), "fetch", "chunks",
			  (json_int_t)f.chunks, "bad_chunks", (json_int_t)f.bad_chunks, "maps",
			  (json_int_t)f.maps, "received_bytes", (json_int_t)f.received_bytes, "bps",
			  (json_int_t)f.bps, "cook", "segments", (json_int_t)k.segments, "previews",
			  (json_int_t)k.previews, "failures", (json_int_t)k.failures, "given_up",
			  (json_int_t)k.given_up, "ms_a_dish", (int)k.ms_a_dish);
	json_object_update(out, more);
	CLEANUP(publish_outlook_done) struct publish_outlook outlook = { 0 };
	if (publish_outlook(c, &outlook) == 0)
		json_object_set_new(out, "coming", promise_sum_json(&outlook.sum));
	json_object_set_new(out, "sources", sources(&c->sources));
	json_object_set_new(out, "idle", idle_json(c));
	json_decref(more);
	ctl_reply_json(req, 200, out);
}

static json_t *three(const wasl_Text *t)
{
	return json_pack("{s:s,s:s,s:s}", "ar", t->ar ? t->ar : "", "fr", t->fr ? t->fr : "", "en",
			 t->en ? t->en : "");
}

static json_t *lesson(const struct contentd *c, size_t i, const struct publish_one *one,
		      int32_t today)
{
	const struct library_lesson *it = &c->library->lessons[i];
	const struct library_progress p = one->progress;
	json_t *rungs = json_array();
	for (unsigned rung = 0; rung < RUNG_COUNT; rung++)
		if (it->ladder & 1u << rung)
			json_array_append_new(rungs,
					      json_pack("{s:s,s:i,s:i}", "rung",
							kitchen_rung_name((enum kitchen_rung)rung),
							"done", (int)it->rungs[rung].done, "of",
							(int)it->segments));
	json_t *out =
		json_pack("{s:s,s:o,s:I,s:I,s:I,s:o,s:b,s:b,s:b,s:s}", "id", it->item->id, "title",
			  three(&it->item->title), "duration_ms", (json_int_t)it->item->duration_ms,
			  "mezzanine_have", (json_int_t)p.have_bytes, "mezzanine_size",
			  (json_int_t)p.size_bytes, "rungs", rungs, "ready", p.plays, "complete",
			  p.complete, "failed", p.failed, "generation", it->generation);
	json_object_set_new(out, "promise", promise_json(&one->promise, today));
	json_object_set_new(out, "eta_s", one->eta_s < 0 ? json_null() : json_integer(one->eta_s));
	return out;
}

static void get_lessons(struct ctl_request *req, void *data)
{
	struct contentd *c = data;
	CLEANUP(publish_outlook_done) struct publish_outlook outlook = { 0 };
	if (publish_outlook(c, &outlook)) {
		struct fault why = { 0 };
		fault_set(&why, -ENOMEM, "memory", "out of memory");
		ctl_reply_fault(req, 500, &why);
		return;
	}
	json_t *list = json_array();
	for (size_t i = 0; c->library && i < c->library->lesson_count; i++)
		if (c->library->lessons[i].playable)
			json_array_append_new(list,
					      lesson(c, i, &outlook.lessons[i], outlook.sum.today));
	ctl_reply_json(req, 200,
		       json_pack("{s:i,s:o}", "catalogue_version",
				 (int)catalogue_version(c->catalogue), "lessons", list));
}

static void get_rows(struct ctl_request *req, struct contentd *c,
		     json_t *(*rows)(struct book *b, int64_t after, int64_t limit,
				     struct fault *why))
{
	struct fault why = { 0 };
	json_t *out =
		rows(c->book, ctl_arg_int(req, "after", 0), ctl_arg_int(req, "limit", 100), &why);
	if (out)
		ctl_reply_json(req, 200, out);
	else
		ctl_reply_fault(req, ctl_status_of(why.code), &why);
}

static void get_usage(struct ctl_request *req, void *data)
{
	get_rows(req, data, book_usage);
}

static void get_events(struct ctl_request *req, void *data)
{
	get_rows(req, data, book_events);
}

/* --- POST /v1/sync waits for the look to end --------------------------------------------------------- */

struct waiter {
	struct contentd *of;
	struct ctl_request *req;
};

static void waiter_gone(void *data)
{
	const struct waiter *w = data;
	for (size_t i = 0; i < ARRAY_LEN(w->of->waiting); i++)
		if (w->of->waiting[i] == w->req)
			w->of->waiting[i] = NULL;
}

static void post_sync(struct ctl_request *req, void *data)
{
	struct contentd *c = data;
	for (size_t i = 0; i < ARRAY_LEN(c->waiting); i++) {
		struct waiter *w = ctl_scratch(req, sizeof(*w));
		if (c->waiting[i] || !w)
			continue;
		*w = (struct waiter){ c, req };
		c->waiting[i] = req;
		ctl_on_gone(req, waiter_gone, w);
		fetch_hurry(c->fetch);
		sync_now(c->sync);
		return;
	}
	struct fault why = { 0 };
	fault_set(&why, -EAGAIN, "sync.busy",
		  "others wait for the same look already; ask again in a moment");
	ctl_reply_fault(req, 503, &why);
}

void control_looked(struct contentd *c, int code, const struct fault *why)
{
	for (size_t i = 0; i < ARRAY_LEN(c->waiting); i++) {
		struct ctl_request *req = MOVE_PTR(c->waiting[i]);
		if (!req)
			continue;
		if (code)
			ctl_reply_fault(req, ctl_status_of(code), why);
		else
			ctl_reply_json(req, 200,
				       json_pack("{s:i}", "version",
						 (int)catalogue_version(c->catalogue)));
	}
}

int control_start(struct contentd *c, struct fault *why)
{
	static const struct ctl_route routes[] = {
		{ "GET", "/v1/status", get_status, 0 },
		{ "GET", "/v1/health", get_health, 0 },
		{ "GET", "/v1/lessons", get_lessons, 0 },
		{ "GET", "/v1/usage", get_usage, 0 },
		{ "GET", "/v1/events", get_events, 0 },
		{ "POST", "/v1/sync", post_sync, 4096 },
		{ "POST", "/v1/reload", settle_ctl_reload, 4096 },
		{ "POST", "/v1/request", agenda_ctl_request, 4096 },
		{ "GET", "/v1/requests", agenda_ctl_requests, 0 },
		{ "GET", "/v1/store/status", store_ctl_status, 0 },
		{ "GET", "/v1/store/files", store_ctl_files, 0 },
		{ "POST", "/v1/store/open", store_ctl_open, STORE_CTL_MAP_BYTES },
		{ "POST", "/v1/store/put", store_ctl_put, STORE_CTL_PUT_BYTES },
		{ "POST", "/v1/store/name", store_ctl_name, 4096 },
		{ "GET", "/v1/store/why", store_ctl_why, 0 },
		{ "POST", "/v1/store/pin", store_ctl_pin, 4096 },
		{ "POST", "/v1/store/unpin", store_ctl_unpin, 4096 },
		{ "POST", "/v1/store/verify", store_ctl_verify, 4096 },
		{ "POST", "/v1/store/evict", store_ctl_evict, 4096 },
		{ "GET", "/v1/live", live_ctl_status, 0 },
		{ "POST", "/v1/live/start", live_ctl_start, 4096 },
		{ "POST", "/v1/live/stop", live_ctl_stop, 4096 },
		{ "POST", "/v1/live/keep", live_ctl_keep, 4096 },
		{ "POST", "/v1/live/forget", live_ctl_forget, 4096 },
		{ "GET", "/v1/staff", staff_ctl_list, 0 },
		{ "POST", "/v1/staff/add", staff_ctl_add, 4096 },
		{ "POST", "/v1/staff/remove", staff_ctl_remove, 4096 },
		{ "POST", "/v1/staff/reset-pin", staff_ctl_reset_pin, 4096 },
		{ "GET", "/v1/offers", staff_ctl_offers, 0 },
		{ "GET", "/v1/offers/film", staff_ctl_offer_film, 0 },
		{ "POST", "/v1/offers/answers", staff_ctl_answers, 65536 },
	};
	return ctl_listen(c->loop, paths_at("/run/wasl/contentd.sock").at, 0660, routes,
			  ARRAY_LEN(routes), c, &c->control, why);
}
