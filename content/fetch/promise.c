// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/promise.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/portal/site.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"

#define WEEK 7
#define ROOM 600

/* --- days --------------------------------------------------------------------------------------------- */

static void put(char *to, size_t room, char *text)
{
	snprintf(to, room, "%s", text ? text : "");
	free(text);
}

static void counted(enum strings_lang lang, const char *id, uint64_t n, char *out, size_t room)
{
	put(out, room, strings_fill_plural(lang, id, n, NULL));
}

static void say_date(enum strings_lang lang, int32_t day, char *out, size_t room)
{
	char iso[11], id[24], number[8];
	unsigned month = 1, of_month = 1;
	clock_day_text(day, iso);
	sscanf(iso, "%*4d-%2u-%2u", &month, &of_month);
	snprintf(id, sizeof(id), "plan.month.%u", month);
	snprintf(number, sizeof(number), "%u", of_month);
	put(out, room,
	    strings_fill(lang, "plan.date", "n", number, "month", strings_get(lang, id), NULL));
}

/* "ready on Thursday" */
static void say_day(enum strings_lang lang, int32_t day, int32_t today, char *out, size_t room)
{
	char id[24], date[80];
	const int32_t ahead = day - today;
	if (ahead <= 0) {
		snprintf(out, room, "%s", strings_get(lang, "plan.when.today"));
	} else if (ahead == 1) {
		snprintf(out, room, "%s", strings_get(lang, "plan.when.tomorrow"));
	} else if (ahead < WEEK) {
		/* 1970-01-01 was a Thursday */
		snprintf(id, sizeof(id), "plan.day.%d", (int)((day % WEEK + 4 + WEEK) % WEEK));
		put(out, room,
		    strings_fill(lang, "plan.when.day", "day", strings_get(lang, id), NULL));
	} else {
		say_date(lang, day, date, sizeof(date));
		put(out, room, strings_fill(lang, "plan.when.date", "date", date, NULL));
	}
}

static void say_when(enum strings_lang lang, const struct planner_promise *p, int32_t today,
		     char *out, size_t room)
{
	switch (p->when) {
	case PLANNER_MINUTES:
		counted(lang, "plan.when.minutes", p->count ? p->count : 1, out, room);
		return;
	case PLANNER_HOURS:
		counted(lang, "plan.when.hours", p->count, out, room);
		return;
	case PLANNER_NIGHTS:
		counted(lang, "plan.when.nights", p->count ? p->count : 1, out, room);
		return;
	case PLANNER_DAY:
		say_day(lang, p->day, today, out, room);
		return;
	case PLANNER_HERE:
	case PLANNER_UNKNOWN:
		break;
	}
	snprintf(out, room, "%s", strings_get(lang, "plan.when.unknown"));
}

/* --- sentences ---------------------------------------------------------------------------------------- */

static const char *sentence_of(const struct planner_promise *p)
{
	if (p->no_room)
		return "plan.room";
	if (!p->bytes)
		return "plan.cook";
	if (p->when == PLANNER_UNKNOWN)
		return p->wait == PLANNER_OFF     ? "plan.off"
		       : p->wait == PLANNER_QUOTA ? "plan.quota"
						  : "plan.unknown";
	if (p->night_bytes != PLANNER_NO_LIMIT && p->night_bytes)
		return "plan.budget";
	return p->wait == PLANNER_NIGHT ? "plan.night" : "plan.plain";
}

static void add(char *to, size_t room, const char *text)
{
	const size_t len = strlen(to);
	snprintf(to + len, room - len, "%s%s", len && *text ? " " : "", text);
}

char *promise_text(enum strings_lang lang, const struct planner_promise *p, int32_t today)
{
	char text[ROOM] = "", size[40], night[40] = "", when[120], date[80];
	if (p->when == PLANNER_HERE)
		return strdup("");
	site_size(lang, p->bytes, size);
	if (p->night_bytes != PLANNER_NO_LIMIT)
		site_size(lang, p->night_bytes, night);
	say_when(lang, p, today, when, sizeof(when));
	put(text, sizeof(text),
	    strings_fill(lang, sentence_of(p), "size", size, "night", night, "when", when, NULL));
	if (p->late) {
		say_date(lang, p->due_day, date, sizeof(date));
		AUTO_FREE char *late = strings_fill(lang, "plan.late", "date", date, NULL);
		add(text, sizeof(text), late ? late : "");
	}
	if (p->stick)
		add(text, sizeof(text), strings_get(lang, "plan.stick"));
	return strdup(text);
}

/* --- all of them -------------------------------------------------------------------------------------- */

static bool later(const struct planner_promise *a, const struct planner_promise *b)
{
	if (a->when != b->when)
		return a->when > b->when;
	return a->when == PLANNER_DAY ? a->day > b->day : a->count > b->count;
}

