// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/store_view.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/ctl/view.h"

static void put_count(const struct view *v, const json_t *answer, const char *key, const char *id,
		      FILE *to)
{
	char n[24];
	snprintf(n, sizeof(n), "%" PRId64, view_int(answer, key, 0));
	AUTO_FREE char *text = view_fill(v, id, "n", n, NULL);
	view_row(v, VIEW_GOOD, text, to);
}

static void put_room(const struct view *v, const json_t *answer, FILE *to)
{
	char may[48], room[48];
	const int64_t left = view_int(answer, "room_bytes", 0),
		      goes = view_int(answer, "may_go_bytes", 0);
	view_size(v, (uint64_t)goes, may, sizeof(may));
	view_size(v, (uint64_t)left, room, sizeof(room));
	AUTO_FREE char *text = view_fill(v, "wasl.store.may-go", "size", may, "room", room, NULL);
	view_row(v, left ? VIEW_GOOD : goes ? VIEW_MODERATE : VIEW_NO, text, to);
}

void store_view_set_aside(const json_t *disk, const struct view *v, FILE *to)
{
	char when[20];
	const int64_t at = view_int(disk, "set_aside_s", 0);
	if (!at)
		return;
	view_time(v, at, when);
	AUTO_FREE char *text = view_fill(v, "wasl.store.set-aside", "when", when, NULL);
	view_row(v, VIEW_MODERATE, text, to);
}

static void put_disk(const struct view *v, const json_t *disk, FILE *to)
{
	char when[20], bad[24];
	const int64_t last = view_int(disk, "last_pass_s", 0), found = view_int(disk, "bad", 0);
	view_time(v, last, when);
	snprintf(bad, sizeof(bad), "%" PRId64, found);
	AUTO_FREE char *text = view_fill(v, last ? "wasl.store.disk" : "wasl.store.disk.never",
					 "when", when, "n", bad, NULL);
	view_row(v,
		 view_int(disk, "unreadable", 0) ? VIEW_NO
		 : found                         ? VIEW_MODERATE
		 : last                          ? VIEW_GOOD
						 : VIEW_NEVER,
		 text, to);
	store_view_set_aside(disk, v, to);
}

static void put_pins(const struct view *v, const json_t *answer, FILE *to)
{
	size_t i;
	json_t *pin;
	json_array_foreach (json_object_get(answer, "pins"), i, pin) {
		char what[120];
		const char *name = json_string_value(pin);
		const char *slash = name ? strchr(name, '/') : NULL;
		view_foreign(slash ? slash + 1 : "", what, sizeof(what));
		AUTO_FREE char *text = view_fill(v, "wasl.store.pins", "what", what, NULL);
		view_row(v, VIEW_GOOD, text, to);
	}
}

void store_view_status(const json_t *answer, const struct view *v, FILE *to)
{
	char used[48], most[48], left[48];
	int64_t max = view_int(answer, "max_bytes", 0);
	view_size(v, (uint64_t)view_int(answer, "bytes", 0), used, sizeof(used));
	view_size(v, (uint64_t)max, most, sizeof(most));
	view_size(v, (uint64_t)view_int(answer, "disk_free_bytes", 0), left, sizeof(left));
	AUTO_FREE char *head = view_fill(v, max ? "wasl.store.used.of" : "wasl.store.used", "used",
					 used, "most", most, "left", left, NULL);
	view_title(v, head, to);
	put_count(v, answer, "complete", "wasl.store.objects", to);
	put_count(v, answer, "segments", "wasl.store.segments", to);
	put_count(v, answer, "files", "wasl.store.files", to);
	put_room(v, answer, to);
	put_disk(v, json_object_get(answer, "disk"), to);
	put_pins(v, answer, to);
}

/* --- why -------------------------------------------------------------------------------------------- */

static enum view_state state_of(const char *state)
{
	return strcmp(state, "stays") == 0    ? VIEW_GOOD
	       : strcmp(state, "may-go") == 0 ? VIEW_MODERATE
	       : strcmp(state, "gone") == 0   ? VIEW_NO
					      : VIEW_UNKNOWN;
}

