// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/netsim/world.h"

#include <string.h>

static const struct spec_line *line_of(const struct world *w, unsigned line)
{
	return &w->trace->spec->lines[w->trace->lines[line]];
}

/* Not chance, but what the fault does to this question; PROBE_SKIPPED: nothing. */
static enum probe_answer by_fault(const struct trace_truth *t, enum probe_target target)
{
	if (!t->carrier)
		return PROBE_SILENT;
	if (target == PROBE_GATEWAY) /* half of the silent lines end at the school's own router */
		return t->silent && t->variant & 1 ? PROBE_SILENT : PROBE_OK;
	if (t->zombie && target == PROBE_RESOLVER && t->variant & 1)
		return PROBE_REFUSED; /* the modem's own relay says that it cannot */
	if (t->silent || t->zombie || t->oneway)
		return PROBE_SILENT;
	/* It answers in the hub's place, whether there is a hub or not. */
	if (t->portal && target == PROBE_HUB)
		return PROBE_FOREIGN;
	bool far = PROBE_FAR & PROBE_BIT(target);
	bool through = target == PROBE_RESOLVER || (far && t->variant % 4 == 0);
	if ((t->portal && !through) || t->dead_targets & PROBE_BIT(target))
		return PROBE_SILENT;
	if (t->resolver_dead && target == PROBE_RESOLVER)
		return t->variant & 1 ? PROBE_REFUSED : PROBE_SILENT;
	return PROBE_SKIPPED;
}

enum probe_answer world_ask(struct world *w, unsigned line, enum probe_target target, int64_t *took)
{
	struct trace_truth t;
	const struct spec_line *l = line_of(w, line);
	trace_look(w->trace, line, w->now, &t);
	bool lost = dice_even(&w->dice) < t.loss;
	double jitter = dice_exp(&w->dice, (double)l->jitter_ms);
	enum probe_answer fate = by_fault(&t, target);
	*took = target == PROBE_GATEWAY ? 2 : l->rtt_ms + t.queue_ms + (int64_t)jitter;
	if (fate == PROBE_SILENT || (lost && target != PROBE_GATEWAY && target != PROBE_HUB))
		return PROBE_SILENT;
	if (target == PROBE_HUB) /* TCP: two round trips, and a second more for what was lost */
		*took = 2 * *took + (lost ? 1000 : 0);
	return fate == PROBE_SKIPPED ? PROBE_OK : fate;
}

void world_use(struct world *w, unsigned line, int64_t dead_for_ms, uint64_t *rx, uint64_t *tx)
{
	struct trace_truth t;
	trace_look(w->trace, line, w->now, &t);
	double luck = dice_even(&w->dice);
	if (!t.carrier)
		return;
	if (t.silent || t.zombie || t.oneway) {
		/* Retransmissions grow rarer; people try again. */
		if (luck < (dead_for_ms < 1000 ? 0.9 : 0.3))
			*tx += 60;
		if (t.oneway && t.variant & 1 && luck < 0.3)
			*rx += 60;
	} else if (t.resolver_dead) {
		*tx += 120;
		if (luck < 0.5) /* connections that were there before */
			*rx += 1500;
	} else if (luck < 0.9) {
		*tx += 1500;
		*rx += 15000;
	}
}

/* --- the score --- */

void scorer_begin(struct scorer *s, struct score *score, const struct trace *trace)
{
	memset(s, 0, sizeof(*s));
	s->score = score;
	s->trace = trace;
	s->chosen = s->last = -1;
	score->traces++;
}

static unsigned blame(const struct trace *t, int chosen, int64_t at)
{
	for (size_t i = 0; i < t->event_count; i++)
		if (at >= t->events[i].from && at < t->events[i].to && chosen >= 0 &&
		    t->events[i].line == (unsigned)chosen)
			return t->events[i].fault;
	return SPEC_FAULTS;
}

static void pass_same(struct scorer *s, int64_t from, int64_t to)
{
	struct trace_truth t;
	bool right = true;
	if (!trace_powered(s->trace, from))
		return;
	if (s->chosen >= 0)
		trace_look(s->trace, (unsigned)s->chosen, from, &t);
	if (s->chosen < 0 || !t.usable)
		for (unsigned i = 0; i < s->trace->line_count && right; i++) {
			trace_look(s->trace, i, from, &t);
			right = !t.usable;
		}
	s->score->counted_ms += (uint64_t)(to - from);
	if (right)
		s->score->right_ms += (uint64_t)(to - from);
	else
		s->score->wrong_ms[blame(s->trace, s->chosen, from)] += (uint64_t)(to - from);
}

void scorer_pass(struct scorer *s, int64_t now)
{
	while (s->since < now) {
		int64_t next = trace_next_change(s->trace, s->since);
		if (next > now || next <= s->since)
			next = now;
		pass_same(s, s->since, next);
		s->since = next;
	}
}

/* Nothing was wrong with the line that was left, now or in the last seconds, and the other is no better one. */
static bool is_needless(const struct scorer *s, int64_t now, unsigned from, unsigned to)
{
	enum { LATELY_MS = 5000, LOOKS = 10 };
	const struct spec_line *lines = s->trace->spec->lines;
	struct trace_truth t;
	trace_look(s->trace, to, now, &t);
	bool better =
		lines[s->trace->lines[to]].preference < lines[s->trace->lines[from]].preference;
	if (better && t.usable)
		return false;
	for (int i = 0; i <= LOOKS; i++) {
		int64_t at = now - (int64_t)i * LATELY_MS / LOOKS;
		trace_look(s->trace, from, at < 0 ? 0 : at, &t);
		if (!t.usable || t.poor)
			return false;
	}
	return true;
}

void scorer_move(struct scorer *s, int64_t now, int chosen)
{
	enum { WINDOW_MS = 600000, MOST = 3 };
	scorer_pass(s, now);
	int before = s->last;
	s->chosen = chosen;
	if (chosen >= 0)
		s->last = chosen;
	if (!trace_powered(s->trace, now)) { /* what was decided before is forgotten */
		s->last = -1;
		s->move_count = 0;
	}
	if (before < 0 || chosen < 0 || chosen == before)
		return;
	s->score->switches++;
	s->score->needless += is_needless(s, now, (unsigned)before, (unsigned)chosen);
	if (s->move_count >= MOST && now - s->moves[s->move_count % MOST] < WINDOW_MS)
		s->score->oscillations++;
	s->moves[s->move_count++ % MOST] = now;
}
