// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/conf.h"

struct fault;

/*
 * What a signed settings record (role manage) may change on a box, and for whom. Everything else
 * in the configuration is the image's or the technician's. The hub asks before it signs, the box
 * asks before it writes settings.conf, and each program while it reads that file: wasl-agentd faces
 * the network and may write it, so nothing else may be set by it. The program's own table still has
 * the last word. No key is on the list that could keep a box from reaching the ministry.
 *
 * A key is "SECTION.KEY", or "SECTION/NAME.KEY" where the section is repeated: "uplink/adsl.quota".
 */
enum settings_scope {
	SETTINGS_EVERYWHERE = 1 << 0, /* "" */
	SETTINGS_REGION = 1 << 1,     /* "region:Le Kef", as the ministry writes it */
	SETTINGS_SCHOOL = 1 << 2,     /* "school:TN0001" */
	SETTINGS_DEVICE = 1 << 3,     /* "device:" and 32 hexadecimal digits */
};

enum settings_when {
	SETTINGS_AT_START, /* taken over when its program starts next */
	SETTINGS_NOW,      /* while it runs */
};

struct settings_rule {
	const char *section; /* "agent" */
	bool repeated;       /* SECTION/NAME.KEY */
	/* For text, `words` are what it may begin with: settings are addresses, never commands. */
	struct conf_key value; /* key name, type, range and what it is for; field offset 0 */
	unsigned scopes;       /* enum settings_scope, or-ed */
	enum settings_when when;
	int (*shape)(const char *value); /* of other text: 0 or -EINVAL; NULL */
};

const struct settings_rule *settings_rules(
	size_t *count); /* the table, for the hub's forms and the manual */

const struct settings_rule *settings_find(const char *key); /* NULL: not on the list */

/* -EINVAL, -ERANGE: no such value. */
int settings_check_value(const struct settings_rule *rule, const char *value, struct fault *why);

/* A line of settings.conf, `item` NULL where the section is not repeated. -EPERM: not on the list; else as above. */
int settings_allow(const char *section, const char *item, const char *key, const char *value,
		   struct fault *why);
