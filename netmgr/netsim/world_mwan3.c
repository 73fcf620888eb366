// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/netsim/world.h"

#include <string.h>

/*
 * For comparison: what mwan3's documentation and mwan3track(8) of OpenWrt's packages describe, with its defaults. Each line
 * is pinged every 10 s with a patience of 4 s for each of two targets, one answer is enough; five rounds without one
 * make it offline, five with one online. A cable that goes takes effect at once. The smallest metric that is online
 * is taken.
 */
enum { INTERVAL_MS = 10000, TIMEOUT_MS = 4000, DOWN = 5, UP = 5 };

struct tracked {
	bool carrier, online;
	int points;
	int64_t next;
};

static bool ping_one_of_two(struct world *w, unsigned line, int64_t *took)
{
	int64_t began = w->now, ms;
	bool answered = false;
	*took = 0;
	for (int t = PROBE_FAR_A; t <= PROBE_FAR_B && !answered; t++) {
		answered = world_ask(w, line, (enum probe_target)t, &ms) == PROBE_OK &&
			   ms <= TIMEOUT_MS;
		w->now += answered ? ms : TIMEOUT_MS;
	}
	*took = w->now - began;
	w->now = began;
	return answered;
}

static void follow(struct world *w, unsigned i, struct tracked *t)
{
	int64_t took;
	if (ping_one_of_two(w, i, &took)) {
		t->points++;
		if (t->points >= UP) {
			t->online = true;
			t->points = DOWN + UP;
		}
	} else if (t->points > 0) {
		t->points--;
		if (t->points < UP) {
			t->online = false;
			t->points = 0;
		}
	}
	t->next = w->now + took + INTERVAL_MS;
}

static void see_cable(struct world *w, unsigned i, struct tracked *t)
{
	struct trace_truth now;
	trace_look(w->trace, i, w->now, &now);
	if (now.carrier == t->carrier)
		return;
	/* A new cable is believed until pings say otherwise. */
	*t = (struct tracked){ now.carrier, now.carrier, now.carrier ? DOWN + UP : 0, w->now };
}

static int choose(const struct world *w, const struct tracked *t)
{
	const struct trace *trace = w->trace;
	int best = -1;
	for (unsigned i = 0; i < trace->line_count; i++) {
		const struct spec_line *l = &trace->spec->lines[trace->lines[i]];
		if (t[i].carrier && t[i].online &&
		    (best < 0 || l->preference < trace->spec->lines[trace->lines[best]].preference))
			best = (int)i;
	}
	return best;
}

void world_run_mwan3(const struct trace *trace, uint64_t seed, struct score *score)
{
	struct world w = { .trace = trace, .dice = { ~seed } };
	struct tracked t[SPEC_LINES] = { 0 };
	struct scorer scorer;
	int chosen = -1;
	scorer_begin(&scorer, score, trace);
	while (w.now < trace->end) {
		int64_t next = trace_next_change(trace, w.now);
		if (!trace_powered(trace, w.now)) {
			memset(t, 0, sizeof(t));
			scorer_move(&scorer, w.now, chosen = -1);
			w.now = next;
			continue;
		}
		for (unsigned i = 0; i < trace->line_count; i++) {
			see_cable(&w, i, &t[i]);
			if (t[i].carrier && w.now >= t[i].next)
				follow(&w, i, &t[i]);
			if (t[i].carrier && t[i].next < next)
				next = t[i].next;
		}
		if (choose(&w, t) != chosen)
			scorer_move(&scorer, w.now, chosen = choose(&w, t));
		w.now = next;
	}
	scorer_pass(&scorer, trace->end);
}
