// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "content/shelf/captions.h"
#include "content/contentd.h"
#include "content/kitchen/idle.h"
#include "content/metrics.h"
#include "content/portal/site.h"
#include "content/staff/staff.h"
#include "content/staff/upload.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/paths.h"

/*
 * What nginx may pass on from pupils: search and a reading view of the catalogue. Nothing here changes anything, and nothing
 * here says more than the pages do.
 */

static bool wants_json(const struct ctl_request *req)
{
	const char *accept = ctl_header(req, "Accept");
	return accept && strstr(accept, "application/json") && !strstr(accept, "text/html");
}

static json_t *three(const wasl_Text *t)
{
	return json_pack("{s:s,s:s,s:s}", "ar", t->ar ? t->ar : "", "fr", t->fr ? t->fr : "", "en",
			 t->en ? t->en : "");
}

static json_t *short_lesson(const struct site_lesson *l)
{
	const wasl_Item *item = l->item;
	return json_pack("{s:s,s:i,s:o,s:s,s:i,s:s,s:I,s:b,s:b}", "id", item->id, "kind",
			 (int)item->kind, "title", three(&item->title), "subject", item->subject,
			 "grade", (int)item->grade, "language", item->language, "duration_ms",
			 (json_int_t)item->duration_ms, "ready", l->plays, "complete", l->complete);
}

static json_t *captions_of(const wasl_Item *item)
{
	json_t *list = json_array();
	for (size_t i = 0; i < item->captions_count; i++)
		json_array_append_new(list,
				      json_pack("{s:s,s:s,s:o}", "language",
						item->captions[i].language, "label",
						item->captions[i].label, "url",
						json_sprintf("/m/%s/captions-%s.vtt", item->id,
							     item->captions[i].language)));
	return list;
}

static json_t *downloads_of(const struct site_lesson *l)
{
	json_t *list = json_array();
	for (size_t i = 0; i < l->download_count; i++) {
		const struct site_download *d = &l->downloads[i];
		bool sound = strcmp(d->rung, "audio") == 0;
		if (!d->bytes)
			continue;
		json_t *url = sound ? json_sprintf("/m/%s/audio.m4a", l->item->id)
				    : json_sprintf("/m/%s/download-%s.mp4", l->item->id, d->rung);
		json_array_append_new(list, json_pack("{s:s,s:I,s:o}", "rung", d->rung, "bytes",
						      (json_int_t)d->bytes, "url", url));
	}
	return list;
}

static json_t *whole_lesson(const struct site_lesson *l, int32_t today)
{
	const wasl_Item *item = l->item;
	static const wasl_Text none = { 0 };
	json_t *out = short_lesson(l);
	json_t *more =
		json_pack("{s:o,s:s,s:s,s:o,s:o,s:i,s:i}", "summary",
			  three(item->has_summary ? &item->summary : &none), "licence",
			  item->licence, "attribution", item->attribution ? item->attribution : "",
			  "captions", captions_of(item), "downloads", downloads_of(l), "done",
			  (int)l->done, "total", (int)l->total);
	json_object_update(out, more);
	json_decref(more);
	if (l->playable)
		json_object_set_new(out, "playlist", json_sprintf("/m/%s/master.m3u8", item->id));
	json_object_set_new(out, "promise", promise_json(&l->promise, today));
	json_object_set_new(out, "minutes",
			    l->minutes < 0 ? json_null() : json_integer(l->minutes));
	return out;
}

static void out_of_memory(struct ctl_request *req)
{
	struct fault why = { 0 };
	fault_set(&why, -ENOMEM, "memory", "out of memory");
	ctl_reply_fault(req, 500, &why);
}

static void get_catalogue(struct ctl_request *req, void *data)
{
	CLEANUP(publish_site_done) struct publish_site now;
	if (publish_site_make(data, &now)) {
		out_of_memory(req);
		return;
	}
	const wasl_Catalogue *c = now.site.catalogue;
	json_t *lessons = json_array(), *subjects = json_array();
	for (size_t i = 0; i < now.site.lesson_count; i++)
		json_array_append_new(lessons, short_lesson(&now.site.lessons[i]));
	for (size_t i = 0; c && i < c->subjects_id_count; i++)
		json_array_append_new(subjects, json_pack("{s:s,s:o}", "id", c->subjects_id[i],
							  "title", three(&c->subjects_title[i])));
	ctl_reply_json(req, 200,
		       json_pack("{s:i,s:o,s:o}", "version", c ? (int)c->version : 0, "subjects",
				 subjects, "lessons", lessons));
}

