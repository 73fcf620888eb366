// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/conf.h"
#include "firmware/base/wall_conf.h"

struct fault;

/*
 * The networks on the box's own side, as they are configured: who is there, on which device, and what they may reach.
 * Whatever is no zone is a stranger. Where a zone's network
 * is, its device says ([lan NAME], or whoever else gives it an address). A zone on an uplink's own device is the box with one port: pupils and router share
 * its wire.
 */
enum {
	ZONE_MAX = 6,
	ZONE_DEVICE_ROOM = 16,
	ZONE_PORTS = 8,
};

enum zone_kind { ZONE_CLASSROOM, ZONE_STAFF, ZONE_MANAGEMENT };

/* Beyond the box, over the uplinks. */
enum zone_reach {
	ZONE_REACH_AUTO, /* classroom: box; staff: internet; management: all */
	ZONE_REACH_BOX,
	ZONE_REACH_WEB,
	ZONE_REACH_INTERNET,
	ZONE_REACH_ALL, /* what is on the uplinks' own side of the Internet, too */
};

enum zone_choice { ZONE_AUTO, ZONE_YES, ZONE_NO };

struct zone_conf {
	char name[32];
	int kind;                      /* enum zone_kind */
	char device[ZONE_DEVICE_ROOM]; /* a bridge where there are several ports */
	char address[32]; /* the box's in it: "10.20.0.1/24"; "" as the device has it */
	int reach;        /* enum zone_reach */
	int isolate;      /* enum zone_choice; auto: classrooms */
	bool dhcp;
	int64_t lease_s;
};

struct zones_conf {
	struct wall_conf wall;
	struct zone_conf zones[ZONE_MAX];
	size_t count;
};

enum { ZONE_CONF_KEYS = 6 };
extern const struct conf_key zone_conf_keys[ZONE_CONF_KEYS];

/* For a program's table; `field` is its struct zones_conf. */
#define ZONE_CONF_SECTIONS(type, field)                                              \
	WALL_CONF_SECTION(type, field.wall),                                         \
	{                                                                            \
		.name = "zone", .keys = zone_conf_keys, .key_count = ZONE_CONF_KEYS, \
		.at = offsetof(type, field.zones), .each = sizeof(struct zone_conf), \
		.max = ZONE_MAX, .count_at = offsetof(type, field.count),            \
		.help = "A network on the box's own side; from anywhere else come "  \
			"answers, and nothing else.",                                \
	}

extern const char *const zone_kind_words[], *const zone_reach_words[];

/* What the table cannot say. */
int zone_check(const struct zones_conf *conf, struct fault *why);

enum zone_reach zone_reach(const struct zone_conf *z); /* never ZONE_REACH_AUTO */
bool zone_isolates(const struct zone_conf *z);

/* "80 443": how many, or -EINVAL. */
int zone_ports(const char *text, uint16_t out[static ZONE_PORTS]);
