// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "netmgr/uplink.h"

/*
 * What the answers of one round of probes say about an uplink, and whose fault it is. Pure.
 */
enum probe_target { PROBE_GATEWAY, PROBE_RESOLVER, PROBE_HUB, PROBE_TARGETS };

#define PROBE_BIT(target) (1u << (target))
#define PROBE_ALL (PROBE_BIT(PROBE_GATEWAY) | PROBE_BIT(PROBE_RESOLVER) | PROBE_BIT(PROBE_HUB))
#define PROBE_REMOTE (PROBE_BIT(PROBE_RESOLVER) | PROBE_BIT(PROBE_HUB))

enum probe_answer {
	PROBE_SKIPPED, /* not asked, or cannot be asked here */
	PROBE_OK,
	PROBE_SILENT,  /* nothing came, or the network said "unreachable" */
	PROBE_REFUSED, /* the far machine answers, its service does not: reset, 5xx, SERVFAIL */
	PROBE_FOREIGN, /* somebody else answered in its place: a portal */
};

struct probe_round {
	enum probe_answer answer[PROBE_TARGETS];
	uint32_t rtt_us; /* smallest round trip measured in this round, 0 none */
};

enum verdict_word {
	VERDICT_NOTHING, /* proves neither way */
	VERDICT_ONLINE,
	VERDICT_PORTAL,
	VERDICT_DEAD,
};

struct verdict {
	enum verdict_word word;
	enum uplink_layer layer; /* also with ONLINE: the layer that limps */
};

/*
 * `possible` is the set of targets that this uplink can ask at all: where no remote one can be asked,
 * a gateway that answers is the best knowledge there is.
 */
struct verdict verdict_of(const struct probe_round *round, unsigned possible);