static void get_lesson(struct ctl_request *req, void *data)
{
	CLEANUP(publish_site_done) struct publish_site now;
	if (publish_site_make(data, &now)) {
		out_of_memory(req);
		return;
	}
	for (size_t i = 0; i < now.site.lesson_count; i++)
		if (strcmp(now.site.lessons[i].item->id, ctl_rest(req)) == 0) {
			ctl_reply_json(req, 200,
				       whole_lesson(&now.site.lessons[i], now.site.today));
			return;
		}
	struct fault why = { 0 };
	fault_set(&why, -ENOENT, "lesson.missing",
		  "there is no such lesson; /api/v1/catalogue lists those that there are");
	ctl_reply_fault(req, 404, &why);
}

static void get_status(struct ctl_request *req, void *data)
{
	static const char *const words[] = { "unknown", "on", "off" };
	CLEANUP(publish_site_done) struct publish_site now;
	if (publish_site_make(data, &now)) {
		out_of_memory(req);
		return;
	}
	const struct site_status *st = &now.site.status;
	json_t *lines = json_array();
	int ready = 0, total = 0;
	for (size_t i = 0; i < now.site.lesson_count; i++) {
		total += now.site.lessons[i].playable;
		ready += now.site.lessons[i].playable && now.site.lessons[i].plays;
	}
	for (size_t i = 0; i < st->uplink_count; i++)
		json_array_append_new(lines, json_pack("{s:s,s:s,s:s}", "name", st->uplinks[i].name,
						       "state", st->uplinks[i].state, "reason",
						       st->uplinks[i].reason));
	ctl_reply_json(req, 200,
		       json_pack("{s:s,s:s,s:s,s:b,s:o,s:i,s:i,s:i,s:b,s:o}", "internet",
				 words[st->internet], "since", st->since, "reason", st->layer,
				 "lessons_work", 1, "uplinks", lines, "lessons_ready", ready,
				 "lessons_total", total, "catalogue_version",
				 now.site.catalogue ? (int)now.site.catalogue->version : 0,
				 "origin_ok", st->origin_ok, "coming",
				 promise_sum_json(st->coming)));
}

/* --- search ------------------------------------------------------------------------------------------ */

static size_t find(struct contentd *c, const char *query, size_t *out, enum site_search *state)
{
	struct search_hit hits[SEARCH_MOST_HITS];
	size_t count = 0, found = 0;
	*state = SITE_SEARCH_DONE;
	if (*query && (!c->search || search_ask(c->search, query, hits, &count, NULL)))
		*state = SITE_SEARCH_BUSY;
	for (size_t i = 0; c->library && i < count; i++) {
		size_t lesson = library_find_lesson(c->library, hits[i].lesson);
		if (lesson != LIBRARY_NONE)
			out[found++] = lesson;
	}
	return found;
}

static void reply_search_json(struct ctl_request *req, const struct site *s, const char *query,
			      const size_t *hits, size_t count, enum site_search state)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, short_lesson(&s->lessons[hits[i]]));
	ctl_reply_json(req, state == SITE_SEARCH_BUSY ? 503 : 200,
		       json_pack("{s:s,s:o}", "q", query, "lessons", list));
}

/* A question as a page shows it: at most SEARCH_QUERY_BYTES, whole letters of UTF-8, or nothing. */
static void take_query(const char *asked, char out[static SEARCH_QUERY_BYTES + 1])
{
	size_t len = asked ? strnlen(asked, SEARCH_QUERY_BYTES + 1) : 0;
	if (len > SEARCH_QUERY_BYTES)
		for (len = SEARCH_QUERY_BYTES;
		     len > 0 && ((unsigned char)asked[len] & 0xc0) == 0x80; len--)
			;
	memcpy(out, asked ? asked : "", len);
	out[len] = '\0';
	json_t *text = json_string(out);
	if (!text)
		out[0] = '\0';
	json_decref(text);
}

static void get_search(struct ctl_request *req, void *data)
{
	struct contentd *c = data;
	char query[SEARCH_QUERY_BYTES + 1];
	size_t hits[SEARCH_MOST_HITS];
	enum site_search state;
	CLEANUP(publish_site_done) struct publish_site now;
	AUTO_FREE char *page = NULL;
	size_t len = 0;
	struct fault why = { 0 };
	take_query(ctl_arg(req, "q"), query);
	if (publish_site_make(c, &now)) {
		out_of_memory(req);
		return;
	}
	size_t count = find(c, query, hits, &state);
	ctl_reply_header(req, "Vary", "Accept, Cookie");
	if (wants_json(req)) {
		reply_search_json(req, &now.site, query, hits, count, state);
		return;
	}
	if (site_search(&now.site, contentd_lang(req, c), query, state, hits, count, &page, &len,
			&why))
		ctl_reply_fault(req, 500, &why);
	else
		ctl_reply_bytes(req, state == SITE_SEARCH_BUSY ? 503 : 200,
				"text/html; charset=utf-8", page, len);
}

