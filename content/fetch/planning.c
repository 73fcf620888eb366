// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/planning.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache/store_list.h"
#include "content/fetch/agenda.h"
#include "content/fetch/boxtime.h"
#include "content/contentd.h"
#include "content/report.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"

#define LOOK_MS 20000u
#define NOTE_MS 600000u /* between two notes of a night that costs nothing */
#define GRAIN_BYTES (UINT64_C(1) << 20)
#define DAY_S 86400
#define LINES_MS 600000u /* a box that had lines waits so long for word of them */
#define KEEP_DAYS 30     /* requests whose day is over */

struct planning {
	struct contentd *of;
	struct planner_rules rules;
	struct library *library;
	size_t *base;  /* the library's own order */
	int32_t today; /* that the order was made for */
	/* The account of one line and night. */
	char line[32];
	int32_t night;
	uint64_t spent_bytes, noted_bytes, meant_bytes, before_bytes; /* before: of this period */
	unsigned reliable_percent;
	enum planner_before before;
	uint64_t note_ms;
	bool had_lines;
	bool told; /* the agenda could not be written: said once */
	/* The count of nights without a clock. */
	struct agenda_blind blind;
	uint64_t blind_ms; /* monotonic, when blind.up_s was that */
	uint64_t used_ms, look_ms;
	enum planner_wait wait;
};

static void not_kept(struct planning *p, const struct fault *why)
{
	if (!p->told)
		contentd_tell(p->of, "plan.not_kept", "plan", report_layer(why), why->text);
	p->told = true;
}

/* --- what is so now ---------------------------------------------------------------------------------- */

static struct planner_clock clock_now(const struct planning *p)
{
	const struct boxtime_now t = boxtime_now(p->of->boxtime);
	const uint64_t now = clock_mono_ms();
	return (struct planner_clock){
		.trusted = t.trusted,
		.local_s = t.unix_s + boxtime_zone(t.unix_s),
		.blind_night = p->blind.night,
		.blind_s = p->blind.up_s + (int64_t)(now - p->blind_ms) / 1000,
		.quiet_s = (int64_t)(now - p->used_ms) / 1000,
	};
}

static struct planner_line line_now(const struct planning *p, const struct uplinks_one *u)
{
	const uint64_t bps = fetch_count(p->of->fetch).bps;
	if (!u)
		return (struct planner_line){ .bps = bps };
	return (struct planner_line){ .known = true,
				      .up = strcmp(u->state, "up") == 0 ||
					    strcmp(u->state, "suspect") == 0,
				      .metered = u->metered,
				      .capped = u->sync_held || strcmp(u->state, "capped") == 0,
				      .barred = u->sync_never,
				      .quota_bytes = u->quota_bytes,
				      .used_bytes = u->used_bytes,
				      .quota_day = u->quota_day,
				      .bps = bps ? bps : (uint64_t)u->down_kbps * 1000 };
}

static int add_past(void *data, const struct agenda_night *n)
{
	struct planner_past **at = data;
	*(*at)++ = (struct planner_past){ n->night, n->spent_bytes, n->meant_bytes };
	return 0;
}

/* The account of another line or night, as it was kept. */
static void open_account(struct planning *p, const char *line, int32_t night, int quota_day)
{
	struct planner_past past[2 * AGENDA_NIGHTS + 2] = { 0 }, *end = past;
	struct fault why = { 0 };
	const int32_t begun = planner_period(night, quota_day);
	snprintf(p->line, sizeof(p->line), "%s", line);
	p->night = night;
	p->spent_bytes = p->noted_bytes = p->meant_bytes = p->before_bytes = 0;
	p->before = PLANNER_WAS_AWAY;
	if (agenda_nights(p->of->agenda, p->line, night - AGENDA_NIGHTS, add_past, &end, &why))
		not_kept(p, &why);
	for (const struct planner_past *n = past; n < end; n++) {
		if (n->night == night) {
			p->spent_bytes = p->noted_bytes = n->spent_bytes;
			p->meant_bytes = n->meant_bytes;
		} else if (n->night < night) {
			p->before_bytes += n->night >= begun ? n->spent_bytes : 0;
			if (n->night >= night - PLANNER_LATE_DAYS)
				p->before = PLANNER_WAS_HERE;
		}
	}
	p->reliable_percent = planner_reliable(past, (size_t)(end - past), night);
}

void planning_now(struct planning *p, struct planner_now *out)
{
	const struct uplinks_view *lines = uplinks_heard(p->of->uplinks);
	const struct uplinks_one *u = uplinks_line(lines, p->line);
	const char *name = u ? u->name : "";
	*out = (struct planner_now){ .rules = p->rules,
				     .line = line_now(p, u),
				     .clock = clock_now(p) };
	const int32_t night = planner_night(&p->rules, &out->clock);
	if (night != p->night || strcmp(name, p->line) != 0)
		open_account(p, name, night, out->line.quota_day);
	out->ledger = (struct planner_ledger){ .night = p->spent_bytes,
					       .period = p->before_bytes + p->spent_bytes,
					       .reliable_percent = p->reliable_percent };
}

