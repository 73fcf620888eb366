// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/conf.h"

struct fault;
struct _wasl_Settings; /* manage.pb.h */

/*
 * What a signed settings record (role manage) may change on a box, and for whom. Everything else
 * in the configuration is the image's or the technician's. The hub asks before it signs, the box
 * asks before it writes settings.conf; the daemon's own table still has the last word. No key is
 * on the list that could keep a box from reaching the ministry.
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

/* Which kind of scope a text is; -EINVAL when it is none. */
int settings_scope_parse(const char *scope, enum settings_scope *out);

/* Whom a box is; region and school may be "" while nobody has told it. */
struct settings_box {
	const char *region, *school, *device_hex;
};
bool settings_applies(const char *scope, const struct settings_box *box);

/* -EPERM: not on the list or not for this scope; -EINVAL, -ERANGE: the value. */
const struct settings_rule *settings_find(const char *key); /* NULL: not on the list */
int settings_check(const char *scope, const char *key, const char *value, struct fault *why);

/* Every setting of a record, its scope, and that no key is there twice. */
int settings_check_all(const struct _wasl_Settings *settings, struct fault *why);

/*
 * Sets that have been checked, the widest scope first, as the one text of a configuration file: sections and keys in the
 * order of their letters, of a key that is there twice the later value, and the highest version below [settings].
 * *out malloc'ed and terminated.
 */
int settings_text(const struct _wasl_Settings *const *sets, size_t count, char **out, size_t *len,
		  struct fault *why);
uint32_t settings_newest(const struct _wasl_Settings *const *sets, size_t count);
