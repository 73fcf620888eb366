// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/netsim/world.h"

#include <string.h>

#include "firmware/base/conf.h"
#include "netmgr/line/core.h"
#include "netmgr/net_conf.h"

/* netmgr's own decisions, with the rules that the daemon has by default. */
/* The daemon's clock has run for a while when a trace begins. Bytes are what a question and its answer cost. */
enum { BEGAN_MS = 1000000, COUNTERS_MS = 50, PACKET = 60, HUB_BYTES = 1000, NAME_BYTES = 220 };

struct asked {
	bool out;
	int64_t done;
	struct probe_round round;
};

struct run {
	struct world w;
	struct scorer scorer;
	struct core core;
	struct asked asked[UPLINK_MAX];
	uint64_t rx[UPLINK_MAX], tx[UPLINK_MAX];
	bool carrier[UPLINK_MAX];
	int64_t dead_since, next_core, next_use;
};

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void ask(struct run *r, const struct core_action *a)
{
	struct asked *q = &r->asked[a->uplink];
	bool silent = false, beyond = false, near_silent = false;
	*q = (struct asked){ .out = true, .done = r->w.now };
	int64_t now = r->w.now, heard = INT64_MAX;
	for (int t = 0; t < PROBE_TARGETS; t++) {
		if (!(a->targets & PROBE_BIT(t)))
			continue;
		enum probe_answer got = PROBE_SILENT;
		int64_t took = 0, at = 0;
		uint32_t repeats = t == PROBE_HUB ? 1 : a->repeats;
		for (uint32_t k = 0; k < repeats && got == PROBE_SILENT; k++) {
			r->w.now = now + (int64_t)k * a->every_ms;
			r->scorer.score->asked_bytes += t == PROBE_HUB        ? HUB_BYTES
							: t == PROBE_RESOLVER ? NAME_BYTES
							: t == PROBE_GATEWAY  ? 0
									      : 2 * PACKET;
			got = world_ask(&r->w, (unsigned)a->uplink, (enum probe_target)t, &took);
			at = (int64_t)k * a->every_ms + took;
			if (at > a->within_ms)
				got = PROBE_SILENT;
		}
		q->round.answer[t] = got;
		silent |= got == PROBE_SILENT;
		beyond |= (PROBE_BEYOND & PROBE_BIT(t)) && got == PROBE_OK;
		near_silent |= got == PROBE_SILENT &&
			       !((PROBE_FAR | PROBE_BIT(PROBE_ECHO)) & PROBE_BIT(t));
		if (got == PROBE_SILENT)
			continue;
		if (now + at > q->done)
			q->done = now + at;
		/* The first half of TCP's greeting is something heard, too. */
		if (t != PROBE_GATEWAY)
			heard = earlier(heard, t == PROBE_HUB ? at / 2 : at);
		uint32_t rtt = (uint32_t)(took * (t == PROBE_HUB ? 500 : 1000));
		if (t != PROBE_GATEWAY && (!q->round.rtt_us || rtt < q->round.rtt_us))
			q->round.rtt_us = rtt;
		if ((PROBE_BEYOND & PROBE_BIT(t)) &&
		    (!q->round.beyond_us || rtt < q->round.beyond_us))
			q->round.beyond_us = rtt;
	}
	r->w.now = now;
	if (a->dead_ms && heard > a->dead_ms) {
		for (int t = PROBE_GATEWAY + 1; t < PROBE_TARGETS; t++)
			if (a->targets & PROBE_BIT(t))
				q->round.answer[t] = PROBE_SILENT;
		q->round.rtt_us = q->round.beyond_us = 0;
		q->done = now + a->dead_ms;
		return;
	}
	bool settled = a->settle && beyond && !near_silent;
	for (int t = 0; t < PROBE_TARGETS; t++)
		if (settled && q->round.answer[t] == PROBE_SILENT)
			q->round.answer[t] = PROBE_SKIPPED; /* late: the prober did not wait */
	if ((silent && !settled) || q->done == now)
		q->done = now + a->within_ms;
}

static void step(struct run *r, const struct core_observation *seen)
{
	struct core_actions out;
	uint64_t next = core_step(&r->core, seen, (uint64_t)r->w.now + BEGAN_MS, &out);
	r->next_core = next > INT64_MAX ? INT64_MAX : (int64_t)next - BEGAN_MS;
	for (size_t i = 0; i < out.count; i++) {
		if (out.list[i].kind == CORE_ASK)
			ask(r, &out.list[i]);
		else if (out.list[i].kind == CORE_PREFER)
			scorer_move(&r->scorer, r->w.now, out.list[i].uplink);
	}
}

