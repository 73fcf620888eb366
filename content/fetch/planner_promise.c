// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/fetch/planner.h"

#include "content/fetch/eta.h"

#define DAY_S 86400
#define NEVER INT64_MAX
#define SOON_S (95 * 60)      /* said in minutes */
#define HOURS_S (12 * 3600)   /* said in hours, while bytes come */
#define MORNING_S (10 * 3600) /* ready by then is ready for that day's classes */
#define TAIL_S 60             /* the last bytes are cooked after they came */
#define STICK_DAYS 3
#define PAST_NIGHTS 7
#define LEAST_PERCENT 10u

/*
 * A walk through the nights to come: what each of them brings, and the second in which a byte arrives.
 */
struct walk {
	int64_t window_s; /* of a night; a whole day where the line may be used at any time */
	int64_t next_s;   /* from now until the next one begins */
	uint64_t per_night, per_later; /* in this quota period, and after it */
	int32_t same;                  /* nights after this one that are of this period */
	uint64_t rate;                 /* bytes a second; 0 not known */
	/* where it stands */
	int32_t night; /* 0 is the one under way */
	int64_t at_s;
	uint64_t left; /* bytes of it */
	uint64_t pace; /* bytes a second in it */
};

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t times(uint64_t rate, int64_t s)
{
	return rate > UINT64_MAX / 2 / (uint64_t)(s + 1) ? PLANNER_NO_LIMIT / 2
							 : rate * (uint64_t)s;
}

/* What a window of `s` seconds brings of what it may. */
static uint64_t brings(const struct walk *w, uint64_t may, int64_t s)
{
	const uint64_t line = w->rate ? times(w->rate, s) : may;
	return may == PLANNER_NO_LIMIT && !w->rate ? 0 : least(may, line);
}

static void begin_night(struct walk *w)
{
	w->night++;
	w->at_s = w->next_s + (int64_t)(w->night - 1) * DAY_S;
	w->left = brings(w, w->night <= w->same ? w->per_night : w->per_later, w->window_s);
	w->pace = w->rate ? w->rate : w->left / (uint64_t)w->window_s;
}

static uint64_t percent(uint64_t n, unsigned of)
{
	return n == PLANNER_NO_LIMIT ? n : n / 100 * of;
}

static void walk_begin(struct walk *w, const struct planner_now *now)
{
	const struct planner_gate gate = planner_gate(now);
	const struct planner_span span = planner_span(now);
	const unsigned reliable = now->ledger.reliable_percent ? now->ledger.reliable_percent : 100;
	const uint64_t sure = percent(span.usual_bytes, reliable);
	*w = (struct walk){ .window_s = span.window_s,
			    .next_s = span.next_s,
			    .per_night = sure,
			    .per_later = percent(span.later_bytes, reliable),
			    .same = span.nights_left - 1,
			    .rate = now->line.bps / 8 * reliable / 100 };
	const int64_t open_s = span.open_s;
	w->left = brings(w, percent(gate.left_bytes, reliable), open_s);
	w->pace = w->rate ? w->rate : open_s ? w->left / (uint64_t)open_s : 0;
}

/* Where bytes of no limit have no rate, nothing can be said. */
static bool walk_bytes(struct walk *w, uint64_t bytes)
{
	while (bytes > w->left) {
		bytes -= w->left;
		if (w->night >= PLANNER_MOST_NIGHTS)
			return false;
		begin_night(w);
	}
	w->left -= bytes;
	if (bytes && w->pace)
		w->at_s += (int64_t)(bytes / w->pace);
	return true;
}

/* To where the first of these bytes comes. */
static void walk_on(struct walk *w, uint64_t bytes)
{
	while (bytes && !w->left && w->night < PLANNER_MOST_NIGHTS)
		begin_night(w);
}

/* --- in words ---------------------------------------------------------------------------------------- */

static int64_t floor_day(int64_t s)
{
	return s / DAY_S - (s % DAY_S < 0);
}

static void say_day(const struct planner_now *now, int64_t s, struct planner_promise *out)
{
	const int64_t at = now->clock.local_s + s, today = floor_day(now->clock.local_s);
	int64_t day = floor_day(at);
	if (day > today && at - day * DAY_S > MORNING_S)
		day++;
	out->when = PLANNER_DAY;
	out->day = (int32_t)day;
}

