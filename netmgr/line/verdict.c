// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/line/verdict.h"

#include <stdbool.h>

static struct verdict say(enum verdict_word word, enum uplink_layer layer)
{
	return (struct verdict){ word, layer };
}

/* Nobody beyond the gateway answered: is the gateway there? */
static struct verdict dead_beyond(enum probe_answer gateway)
{
	return say(VERDICT_DEAD, gateway == PROBE_SILENT ? UPLINK_LAYER_GATEWAY : UPLINK_LAYER_ISP);
}

static struct verdict by_gateway(enum probe_answer gateway, unsigned possible)
{
	if (gateway == PROBE_SILENT)
		return say(VERDICT_DEAD, UPLINK_LAYER_GATEWAY);
	if (gateway == PROBE_OK && !(possible & PROBE_REMOTE))
		return say(VERDICT_ONLINE, UPLINK_LAYER_NONE);
	return say(VERDICT_NOTHING, UPLINK_LAYER_NONE);
}

/* What a round says of the targets beyond the provider. */
struct beyond {
	unsigned asked, answered; /* PROBE_BIT()s; a refusal came all the way back, too */
};

static struct beyond look_beyond(const struct probe_round *round)
{
	struct beyond b = { 0 };
	for (int t = 0; t < PROBE_TARGETS; t++) {
		if (!(PROBE_BEYOND & PROBE_BIT(t)) || round->answer[t] == PROBE_SKIPPED)
			continue;
		b.asked |= PROBE_BIT(t);
		if (round->answer[t] == PROBE_OK || round->answer[t] == PROBE_REFUSED)
			b.answered |= PROBE_BIT(t);
	}
	return b;
}

/* The hub's two doors are one machine: silence of both proves no more than silence of one. */
static int operators(unsigned targets)
{
	return !!(targets & (PROBE_BIT(PROBE_ECHO) | PROBE_BIT(PROBE_HUB))) +
	       !!(targets & PROBE_BIT(PROBE_FAR_A)) + !!(targets & PROBE_BIT(PROBE_FAR_B));
}

/* Nobody beyond the provider answered, or was asked. */
static struct verdict by_resolver(const struct probe_round *round, const struct beyond *b,
				  unsigned possible)
{
	enum probe_answer gateway = round->answer[PROBE_GATEWAY];
	switch (round->answer[PROBE_RESOLVER]) {
	case PROBE_OK:
		/* One silent machine is that machine's fault; several are the provider's. */
		if (operators(b->asked) > 1)
			return say(VERDICT_DEAD, UPLINK_LAYER_ISP);
		return say(VERDICT_ONLINE, b->asked ? UPLINK_LAYER_HUB : UPLINK_LAYER_NONE);
	case PROBE_REFUSED:
		/* It answers, but does not resolve: a hub that is a name cannot even be asked. */
		return b->asked ? dead_beyond(gateway) : say(VERDICT_DEAD, UPLINK_LAYER_RESOLVER);
	case PROBE_SILENT:
	case PROBE_FOREIGN:
		return dead_beyond(gateway);
	case PROBE_SKIPPED:
		break;
	}
	return b->asked ? dead_beyond(gateway) : by_gateway(gateway, possible);
}

struct verdict verdict_of(const struct probe_round *round, unsigned possible)
{
	enum probe_answer hub = round->answer[PROBE_HUB], resolver = round->answer[PROBE_RESOLVER];
	struct beyond b = look_beyond(round);
	if (hub == PROBE_FOREIGN)
		return say(VERDICT_PORTAL, UPLINK_LAYER_PORTAL);
	if (!b.answered)
		return by_resolver(round, &b, possible);
	bool names = resolver == PROBE_OK || resolver == PROBE_SKIPPED;
	bool hub_well = hub == PROBE_OK || hub == PROBE_SKIPPED;
	/* The line's own fault before the hub's. */
	if (!names)
		return say(VERDICT_ONLINE, UPLINK_LAYER_RESOLVER);
	return say(VERDICT_ONLINE, hub_well ? UPLINK_LAYER_NONE : UPLINK_LAYER_HUB);
}
