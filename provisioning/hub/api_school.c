// SPDX-License-Identifier: GPL-2.0-or-later
/* Answers about one school. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "provisioning/hub/hubd.h"
#include "provisioning/hub/manage.h"

enum { HOUR_DAYS = 7, EVENTS = 30, SERIES_MAX = 400, USE_DAYS_MAX = 400, RECEIPTS_MAX = 200 };

static void clean_json(json_t **held)
{
	json_decref(*held);
}

/* The school that a request is about. Answers 404 or 400 itself and false. */
static bool find(struct hubd *d, struct ctl_request *req, const char *code, struct school *out)
{
	struct fault why = { 0 };
	if (!code || !school_code_ok(code)) {
		fault_set(&why, -EINVAL, "school.code", "say which school: ?school=CODE");
		ctl_reply_fault(req, 400, &why);
		return false;
	}
	int rc = store_school_get(d->hub.store, code, out, &why);
	if (rc == -ENOENT) {
		fault_set(&why, rc, "school.none", "school '%s' is not registered here", code);
		ctl_reply_fault(req, 404, &why);
		return false;
	}
	if (rc)
		hubd_reply_failed(req, &why);
	return rc == 0;
}

static int hour_row(void *data, const struct coverage_hour *h)
{
	json_t *row =
		json_pack("{s:o, s:i, s:s, s:i, s:o, s:I, s:I, s:I, s:I, s:I, s:I}", "day",
			  hubd_day(h->day), "hour", h->hour, "uplink", h->uplink, "kind", h->kind,
			  "s", hubd_seconds(&h->s), "rx_bytes", (json_int_t)h->rx_bytes, "tx_bytes",
			  (json_int_t)h->tx_bytes, "rtt_us", (json_int_t)h->rtt_us, "down_kbps",
			  (json_int_t)h->down_kbps, "up_kbps", (json_int_t)h->up_kbps, "samples",
			  (json_int_t)h->samples);
	return json_array_append_new(data, row) ? -ENOMEM : 0;
}

static int event_row(void *data, const struct box_event *e)
{
	json_t *row = json_pack("{s:o, s:s, s:s, s:s}", "at", hubd_time(e->unix_s), "kind", e->kind,
				"subject", e->subject, "reason", e->reason);
	return json_array_append_new(data, row) ? -ENOMEM : 0;
}

struct boxes {
	struct device *at;
	size_t count;
};

enum { BOXES_MAX = 8 };

static int take_box(void *data, const struct device *device)
{
	struct boxes *b = data;
	if (b->count < BOXES_MAX)
		b->at[b->count++] = *device;
	return 0;
}

static json_t *health_json(const struct box_health *h)
{
	json_t *wear = h->disk_wear ? json_integer((json_int_t)h->disk_wear - 1) : json_null();
	json_t *read = h->disk_read_s ? hubd_time(h->disk_read_s) : json_null();
	return json_pack("{s:o, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:I}",
			 "at", hubd_time(h->unix_s), "image_version", h->image_version, "board",
			 h->board, "disk_free_bytes", (json_int_t)h->disk_free_bytes, "uptime_s",
			 (json_int_t)h->uptime_s, "catalogue_version",
			 (json_int_t)h->catalogue_version, "lessons_ready",
			 (json_int_t)h->lessons_ready, "lessons_total",
			 (json_int_t)h->lessons_total, "disk_bad", (json_int_t)h->disk_bad,
			 "disk_unreadable", (json_int_t)h->disk_unreadable, "disk_read_bytes",
			 (json_int_t)h->disk_read_bytes, "disk_read", read, "disk_wear_percent",
			 wear, "settings_version", (json_int_t)h->settings_version);
}

/* What there is of each scope, and what the box keeps of it: null where it has not said. */
static json_t *settings_json(const uint32_t newest[static MANAGE_SCOPES],
			     const struct box_health *h)
{
	static const char *const names[MANAGE_SCOPES] = { "everyone", "region", "school",
							  "device" };
	json_t *list = json_array();
	for (int i = 0; i < MANAGE_SCOPES; i++)
		if (newest[i] || (h && h->settings_at[i]))
			json_array_append_new(
				list,
				json_pack("{s:s, s:I, s:o}", "scope", names[i], "newest",
					  (json_int_t)newest[i], "has",
					  h && manage_tells(h)
						  ? json_integer((json_int_t)h->settings_at[i])
						  : json_null()));
	return list;
}

