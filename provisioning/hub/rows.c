// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/rows.h"

#include <errno.h>
#include <pb_decode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"
#include "firmware/record/codec.h"
#include "firmware/record/report.pb.h"

enum { FIRST_DAY = 19723 /* 2024-01-01: no box is older */, HIGHEST_GRADE = 13 };
#define COUNT_MAX \
	(UINT64_C(1) << 44) /* per row: 17 TB, half a million years; sums stay far from overflow */

static void clean_report(wasl_Report *report)
{
	pb_release(wasl_Report_fields, report);
}

int day_set_add(struct day_set *set, int32_t day)
{
	for (size_t i = set->count; i-- > 0;)
		if (set->day[i] == day)
			return 0;
	if (set->count == set->room) {
		size_t room = set->room ? 2 * set->room : 16;
		int32_t *grown = realloc(set->day, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		set->day = grown;
		set->room = room;
	}
	set->day[set->count++] = day;
	return 0;
}

void day_set_done(struct day_set *set)
{
	free(set->day);
	*set = (struct day_set){ 0 };
}

/* What every row of one envelope is entered with. */
struct entry {
	struct store *s;
	const struct device *device;
	int64_t now_s;
	int32_t first_day, last_day; /* what the header promised, within what can be */
	struct day_set *touched;
	struct rows_outcome *out;
	struct fault *why;
};

static bool day_ok(const struct entry *e, int32_t day)
{
	return day >= e->first_day && day <= e->last_day;
}

/* Bytes of the control that turns the text behind it around (U+202A to U+202E, U+2066 to U+2069); 0: there is none. */
static size_t turn(const char *p)
{
	const uint8_t *u = (const uint8_t *)p;
	const bool is = u[0] == 0xe2 && ((u[1] == 0x80 && u[2] >= 0xaa && u[2] <= 0xae) ||
					 (u[1] == 0x81 && u[2] >= 0xa6 && u[2] <= 0xa9));
	return is ? 3 : 0;
}

/* A name that pages and terminals show and tables are keyed by: printable, not empty. */
static bool name_ok(const char *name)
{
	for (const char *p = name; *p; p++) {
		const uint8_t *u = (const uint8_t *)p;
		if (*u < 0x20 || *u == 0x7f || turn(p) ||
		    (u[0] == 0xc2 && u[1] >= 0x80 && u[1] <= 0x9f))
			return false;
	}
	return *name != '\0';
}

/* People paste them with words from elsewhere. */
static void take_turns_out(char *text)
{
	char *to = text;
	for (const char *p = text; *p;) {
		const size_t n = turn(p);
		if (n)
			p += n;
		else
			*to++ = *p++;
	}
	*to = '\0';
}

static int touch(const struct entry *e, int32_t day)
{
	e->out->taken++;
	return day_set_add(e->touched, day) ? fault_set(e->why, -ENOMEM, "memory", "out of memory")
					    : 0;
}

static int enter_hour(const struct entry *e, const wasl_UplinkHour *r)
{
	if (!day_ok(e, r->day) || r->hour > 23 || !name_ok(r->uplink) || r->rx_bytes > COUNT_MAX ||
	    r->tx_bytes > COUNT_MAX) {
		e->out->refused++;
		return 0;
	}
	struct coverage_hour more = {
		.day = r->day,
		.hour = (uint8_t)r->hour,
		.kind = (uint8_t)(r->kind <= 5 ? r->kind : 5),
		.s = { r->up_s, r->down_s, r->unpowered_s, r->unknown_s },
		.rx_bytes = r->rx_bytes,
		.tx_bytes = r->tx_bytes,
		.rtt_us = r->rtt_us,
		.down_kbps = r->down_kbps,
		.up_kbps = r->up_kbps,
		.samples = r->samples,
	};
	struct coverage_hour have = { .day = r->day, .hour = (uint8_t)r->hour };
	snprintf(have.uplink, sizeof(have.uplink), "%s", r->uplink);
	int rc = store_hour_get(e->s, e->device->school, r->day, have.hour, have.uplink, &have,
				e->why);
	if (rc && rc != -ENOENT)
		return rc;
	if (coverage_hour_add(&have, &more))
		e->out->overfull++;
	rc = store_hour_put(e->s, e->device->school, &have, e->why);
	return rc ? rc : touch(e, r->day);
}

static int enter_use(const struct entry *e, const wasl_LessonUse *r)
{
	if (!day_ok(e, r->day) || !text_is_slug(r->lesson) || !text_is_slug(r->rung) ||
	    r->watched_s > COUNT_MAX || r->sent_bytes > COUNT_MAX) {
		e->out->refused++;
		return 0;
	}
	struct lesson_use use = {
		.day = r->day,
		.starts = r->starts,
		.completions = r->completions,
		.watched_s = r->watched_s,
		.sent_bytes = r->sent_bytes,
		.devices = r->devices_small ? 0 : r->devices,
		.small_cells = r->devices_small ? 1 : 0,
	};
	snprintf(use.lesson, sizeof(use.lesson), "%s", r->lesson);
	snprintf(use.rung, sizeof(use.rung), "%s", r->rung);
	int rc = store_use_add(e->s, e->device->school, &use, e->why);
	return rc ? rc : touch(e, r->day);
}

static int enter_event(const struct entry *e, const wasl_Event *r)
{
	if (!day_ok(e, clock_day(r->unix_s)) || !name_ok(r->kind) || r->number == 0 ||
	    r->number > INT64_MAX) {
		e->out->refused++;
		return 0;
	}
	struct box_event event = { .number = r->number, .unix_s = r->unix_s };
	snprintf(event.kind, sizeof(event.kind), "%s", r->kind);
	snprintf(event.subject, sizeof(event.subject), "%s", r->subject);
	snprintf(event.reason, sizeof(event.reason), "%s", r->reason);
	int rc = store_event_put(e->s, e->device->id, e->device->school, &event, e->why);
	e->out->taken += rc == 0;
	return rc;
}

static int enter_health(const struct entry *e, const wasl_BoxHealth *r)
{
	if (r->disk_free_bytes > INT64_MAX || r->disk_bad > INT64_MAX ||
	    r->disk_unreadable > INT64_MAX || r->disk_read_bytes > INT64_MAX ||
	    r->disk_read_s < 0 || r->unix_s < 0) {
		e->out->refused++;
		return 0;
	}
	struct box_health h = {
		.unix_s = r->unix_s,
		.disk_free_bytes = r->disk_free_bytes,
		.uptime_s = r->uptime_s,
		.catalogue_version = r->catalogue_version,
		.lessons_ready = r->lessons_ready,
		.lessons_total = r->lessons_total,
		.settings_version = r->settings_version,
		.root_version = r->root_version,
		.disk_bad = r->disk_bad,
		.disk_unreadable = r->disk_unreadable,
		.disk_read_bytes = r->disk_read_bytes,
		.disk_read_s = r->disk_read_s,
		.disk_wear = r->disk_wear,
		.settings_at = { [MANAGE_EVERYONE] = r->settings_everyone,
				 [MANAGE_REGION] = r->settings_region,
				 [MANAGE_SCHOOL] = r->settings_school,
				 [MANAGE_DEVICE] = r->settings_device },
	};
	snprintf(h.image_version, sizeof(h.image_version), "%s", r->image_version);
	snprintf(h.board, sizeof(h.board), "%s", r->board);
	int rc = store_health_put(e->s, e->device->id, &h, e->why);
	e->out->taken += rc == 0;
	return rc;
}

static bool title_ok(const char *text)
{
	return !*text || name_ok(text);
}

static int enter_offer(const struct entry *e, wasl_LessonOffer *r)
{
	take_turns_out(r->title_ar);
	take_turns_out(r->title_fr);
	take_turns_out(r->title_en);
	if (r->number == 0 || r->number > INT64_MAX || !text_is_slug(r->lesson) ||
	    !title_ok(r->title_ar) || !title_ok(r->title_fr) || !title_ok(r->title_en) ||
	    !title_ok(r->language) || (*r->subject && !text_is_slug(r->subject)) ||
	    r->duration_ms > COUNT_MAX || r->film_bytes > COUNT_MAX) {
		e->out->refused++;
		return 0;
	}
	struct lesson_offer f = { .epoch = e->device->epoch,
				  .number = r->number,
				  .withdrawn = r->withdrawn,
				  .received_s = e->now_s };
	memcpy(f.device, e->device->id, sizeof(f.device));
	snprintf(f.school, sizeof(f.school), "%s", e->device->school);
	snprintf(f.lesson, sizeof(f.lesson), "%s", r->lesson);
	if (!r->withdrawn) { /* of what is withdrawn nothing is kept but that it is */
		snprintf(f.title[0], sizeof(f.title[0]), "%s", r->title_ar);
		snprintf(f.title[1], sizeof(f.title[1]), "%s", r->title_fr);
		snprintf(f.title[2], sizeof(f.title[2]), "%s", r->title_en);
		snprintf(f.language, sizeof(f.language), "%s", r->language);
		snprintf(f.subject, sizeof(f.subject), "%s", r->subject);
		f.grade = r->grade <= HIGHEST_GRADE ? r->grade : 0;
		f.duration_ms = r->duration_ms;
		f.film_bytes = r->film_bytes;
		memcpy(f.film, r->film, sizeof(f.film));
	}
	int rc = store_offer_put(e->s, &f, e->why);
	if (rc == -EDQUOT) {
		e->out->refused++;
		return 0;
	}
	e->out->taken += rc == 0;
	e->out->offers += rc == 0;
	return rc;
}

/* What is withdrawn first: it makes room. */
static int enter_offers(const struct entry *e, wasl_Report *report)
{
	int rc = 0;
	for (int withdrawn = 1; withdrawn >= 0; withdrawn--)
		for (pb_size_t i = 0; rc == 0 && i < report->offers_count; i++)
			if (report->offers[i].withdrawn == withdrawn)
				rc = enter_offer(e, &report->offers[i]);
	return rc;
}

static int enter_all(const struct entry *e, wasl_Report *report)
{
	int rc = 0;
	for (pb_size_t i = 0; rc == 0 && i < report->uplink_hours_count; i++)
		rc = enter_hour(e, &report->uplink_hours[i]);
	for (pb_size_t i = 0; rc == 0 && i < report->lesson_use_count; i++)
		rc = enter_use(e, &report->lesson_use[i]);
	for (pb_size_t i = 0; rc == 0 && i < report->events_count; i++)
		rc = enter_event(e, &report->events[i]);
	if (rc == 0)
		rc = enter_offers(e, report);
	if (rc == 0 && report->has_health)
		rc = enter_health(e, &report->health);
	return rc;
}

int rows_enter(struct store *s, const struct device *device, const struct envelope_header *header,
	       const void *rows, size_t len, int64_t now_s, struct day_set *touched,
	       struct rows_outcome *out, struct fault *why)
{
	CLEANUP(clean_report) wasl_Report report = wasl_Report_init_zero;
	if (codec_decode(wasl_Report_fields, rows, len, &report, why))
		return -EPROTO;
	/* A box whose clock runs ahead must not make a school look fresh for years. */
	int32_t tomorrow = clock_day(now_s) + 1;
	*out = (struct rows_outcome){ 0 };
	struct entry e = {
		.s = s,
		.device = device,
		.now_s = now_s,
		.first_day = header->first_day > FIRST_DAY ? header->first_day : FIRST_DAY,
		.last_day = header->last_day < tomorrow ? header->last_day : tomorrow,
		.touched = touched,
		.out = out,
		.why = why,
	};
	return enter_all(&e, &report);
}
