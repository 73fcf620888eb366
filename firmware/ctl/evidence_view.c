// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/evidence_view.h"

#include <inttypes.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/text.h"

enum { DURATION_ROOM = 32, NUMBER_ROOM = 24 };

/* "26:03:20": hours, minutes and seconds, which every language writes so. */
static void say_duration(uint64_t seconds, char out[static DURATION_ROOM])
{
	snprintf(out, DURATION_ROOM, "%" PRIu64 ":%02u:%02u", seconds / 3600,
		 (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
}

static void say_number(uint64_t n, char out[static NUMBER_ROOM])
{
	snprintf(out, NUMBER_ROOM, "%" PRIu64, n);
}

static void tell(const struct view *v, enum view_state state, char *text, FILE *to)
{
	view_row(v, state, text ? text : "", to);
	free(text);
}

static void tell_box(const struct evidence_report *r, const struct view *v, FILE *to)
{
	char device[33], from[11], until[11], school[EVIDENCE_SCHOOL_ROOM];
	text_hex(r->box.device, sizeof(r->box.device), device);
	clock_day_text(r->from, from);
	clock_day_text(r->until, until);
	view_foreign(r->school, school, sizeof(school));
	AUTO_FREE char *text =
		view_fill(v, "evidence.box", "box", device, "school", school[0] ? school : "-",
			  "from", from, "until", until, NULL);
	fprintf(to, "%s\n", text ? text : "");
}

/* Days of which something is not there. */
static void tell_missing(const struct evidence_report *r, const struct view *v, FILE *to)
{
	char n[NUMBER_ROOM], all[NUMBER_ROOM];
	if (r->minutes == r->days_minutes)
		return;
	say_number(r->minutes, n);
	say_number(r->days_minutes, all);
	tell(v, VIEW_MODERATE, view_fill(v, "evidence.missing", "n", n, "all", all, NULL), to);
	say_number(r->earlier, n);
	if (r->earlier)
		tell(v, VIEW_UNKNOWN, view_fill(v, "evidence.earlier", "n", n, NULL), to);
}

static void tell_proof(const struct evidence_report *r, enum evidence_view_key key,
		       const struct view *v, FILE *to)
{
	char until[EVIDENCE_TIME_ROOM], n[NUMBER_ROOM], late[DURATION_ROOM];
	if (key == EVIDENCE_VIEW_NO_KEY)
		tell(v, VIEW_UNKNOWN, view_fill(v, "evidence.nokey", NULL), to);
	else if (!r->signed_lines)
		tell(v, VIEW_NO, view_fill(v, "evidence.none", NULL), to);
	if (!r->signed_lines)
		return;
	evidence_time(r->signed_until, until);
	say_number(r->unsigned_minutes, n);
	if (r->unsigned_minutes)
		tell(v, VIEW_MODERATE,
		     view_fill(v, "evidence.partly", "until", until, "n", n, NULL), to);
	else if (evidence_is_whole(r))
		tell(v, VIEW_GOOD, view_fill(v, "evidence.whole", NULL), to);
	else if (r->minutes)
		tell(v, VIEW_GOOD, view_fill(v, "evidence.here", NULL), to);
	say_duration((uint64_t)r->latest_s, late);
	tell(v, VIEW_GOOD, view_fill(v, "evidence.late", "time", late, NULL), to);
	say_number(r->ahead, n);
	if (r->ahead)
		tell(v, VIEW_MODERATE, view_fill(v, "evidence.ahead", "n", n, NULL), to);
}

static void tell_uplink(const struct evidence_sum *u, uint64_t days_minutes, const struct view *v,
			FILE *to)
{
	char said[EVIDENCE_CLASSES][DURATION_ROOM], name[40];
	char part[NUMBER_ROOM], here[NUMBER_ROOM], all[NUMBER_ROOM];
	for (int i = 0; i < EVIDENCE_CLASSES; i++)
		say_duration(u->seconds[i], said[i]);
	view_foreign(u->name, name, sizeof(name));
	say_number(u->signed_minutes, part);
	say_number(u->minutes, here);
	say_number(days_minutes, all);
	AUTO_FREE char *title = view_fill(v, "evidence.line", "name", name, "n", here, "all", all,
					  "signed", part, NULL);
	AUTO_FREE char *text = view_fill(v, "evidence.seconds", "up", said[EVIDENCE_UP], "down",
					 said[EVIDENCE_DOWN], "unpowered", said[EVIDENCE_UNPOWERED],
					 "unknown", said[EVIDENCE_UNKNOWN], NULL);
	view_row(v,
		 u->seconds[EVIDENCE_DOWN]   ? VIEW_MODERATE
		 : u->minutes < days_minutes ? VIEW_UNKNOWN
					     : VIEW_GOOD,
		 title ? title : "", to);
	fprintf(to, "      %s\n", text ? text : "");
}

void evidence_view(const struct evidence_report *r, enum evidence_view_key key,
		   const struct view *v, FILE *to)
{
	view_title(v, strings_get(v->lang, "evidence.title"), to);
	tell_box(r, v, to);
	tell_proof(r, key, v, to);
	tell_missing(r, v, to);
	for (size_t i = 0; i < r->uplink_count; i++)
		tell_uplink(&r->uplinks[i], r->days_minutes / r->uplink_count, v, to);
}

json_t *evidence_view_json(const struct evidence_report *r)
{
	char device[33], from[11], until[11];
	text_hex(r->box.device, sizeof(r->box.device), device);
	clock_day_text(r->from, from);
	clock_day_text(r->until, until);
	json_t *uplinks = json_array();
	for (size_t i = 0; i < r->uplink_count; i++) {
		const struct evidence_sum *u = &r->uplinks[i];
		json_array_append_new(
			uplinks,
			json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "name", u->name,
				  "kind", u->kind, "up_s", (json_int_t)u->seconds[EVIDENCE_UP],
				  "down_s", (json_int_t)u->seconds[EVIDENCE_DOWN], "unpowered_s",
				  (json_int_t)u->seconds[EVIDENCE_UNPOWERED], "unknown_s",
				  (json_int_t)u->seconds[EVIDENCE_UNKNOWN], "minutes",
				  (json_int_t)u->minutes, "countersigned_minutes",
				  (json_int_t)u->signed_minutes));
	}
	return json_pack(
		"{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
		"s:b, s:o}",
		"device", device, "school", r->school, "from", from, "until", until, "made_at",
		(json_int_t)r->made_s, "lines", (json_int_t)r->lines, "countersigned_lines",
		(json_int_t)r->signed_lines, "countersigned_until",
		(json_int_t)r->signed_until * 60, "minutes", (json_int_t)r->minutes,
		"own_word_minutes", (json_int_t)r->unsigned_minutes, "reports",
		(json_int_t)r->proofs, "receipts", (json_int_t)r->receipts, "latest_s",
		(json_int_t)r->latest_s, "days_minutes", (json_int_t)r->days_minutes,
		"earlier_minutes", (json_int_t)r->earlier, "ahead", (json_int_t)r->ahead, "whole",
		evidence_is_whole(r), "uplinks", uplinks);
}
