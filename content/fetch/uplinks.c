// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/uplinks.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/http.h"
#include "firmware/base/paths.h"

#define EVERY_MS 10000u
#define LIMIT_BYTES 65536u

struct uplinks {
	struct sd_event_source *timer;
	struct http *http;
	struct http_transfer *transfer;
	void (*changed)(void *data);
	void *data;
	struct uplinks_view now, heard;
	bool asked;
};

static void copy_text(const json_t *from, const char *key, char *to, size_t room)
{
	const char *text = json_string_value(json_object_get(from, key));
	size_t len = text ? strlen(text) : 0;
	/* A text too long is none: cut in mid-letter it would break the page. */
	if (len >= room)
		len = 0;
	memcpy(to, text ? text : "", len);
	to[len] = '\0';
}

static uint64_t bytes_of(const json_t *from, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(from, key));
	return n > 0 ? (uint64_t)n : 0;
}

static void take_line(struct uplinks_view *v, const json_t *from, const char *preferred,
		      const char *sync_over)
{
	struct uplinks_one *to = &v->lines[v->count];
	*to = (struct uplinks_one){ 0 };
	copy_text(from, "name", to->name, sizeof(to->name));
	copy_text(from, "state", to->state, sizeof(to->state));
	copy_text(from, "grade", to->grade, sizeof(to->grade));
	copy_text(from, "reason", to->reason, sizeof(to->reason));
	json_int_t kbps = json_integer_value(json_object_get(from, "down_kbps"));
	to->down_kbps = kbps > 0 && kbps < UINT32_MAX ? (uint32_t)kbps : 0;
	to->preferred = preferred && strcmp(preferred, to->name) == 0;
	to->metered = json_is_true(json_object_get(from, "metered"));
	const char *sync = json_string_value(json_object_get(from, "sync"));
	to->syncs = sync_over && strcmp(sync_over, to->name) == 0;
	to->sync_held = sync && strcmp(sync, "quota") == 0;
	to->sync_never = sync && strcmp(sync, "never") == 0;
	to->used_bytes = bytes_of(from, "rx_bytes") + bytes_of(from, "tx_bytes");
	to->quota_bytes = bytes_of(from, "quota_bytes");
	json_int_t day = json_integer_value(json_object_get(from, "quota_day"));
	to->quota_day = day >= 1 && day <= 28 ? (int)day : 0;
	if (to->name[0])
		v->count++;
}

/* On: some line is up, since the oldest of those came up. Off: since the last one went. */
static void sum_up(struct uplinks_view *v, const json_t *lines, int64_t now_s)
{
	int64_t up_for = -1, down_for = INT64_MAX;
	size_t i;
	json_t *line;
	json_array_foreach (lines, i, line) {
		const char *state = json_string_value(json_object_get(line, "state"));
		int64_t since = json_integer_value(json_object_get(line, "since_s"));
		if (state && strcmp(state, "up") == 0)
			up_for = since > up_for ? since : up_for;
		else if (since < down_for)
			down_for = since;
	}
	v->internet = up_for >= 0 ? SITE_INTERNET_ON : SITE_INTERNET_OFF;
	int64_t age = up_for >= 0 ? up_for : down_for;
	v->since_s = age >= 0 && age < now_s ? now_s - age : 0;
	/* The preferred line's reason, else the first that has one. */
	for (int pass = 0; up_for < 0 && pass < 2 && !v->layer[0]; pass++)
		for (size_t k = 0; k < v->count && !v->layer[0]; k++)
			if (pass == 1 || v->lines[k].preferred)
				memcpy(v->layer, v->lines[k].reason, sizeof(v->layer));
}

int uplinks_parse(const char *json, size_t len, int64_t now_s, struct uplinks_view *out)
{
	json_auto_t *all = json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *lines = json_object_get(all, "uplinks");
	if (!json_is_array(lines))
		return -EBADMSG;
	struct uplinks_view v = { 0 };
	const char *preferred = json_string_value(json_object_get(all, "preferred"));
	const char *sync_over =
		json_string_value(json_object_get(json_object_get(all, "classes"), "sync"));
	for (size_t i = 0; i < json_array_size(lines) && v.count < UPLINKS_MOST; i++)
		take_line(&v, json_array_get(lines, i), preferred, sync_over);
	if (json_array_size(lines) > 0)
		sum_up(&v, lines, now_s);
	*out = v;
	return 0;
}

