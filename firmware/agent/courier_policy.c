// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/agent/courier_policy.h"

#define RETRY_AFTER_MAX_S 86400u /* a hub's typing error must not silence a school for a year */

enum courier_meaning courier_policy_meaning(const struct courier_outcome *o)
{
	if (o->code)
		return COURIER_NO_ANSWER;
	if (o->status == 429 || o->status >= 500)
		return COURIER_BUSY;
	return o->status == 200 && o->progress ? COURIER_DELIVERED : COURIER_REFUSED;
}

enum courier_meaning courier_policy_after(struct courier_policy *p, const struct courier_outcome *o,
					  uint64_t now_ms, uint64_t max_ms, uint32_t random)
{
	enum courier_meaning meaning = courier_policy_meaning(o);
	if (meaning == COURIER_DELIVERED) {
		courier_policy_reset(p);
		return meaning;
	}
	uint64_t window = meaning == COURIER_REFUSED ? COURIER_REFUSED_MS : COURIER_FIRST_MS;
	for (uint32_t i = 0; i < p->failures && window < max_ms; i++)
		window *= 2;
	if (window > max_ms)
		window = max_ms;
	uint64_t wait = window / 2 + (uint64_t)random % (window / 2 + 1);
	uint64_t asked = (uint64_t)(o->retry_after_s < RETRY_AFTER_MAX_S ? o->retry_after_s
									 : RETRY_AFTER_MAX_S) *
			 1000;
	/* At least what the hub asked for, and not all at that very second. */
	if (wait < asked)
		wait = asked + (uint64_t)random % (asked / 4 + 1);
	p->not_before_ms = now_ms + wait;
	if (p->failures < UINT32_MAX)
		p->failures++;
	return meaning;
}

void courier_policy_reset(struct courier_policy *p)
{
	*p = (struct courier_policy){ 0 };
}
