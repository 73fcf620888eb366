// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "netmgr/modem/modem_priv.h"

enum { HOUR_MS = 3600000, DAY_MS = 24 * HOUR_MS };

unsigned modem_steps_since(const struct modem_memory *memory, uint64_t now_ms, uint64_t within_ms)
{
	unsigned n = 0;
	for (size_t i = 0; i < memory->steps; i++)
		n += now_ms < memory->step_ms[i] + within_ms;
	return n;
}

/* When one more step is within a bound of `most` in `within_ms`: 0 for now. */
static uint64_t free_at(const struct modem_memory *memory, uint64_t now_ms, uint64_t within_ms,
			unsigned most)
{
	if (modem_steps_since(memory, now_ms, within_ms) < most)
		return 0;
	return memory->step_ms[memory->steps - most] + within_ms;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t patience(const struct modem *m, uint64_t first_ms)
{
	uint64_t wait_ms = first_ms;
	for (unsigned i = 0; i < m->memory.climbed && wait_ms < m->rules.patience_max_ms; i++)
		wait_ms *= 2;
	return wait_ms < m->rules.patience_max_ms ? wait_ms : m->rules.patience_max_ms;
}

static void remember(struct modem_memory *memory, uint64_t now_ms)
{
	if (memory->steps == MODEM_PER_DAY_MAX) {
		memmove(memory->step_ms, memory->step_ms + 1,
			(MODEM_PER_DAY_MAX - 1) * sizeof(memory->step_ms[0]));
		memory->steps--;
	}
	memory->step_ms[memory->steps++] = now_ms;
	memory->climbed++;
}

static enum modem_step step_of(const struct modem *m, enum modem_step lowest)
{
	static const enum modem_step rungs[] = { MODEM_STEP_RECONNECT, MODEM_STEP_CYCLE,
						 MODEM_STEP_RESET };
	unsigned at = m->memory.climbed < 2 ? m->memory.climbed : 2;
	return rungs[at] > lowest ? rungs[at] : lowest;
}

void modempriv_climb(struct modem_work *w, enum modem_step lowest, uint64_t patience_ms)
{
	static const enum modem_call calls[] = { [MODEM_STEP_RECONNECT] = MODEM_CALL_DISCONNECT,
						 [MODEM_STEP_CYCLE] = MODEM_CALL_DISABLE,
						 [MODEM_STEP_RESET] = MODEM_CALL_RESET };
	struct modem *m = w->m;
	m->well_ms = 0;
	if (!m->trouble_ms)
		m->trouble_ms = w->now_ms;
	uint64_t at_ms = m->trouble_ms + patience(m, patience_ms);
	at_ms = later(at_ms, free_at(&m->memory, w->now_ms, HOUR_MS, m->rules.per_hour));
	at_ms = later(at_ms, free_at(&m->memory, w->now_ms, DAY_MS, m->rules.per_day));
	m->step_at_ms = at_ms;
	if (w->now_ms < at_ms) {
		modempriv_wake(w, at_ms);
		return;
	}
	const enum modem_step step = step_of(m, lowest);
	remember(&m->memory, w->now_ms);
	(void)modempriv_act(w, MODEM_SAVE);
	modempriv_call(w, calls[step], step);
	m->trouble_ms = 0;
	m->step_at_ms = 0;
	m->fails = 0;
	m->retry_at_ms = 0;
}

void modempriv_rest(struct modem_work *w)
{
	w->m->trouble_ms = 0;
	w->m->step_at_ms = 0;
}
