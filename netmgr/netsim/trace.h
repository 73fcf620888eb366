// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netmgr/netsim/spec.h"

/* Numbers that look random and are the same for the same seed everywhere (splitmix64, Steele et al. 2014). */
struct dice {
	uint64_t state;
};
uint64_t dice_roll(struct dice *d);
double dice_even(struct dice *d);                                /* 0 <= x < 1 */
int64_t dice_between(struct dice *d, int64_t low, int64_t high); /* both included */
double dice_exp(struct dice *d, double mean);

/* One school for one stretch of time: its lines, what befalls them, and when the Internet is used. Times in ms. */
enum { TRACE_EVENTS = 32, TRACE_USES = 2048 };

struct trace_event {
	enum spec_fault fault;
	unsigned line;
	int64_t from, to;
	int64_t amount;   /* percent lost, or ms of queue */
	int64_t on, off;  /* SPEC_FLAP */
	unsigned variant; /* draws that are this fault's own: see world.c */
};

struct trace {
	const struct spec *spec;
	int64_t end;
	unsigned lines[SPEC_LINES]; /* indices into spec->lines */
	size_t line_count;
	struct trace_event events[TRACE_EVENTS];
	size_t event_count;
	int64_t use_edges[TRACE_USES]; /* use begins at even indices and ends at odd ones */
	size_t use_count;
};

void trace_draw(const struct spec *spec, uint64_t seed, uint64_t index, struct trace *out);

/* How a line is at a moment, as only its maker knows it. */
struct trace_truth {
	bool powered, carrier, silent, zombie, oneway, portal, resolver_dead;
	unsigned variant; /* of the fault that is there */
	double loss;      /* of round trips */
	int64_t queue_ms;
	unsigned dead_targets; /* PROBE_BIT()s, the same for all lines */
	bool usable, poor;     /* connections come about; they do, but slowly */
};
void trace_look(const struct trace *t, unsigned line, int64_t at, struct trace_truth *out);
bool trace_powered(const struct trace *t, int64_t at);
/* The next moment after `at` at which a truth may change; the trace's end at most. */
int64_t trace_next_change(const struct trace *t, int64_t at);
bool trace_in_use(const struct trace *t, int64_t at);
