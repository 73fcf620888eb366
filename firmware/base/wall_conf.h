// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "firmware/base/conf.h"

struct fault;

/*
 * Section [wall]: what the box lets in, and under which name its pages are. wasl-netmgrd sees to it, and the web server
 * leads people to that name. A program puts WALL_CONF_SECTION(struct its_conf, field) into its own table.
 */
struct wall_conf {
	char pages[48]; /* TCP ports: "80 443" */
	int64_t emergency_min;
	char portal[64];  /* the name of the box's pages: "madrasa" */
	char captive[96]; /* RFC 8910 */
};

#define WALL_CONF_KEYS 4u
extern const struct conf_key wall_conf_keys[WALL_CONF_KEYS];

#define WALL_CONF_SECTION(type, field)                                                   \
	{                                                                                \
		.name = "wall", .keys = wall_conf_keys, .key_count = WALL_CONF_KEYS,     \
		.at = offsetof(type, field),                                             \
		.help = "What the box lets in and through, as soon as there is a zone.", \
	}

/* The name goes into other programs' configuration files: -EINVAL and a sentence where it is none. */
int wall_conf_check_portal(const struct wall_conf *wall, struct fault *why);
