// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "firmware/base/clean.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/http.h"
#include "firmware/base/paths.h"
#include "firmware/stage/helper.h"
#include "firmware/stage/hls.h"

/*
 * What a pupil's player would do, until it succeeds: the portal, the newest lessons' playlists, the first segment of
 * every rung, all through nginx. The supervisor ends it when it takes too long.
 */
enum {
	LESSONS = 4, /* the newest ones */
	LOOK_MS = 250,
	SYNC_MS = 15000,
	ASK_MS = 5000,
	FETCH_S = 60, /* a segment that is being made keeps its request waiting */
	LIMIT_BYTES = 32 << 20,
};

CLEAN_FN(json, json_t, json_decref)

struct watch {
	const char *url;
	sd_event *loop;
	struct http *http;
	bool done;
	long status;
	int code;
	char *body;
	char said[200];
};

/* Each thing that is waited for is said once. */
static void say(struct watch *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct watch *w, const char *fmt, ...)
{
	char text[200];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (strcmp(text, w->said) != 0)
		puts(text);
	memcpy(w->said, text, sizeof(text));
}

static void on_done(void *data, const struct http_result *r)
{
	struct watch *w = data;
	w->done = true;
	w->code = r->code;
	w->status = r->status;
	free(w->body);
	w->body = r->code ? NULL : strndup(r->body, r->body_len);
}

/* True when `path` was answered with 200; its text stays in w->body until the next one. */
static bool get(struct watch *w, const char *path)
{
	char url[512];
	snprintf(url, sizeof(url), "%s%s", w->url, path);
	struct http_order order = {
		.url = url, .limit_bytes = LIMIT_BYTES, .stall_s = FETCH_S, .total_s = FETCH_S
	};
	struct http_calls calls = { .done = on_done, .data_ptr = w };
	w->done = false;
	w->status = 0;
	if (http_start(w->http, &order, &calls, NULL, NULL))
		return false;
	while (!w->done && sd_event_run(w->loop, UINT64_MAX) >= 0)
		;
	return w->done && w->code == 0 && w->status == 200 && w->body;
}

/* Asks again until it is there. A busy box answers 503 meanwhile. */
static void wait_for(struct watch *w, const char *path, const char *what)
{
	while (!get(w, path)) {
		if (w->status)
			say(w, "waiting for %s (status %ld)", what, w->status);
		else
			say(w, "waiting for %s (no answer)", what);
		poll(NULL, 0, LOOK_MS);
	}
}

/* The lessons of the newest catalogue that the box can get. */
static json_t *lessons(struct watch *w)
{
	struct path socket = paths_at("/run/wasl/contentd.sock");
	for (int i = 0;; i++) {
		json_t *got = NULL;
		struct fault why = { 0 };
		if (i % 8 == 0)
			ctl_call(socket.at, "POST", "/v1/sync", NULL, SYNC_MS, NULL, &why);
		if (ctl_call(socket.at, "GET", "/v1/lessons", NULL, ASK_MS, &got, &why) == 0 &&
		    json_array_size(json_object_get(got, "lessons")) > 0)
			return got;
		json_decref(got);
		say(w, "waiting for a catalogue%s%.120s", *why.text ? ": " : "", why.text);
		poll(NULL, 0, LOOK_MS);
	}
}

static unsigned play_rung(struct watch *w, const char *playlist)
{
	struct hls_paths first;
	for (;;) {
		wait_for(w, playlist, playlist);
		if (hls_media(playlist, w->body, &first) == 0)
			break;
		say(w, "%s is no playlist yet", playlist);
		poll(NULL, 0, LOOK_MS);
	}
	for (size_t i = 0; i < first.count; i++)
		wait_for(w, first.at[i], first.at[i]);
	return (unsigned)first.count;
}

static size_t play_lesson(struct watch *w, const char *id)
{
	char master[160];
	struct hls_paths rungs;
	snprintf(master, sizeof(master), "/m/%s/master.m3u8", id);
	for (;;) {
		wait_for(w, master, master);
		if (hls_master(master, w->body, &rungs) == 0)
			break;
		say(w, "%s has no rungs yet", master);
		poll(NULL, 0, LOOK_MS);
	}
	for (size_t i = 0; i < rungs.count; i++) {
		play_rung(w, rungs.at[i]);
		say(w, "%s: first segments of %zu of %zu rungs: %zu %%", id, i + 1, rungs.count,
		    (i + 1) * 100 / rungs.count);
	}
	return rungs.count;
}

static void play_all(struct watch *w)
{
	wait_for(w, "/", "the portal");
	CLEANUP(clean_json) json_t *got = lessons(w);
	json_t *list = json_object_get(got, "lessons");
	size_t count = json_array_size(list), rungs = 0, shown = 0;
	for (size_t i = count > LESSONS ? count - LESSONS : 0; i < count; i++) {
		const char *id = json_string_value(json_object_get(json_array_get(list, i), "id"));
		if (!id)
			continue;
		rungs += play_lesson(w, id);
		shown++;
	}
	printf("%zu lesson%s, %zu rungs play\n", shown, shown == 1 ? "" : "s", rungs);
}

int helper_await(int argc, char **argv)
{
	struct watch w = { 0 };
	struct fault why = { 0 };
	if (argc != 3 || strcmp(argv[1], "--url") != 0) {
		fprintf(stderr, "wasl-stage: await wants --url http://ADDRESS:PORT\n");
		return 2;
	}
	w.url = argv[2];
	int rc = sd_event_new(&w.loop);
	if (rc >= 0)
		rc = http_new(w.loop, &w.http, &why);
	if (rc < 0) {
		fprintf(stderr, "wasl-stage: no event loop: %s\n",
			*why.text ? why.text : strerror(-rc));
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	play_all(&w);
	http_free(w.http);
	sd_event_unref(w.loop);
	free(w.body);
	return 0;
}
