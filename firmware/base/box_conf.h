// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "firmware/base/conf.h"

/*
 * Section [box]: what every program may need to know about the box it runs on. A program puts
 * BOX_CONF_SECTION(struct its_conf, field) into its own table.
 */
struct box_conf {
	char board[32];   /* "qemu-x86_64" */
	int language;     /* 0 ar, 1 fr, 2 en, as enum strings_lang has them */
	char giga_id[40]; /* "7f9c24e8-…" or "" */
};

#define BOX_CONF_KEYS 3u
extern const struct conf_key box_conf_keys[BOX_CONF_KEYS];

#define BOX_CONF_SECTION(type, field)                                             \
	{                                                                         \
		.name = "box", .keys = box_conf_keys, .key_count = BOX_CONF_KEYS, \
		.at = offsetof(type, field), .help = "What kind of box this is.", \
	}
