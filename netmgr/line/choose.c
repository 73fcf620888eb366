// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/line/choose.h"

#include <stdbool.h>
#include <string.h>

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void choose_init(struct choose *c)
{
	memset(c, 0, sizeof(*c));
	c->preferred = -1;
	c->last = -1;
}

/* The fittest, then the one people prefer; -1 when none reaches `floor`. */
static int best_of(const struct choose_candidate *all, size_t count, enum choose_fitness floor)
{
	int best = -1;
	for (size_t i = 0; i < count; i++) {
		if (all[i].fitness < floor)
			continue;
		bool wins = best < 0 || all[i].fitness > all[best].fitness ||
			    (all[i].fitness == all[best].fitness && all[i].rank < all[best].rank);
		if (wins)
			best = (int)i;
	}
	return best;
}

/* Leaving soon after a voluntary move makes the next one wait; a long stay makes it wait less. */
static void learn(struct choose *c, const struct choose_rules *rules, uint64_t now_ms)
{
	if (!c->last_was_voluntary)
		return;
	if (now_ms - c->voluntary_ms < rules->regret_ms) {
		uint64_t wait = c->wait_ms ? c->wait_ms * 2 : rules->regret_ms;
		c->wait_ms = wait < rules->patience_ms ? wait : rules->patience_ms;
	} else {
		c->wait_ms = c->wait_ms / 2 < rules->regret_ms ? 0 : c->wait_ms / 2;
	}
	c->last_was_voluntary = 0;
}

static int move_now(struct choose *c, const struct choose_rules *rules, int to, uint64_t now_ms)
{
	learn(c, rules, now_ms);
	c->preferred = to;
	if (to >= 0 && c->chosen_before)
		c->moved_ms = now_ms;
	if (to >= 0)
		c->chosen_before = 1;
	return to;
}

/* When a move from a working uplink to `to` is due. */
static uint64_t due_ms(const struct choose *c, const struct choose_rules *rules,
		       const struct choose_candidate *from, const struct choose_candidate *to)
{
	uint64_t due = c->moved_ms ? c->moved_ms + rules->dwell_ms : 0;
	if (c->wait_ms)
		due = later(due, c->voluntary_ms + c->wait_ms);
	if (from->fitness == CHOOSE_LIMPING)
		due = later(due, later(from->since_ms, to->since_ms) + rules->better_ms);
	return due;
}

/* The last move of a window is for a line that falls. */
static uint64_t spare_move_ms(const struct choose *c, const struct choose_rules *rules)
{
	enum { KEPT = 1 };
	if (!rules->window_ms || c->switches + KEPT < CHOOSE_SWITCHES)
		return 0;
	return c->switched_ms[(c->switches + KEPT) % CHOOSE_SWITCHES] + rules->window_ms;
}

static int decide(struct choose *c, const struct choose_rules *rules,
		  const struct choose_candidate *all, size_t count, uint64_t now_ms,
		  uint64_t *next_ms)
{
	*next_ms = UINT64_MAX;
	const struct choose_candidate *now =
		c->preferred >= 0 && (size_t)c->preferred < count ? &all[c->preferred] : NULL;
	if (!now || now->fitness == CHOOSE_UNFIT) {
		int to = best_of(all, count, CHOOSE_NAMELESS);
		return to == c->preferred ? to : move_now(c, rules, to, now_ms);
	}
	int to = best_of(all, count, CHOOSE_FIT);
	if (now->fitness <= CHOOSE_LAME) {
		int better = best_of(all, count, now->fitness + 1);
		return better >= 0 ? move_now(c, rules, better, now_ms) : c->preferred;
	}
	bool worth = to >= 0 && to != c->preferred &&
		     (now->fitness == CHOOSE_LIMPING || all[to].rank < now->rank);
	if (!worth)
		return c->preferred;

	uint64_t due = later(due_ms(c, rules, now, &all[to]), spare_move_ms(c, rules));
	if (now_ms < due) {
		*next_ms = due;
		return c->preferred;
	}
	learn(c, rules, now_ms);
	/* Settling after the start, when the better line was a second slower, is nothing to regret. */
	c->last_was_voluntary = c->moved_ms != 0;
	c->preferred = to;
	c->moved_ms = now_ms;
	c->voluntary_ms = now_ms;
	return to;
}

int choose_step(struct choose *c, const struct choose_rules *rules,
		const struct choose_candidate *all, size_t count, uint64_t now_ms,
		uint64_t *next_ms)
{
	struct choose tried = *c;
	int to = decide(&tried, rules, all, count, now_ms, next_ms);
	bool switches = to >= 0 && c->last >= 0 && to != c->last;
	uint64_t *oldest = &tried.switched_ms[c->switches % CHOOSE_SWITCHES];
	/* Two lines that fall by turns: each move cuts off whoever is at work, and gains little. */
	if (switches && c->switches >= CHOOSE_SWITCHES && now_ms - *oldest < rules->window_ms) {
		*next_ms = *oldest + rules->window_ms;
		if (c->preferred >= 0 && all[c->preferred].fitness == CHOOSE_UNFIT)
			c->preferred =
				-1; /* fails fast, and takes the same line again when it is back */
		if (c->preferred < 0 && all[c->last].fitness > CHOOSE_UNFIT)
			c->preferred = c->last;
		return c->preferred;
	}
	*c = tried;
	if (to >= 0)
		c->last = to;
	if (switches) {
		c->switched_ms[c->switches % CHOOSE_SWITCHES] = now_ms;
		c->switches++;
	}
	return to;
}