bool uplinks_differ(const struct uplinks_view *a, const struct uplinks_view *b)
{
	if (a->internet != b->internet || a->count != b->count || strcmp(a->layer, b->layer) != 0)
		return true;
	/* Seconds since a change are rounded where they are counted. */
	if (a->since_s / 60 != b->since_s / 60 && llabs(a->since_s - b->since_s) > 5)
		return true;
	for (size_t i = 0; i < a->count; i++) {
		const struct uplinks_one *x = &a->lines[i], *y = &b->lines[i];
		if (strcmp(x->name, y->name) != 0 || strcmp(x->state, y->state) != 0 ||
		    strcmp(x->grade, y->grade) != 0 || strcmp(x->reason, y->reason) != 0 ||
		    x->preferred != y->preferred)
			return true;
	}
	return false;
}

uint32_t uplinks_down_kbps(const struct uplinks_view *v)
{
	uint32_t any = 0;
	for (size_t i = 0; i < v->count; i++) {
		const struct uplinks_one *u = &v->lines[i];
		if (strcmp(u->state, "up") != 0)
			continue;
		if (u->preferred)
			return u->down_kbps;
		any = any ? any : u->down_kbps;
	}
	return any;
}

const struct uplinks_one *uplinks_line(const struct uplinks_view *v, const char *last)
{
	const struct uplinks_one *best = NULL;
	int most = -1;
	for (size_t i = 0; i < v->count; i++) {
		const struct uplinks_one *u = &v->lines[i];
		const bool up = strcmp(u->state, "up") == 0;
		const int worth = (up && u->syncs)             ? 6
				  : (up && u->preferred)       ? 5
				  : up                         ? 4
				  : u->preferred               ? 3
				  : strcmp(u->name, last) == 0 ? 2
				  : u->metered                 ? 1
							       : 0;
		if (worth > most) {
			best = u;
			most = worth;
		}
	}
	return best;
}

static void answered(void *data, const struct http_result *result)
{
	struct uplinks *u = data;
	struct uplinks_view next = { 0 };
	u->transfer = NULL;
	if (result->code == 0 && result->status == 200 &&
	    uplinks_parse(result->body, result->body_len, clock_wall_s(), &next) == 0)
		u->heard = next;
	bool differ = uplinks_differ(&u->now, &next) || !u->asked;
	u->asked = true;
	if (differ)
		u->now = next;
	for (size_t i = 0; i < next.count; i++) /* the same lines, then */
		u->now.lines[i].down_kbps = next.lines[i].down_kbps;
	sd_event_source_set_time(u->timer, (clock_mono_ms() + EVERY_MS) * 1000);
	sd_event_source_set_enabled(u->timer, SD_EVENT_ONESHOT);
	if (differ)
		u->changed(u->data);
}

static int on_timer(sd_event_source *s, uint64_t usec, void *data)
{
	(void)s;
	(void)usec;
	struct uplinks *u = data;
	struct path socket = paths_at("/run/wasl/netmgrd.sock");
	const struct http_order order = { .url = "http://netmgrd/v1/uplinks",
					  .socket = socket.at,
					  .limit_bytes = LIMIT_BYTES,
					  .stall_s = 5,
					  .total_s = 10 };
	const struct http_calls calls = { NULL, answered, u };
	const struct http_result nothing = { .code = -EIO };
	if (http_start(u->http, &order, &calls, &u->transfer, NULL))
		answered(u, &nothing);
	return 0;
}

void uplinks_free(struct uplinks *u)
{
	if (!u)
		return;
	http_cancel(u->transfer);
	sd_event_source_disable_unref(u->timer);
	free(u);
}

int uplinks_new(struct sd_event *loop, struct http *http, void (*changed)(void *data), void *data,
		struct uplinks **out, struct fault *why)
{
	AUTO_FREE struct uplinks *u = calloc(1, sizeof(*u));
	if (!u)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	u->http = http;
	u->changed = changed;
	u->data = data;
	if (sd_event_add_time(loop, &u->timer, CLOCK_BOOTTIME, 0, 100000, on_timer, u) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	*out = MOVE_PTR(u);
	return 0;
}

const struct uplinks_view *uplinks_now(const struct uplinks *u)
{
	return &u->now;
}

const struct uplinks_view *uplinks_heard(const struct uplinks *u)
{
	return &u->heard;
}

bool uplinks_asked(const struct uplinks *u)
{
	return u->asked;
}
