// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/verdict.h"

/* Nobody beyond the gateway answered: is the gateway there? */
static struct verdict dead_beyond(enum probe_answer gateway)
{
	enum uplink_layer layer = gateway == PROBE_SILENT ? UPLINK_LAYER_GATEWAY : UPLINK_LAYER_ISP;
	return (struct verdict){ VERDICT_DEAD, layer };
}

static struct verdict by_gateway(enum probe_answer gateway, unsigned possible)
{
	if (gateway == PROBE_SILENT)
		return (struct verdict){ VERDICT_DEAD, UPLINK_LAYER_GATEWAY };
	if (gateway == PROBE_OK && !(possible & PROBE_REMOTE))
		return (struct verdict){ VERDICT_ONLINE, UPLINK_LAYER_NONE };
	return (struct verdict){ VERDICT_NOTHING, UPLINK_LAYER_NONE };
}

static struct verdict by_resolver(const struct probe_round *round, enum uplink_layer limping,
				  unsigned possible)
{
	enum probe_answer gateway = round->answer[PROBE_GATEWAY];
	switch (round->answer[PROBE_RESOLVER]) {
	case PROBE_OK:
		return (struct verdict){ VERDICT_ONLINE, limping };
	case PROBE_REFUSED:
		/* It answers, but does not resolve: a hub that is a name cannot even be asked. */
		if (round->answer[PROBE_HUB] == PROBE_SKIPPED)
			return (struct verdict){ VERDICT_DEAD, UPLINK_LAYER_RESOLVER };
		return dead_beyond(gateway);
	case PROBE_SILENT:
	case PROBE_FOREIGN:
		return dead_beyond(gateway);
	case PROBE_SKIPPED:
		break;
	}
	return round->answer[PROBE_HUB] == PROBE_SILENT ? dead_beyond(gateway)
							: by_gateway(gateway, possible);
}

struct verdict verdict_of(const struct probe_round *round, unsigned possible)
{
	enum probe_answer resolver = round->answer[PROBE_RESOLVER];
	switch (round->answer[PROBE_HUB]) {
	case PROBE_OK:
		return (struct verdict){ VERDICT_ONLINE,
					 resolver == PROBE_OK || resolver == PROBE_SKIPPED
						 ? UPLINK_LAYER_NONE
						 : UPLINK_LAYER_RESOLVER };
	case PROBE_REFUSED:
		/* A refusal came all the way back: the line is fine, the hub is not. */
		return (struct verdict){ VERDICT_ONLINE, UPLINK_LAYER_HUB };
	case PROBE_FOREIGN:
		return (struct verdict){ VERDICT_PORTAL, UPLINK_LAYER_PORTAL };
	case PROBE_SILENT:
		return by_resolver(round, UPLINK_LAYER_HUB, possible);
	case PROBE_SKIPPED:
		break;
	}
	return by_resolver(round, UPLINK_LAYER_NONE, possible);
}