/* --- numbers --------------------------------------------------------------------------------------- */

/* For the box itself alone: the web server lets nobody else ask (cache/nginx/conf/metrics.conf). */
static void get_metrics(struct ctl_request *req, void *data)
{
	struct contentd *c = data;
	const struct fetch_counts f = fetch_count(c->fetch);
	const struct cook_counts k = cook_count(c->cook);
	const struct want_msg *const *list;
	struct store_totals t = { 0 };
	char text[METRICS_TEXT_BYTES];
	(void)store_totals(c->store, &t, NULL);
	struct metrics m = {
		.up_seconds = (clock_mono_ms() - c->started_ms) / 1000,
		.catalogue_version = catalogue_version(c->catalogue),
		.store_bytes = t.bytes,
		.disk_free_bytes = t.free_bytes,
		.wants = wants_list(c->wants, &list),
		.origin_ok = c->origin.ok,
		.line_bits_per_second = f.bps,
		.received_bytes_total = f.received_bytes,
		.chunks_total = f.chunks,
		.bad_chunks_total = f.bad_chunks,
		.maps_total = f.maps,
		.segments_total = k.segments,
		.segment_failures_total = k.failures,
		.segments_given_up_total = k.given_up,
		.previews_total = k.previews,
		.better_total = k.better,
		.kitchen_rests = idle_now(c->idle).verdict.reason != REST_NOT,
	};
	for (size_t i = 0; c->library && i < c->library->lesson_count; i++) {
		m.lessons += c->library->lessons[i].playable;
		m.lessons_ready +=
			c->library->lessons[i].playable && library_progress(c->library, i).plays;
	}
	ctl_reply_bytes(req, 200, "text/plain; version=0.0.4; charset=utf-8", text,
			metrics_text(&m, text));
}

/* --- live classes --------------------------------------------------------------------------------- */

static void get_live(struct ctl_request *req, void *data)
{
	struct contentd *c = data;
	live_serve(c->live, req, ctl_rest(req));
}

int public_start(struct contentd *c, struct fault *why)
{
	static const struct ctl_route routes[] = {
		{ "GET", "/search", get_search, 0 },
		{ "GET", "/api/v1/status", get_status, 0 },
		{ "GET", "/api/v1/catalogue", get_catalogue, 0 },
		{ "GET", "/api/v1/lessons/*", get_lesson, 0 },
		{ "GET", "/metrics/content", get_metrics, 0 },
		{ "GET", "/live/*", get_live, 0 },
		{ "GET", "/staff", staff_get_home, 0 },
		{ "GET", "/staff/", staff_get_home, 0 },
		{ "GET", "/staff/in", staff_get_in, 0 },
		{ "POST", "/staff/in", staff_post_in, 4096 },
		{ "POST", "/staff/out", staff_post_out, 4096 },
		{ "POST", "/staff/upload", staff_post_upload, 8192 },
		{ "GET", "/staff/upload/*", staff_get_upload, 0 },
		{ "PATCH", "/staff/upload/*", staff_patch_upload, UPLOAD_PIECE_BYTES },
		{ "GET", "/staff/lesson/*", staff_get_lesson, 0 },
		{ "POST", "/staff/lesson/*", staff_post_lesson, 16384 },
		/* more than can be read, so that it is refused in words */
		{ "POST", "/staff/captions/*", staff_post_captions, 2 * CAPTIONS_LIMIT_BYTES },
		{ "POST", "/staff/stick", staff_post_stick, 8192 },
		{ "GET", "/staff/live", staff_get_live, 0 },
		{ "POST", "/staff/live", staff_post_live, 8192 },
		{ "GET", "/staff/ask", staff_get_ask, 0 },
		{ "POST", "/staff/ask", staff_post_ask, 4096 },
	};
	/* Those that wait for a live class leave room for the others. */
	return ctl_listen_many(c->loop, paths_at("/run/wasl/content-public.sock").at, 0660, routes,
			       ARRAY_LEN(routes), LIVE_HOLDS_MOST + 128, c, &c->public, why);
}
