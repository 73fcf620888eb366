// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/netsim/trace.h"

#include <math.h>
#include <string.h>

#include "netmgr/line/verdict.h"

uint64_t dice_roll(struct dice *d)
{
	uint64_t z = d->state += 0x9e3779b97f4a7c15ull;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

double dice_even(struct dice *d)
{
	return (double)(dice_roll(d) >> 11) * 0x1p-53;
}

int64_t dice_between(struct dice *d, int64_t low, int64_t high)
{
	return low + (int64_t)(dice_even(d) * (double)(high - low + 1));
}

double dice_exp(struct dice *d, double mean)
{
	return -mean * log(1 - dice_even(d));
}

static int64_t at_most(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static enum spec_fault draw_fault(const struct spec *s, struct dice *d)
{
	int64_t sum = 0;
	for (int f = 0; f < SPEC_FAULTS; f++)
		sum += s->traces.weight[f];
	if (!sum)
		return SPEC_SILENT;
	int64_t at = dice_between(d, 0, sum - 1);
	for (int f = 0; f < SPEC_FAULTS; f++) {
		at -= s->traces.weight[f];
		if (at < 0)
			return (enum spec_fault)f;
	}
	return SPEC_SILENT;
}

/* What is the fault's own: how much is lost, how long the queue is, how the cable comes and goes. */
static void draw_details(const struct spec *s, struct dice *d, struct trace_event *e)
{
	const struct spec_traces *t = &s->traces;
	e->variant = (unsigned)(dice_roll(d) >> 32);
	int64_t loss = dice_between(d, t->loss_least, t->loss_most);
	int64_t queue = dice_between(d, t->bloat_least_ms, t->bloat_most_ms);
	if (!e->amount)
		e->amount = e->fault == SPEC_LOSS ? loss : queue;
	e->on = dice_between(d, 1000, 30000);
	e->off = dice_between(d, 500, 15000);
}

static void draw_events(const struct spec *s, struct dice *d, struct trace *t)
{
	unsigned count = dice_between(d, 1, 100) <= s->traces.two_percent ? 2 : 1;
	double low = log((double)s->traces.shortest_s), high = log((double)s->traces.longest_s);
	for (unsigned i = 0; i < count; i++) {
		struct trace_event *e = &t->events[t->event_count++];
		e->fault = draw_fault(s, d);
		/* The preferred line is where a fault matters most, and where most of them are looked for. */
		e->line = dice_even(d) < 0.6
				  ? 0
				  : (unsigned)dice_between(d, 0, (int64_t)t->line_count - 1);
		int64_t lasts = (int64_t)(1000 * exp(low + dice_even(d) * (high - low)));
		e->from = dice_between(d, 0, t->end - 1);
		e->to = at_most(e->from + lasts, t->end);
		draw_details(s, d, e);
	}
}

static unsigned line_named(const struct trace *t, const char *name)
{
	for (unsigned i = 0; i < t->line_count; i++)
		if (strcmp(t->spec->lines[t->lines[i]].name, name) == 0)
			return i;
	return SPEC_LINES; /* this school does not have it: nothing happens */
}

static void given_events(const struct spec *s, struct dice *d, struct trace *t)
{
	for (size_t i = 0; i < s->event_count; i++) {
		const struct spec_event *given = &s->events[i];
		struct trace_event *e = &t->events[t->event_count++];
		e->fault = (enum spec_fault)given->fault;
		e->line = line_named(t, given->line);
		e->from = given->at_s * 1000;
		e->to = (given->at_s + given->for_s) * 1000;
		e->amount = given->amount;
		draw_details(s, d, e);
	}
}

static void draw_use(const struct spec *s, struct dice *d, struct trace *t)
{
	double busy = (double)s->traces.busy_s * 1000, quiet = (double)s->traces.quiet_s * 1000;
	int64_t at = dice_even(d) < 0.5 ? 0 : (int64_t)dice_exp(d, quiet);
	while (at < t->end && t->use_count + 2 <= TRACE_USES) {
		t->use_edges[t->use_count++] = at;
		at += 1 + (int64_t)dice_exp(d, busy);
		t->use_edges[t->use_count++] = at_most(at, t->end);
		at += 1 + (int64_t)dice_exp(d, quiet);
	}
}

void trace_draw(const struct spec *spec, uint64_t seed, uint64_t index, struct trace *out)
{
	struct dice d = { seed * 0xd1342543de82ef95ull + index };
	memset(out, 0, sizeof(*out));
	out->spec = spec;
	out->end = spec->traces.seconds * 1000;
	for (unsigned i = 0; i < spec->line_count; i++)
		if (dice_between(&d, 1, 100) <= spec->lines[i].share)
			out->lines[out->line_count++] = i;
	if (!out->line_count)
		out->lines[out->line_count++] = 0;
	if (spec->event_count)
		given_events(spec, &d, out);
	else
		draw_events(spec, &d, out);
	draw_use(spec, &d, out);
}

/* Its power is back, but nothing runs yet. */
static int64_t over_ms(const struct trace *t, const struct trace_event *e)
{
	return e->fault == SPEC_POWER ? e->to + t->spec->traces.boot_s * 1000 : e->to;
}

bool trace_powered(const struct trace *t, int64_t at)
{
	for (size_t i = 0; i < t->event_count; i++) {
		const struct trace_event *e = &t->events[i];
		if (e->fault == SPEC_POWER && at >= e->from && at < over_ms(t, e))
			return false;
	}
	return true;
}

static bool flap_is_on(const struct trace_event *e, int64_t at)
{
	return (at - e->from) % (e->off + e->on) >= e->off;
}

static unsigned dead_target(const struct trace_event *e)
{
	static const unsigned one_of[] = { PROBE_BIT(PROBE_ECHO) | PROBE_BIT(PROBE_HUB),
					   PROBE_BIT(PROBE_FAR_A), PROBE_BIT(PROBE_FAR_B) };
	return one_of[e->variant % 3];
}

static void befall(const struct trace *t, const struct trace_event *e, unsigned line, int64_t at,
		   struct trace_truth *out)
{
	if (e->fault == SPEC_TARGET) {
		out->dead_targets |= dead_target(e);
		return;
	}
	if (e->fault == SPEC_POWER || e->line != line)
		return;
	out->variant = e->variant;
	out->silent |= e->fault == SPEC_SILENT;
	out->portal |= e->fault == SPEC_PORTAL;
	out->resolver_dead |= e->fault == SPEC_RESOLVER;
	out->oneway |= e->fault == SPEC_ONEWAY;
	out->zombie |= e->fault == SPEC_ZOMBIE;
	if (e->fault == SPEC_LOSS)
		out->loss = 1 - (1 - out->loss) * (1 - (double)e->amount / 100);
	if (e->fault == SPEC_BLOAT)
		out->queue_ms += e->amount;
	if (e->fault == SPEC_FLAP)
		out->carrier = out->carrier && flap_is_on(e, at);
	(void)t;
}

void trace_look(const struct trace *t, unsigned line, int64_t at, struct trace_truth *out)
{
	const struct spec_line *l = &t->spec->lines[t->lines[line]];
	*out = (struct trace_truth){ .powered = true,
				     .carrier = true,
				     .loss = (double)l->loss_permille / 1000 };
	for (size_t i = 0; i < t->event_count; i++) {
		const struct trace_event *e = &t->events[i];
		if (at >= e->from && at < e->to)
			befall(t, e, line, at, out);
	}
	out->powered = trace_powered(t, at);
	out->usable = out->powered && out->carrier && !out->silent && !out->zombie &&
		      !out->oneway && !out->portal && !out->resolver_dead &&
		      out->loss * 100 < (double)t->spec->traces.useless_loss;
	out->poor = out->loss >= 0.05 || out->queue_ms >= 500;
}

int64_t trace_next_change(const struct trace *t, int64_t at)
{
	int64_t next = t->end;
	for (size_t i = 0; i < t->event_count; i++) {
		const struct trace_event *e = &t->events[i];
		int64_t over = over_ms(t, e);
		if (e->from > at)
			next = at_most(next, e->from);
		if (e->to > at)
			next = at_most(next, e->to);
		if (over > at)
			next = at_most(next, over);
		if (e->fault == SPEC_FLAP && at >= e->from && at < e->to) {
			int64_t whole = e->off + e->on, phase = (at - e->from) % whole;
			next = at_most(next, at - phase + (phase < e->off ? e->off : whole));
		}
	}
	return next;
}

bool trace_in_use(const struct trace *t, int64_t at)
{
	size_t low = 0, high = t->use_count;
	while (low < high) { /* how many edges are at or before `at` */
		size_t middle = (low + high) / 2;
		if (t->use_edges[middle] <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low % 2;
}
