// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/settings_rules.h"

struct fault;
struct _wasl_Settings; /* manage.pb.h */

/*
 * The ministry's settings as records: for whom a set is, and what a box makes of those that are for it. What may be set at all is
 * in firmware/base/settings_rules.h: the hub asks before it signs, wasl-agentd before it writes, each program before it reads.
 */

/* Which kind of scope a text is; -EINVAL when it is none. */
int settings_scope_parse(const char *scope, enum settings_scope *out);

/* Whom a box is; region and school may be "" while nobody has told it. */
struct settings_box {
	const char *region, *school, *device_hex;
};
bool settings_applies(const char *scope, const struct settings_box *box);

/* -EPERM: not on the list or not for this scope; -EINVAL, -ERANGE: the value. */
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