int32_t planning_today(const struct planner_now *now)
{
	return now->clock.trusted ? clock_day(now->clock.local_s) : 0;
}

/* --- the account ------------------------------------------------------------------------------------- */

static void note(struct planning *p, uint64_t spent)
{
	struct agenda_night n = { .night = p->night,
				  .spent_bytes = spent,
				  .meant_bytes = p->meant_bytes };
	struct fault why = { 0 };
	snprintf(n.line, sizeof(n.line), "%s", p->line);
	p->note_ms = clock_mono_ms();
	if (agenda_note(p->of->agenda, &n, &why)) {
		not_kept(p, &why);
		return;
	}
	p->told = false;
	p->noted_bytes = spent;
}

/* Until it is known which line it is, it may be one that costs money. */
static bool waits_for_lines(const struct planning *p)
{
	const struct uplinks *u = p->of->uplinks;
	if (uplinks_heard(u)->count)
		return false;
	return !uplinks_asked(u) ||
	       (p->had_lines && clock_mono_ms() - p->of->started_ms < LINES_MS);
}

struct fetch_leave planning_leave(void *data)
{
	struct contentd *c = data;
	struct planner_now now;
	planning_now(c->planning, &now);
	const struct planner_gate gate = planner_gate(&now);
	const bool open = gate.wait == PLANNER_GO || gate.wait == PLANNER_OFF;
	return (struct fetch_leave){ .closed = !open || waits_for_lines(c->planning),
				     .limited = gate.night_bytes != PLANNER_NO_LIMIT,
				     .left_bytes = gate.left_bytes };
}

/* With what the line carries around each byte: heads, acknowledgements, encryption. */
void planning_spent(void *data, uint64_t bytes)
{
	const struct contentd *c = data;
	struct planning *p = c->planning;
	const struct uplinks_one *u = uplinks_line(uplinks_heard(c->uplinks), p->line);
	p->spent_bytes += bytes + bytes / 16;
	if (u && u->metered && p->spent_bytes > p->noted_bytes)
		note(p, p->spent_bytes + GRAIN_BYTES);
}

/* --- the order of lessons ---------------------------------------------------------------------------- */

struct needs {
	const struct library *library;
	struct planner_need *of;
	int32_t today;
};

static int need_pin(void *data, const char *what, int64_t added_s)
{
	const struct needs *n = data;
	(void)added_s;
	const size_t at = strncmp(what, "lesson/", 7) == 0
				  ? library_find_lesson(n->library, what + 7)
				  : LIBRARY_NONE;
	if (at != LIBRARY_NONE)
		n->of[at].pinned = true;
	return 0;
}

/* Of two days the one that is nearer; one that is long over is none. */
static void need_by(const struct needs *n, struct planner_need *need, int32_t day)
{
	const bool over = n->today && day < n->today - PLANNER_LATE_DAYS;
	if (day > 0 && !over && (!need->due_day || day < need->due_day))
		need->due_day = day;
}

static int need_request(void *data, const struct agenda_request *r)
{
	const struct needs *n = data;
	const size_t at = library_find_lesson(n->library, r->lesson);
	if (at == LIBRARY_NONE)
		return 0;
	need_by(n, &n->of[at], r->day);
	if (!n->today || r->day >= n->today - PLANNER_LATE_DAYS)
		n->library->lessons[at].asked_day = r->day;
	return 0;
}

static void need_programmes(const struct needs *n)
{
	const wasl_Catalogue *c = n->library->catalogue;
	for (size_t i = 0; i < c->programmes_count; i++)
		for (size_t k = 0; k < c->programmes[i].item_ids_count; k++) {
			const size_t at =
				library_find_lesson(n->library, c->programmes[i].item_ids[k]);
			if (at == LIBRARY_NONE)
				continue;
			n->of[at].programme = true;
			need_by(n, &n->of[at], c->programmes[i].needed_by_day);
		}
}

static void read_needs(struct planning *p, struct needs *n)
{
	struct library *l = p->library;
	struct fault why = { 0 };
	for (size_t i = 0; i < l->lesson_count; i++) {
		n->of[p->base[i]].rank = i;
		l->lessons[i].asked_day = 0;
	}
	need_programmes(n);
	(void)store_list_pins(l->store, need_pin, n, NULL);
	if (agenda_requests(p->of->agenda, need_request, n, &why))
		not_kept(p, &why);
	for (size_t i = 0; i < l->lesson_count; i++)
		l->lessons[i].due_day = n->of[i].due_day;
}