static int box_rows(struct hubd *d, const struct school *school, json_t *out, struct fault *why)
{
	struct device found[BOXES_MAX];
	struct boxes b = { .at = found };
	int rc = store_devices_each(d->hub.store, school->code, take_box, &b, why);
	for (size_t i = 0; rc == 0 && i < b.count; i++) {
		struct account_head head;
		struct box_health health;
		rc = store_head_get(d->hub.store, found[i].id, found[i].epoch, &head, why);
		int had = rc ? rc : store_health_get(d->hub.store, found[i].id, &health, why);
		if (rc == 0 && had && had != -ENOENT)
			rc = had;
		const struct manage_box box = { school->region, school->code, found[i].id };
		uint32_t newest[MANAGE_SCOPES];
		if (rc == 0)
			rc = manage_for(d->hub.store, &box, newest, NULL, NULL, why);
		if (rc)
			break;
		json_t *row = json_pack("{s:o, s:s, s:o, s:s, s:s, s:I, s:I, s:I, s:I, s:o, s:o}",
					"device", hubd_hex(found[i].id, sizeof(found[i].id)),
					"state", hubd_device_state(found[i].state), "enrolled",
					hubd_time(found[i].enrolled_s), "image_version",
					found[i].image_version, "board", found[i].board, "epoch",
					(json_int_t)found[i].epoch, "through_seq",
					(json_int_t)head.through_seq, "held", (json_int_t)head.held,
					"settings_newest", (json_int_t)manage_newest(newest),
					"settings", settings_json(newest, had ? NULL : &health),
					"health", had ? json_null() : health_json(&health));
		rc = json_array_append_new(out, row)
			     ? fault_set(why, -ENOMEM, "memory", "out of memory")
			     : 0;
	}
	return rc;
}

void api_school(struct ctl_request *req, void *data)
{
	struct hubd *d = data;
	struct school school;
	struct school_status status = { 0 };
	struct fault why = { 0 };
	if (!hubd_officer(d, req) || !find(d, req, ctl_rest(req), &school))
		return;
	int64_t now_s = clock_wall_s();
	int rc = store_status_get(d->hub.store, school.code, &status, &why);
	if (rc == -ENOENT)
		rc = 0;
	CLEANUP(jsonout_done) struct jsonout row = { 0 };
	hubd_school(d, &school, &status, now_s, &row);
	CLEANUP(clean_json) json_t *out = row.bad ? NULL : json_loadb(row.text, row.len, 0, NULL);
	if (!out) {
		fault_set(&why, -EIO, "school.row", "the row of school '%s' could not be made",
			  school.code);
		hubd_reply_failed(req, &why);
		return;
	}
	json_t *hours = json_array(), *events = json_array(), *boxes = json_array();
	json_object_set_new(out, "hours", hours);
	json_object_set_new(out, "events", events);
	json_object_set_new(out, "boxes", boxes);
	json_object_set_new(out, "giga_id", json_string(school.giga_id));
	json_object_set_new(out, "standard_kbps",
			    json_integer((json_int_t)d->hub.rules.standard_kbps));
	json_object_set_new(out, "now", hubd_time(now_s));
	if (rc == 0)
		rc = store_hours_each(d->hub.store, school.code, clock_day(now_s) - HOUR_DAYS + 1,
				      clock_day(now_s) + 1, hour_row, hours, &why);
	if (rc == 0)
		rc = store_events_each(d->hub.store, school.code, EVENTS, event_row, events, &why);
	if (rc == 0)
		rc = box_rows(d, &school, boxes, &why);
	if (rc)
		hubd_reply_failed(req, &why);
	else
		ctl_reply_json(req, 200, json_incref(out));
}

struct series {
	json_t *rows;
	int32_t next;
	int64_t n;
};

static int series_gap(struct series *s, int32_t until)
{
	static const struct coverage_s silent = { .unknown = COVERAGE_DAY_S };
	for (; s->next < until; s->next++) {
		json_t *row = hubd_seconds(&silent);
		json_object_set_new(row, "day", hubd_day(s->next));
		json_object_set_new(row, "reported", json_false());
		if (json_array_append_new(s->rows, row))
			return -ENOMEM;
	}
	return 0;
}

static int series_day(void *data, int32_t day, const struct coverage_s *sum)
{
	struct series *s = data;
	int rc = series_gap(s, day);
	json_t *row = hubd_seconds(sum);
	json_object_set_new(row, "day", hubd_day(day));
	json_object_set_new(row, "reported", json_boolean(sum->unknown < COVERAGE_DAY_S));
	if (rc || json_array_append_new(s->rows, row))
		return -ENOMEM;
	s->next = day + 1;
	s->n += sum->unknown < COVERAGE_DAY_S;
	return 0;
}

/* Each day's four numbers add up to 86,400; a day without a report is there too, all unknown. */
void api_series(struct ctl_request *req, void *data)
{
	struct hubd *d = data;
	struct school school;
	struct fault why = { 0 };
	if (!hubd_officer(d, req) || !find(d, req, ctl_arg(req, "school"), &school))
		return;
	int64_t days = ctl_arg_int(req, "days", 365);
	days = days < 1 ? 1 : days > SERIES_MAX ? SERIES_MAX : days;
	int64_t now_s = clock_wall_s();
	int32_t to = clock_day(now_s), from = to - (int32_t)days + 1;
	struct school_status status = { 0 };
	struct series s = { .rows = json_array(), .next = from };
	int rc = store_days_each(d->hub.store, school.code, from, to, series_day, &s, &why);
	if (rc == 0)
		rc = series_gap(&s, to + 1);
	if (rc == 0)
		rc = store_status_get(d->hub.store, school.code, &status, &why);
	CLEANUP(clean_json)
	json_t *out = json_pack("{s:s, s:o, s:I, s:o}", "school", school.code, "days", s.rows, "n",
				(json_int_t)s.n, "as_of", hubd_time(status.as_of_s));
	if (rc && rc != -ENOENT)
		hubd_reply_failed(req, &why);
	else
		ctl_reply_json(req, 200, json_incref(out));
}

