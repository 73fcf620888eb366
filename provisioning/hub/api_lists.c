// SPDX-License-Identifier: GPL-2.0-or-later
/* Boxes, alerts, lessons; how the daemon itself is. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "provisioning/hub/hubd.h"
#include "provisioning/hub/offers.h"

static void clean_json(json_t **held)
{
	json_decref(*held);
}

static int device_row(void *data, const struct device *v)
{
	json_t *row = json_pack("{s:o, s:s, s:s, s:o, s:s, s:s, s:I}", "device",
				hubd_hex(v->id, sizeof(v->id)), "school", v->school, "state",
				hubd_device_state(v->state), "enrolled", hubd_time(v->enrolled_s),
				"image_version", v->image_version, "board", v->board, "epoch",
				(json_int_t)v->epoch);
	return json_array_append_new(data, row) ? -ENOMEM : 0;
}

void api_devices(struct ctl_request *req, void *data)
{
	struct hubd *d = data;
	struct fault why = { 0 };
	if (!hubd_officer(d, req))
		return;
	json_t *rows = json_array();
	int rc = store_devices_each(d->hub.store, NULL, device_row, rows, &why);
	CLEANUP(clean_json)
	json_t *out =
		json_pack("{s:o, s:I, s:o}", "devices", rows, "n",
			  (json_int_t)json_array_size(rows), "as_of", hubd_time(clock_wall_s()));
	if (rc)
		hubd_reply_failed(req, &why);
	else
		ctl_reply_json(req, 200, json_incref(out));
}

static int alert_row(void *data, const struct alert *a)
{
	json_t *row = json_pack("{s:I, s:o, s:s, s:s, s:o, s:s}", "id", (json_int_t)a->id, "at",
				hubd_time(a->raised_s), "kind", a->kind, "school", a->school,
				"device", hubd_hex(a->device, sizeof(a->device)), "text", a->text);
	return json_array_append_new(data, row) ? -ENOMEM : 0;
}

void api_alerts(struct ctl_request *req, void *data)
{
	struct hubd *d = data;
	struct fault why = { 0 };
	if (!hubd_officer(d, req))
		return;
	json_t *rows = json_array();
	int rc = store_alerts_each(d->hub.store, 200, alert_row, rows, &why);
	CLEANUP(clean_json)
	json_t *out =
		json_pack("{s:o, s:I, s:o}", "alerts", rows, "n", (json_int_t)json_array_size(rows),
			  "as_of", hubd_time(clock_wall_s()));
	if (rc)
		hubd_reply_failed(req, &why);
	else
		ctl_reply_json(req, 200, json_incref(out));
}

void api_offers(struct ctl_request *req, void *data)
{
	struct hubd *d = data;
	struct fault why = { 0 };
	if (!hubd_officer(d, req))
		return;
	struct jsonout out = { 0 };
	if (offers_json(d->hub.store, clock_wall_s(), &out, &why))
		hubd_reply_failed(req, &why);
	else
		ctl_reply_bytes(req, 200, "application/json", out.text, out.len);
	jsonout_done(&out);
}

void hubd_lessons(struct hubd *d)
{
	struct fault why = { 0 };
	struct lessons *now = NULL;
	int64_t version = 0;
	if (store_number_get(d->hub.store, "catalogue_version", 0, &version, &why) == 0 &&
	    d->lessons && lessons_version(d->lessons) == version)
		return;
	if (lessons_open(d->hub.dir, d->hub.trust, &now, &why)) {
		log_fault(LOG_LEVEL_WARN, "lessons", &why);
		return;
	}
	lessons_close(d->lessons);
	d->lessons = now;
}

void api_lessons(struct ctl_request *req, void *data)
{
	struct hubd *d = data;
	if (!hubd_officer(d, req))
		return;
	hubd_lessons(d);
	json_t *rows = json_array();
	for (size_t i = 0; d->lessons && i < lessons_count(d->lessons); i++) {
		const struct lesson_name *l = lessons_at(d->lessons, i);
		json_array_append_new(rows,
				      json_pack("{s:s, s:{s:s, s:s, s:s}, s:s, s:I, s:I, s:I}",
						"id", l->id, "title", "ar", l->ar, "fr", l->fr,
						"en", l->en, "subject", l->subject, "grade",
						(json_int_t)l->grade, "duration_ms",
						(json_int_t)l->duration_ms, "size_bytes",
						(json_int_t)l->size_bytes));
	}
	ctl_reply_json(req, 200,
		       json_pack("{s:o, s:I, s:I, s:o}", "lessons", rows, "version",
				 (json_int_t)(d->lessons ? lessons_version(d->lessons) : 0), "n",
				 (json_int_t)json_array_size(rows), "as_of",
				 hubd_time(clock_wall_s())));
}

void api_status(struct ctl_request *req, void *data)
{
	const struct hubd *d = data;
	ctl_reply_json(req, 200,
		       json_pack("{s:s, s:s, s:I, s:I, s:I}", "name", "hubd", "version",
				 WASL_VERSION, "since_s",
				 (json_int_t)((clock_mono_ms() - d->since_ms) / 1000), "batches",
				 (json_int_t)d->batches, "counted",
				 (json_int_t)d->ends[INGEST_COUNTED]));
}

/* Prometheus text format 0.0.4. */
void api_metrics(struct ctl_request *req, void *data)
{
	const struct hubd *d = data;
	AUTO_FREE char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);
	if (!to) {
		ctl_reply_bytes(req, 500, "text/plain", "out of memory\n", 14);
		return;
	}
	fputs("# HELP wasl_hub_envelopes_total Envelopes by what became of them.\n"
	      "# TYPE wasl_hub_envelopes_total counter\n",
	      to);
	for (int i = 0; i < INGEST_ENDS; i++)
		fprintf(to, "wasl_hub_envelopes_total{end=\"%s\"} %llu\n",
			ingest_end_name((enum ingest_end)i), (unsigned long long)d->ends[i]);
	fprintf(to,
		"# TYPE wasl_hub_batches_total counter\nwasl_hub_batches_total{end=\"stored\"} "
		"%llu\n"
		"wasl_hub_batches_total{end=\"failed\"} %llu\n"
		"# TYPE wasl_hub_enrolments_total "
		"counter\nwasl_hub_enrolments_total{end=\"granted\"} %llu\n"
		"wasl_hub_enrolments_total{end=\"refused\"} %llu\n"
		"# TYPE wasl_hub_pages_open gauge\nwasl_hub_pages_open %u\n"
		"# TYPE wasl_hub_uptime_seconds gauge\nwasl_hub_uptime_seconds %llu\n",
		(unsigned long long)d->batches, (unsigned long long)d->failed_batches,
		(unsigned long long)d->grants, (unsigned long long)d->refused_enrolments,
		d->listener_count, (unsigned long long)(clock_mono_ms() - d->since_ms) / 1000);
	if (fclose(to))
		ctl_reply_bytes(req, 500, "text/plain", "out of memory\n", 14);
	else
		ctl_reply_bytes(req, 200, "text/plain; version=0.0.4", text, len);
}
