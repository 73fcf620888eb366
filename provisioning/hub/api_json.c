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

static json_t *week_json(const struct coverage_week_sum *w)
{
	json_t *uptime = coverage_uptime_ppm(&w->s) < 0 ? json_null()
							: json_integer(coverage_uptime_ppm(&w->s));
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}", "up_min", (json_int_t)w->s.up / 60,
			 "down_min", (json_int_t)w->s.down / 60, "unpowered_min",
			 (json_int_t)w->s.unpowered / 60, "unknown_min",
			 (json_int_t)w->s.unknown / 60, "days", (json_int_t)w->days, "uptime_ppm",
			 uptime);
}

json_t *hubd_school(struct hubd *d, const struct school *s, const struct school_status *status,
		    int64_t now_s)
{
	struct standing_facts facts = { .enrolled = status->enrolled,
					.last_seen_s = status->last_seen_s,
					.as_of_s = status->as_of_s,
					.day = status->day,
					.school = status->in_school,
					.down_kbps = status->down_kbps };
	memcpy(facts.layer, status->layer, sizeof(facts.layer));
	struct standing_answer standing;
	standing_decide(&facts, &d->hub.rules, now_s, &standing);
	struct coverage_week week = status->week;
	coverage_week_shift(&week, clock_day(now_s));
	struct coverage_week_sum sum = coverage_week_total(&week);
	json_t *names =
		json_pack("{s:s, s:s, s:s}", "ar", s->name_ar, "fr", s->name_fr, "en", s->name_en);
	json_t *speed = json_pack("{s:I, s:I}", "down_kbps", (json_int_t)status->down_kbps, "n",
				  (json_int_t)status->speed_n);
	json_t *use = json_pack("{s:I, s:I}", "starts", (json_int_t)sum.starts, "watched_s",
				(json_int_t)sum.watched_s);
	return json_pack("{s:s, s:o, s:s, s:s, s:s, s:f, s:f, s:s, s:I, s:b, s:s, s:s, s:s, s:o, "
			 "s:o, s:I, s:o, s:o, s:o}",
			 "code", s->code, "name", names, "country", s->country, "region", s->region,
			 "region_ar", *s->region_ar ? s->region_ar : s->region, "lat",
			 s->lat_e6 / 1e6, "lon", s->lon_e6 / 1e6, "level", s->level, "pupils",
			 (json_int_t)s->pupils, "sample", (int)s->sample, "state",
			 standing_name(standing.state), "reason", standing.reason, "layer",
			 standing.layer, "last_seen", hubd_time(status->last_seen_s), "as_of",
			 hubd_time(status->as_of_s), "n", (json_int_t)sum.days, "uplink",
			 week_json(&sum), "speed", speed, "use", use);
}

const char *hubd_device_state(enum device_state state)
{
	return state == DEVICE_BOUND         ? "bound"
	       : state == DEVICE_PROVISIONAL ? "provisional"
					     : "forked";
}