static void put_in_order(struct planning *p)
{
	struct library *l = p->library;
	struct planner_now now;
	if (!l || !p->base)
		return;
	planning_now(p, &now);
	p->today = planning_today(&now);
	AUTO_FREE struct planner_need *needs = calloc(l->lesson_count + 1, sizeof(*needs));
	AUTO_FREE size_t *order = calloc(l->lesson_count + 1, sizeof(*order));
	if (!needs || !order)
		return;
	read_needs(p, &(struct needs){ l, needs, p->today });
	const size_t dated = planner_order(needs, l->lesson_count, p->today, order);
	library_reorder(l, order, dated);
}

void planning_use(struct planning *p, struct library *library)
{
	free(MOVE_PTR(p->base));
	p->library = library;
	if (!library)
		return;
	p->base = calloc(library->lesson_count + 1, sizeof(*p->base));
	if (p->base)
		memcpy(p->base, library->order, library->lesson_count * sizeof(*p->base));
	put_in_order(p);
}

void planning_changed(struct planning *p)
{
	struct contentd *c = p->of;
	put_in_order(p);
	if (!p->library)
		return;
	keeper_look_again(c->keeper);
	cook_reordered(c->cook);
	fetch_poke(c->fetch);
	publish_pages_soon(c);
}

/* --- from time to time ------------------------------------------------------------------------------- */

void planning_used(struct planning *p)
{
	p->used_ms = clock_mono_ms();
}

/* Nights go on from the last one that had a clock. */
static void count_blind(struct planning *p, const struct planner_clock *clock)
{
	const uint64_t now = clock_mono_ms();
	struct agenda_blind next = p->blind;
	if (clock->trusted) {
		next = (struct agenda_blind){ .night = planner_night(&p->rules, clock) };
	} else if (clock->blind_s >= DAY_S) {
		next = (struct agenda_blind){ .night = p->blind.night + 1 };
	} else if (clock->blind_s - p->blind.up_s >= 3600) {
		next.up_s = clock->blind_s;
	}
	struct fault why = { 0 };
	if (clock->trusted || next.up_s != p->blind.up_s || next.night != p->blind.night)
		p->blind_ms = now;
	if (next.up_s != p->blind.up_s || next.night != p->blind.night) {
		p->blind = next;
		if (agenda_note_blind(p->of->agenda, &next, &why))
			not_kept(p, &why);
	}
}

static uint64_t missing_bytes(const struct library *l)
{
	uint64_t bytes = 0;
	for (size_t i = 0; l && i < l->object_count; i++) {
		const struct library_object *o = &l->objects[i];
		if (!o->complete && !o->held && !o->absent)
			bytes += o->size - library_have_bytes(o);
	}
	return bytes;
}

/* What this night could bring, for the next promise. */
static void note_night(struct planning *p, const struct planner_now *now)
{
	const uint64_t meant = planner_meant(now, missing_bytes(p->library), p->before);
	const bool first = !p->note_ms || !p->noted_bytes;
	if (clock_mono_ms() - p->note_ms < NOTE_MS && !(first && meant > p->meant_bytes))
		return;
	if (meant <= p->meant_bytes && p->spent_bytes <= p->noted_bytes && p->note_ms)
		return;
	p->meant_bytes = meant > p->meant_bytes ? meant : p->meant_bytes;
	note(p, p->spent_bytes > p->noted_bytes ? p->spent_bytes : p->noted_bytes);
}

static void look(struct planning *p)
{
	struct planner_now now;
	planning_now(p, &now);
	count_blind(p, &now.clock);
	const enum planner_wait wait = planner_gate(&now).wait;
	if (p->library)
		note_night(p, &now);
	if (planning_today(&now) != p->today) {
		struct fault why = { 0 };
		if (now.clock.trusted &&
		    agenda_forget_before(p->of->agenda, planning_today(&now) - KEEP_DAYS, &why))
			not_kept(p, &why);
		planning_changed(p);
	}
	if (wait == p->wait)
		return;
	p->wait = wait;
	fetch_poke(p->of->fetch);
	publish_pages_soon(p->of);
}

void planning_obey(struct planning *p, const struct planner_rules *rules)
{
	p->rules = *rules;
	look(p);
	planning_changed(p);
}

void planning_tick(struct planning *p)
{
	if (clock_mono_ms() < p->look_ms)
		return;
	p->look_ms = clock_mono_ms() + LOOK_MS;
	look(p);
}

/* --- beginning and end ------------------------------------------------------------------------------- */

int planning_open(struct contentd *c, struct fault *why)
{
	AUTO_FREE struct planning *p = calloc(1, sizeof(*p));
	if (!p)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int r = content_conf_planner(c->conf, &p->rules, why);
	if (r == 0)
		r = agenda_blind(c->agenda, &p->blind, why);
	if (r == 0)
		r = agenda_had_lines(c->agenda, &p->had_lines, why);
	if (r)
		return r;
	p->of = c;
	p->night = INT32_MIN;
	p->used_ms = p->blind_ms = clock_mono_ms();
	c->planning = MOVE_PTR(p);
	return 0;
}

void planning_close(struct planning *p)
{
	if (p)
		free(p->base);
	free(p);
}
