// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/refresh.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"

/* Hours of some days, collected. */
struct hours {
	struct coverage_hour *at;
	size_t count, room;
};

static void clean_hours(struct hours *h)
{
	free(h->at);
}

static int collect(void *data, const struct coverage_hour *hour)
{
	struct hours *h = data;
	if (h->count == h->room) {
		size_t room = h->room ? 2 * h->room : 64;
		struct coverage_hour *grown = realloc(h->at, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		h->at = grown;
		h->room = room;
	}
	h->at[h->count++] = *hour;
	return 0;
}

static int64_t delta(uint32_t now, uint32_t before)
{
	return (int64_t)now - before;
}

/* A school's day anew from its hours; the region gets the difference, so that it is never summed up again. */
static int refresh_day(struct store *s, const struct school *school, int32_t day, struct fault *why)
{
	CLEANUP(clean_hours) struct hours hours = { 0 };
	struct coverage_s before = { 0 };
	int rc = store_hours_each(s, school->code, day, day, collect, &hours, why);
	if (rc || hours.count == 0)
		return rc;
	struct coverage_s now = coverage_day(hours.at, hours.count);
	int had = store_day_get(s, school->code, day, &before, why);
	if (had && had != -ENOENT)
		return had;
	rc = store_day_put(s, school->code, day, &now, why);
	struct region_delta d = { had == -ENOENT, delta(now.up, before.up),
				  delta(now.down, before.down),
				  delta(now.unpowered, before.unpowered),
				  delta(now.unknown, before.unknown) };
	if (rc == 0)
		rc = store_region_day_add(s, school->country, school->region, day, &d, why);
	return rc;
}

static bool in_school_hours(const struct coverage_hour *h, const struct standing_rules *rules)
{
	return h->hour >= rules->school_from && h->hour < rules->school_to;
}

/* The 24 hours up to the last one reported: each hour of the day appears once, partly of the day before. */
static int refresh_last_day(struct store *s, const char *school, const struct standing_rules *rules,
			    int64_t now_s, struct school_status *status, struct fault *why)
{
	int32_t day = 0;
	uint8_t hour = 0;
	int rc = store_hour_last(s, school, &day, &hour, why);
	if (rc == -ENOENT)
		return 0;
	CLEANUP(clean_hours) struct hours all = { 0 };
	if (rc == 0)
		rc = store_hours_each(s, school, day - 1, day, collect, &all, why);
	if (rc)
		return rc;
	size_t kept = 0;
	for (size_t i = 0; i < all.count; i++)
		if (all.at[i].day == day ? all.at[i].hour <= hour : all.at[i].hour > hour)
			all.at[kept++] = all.at[i];
	status->day = coverage_day(all.at, kept);
	size_t in = 0;
	for (size_t i = 0; i < kept; i++)
		if (in_school_hours(&all.at[i], rules))
			all.at[in++] = all.at[i];
	status->in_school = coverage_day(all.at, in);
	int64_t end = ((int64_t)day * 24 + hour + 1) * COVERAGE_HOUR_S;
	status->as_of_s = end < now_s ? end : now_s;
	return 0;
}

static int refresh_speed(struct store *s, const char *school, const struct standing_rules *rules,
			 int32_t today, struct school_status *status, struct fault *why)
{
	CLEANUP(clean_hours) struct hours all = { 0 };
	int rc = store_hours_each(s, school, today - COVERAGE_WEEK + 1, today, collect, &all, why);
	if (rc)
		return rc;
	AUTO_FREE uint32_t *kbps = calloc(all.count + 1, sizeof(*kbps));
	if (!kbps)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	/* As with standing: school hours where they were measured, else whatever was. */
	size_t n = 0;
	for (size_t i = 0; i < all.count; i++)
		if (all.at[i].down_kbps > 0 && in_school_hours(&all.at[i], rules))
			kbps[n++] = all.at[i].down_kbps;
	bool in_school = n > 0;
	for (size_t i = 0; i < all.count && !in_school; i++)
		if (all.at[i].down_kbps > 0)
			kbps[n++] = all.at[i].down_kbps;
	status->down_kbps = coverage_median(kbps, n);
	status->speed_n = (uint32_t)n;
	return 0;
}

static int week_day(void *data, int32_t day, const struct coverage_s *sum)
{
	struct coverage_week *w = data;
	w->day[COVERAGE_WEEK - 1 - (w->last_day - day)].s = *sum;
	return 0;
}

static int week_use(void *data, const struct lesson_use *use)
{
	struct coverage_week *w = data;
	struct coverage_week_day *d = &w->day[COVERAGE_WEEK - 1 - (w->last_day - use->day)];
	d->starts += use->starts;
	d->watched_s += use->watched_s;
	return 0;
}

static int refresh_week(struct store *s, const char *school, int32_t today, struct coverage_week *w,
			struct fault *why)
{
	*w = (struct coverage_week){ .last_day = today };
	int rc = store_days_each(s, school, today - COVERAGE_WEEK + 1, today, week_day, w, why);
	return rc ? rc
		  : store_uses_each(s, school, today - COVERAGE_WEEK + 1, today, week_use, w, why);
}

static int last_layer(void *data, const struct box_event *e)
{
	struct school_status *status = data;
	if (strcmp(e->kind, "uplink.down") != 0)
		return 0;
	/* A layer is one short word; what is longer no box of ours wrote, and a cut could split a character. */
	size_t len = strlen(e->reason);
	if (len < sizeof(status->layer))
		memcpy(status->layer, e->reason, len + 1);
	else
		status->layer[0] = '\0';
	return 1; /* found: no more */
}

int refresh_school(struct store *s, const char *code, const struct day_set *touched,
		   const struct standing_rules *rules, int64_t seen_s, struct fault *why)
{
	struct school school;
	struct school_status status = { 0 };
	int rc = store_school_get(s, code, &school, why);
	for (size_t i = 0; rc == 0 && i < touched->count; i++)
		rc = refresh_day(s, &school, touched->day[i], why);
	if (rc)
		return rc;
	rc = store_status_get(s, code, &status, why);
	if (rc && rc != -ENOENT)
		return rc;
	status.last_seen_s = seen_s;
	int32_t today = clock_day(seen_s);
	rc = refresh_last_day(s, code, rules, seen_s, &status, why);
	if (rc == 0)
		rc = refresh_speed(s, code, rules, today, &status, why);
	if (rc == 0)
		rc = refresh_week(s, code, today, &status.week, why);
	if (rc == 0) {
		rc = store_events_each(s, code, 50, last_layer, &status, why);
		rc = rc == 1 ? 0 : rc;
	}
	return rc ? rc : store_status_put(s, code, &status, why);
}

struct moved_day {
	int32_t day;
	struct coverage_s sum;
};

struct moved_days {
	struct moved_day *at;
	size_t count, room;
};

static void clean_moved(struct moved_days *m)
{
	free(m->at);
}

static int collect_day(void *data, int32_t day, const struct coverage_s *sum)
{
	struct moved_days *m = data;
	if (m->count == m->room) {
		size_t room = m->room ? 2 * m->room : 64;
		struct moved_day *grown = realloc(m->at, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		m->at = grown;
		m->room = room;
	}
	m->at[m->count++] = (struct moved_day){ day, *sum };
	return 0;
}

int refresh_region_move(struct store *s, const struct school *before, const struct school *now,
			struct fault *why)
{
	if (strcmp(before->country, now->country) == 0 && strcmp(before->region, now->region) == 0)
		return 0;
	CLEANUP(clean_moved) struct moved_days days = { 0 };
	int rc = store_days_each(s, now->code, INT32_MIN, INT32_MAX, collect_day, &days, why);
	for (size_t i = 0; rc == 0 && i < days.count; i++) {
		const struct coverage_s *d = &days.at[i].sum;
		struct region_delta add = { 1, d->up, d->down, d->unpowered, d->unknown };
		struct region_delta take = { -1, -add.up, -add.down, -add.unpowered, -add.unknown };
		rc = store_region_day_add(s, before->country, before->region, days.at[i].day, &take,
					  why);
		if (rc == 0)
			rc = store_region_day_add(s, now->country, now->region, days.at[i].day,
						  &add, why);
	}
	return rc;
}