static void say(const struct planner_now *now, int64_t s, bool tonight, struct planner_promise *out)
{
	const bool soon = tonight && out->wait == PLANNER_GO;
	out->when = PLANNER_UNKNOWN;
	if (s == NEVER)
		return;
	if (now->clock.trusted)
		say_day(now, s, out);
	else
		out->when = PLANNER_NIGHTS;
	out->count = (uint32_t)((s + DAY_S - 1) / DAY_S);
	if (tonight && out->bytes && out->wait == PLANNER_OFF)
		out->when = PLANNER_UNKNOWN;
	else if ((soon || !out->bytes) && s <= HOURS_S) {
		out->when = s <= SOON_S ? PLANNER_MINUTES : PLANNER_HOURS;
		out->count = s <= SOON_S ? (uint32_t)eta_round(s) : (uint32_t)((s + 3599) / 3600);
	}
}

static bool stick_helps(const struct planner_now *now, const struct planner_promise *p)
{
	if (!p->bytes || p->no_room)
		return false;
	switch (p->when) {
	case PLANNER_DAY:
		return p->late || p->day - floor_day(now->clock.local_s) >= STICK_DAYS;
	case PLANNER_NIGHTS:
		return p->count >= STICK_DAYS;
	case PLANNER_UNKNOWN:
		return true;
	case PLANNER_HERE:
	case PLANNER_MINUTES:
	case PLANNER_HOURS:
		break;
	}
	return p->late;
}

void planner_promise(const struct planner_now *now, const struct planner_work *work, size_t count,
		     struct planner_promise *out)
{
	const struct planner_gate gate = planner_gate(now);
	struct walk w;
	bool comes = true;
	int64_t cooked_s = 0;
	walk_begin(&w, now);
	for (size_t i = 0; i < count; i++) {
		const struct planner_work *it = &work[i];
		struct planner_promise *p = &out[i];
		*p = (struct planner_promise){ .wait = gate.wait,
					       .due_day = it->due_day,
					       .bytes = it->bytes,
					       .night_bytes = gate.night_bytes,
					       .no_room = it->no_room };
		comes = comes && walk_bytes(&w, it->before_bytes);
		if (it->here)
			continue;
		p->when = PLANNER_UNKNOWN;
		if (it->no_room)
			continue;
		walk_on(&w, it->bytes);
		const int64_t begins_s = w.at_s > cooked_s ? w.at_s : cooked_s;
		comes = comes && walk_bytes(&w, it->bytes);
		const int64_t tail_s =
			w.at_s + (it->cook_s < TAIL_S ? (int64_t)it->cook_s : TAIL_S);
		cooked_s = begins_s + (int64_t)it->cook_s;
		cooked_s = cooked_s > tail_s ? cooked_s : tail_s;
		say(now, comes || !it->bytes ? cooked_s : NEVER, w.night == 0, p);
		p->late = p->due_day && p->when == PLANNER_DAY && p->day > p->due_day;
		p->stick = stick_helps(now, p);
	}
}

/* --- what was promised and what came ------------------------------------------------------------------ */

/* A night of which nothing is noted was a night without the box. */
unsigned planner_reliable(const struct planner_past *past, size_t count, int32_t tonight)
{
	uint64_t meant = 0, spent = 0;
	int32_t told = 0, first = tonight;
	for (size_t i = 0; i < count; i++) {
		const struct planner_past *p = &past[i];
		if (p->night >= tonight || p->night < tonight - PAST_NIGHTS)
			continue;
		first = p->night < first ? p->night : first;
		told++;
		meant += p->meant_bytes;
		spent += least(p->spent_bytes, p->meant_bytes);
	}
	if (!meant)
		return 100;
	meant += meant / (uint64_t)told * (uint64_t)(tonight - first - told);
	const uint64_t of = spent * 100 / meant;
	return of < LEAST_PERCENT ? LEAST_PERCENT : (unsigned)of;
}

uint64_t planner_meant(const struct planner_now *now, uint64_t missing, enum planner_before before)
{
	const struct planner_gate gate = planner_gate(now);
	const struct planner_span span = planner_span(now);
	const uint64_t rate = now->line.bps / 8;
	const bool whole = !span.open_s && !now->ledger.night && before == PLANNER_WAS_HERE;
	const int64_t s = whole ? span.window_s : span.open_s;
	const uint64_t may = whole ? gate.night_bytes : gate.left_bytes;
	const uint64_t line = rate ? times(rate, s) : may;
	if (may == PLANNER_NO_LIMIT && !rate)
		return now->ledger.night;
	return now->ledger.night + least(missing, least(may, line));
}