void promise_add(struct promise_sum *sum, const struct planner_promise *p)
{
	/* What is only made here does not come over the line: its own page says when. */
	if (p->when == PLANNER_HERE || p->no_room || !p->bytes)
		return;
	if (!sum->count || later(p, &sum->last))
		sum->last = *p;
	sum->count++;
	sum->late += p->late;
	sum->bytes += p->bytes;
}

static const char *rule_of(const struct promise_sum *s)
{
	switch (s->gate.wait) {
	case PLANNER_QUIET:
		return "plan.rule.quiet";
	case PLANNER_SPENT:
		return "plan.rule.spent";
	case PLANNER_QUOTA:
		return "plan.rule.quota";
	case PLANNER_NIGHT:
	case PLANNER_GO:
	case PLANNER_OFF:
		break;
	}
	if (s->gate.night_bytes != PLANNER_NO_LIMIT)
		return "plan.rule.budget";
	return s->gate.wait == PLANNER_NIGHT ? "plan.rule.night" : NULL;
}

char *promise_sum_text(enum strings_lang lang, const struct promise_sum *s)
{
	char text[2 * ROOM] = "", size[40], night[40] = "", when[120], part[ROOM];
	const char *rule = rule_of(s);
	if (!s->count)
		return strdup("");
	site_size(lang, s->bytes, size);
	put(part, sizeof(part),
	    strings_fill_plural(lang, "plan.rest", s->count, "size", size, NULL));
	add(text, sizeof(text), part);
	if (s->last.when != PLANNER_UNKNOWN) {
		say_when(lang, &s->last, s->today, when, sizeof(when));
		AUTO_FREE char *last = strings_fill(lang, "plan.last", "when", when, NULL);
		add(text, sizeof(text), last ? last : "");
	}
	if (rule) {
		if (s->gate.night_bytes != PLANNER_NO_LIMIT)
			site_size(lang, s->gate.night_bytes, night);
		AUTO_FREE char *why = strings_fill(lang, rule, "night", night, NULL);
		add(text, sizeof(text), why ? why : "");
	}
	if (s->late) {
		counted(lang, "plan.lates", s->late, part, sizeof(part));
		add(text, sizeof(text), part);
	}
	return strdup(text);
}

/* --- for programs ------------------------------------------------------------------------------------- */

static const char *const when_names[] = {
	[PLANNER_HERE] = "here", [PLANNER_MINUTES] = "minutes", [PLANNER_HOURS] = "hours",
	[PLANNER_DAY] = "day",   [PLANNER_NIGHTS] = "nights",   [PLANNER_UNKNOWN] = "unknown",
};
static const char *const wait_names[] = {
	[PLANNER_GO] = "",         [PLANNER_NIGHT] = "night", [PLANNER_QUIET] = "quiet",
	[PLANNER_SPENT] = "spent", [PLANNER_QUOTA] = "quota", [PLANNER_OFF] = "off",
};

static json_t *bytes_json(uint64_t bytes)
{
	return bytes == PLANNER_NO_LIMIT ? json_null() : json_integer((json_int_t)bytes);
}

static json_t *text_json(char *text)
{
	json_t *out = json_string(text ? text : "");
	free(text);
	return out;
}

json_t *promise_json(const struct planner_promise *p, int32_t today)
{
	char day[11] = "";
	if (p->when == PLANNER_HERE)
		return json_null();
	if (p->when == PLANNER_DAY)
		clock_day_text(p->day, day);
	return json_pack("{s:s, s:i, s:o, s:I, s:o, s:s, s:b, s:b, s:b, s:{s:o, s:o, s:o}}", "when",
			 when_names[p->when], "n", (int)p->count, "day",
			 *day ? json_string(day) : json_null(), "bytes", (json_int_t)p->bytes,
			 "night_bytes", bytes_json(p->night_bytes), "wait", wait_names[p->wait],
			 "late", p->late, "stick", p->stick, "no_room", p->no_room, "text", "ar",
			 text_json(promise_text(STRINGS_AR, p, today)), "fr",
			 text_json(promise_text(STRINGS_FR, p, today)), "en",
			 text_json(promise_text(STRINGS_EN, p, today)));
}

json_t *promise_sum_json(const struct promise_sum *s)
{
	return json_pack("{s:I, s:I, s:I, s:s, s:o, s:I, s:{s:o, s:o, s:o}}", "lessons",
			 (json_int_t)s->count, "late", (json_int_t)s->late, "bytes",
			 (json_int_t)s->bytes, "wait", wait_names[s->gate.wait], "night_bytes",
			 bytes_json(s->gate.night_bytes), "night_spent", (json_int_t)s->spent_bytes,
			 "text", "ar", text_json(promise_sum_text(STRINGS_AR, s)), "fr",
			 text_json(promise_sum_text(STRINGS_FR, s)), "en",
			 text_json(promise_sum_text(STRINGS_EN, s)));
}
