// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/agenda_ctl.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "content/fetch/agenda.h"
#include "content/contentd.h"
#include "content/fetch/planning.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"

#define MOST_DAYS 400 /* ahead: further away is a slip of the pen */

CLEAN_FN(json, json_t, json_decref)

int agenda_ctl_day(const char *text, int32_t *out)
{
	struct tm tm = { 0 };
	char again[11];
	int end = 0;
	if (!text ||
	    sscanf(text, "%4d-%2d-%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &end) != 3 ||
	    text[end])
		return -EINVAL;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	const int32_t day = clock_day((int64_t)timegm(&tm));
	/* The 31st of a month that has none is another day. */
	clock_day_text(day, again);
	if (strcmp(again, text))
		return -EINVAL;
	*out = day;
	return 0;
}

static json_t *request_json(const struct agenda_request *r)
{
	char day[11];
	clock_day_text(r->day, day);
	return json_pack("{s:s, s:s, s:I}", "lesson", r->lesson, "needed_by", day, "added_s",
			 (json_int_t)r->added_s);
}

static int check_lesson(const struct contentd *c, const char *lesson, struct fault *why)
{
	if (!lesson || !*lesson)
		return fault_set(why, -EINVAL, "request.lesson",
				 "which lesson? {\"lesson\": ID, \"needed_by\": \"2026-11-25\"}");
	if (!c->library || library_find_lesson(c->library, lesson) == LIBRARY_NONE)
		return fault_set(why, -ENOENT, "request.lesson",
				 "the catalogue in force has no lesson '%.64s'; `wasl lessons` "
				 "lists them",
				 lesson);
	return 0;
}

/* `text` NULL: no day was named, which is tomorrow. */
static int check_day(struct planning *p, const char *text, int32_t *out, struct fault *why)
{
	struct planner_now now;
	planning_now(p, &now);
	const int32_t today = planning_today(&now);
	if (!text) {
		*out = (today ? today : clock_day(clock_wall_s())) + 1;
		return 0;
	}
	if (agenda_ctl_day(text, out))
		return fault_set(why, -EINVAL, "request.day",
				 "needed_by = '%.40s' is no day; write it as 2026-11-25", text);
	/* A clock that nobody vouches for refuses no day. */
	if (today && (*out < today || *out > today + MOST_DAYS))
		return fault_set(why, -EINVAL, "request.day",
				 "needed_by = '%s' is not within %d days from today", text,
				 MOST_DAYS);
	return 0;
}

static int ask(struct contentd *c, const char *lesson, const char *day, struct agenda_request *out,
	       struct fault *why)
{
	int r = check_lesson(c, lesson, why);
	if (r == 0)
		r = check_day(c->planning, day, &out->day, why);
	if (r)
		return r;
	snprintf(out->lesson, sizeof(out->lesson), "%s", lesson);
	out->added_s = clock_wall_s();
	r = agenda_ask(c->agenda, out, why);
	if (r)
		return r;
	log_info("event=request.kept lesson=%s day=%d", out->lesson, (int)out->day);
	planning_changed(c->planning);
	return 0;
}

int agenda_ctl_ask(struct contentd *c, const char *lesson, const char *day, struct fault *why)
{
	struct agenda_request r = { 0 };
	return ask(c, lesson, day, &r, why);
}

int agenda_ctl_withdraw(struct contentd *c, const char *lesson, struct fault *why)
{
	int r = agenda_withdraw(c->agenda, lesson, why);
	if (r)
		return r;
	log_info("event=request.withdrawn lesson=%s", lesson);
	planning_changed(c->planning);
	return 0;
}

static void refuse(struct ctl_request *req, const struct fault *why)
{
	ctl_reply_fault(req, ctl_status_of(why->code), why);
}

static void withdraw(struct ctl_request *req, struct contentd *c, const char *lesson)
{
	struct fault why = { 0 };
	if (agenda_ctl_withdraw(c, lesson ? lesson : "", &why)) {
		refuse(req, &why);
		return;
	}
	ctl_reply_json(req, 200, json_pack("{s:s, s:n}", "lesson", lesson, "needed_by"));
}

void agenda_ctl_request(struct ctl_request *req, void *data)
{
	struct contentd *c = data;
	struct fault why = { 0 };
	size_t len;
	const void *body = ctl_body(req, &len);
	CLEANUP(clean_json) json_t *asked = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
	struct agenda_request r = { 0 };
	const json_t *day = json_object_get(asked, "needed_by");
	if (json_is_null(day)) {
		withdraw(req, c, json_string_value(json_object_get(asked, "lesson")));
		return;
	}
	if (ask(c, json_string_value(json_object_get(asked, "lesson")),
		day && !json_is_string(day) ? "" : json_string_value(day), &r, &why)) {
		refuse(req, &why);
		return;
	}
	ctl_reply_json(req, 200, request_json(&r));
}

struct listing {
	const struct contentd *c;
	const struct publish_outlook *outlook;
	json_t *list;
};

static int list_one(void *data, const struct agenda_request *r)
{
	const struct listing *l = data;
	json_t *one = request_json(r);
	const struct library *lib = l->c->library;
	const size_t at = lib ? library_find_lesson(lib, r->lesson) : LIBRARY_NONE;
	if (one && at != LIBRARY_NONE && l->outlook->lessons) {
		const struct publish_one *is = &l->outlook->lessons[at];
		json_object_set_new(one, "here", json_boolean(is->progress.complete));
		if (!is->progress.complete)
			json_object_set_new(one, "promise",
					    promise_json(&is->promise, l->outlook->sum.today));
	}
	return json_array_append_new(l->list, one) ? -ENOMEM : 0;
}

void agenda_ctl_requests(struct ctl_request *req, void *data)
{
	struct contentd *c = data;
	struct fault why = { .code = -ENOMEM, .id = "memory", .text = "out of memory" };
	CLEANUP(clean_json) json_t *list = json_array();
	CLEANUP(publish_outlook_done) struct publish_outlook outlook = { 0 };
	struct listing l = { c, &outlook, list };
	if (!list || publish_outlook(c, &outlook) || agenda_requests(c->agenda, list_one, &l, &why))
		refuse(req, &why);
	else
		ctl_reply_json(req, 200, json_pack("{s:O}", "requests", list));
}
