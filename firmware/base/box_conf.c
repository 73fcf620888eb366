// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/box_conf.h"

static const char *const languages[] = { "ar", "fr", "en", NULL };

const struct conf_key box_conf_keys[BOX_CONF_KEYS] = {
	CONF_STR(struct box_conf, board, "board", "generic-x86_64",
		 "the board's name as the ministry's firmware releases have it"),
	CONF_WORD(struct box_conf, language, "language", "ar", languages,
		  "the language that the box speaks where nobody chose one"),
	CONF_STR(struct box_conf, giga_id, "giga_id", "",
		 "the school's id at Giga, for what is exported to it; empty: the ministry's code "
		 "of the school"),
};
