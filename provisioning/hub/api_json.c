// SPDX-License-Identifier: GPL-2.0-or-later
/* Pieces that several answers have in common. */
#include <string.h>

#include "firmware/base/clock.h"
#include "firmware/base/text.h"
#include "provisioning/hub/hubd.h"

json_t *hubd_time(int64_t unix_s)
{
	char text[21];
	if (unix_s == 0)
		return json_null();
	clock_iso(unix_s, text);
	return json_string(text);
}

json_t *hubd_hex(const void *bytes, size_t len)
{
	char text[129];
	if (len > 64)
		return json_null();
	text_hex(bytes, len, text);
	return json_string(text);
}

json_t *hubd_day(int32_t day)
{
	char text[11];
	clock_day_text(day, text);
	return json_string(text);
}

json_t *hubd_seconds(const struct coverage_s *s)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "up", (json_int_t)s->up, "down",
			 (json_int_t)s->down, "unpowered", (json_int_t)s->unpowered, "unknown",
			 (json_int_t)s->unknown);
}

static void number(struct jsonout *j, const char *key, int64_t value)
{
	jsonout_raw(j, key);
	jsonout_int(j, value);
}

static void text(struct jsonout *j, const char *key, const char *value)
{
	jsonout_raw(j, key);
	jsonout_string(j, value);
}

static void place(struct jsonout *j, const struct school *s)
{
	text(j, "{\"code\":", s->code);
	text(j, ",\"name\":{\"ar\":", s->name_ar);
	text(j, ",\"fr\":", s->name_fr);
	text(j, ",\"en\":", s->name_en);
	text(j, "},\"country\":", s->country);
	text(j, ",\"region\":", s->region);
	text(j, ",\"region_ar\":", *s->region_ar ? s->region_ar : s->region);
	jsonout_raw(j, ",\"lat\":");
	jsonout_e6(j, s->lat_e6);
	jsonout_raw(j, ",\"lon\":");
	jsonout_e6(j, s->lon_e6);
	text(j, ",\"level\":", s->level);
	number(j, ",\"pupils\":", s->pupils);
	jsonout_raw(j, s->sample ? ",\"sample\":true" : ",\"sample\":false");
}

static void week(struct jsonout *j, const struct coverage_week_sum *w)
{
	number(j, ",\"n\":", w->days);
	number(j, ",\"uplink\":{\"up_min\":", w->s.up / 60);
	number(j, ",\"down_min\":", w->s.down / 60);
	number(j, ",\"unpowered_min\":", w->s.unpowered / 60);
	number(j, ",\"unknown_min\":", w->s.unknown / 60);
	number(j, ",\"days\":", w->days);
	if (coverage_uptime_ppm(&w->s) < 0)
		jsonout_raw(j, ",\"uptime_ppm\":null");
	else
		number(j, ",\"uptime_ppm\":", coverage_uptime_ppm(&w->s));
	number(j, "},\"use\":{\"starts\":", w->starts);
	number(j, ",\"watched_s\":", (int64_t)w->watched_s);
	jsonout_raw(j, "}");
}

void hubd_standing(const struct hubd *d, const struct school_status *status, int64_t now_s,
		   struct standing_answer *out)
{
	struct standing_facts facts = { .enrolled = status->enrolled,
					.last_seen_s = status->last_seen_s,
					.as_of_s = status->as_of_s,
					.day = status->day,
					.school = status->in_school,
					.down_kbps = status->down_kbps };
	memcpy(facts.layer, status->layer, sizeof(facts.layer));
	standing_decide(&facts, &d->hub.rules, now_s, out);
}

struct coverage_week_sum hubd_week(const struct school_status *status, int64_t now_s)
{
	struct coverage_week w = status->week;
	coverage_week_shift(&w, clock_day(now_s));
	return coverage_week_total(&w);
}

void hubd_school(const struct hubd *d, const struct school *s, const struct school_status *status,
		 int64_t now_s, struct jsonout *j)
{
	struct standing_answer standing;
	hubd_standing(d, status, now_s, &standing);
	struct coverage_week_sum sum = hubd_week(status, now_s);
	place(j, s);
	text(j, ",\"state\":", standing_name(standing.state));
	text(j, ",\"reason\":", standing.reason);
	text(j, ",\"layer\":", standing.layer);
	jsonout_raw(j, ",\"last_seen\":");
	jsonout_time(j, status->last_seen_s);
	jsonout_raw(j, ",\"as_of\":");
	jsonout_time(j, status->as_of_s);
	week(j, &sum);
	number(j, ",\"speed\":{\"down_kbps\":", status->down_kbps);
	number(j, ",\"n\":", status->speed_n);
	jsonout_raw(j, "}}");
}

const char *hubd_device_state(enum device_state state)
{
	return state == DEVICE_BOUND         ? "bound"
	       : state == DEVICE_PROVISIONAL ? "provisional"
					     : "forked";
}
