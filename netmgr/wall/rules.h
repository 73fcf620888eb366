// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netmgr/line/uplink.h"
#include "netmgr/wall/emergency.h"
#include "netmgr/wall/zone.h"

/*
 * The wall as nftables has it: tables `inet wasl_wall` and `bridge wasl_wall`, whole, as one transaction that
 * replaces what is there. It drops and never marks, so it stands beside `inet wasl` (plan.h), which
 * marks and never drops. Pure.
 *
 * Towards the box and through it everything is refused that no line below allows; strangers get no answer, zones a quick
 * one. A flow is let through by what its own direction may do now, and its answers with it: when the rules change, flows
 * that they no longer allow end at their next packet, and all others go on. Nobody is counted by name: bounds are per
 * address, and wide enough for a school behind one translating router.
 */
enum rules_bridge {
	RULES_BY_BRIDGE, /* machines of one bridge are kept apart by the bridge's name */
	RULES_BY_PORT,   /* by its ports' names: where the kernel cannot tell the bridge's */
	RULES_NO_BRIDGE,
	RULES_BRIDGES,
};

enum { RULES_PORTS = 16 };

struct rules_zone {
	enum zone_kind kind;
	char device[ZONE_DEVICE_ROOM];
	enum zone_reach reach;
	bool isolate, dhcp;
	bool shared;            /* on an uplink's own wire: strangers are there, too */
	struct in_addr address; /* the box's */
	unsigned len;           /* 0: not known: nobody of this zone is believed yet */
	char ports[RULES_PORTS][ZONE_DEVICE_ROOM]; /* of the bridge; RULES_BY_PORT */
	size_t port_count;
};

struct rules_spec {
	struct rules_zone zones[ZONE_MAX];
	size_t zone_count;                          /* 0: no wall */
	char uplinks[UPLINK_MAX][ZONE_DEVICE_ROOM]; /* "usb*" is fine */
	size_t uplink_count;
	uint16_t pages[ZONE_PORTS];
	size_t page_count;
	enum emergency_mode mode;
	enum rules_bridge bridge;
};

/* Length, or -ENOSPC. */
enum { RULES_ROOM = 24576 };
int rules_text(const struct rules_spec *spec, char out[static RULES_ROOM]);

/* What a zone reaches beyond the box in this mode. */
enum zone_reach rules_reach(const struct rules_spec *spec, const struct rules_zone *z);

/* The text that takes all of it away. */
extern const char rules_none[], rules_none_bridge[];
