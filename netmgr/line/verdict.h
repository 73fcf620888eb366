// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "netmgr/line/uplink.h"

/*
 * What the answers of one round of probes say about an uplink, and whose fault it is. Pure.
 */
enum probe_target {
	PROBE_GATEWAY,
	PROBE_RESOLVER, /* the uplink's own, asked for a name that nobody has asked before */
	PROBE_ECHO,     /* the hub's UDP echo, with a keyed nonce */
	PROBE_FAR_A,    /* two machines of other operators than the hub's */
	PROBE_FAR_B,
	PROBE_HUB, /* the hub's HTTP check, with a nonce that no portal can answer */
	PROBE_TARGETS
};

#define PROBE_BIT(target) (1u << (target))
#define PROBE_ALL ((1u << PROBE_TARGETS) - 1)
#define PROBE_FAR (PROBE_BIT(PROBE_FAR_A) | PROBE_BIT(PROBE_FAR_B))
#define PROBE_BEYOND (PROBE_BIT(PROBE_ECHO) | PROBE_FAR | PROBE_BIT(PROBE_HUB)) /* the provider */
#define PROBE_REMOTE (PROBE_BEYOND | PROBE_BIT(PROBE_RESOLVER))

enum probe_answer {
	PROBE_SKIPPED, /* not asked, or cannot be asked here */
	PROBE_OK,
	PROBE_SILENT,  /* nothing came, or the network said "unreachable" */
	PROBE_REFUSED, /* the far machine answers, its service does not: reset, 5xx, SERVFAIL */
	PROBE_FOREIGN, /* somebody else answered in its place: a portal */
};

struct probe_round {
	enum probe_answer answer[PROBE_TARGETS];
	uint32_t rtt_us;    /* smallest round trip measured in this round, 0 none */
	uint32_t beyond_us; /* the same of machines beyond the provider */
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
