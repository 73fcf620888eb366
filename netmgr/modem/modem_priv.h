// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "netmgr/modem/modem.h"

/* Shared by modem.c and modem_ladder.c: one step, what it works on. */
struct modem_work {
	struct modem *m;
	uint64_t now_ms, next_ms;
	struct modem_actions *out;
};

struct modem_action *modempriv_act(struct modem_work *w, enum modem_action_kind kind);
void modempriv_call(struct modem_work *w, enum modem_call call, enum modem_step step);
void modempriv_wake(struct modem_work *w, uint64_t at_ms); /* come back then, at the latest */

/* What there is to cure, and with what it begins: MODEM_STEP_NONE where no step helps. */
void modempriv_climb(struct modem_work *w, enum modem_step lowest, uint64_t patience_ms);
void modempriv_rest(struct modem_work *w); /* there is nothing to cure */
