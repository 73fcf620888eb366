// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "firmware/base/conf.h"
#include "netmgr/kernel/lan.h"

enum { LAN_MAX = 4 };

/* Section [lan NAME]: a network that the box gives to people, as that of a classroom. */
struct lan_conf {
	char name[32]; /* "classroom" */
	char device[16];
	char networks[200];
};

#define LAN_CONF_KEYS 2u
extern const struct conf_key lan_conf_keys[LAN_CONF_KEYS];

#define LAN_CONF_SECTION(type, field, count_field)                                            \
	{                                                                                     \
		.name = "lan", .keys = lan_conf_keys, .key_count = LAN_CONF_KEYS,             \
		.at = offsetof(type, field), .each = sizeof(struct lan_conf), .max = LAN_MAX, \
		.count_at = offsetof(type, count_field),                                      \
		.help = "A network that the box gives to people, as that of a classroom."     \
	}

struct fault;

/* What the table cannot say, of one section and those before it. 0 or -EINVAL. */
int lan_conf_check(const struct lan_conf *first, const struct lan_conf *c, struct fault *why);