static json_t *use_counts(const struct lesson_use *u)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "starts", (json_int_t)u->starts,
			 "completions", (json_int_t)u->completions, "watched_s",
			 (json_int_t)u->watched_s, "sent_bytes", (json_int_t)u->sent_bytes,
			 "devices", (json_int_t)u->devices, "small_cells",
			 (json_int_t)u->small_cells);
}

static int use_row(void *data, const struct lesson_use *u)
{
	json_t *row = use_counts(u);
	json_object_set_new(row, "day", hubd_day(u->day));
	json_object_set_new(row, "lesson", json_string(u->lesson));
	json_object_set_new(row, "rung", json_string(u->rung));
	return json_array_append_new(data, row) ? -ENOMEM : 0;
}

/* Titles of the lessons that are named, beside the rows: a lesson may be used on many days. */
static json_t *titles(const struct hubd *d, json_t *rows)
{
	json_t *out = json_object();
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const char *id =
			json_string_value(json_object_get(json_array_get(rows, i), "lesson"));
		const struct lesson_name *l = d->lessons ? lessons_find(d->lessons, id) : NULL;
		if (l)
			json_object_set_new(out, id,
					    json_pack("{s:s, s:s, s:s}", "ar", l->ar, "fr", l->fr,
						      "en", l->en));
	}
	return out;
}

void api_usage(struct ctl_request *req, void *data)
{
	struct hubd *d = data;
	struct school school;
	struct fault why = { 0 };
	if (!hubd_officer(d, req) || !find(d, req, ctl_arg(req, "school"), &school))
		return;
	int64_t days = ctl_arg_int(req, "days", 30);
	days = days < 1 ? 1 : days > USE_DAYS_MAX ? USE_DAYS_MAX : days;
	int32_t to = clock_day(clock_wall_s()) + 1;
	json_t *rows = json_array();
	struct school_status status = { 0 };
	int rc = store_uses_each(d->hub.store, school.code, to - (int32_t)days, to, use_row, rows,
				 &why);
	if (rc == 0)
		rc = store_status_get(d->hub.store, school.code, &status, &why);
	if (rc == -ENOENT)
		rc = 0;
	hubd_lessons(d);
	CLEANUP(clean_json)
	json_t *out =
		json_pack("{s:s, s:o, s:o, s:I, s:I, s:o}", "school", school.code, "titles",
			  titles(d, rows), "rows", rows, "days", (json_int_t)days, "n",
			  (json_int_t)json_array_size(rows), "as_of", hubd_time(status.as_of_s));
	if (rc)
		hubd_reply_failed(req, &why);
	else
		ctl_reply_json(req, 200, json_incref(out));
}

static int receipt_row(void *data, const struct given_receipt *r)
{
	json_t *row = json_pack("{s:I, s:o, s:I, s:I, s:o, s:o}", "id", (json_int_t)r->id, "device",
				hubd_hex(r->device, sizeof(r->device)), "epoch",
				(json_int_t)r->epoch, "through_seq", (json_int_t)r->through_seq,
				"head_hash", hubd_hex(r->head_hash, sizeof(r->head_hash)), "at",
				hubd_time(r->signed_s));
	return json_array_append_new(data, row) ? -ENOMEM : 0;
}

/* Newest first; `before` goes on where an earlier answer ended. */
void api_receipts(struct ctl_request *req, void *data)
{
	struct hubd *d = data;
	struct school school;
	struct fault why = { 0 };
	if (!hubd_officer(d, req) || !find(d, req, ctl_arg(req, "school"), &school))
		return;
	int64_t limit = ctl_arg_int(req, "limit", 50),
		before = ctl_arg_int(req, "before", INT64_MAX);
	limit = limit < 1 ? 1 : limit > RECEIPTS_MAX ? RECEIPTS_MAX : limit;
	json_t *rows = json_array();
	int rc = store_receipts_each(d->hub.store, school.code, before, (int)limit, receipt_row,
				     rows, &why);
	CLEANUP(clean_json)
	json_t *out =
		json_pack("{s:s, s:o, s:I, s:o}", "school", school.code, "rows", rows, "n",
			  (json_int_t)json_array_size(rows), "as_of", hubd_time(clock_wall_s()));
	if (rc)
		hubd_reply_failed(req, &why);
	else
		ctl_reply_json(req, 200, json_incref(out));
}
