// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "netmgr/netsim/trace.h"
#include "netmgr/line/verdict.h"

/*
 * A trace as somebody inside it sees it: questions and their answers, counters of bytes. Whoever decides
 * (netmgr's core, or mwan3's way for comparison) is run in it, and what they chose is held against the truth.
 */
struct world {
	const struct trace *trace;
	struct dice dice;
	int64_t now;
};

/* One question, asked now. `took`: ms until the answer, when there is one. */
enum probe_answer world_ask(struct world *w, unsigned line, enum probe_target target,
			    int64_t *took);

/* What a tenth of a second of the school's use does to the counters of the line it goes over. */
void world_use(struct world *w, unsigned line, int64_t dead_for_ms, uint64_t *rx, uint64_t *tx);

/* How it went, over all traces so far. Milliseconds count only while the box has power. */
struct score {
	uint64_t traces, counted_ms, right_ms;
	uint64_t switches, needless, oscillations;
	uint64_t wrong_ms[SPEC_FAULTS +
			  1]; /* by the fault of the chosen line; the last: none chosen */
	uint64_t asked_bytes; /* of probes, both directions */
};

struct scorer {
	struct score *score;
	const struct trace *trace;
	int64_t since;
	int chosen, last; /* -1: none; the last that was one */
	int64_t moves[4]; /* the last ones */
	size_t move_count;
};
void scorer_begin(struct scorer *s, struct score *score, const struct trace *trace);
void scorer_pass(struct scorer *s, int64_t now); /* time up to `now` has passed */
void scorer_move(struct scorer *s, int64_t now, int chosen);

void world_run_core(const struct trace *trace, uint64_t seed, struct score *score);
void world_run_mwan3(const struct trace *trace, uint64_t seed, struct score *score);