static void see_cables(struct run *r)
{
	for (unsigned i = 0; i < r->core.count; i++) {
		struct trace_truth t;
		trace_look(r->w.trace, i, r->w.now, &t);
		if (t.carrier == r->carrier[i])
			continue;
		r->carrier[i] = t.carrier;
		step(r, &(struct core_observation){ .kind = CORE_LINK,
						    .uplink = i,
						    .present = true,
						    .carrier = t.carrier });
	}
}

/* The daemon starts: what it knew is gone, cables and leases are there. */
static void start(struct run *r)
{
	const struct spec *spec = r->w.trace->spec;
	struct net_conf conf = { 0 };
	struct core_rules rules;
	struct core_line lines[UPLINK_MAX];
	conf_defaults(&net_conf_schema, &conf);
	net_conf_rules(&conf, &rules);
	for (unsigned i = 0; i < r->w.trace->line_count; i++) {
		const struct spec_line *l = &spec->lines[r->w.trace->lines[i]];
		struct uplink_conf u = { .kind = l->kind, .preference = l->preference };
		/* What the daemon's prober can ask today. */
		net_conf_line(&conf, &u, PROBE_ALL & ~PROBE_BIT(PROBE_ECHO), &lines[i]);
	}
	core_init(&r->core, &rules, lines, r->w.trace->line_count, (uint64_t)r->w.now + BEGAN_MS);
	memset(r->asked, 0, sizeof(r->asked));
	for (unsigned i = 0; i < r->core.count; i++) {
		struct trace_truth t;
		trace_look(r->w.trace, i, r->w.now, &t);
		r->carrier[i] = t.carrier;
		step(r,
		     &(struct core_observation){
			     .kind = CORE_ADDRESS, .uplink = i, .address = true, .gateway = true });
		step(r, &(struct core_observation){ .kind = CORE_LINK,
						    .uplink = i,
						    .present = true,
						    .carrier = t.carrier });
	}
}

static void use(struct run *r)
{
	int chosen = core_preferred(&r->core);
	if (chosen < 0)
		return;
	unsigned i = (unsigned)chosen;
	uint64_t rx = r->rx[i];
	world_use(&r->w, i, r->w.now - r->dead_since, &r->rx[i], &r->tx[i]);
	if (r->rx[i] != rx)
		r->dead_since = r->w.now;
	step(r, &(struct core_observation){ .kind = CORE_TRAFFIC,
					    .uplink = i,
					    .rx_bytes = r->rx[i],
					    .tx_bytes = r->tx[i] });
}

/* Does what is due now; the time of what comes next. */
static int64_t turn(struct run *r)
{
	const struct trace *t = r->w.trace;
	see_cables(r);
	for (unsigned i = 0; i < r->core.count; i++) {
		struct asked *q = &r->asked[i];
		if (!q->out || q->done > r->w.now)
			continue;
		q->out = false;
		step(r, &(struct core_observation){
				.kind = CORE_ROUND, .uplink = i, .round = q->round });
	}
	if (r->w.now >= r->next_use) {
		r->next_use = r->w.now + COUNTERS_MS;
		if (trace_in_use(t, r->w.now))
			use(r);
		else
			r->next_use = r->w.now + 1000 - r->w.now % 1000;
	}
	if (r->w.now >= r->next_core)
		step(r, &(struct core_observation){ .kind = CORE_TICK });
	int64_t next = earlier(earlier(r->next_core, r->next_use), trace_next_change(t, r->w.now));
	for (unsigned i = 0; i < r->core.count; i++)
		if (r->asked[i].out)
			next = earlier(next, r->asked[i].done);
	return next > r->w.now ? next : r->w.now + 1;
}

void world_run_core(const struct trace *trace, uint64_t seed, struct score *score)
{
	struct run r = { .w = { .trace = trace, .dice = { ~seed } } };
	scorer_begin(&r.scorer, score, trace);
	bool runs = false;
	while (r.w.now < trace->end) {
		if (!trace_powered(trace, r.w.now)) {
			scorer_move(&r.scorer, r.w.now, -1);
			runs = false;
			r.w.now = trace_next_change(trace, r.w.now);
			continue;
		}
		if (!runs)
			start(&r);
		runs = true;
		r.w.now = turn(&r);
	}
	scorer_pass(&r.scorer, trace->end);
}