static void put_why(const json_t *thing, const struct view *v, FILE *to)
{
	char what[300], cause[300], size[48], id[64], when[20];
	const char *state = view_text(thing, "state"), *reason = view_text(thing, "reason");
	const bool due = strcmp(reason, "due") == 0;
	view_foreign(view_text(thing, "what"), what, sizeof(what));
	view_foreign(view_text(thing, "cause"), cause, sizeof(cause));
	/* Of what would go it matters how much goes before it, of all else how large it is. */
	view_size(v,
		  (uint64_t)view_int(thing, strcmp(state, "may-go") == 0 ? "before_bytes" : "bytes",
				     0),
		  size, sizeof(size));
	view_time(v,
		  view_int(thing,
			   due                          ? "due_s"
			   : strcmp(state, "gone") == 0 ? "at_s"
							: "used_s",
			   0),
		  when);
	if (due)
		when[10] = '\0'; /* a day */
	snprintf(id, sizeof(id), "wasl.why.%.40s", reason);
	AUTO_FREE char *text =
		view_fill(v, id, "what", what, "size", size, "when", when, "cause", cause, NULL);
	view_row(v, state_of(state), text, to);
}

void store_view_why(const json_t *answer, const struct view *v, FILE *to)
{
	size_t i;
	json_t *thing;
	json_array_foreach (json_object_get(answer, "things"), i, thing)
		put_why(thing, v, to);
	char when[900];
	view_said(json_object_get(json_object_get(answer, "promise"), "text"), v, when,
		  sizeof(when));
	if (when[0])
		view_row(v, VIEW_MODERATE, when, to);
}

void store_view_pin(const json_t *answer, const struct view *v, FILE *to)
{
	char what[300], id[64];
	view_foreign(view_text(answer, "what"), what, sizeof(what));
	snprintf(id, sizeof(id), "wasl.store.%.20s", view_text(answer, "state"));
	AUTO_FREE char *text = view_fill(v, id, "what", what, NULL);
	view_row(v, VIEW_GOOD, text, to);
}

/* mended, comes, lost */
static void put_damaged(const json_t *one, const struct view *v, FILE *to)
{
	char what[600], id[64];
	const char *state = view_text(one, "state");
	view_foreign(view_text(one, "what"), what, sizeof(what));
	snprintf(id, sizeof(id), "wasl.store.damaged.%.20s", state);
	AUTO_FREE char *text = view_fill(v, id, "what", what, NULL);
	view_row(v, strcmp(state, "lost") == 0 ? VIEW_NO : VIEW_MODERATE, text, to);
}

void store_view_verified(const json_t *answer, const struct view *v, FILE *to)
{
	char size[48], bad[24], mended[24], lost[24];
	const int64_t found = view_int(answer, "bad", 0), gone = view_int(answer, "lost", 0);
	size_t i;
	json_t *one;
	view_size(v, (uint64_t)view_int(answer, "bytes", 0), size, sizeof(size));
	snprintf(bad, sizeof(bad), "%" PRId64, found);
	snprintf(mended, sizeof(mended), "%" PRId64, view_int(answer, "mended", 0));
	snprintf(lost, sizeof(lost), "%" PRId64, gone);
	AUTO_FREE char *text =
		view_fill(v,
			  gone    ? "wasl.store.lost"
			  : found ? "wasl.store.rot"
				  : "wasl.store.sound",
			  "size", size, "n", bad, "mended", mended, "lost", lost, NULL);
	view_row(v, gone ? VIEW_NO : found ? VIEW_MODERATE : VIEW_GOOD, text, to);
	json_array_foreach (json_object_get(answer, "damaged"), i, one)
		put_damaged(one, v, to);
}

void store_view_evicted(const json_t *answer, const struct view *v, FILE *to)
{
	size_t i;
	json_t *one;
	char size[48];
	json_array_foreach (json_object_get(answer, "evicted"), i, one) {
		char what[300];
		view_foreign(json_string_value(one) ? json_string_value(one) : "", what,
			     sizeof(what));
		view_row(v, VIEW_NO, what, to);
	}
	view_size(v, (uint64_t)view_int(answer, "bytes", 0), size, sizeof(size));
	AUTO_FREE char *text = view_fill(v, "wasl.store.evicted", "size", size, NULL);
	view_title(v, text, to);
}
