// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "firmware/base/conf.h"
#include "firmware/base/fault.h"

/*
 * What the ministry has set, as one more layer above site.conf: wasl-agentd writes settings.conf from the signed records
 * that it has verified, and keeps in settings.good the last one that wasl-contentd has taken. Only what is on the list in
 * settings_rules.h can be set there, whoever wrote it. A layer that a program cannot use never stops it: the last good one is in
 * force instead, and without that one what stands in site.conf.
 */
#define CONF_SETTINGS_FOLDER \
	"/var/lib/wasl/settings" /* wasl-agentd's; site.conf is elsewhere, it may not write that */
#define CONF_SETTINGS_FILE CONF_SETTINGS_FOLDER "/settings.conf"
#define CONF_SETTINGS_GOOD CONF_SETTINGS_FOLDER "/settings.good"

/* Where a program's configuration comes from, so that it can be read again. */
struct conf_source {
	const struct conf_schema *schema;
	const char *extra; /* a file named with -c, read last; NULL: none */
	size_t size;       /* of the struct that the schema fills */
	int (*check)(const void *conf, struct fault *why); /* what the table cannot say; or NULL */
};

struct conf_settled {
	struct fault refused; /* why settings.conf is not in force; code 0: nothing */
	struct fault passed;  /* what in it is for nothing that is here; code 0: nothing */
};

/* All layers into `out`, whatever stood in it. 0: it can be used. Otherwise the other layers are at fault. */
int conf_load_settled(const struct conf_source *from, void *out, struct conf_settled *said,
		      struct fault *why);

/* Section [settings], which only wasl-agentd writes: a program puts it into its table to know what it runs. */
struct conf_settings {
	int64_t version; /* 0: none */
};
extern const struct conf_key conf_settings_keys[1];

#define CONF_SETTINGS_SECTION(type, field)                                             \
	{                                                                              \
		.name = "settings", .keys = conf_settings_keys, .key_count = 1,        \
		.at = offsetof(type, field),                                           \
		.help = "What the ministry has set; written by wasl-agentd(8) alone.", \
	}
