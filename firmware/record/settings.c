// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/record/settings.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"
#include "firmware/record/manage.pb.h"

/* What follows `prefix`, or NULL. */
static const char *after(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);
	return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

static bool plain_name(const char *name)
{
	size_t n =
		strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
	return n > 0 && n < 32 && !name[n];
}

/* As a spreadsheet has it: any letters, but no line and no blanks around it. */
static bool region_name(const char *name)
{
	const size_t n = strlen(name);
	if (n < 1 || n >= 64 || !text_is_utf8(name, n) || name[0] == ' ' || name[n - 1] == ' ')
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return false;
	return true;
}

int settings_scope_parse(const char *scope, enum settings_scope *out)
{
	const char *rest;
	uint8_t device[16];
	if (!scope[0])
		*out = SETTINGS_EVERYWHERE;
	else if ((rest = after(scope, "region:")) && region_name(rest))
		*out = SETTINGS_REGION;
	else if ((rest = after(scope, "school:")) && plain_name(rest))
		*out = SETTINGS_SCHOOL;
	else if ((rest = after(scope, "device:")) && text_unhex(rest, device, sizeof(device)) == 0)
		*out = SETTINGS_DEVICE;
	else
		return -EINVAL;
	return 0;
}

bool settings_applies(const char *scope, const struct settings_box *box)
{
	enum settings_scope kind;
	if (settings_scope_parse(scope, &kind))
		return false;
	const char *rest = strchr(scope, ':');
	switch (kind) {
	case SETTINGS_EVERYWHERE:
		return true;
	case SETTINGS_REGION:
		return strcmp(rest + 1, box->region) == 0;
	case SETTINGS_SCHOOL:
		return strcmp(rest + 1, box->school) == 0;
	case SETTINGS_DEVICE:
		return strcasecmp(rest + 1, box->device_hex) == 0;
	}
	return false;
}

int settings_check(const char *scope, const char *key, const char *value, struct fault *why)
{
	enum settings_scope kind;
	if (settings_scope_parse(scope, &kind))
		return fault_set(
			why, -EINVAL, "settings.scope",
			"'%.60s' is no scope; write region:NAME, school:CODE, device:ID or nothing",
			scope);
	const struct settings_rule *rule = settings_find(key);
	if (!rule)
		return fault_set(why, -EPERM, "settings.key",
				 "'%.60s' is not a setting that the ministry may change", key);
	if (!(rule->scopes & kind))
		return fault_set(why, -EPERM, "settings.scope",
				 "'%.60s' may not be set for '%.60s'", key,
				 scope[0] ? scope : "everyone");
	int r = settings_check_value(rule, value, why);
	if (r)
		fault_within(why, "%.60s", key);
	return r;
}

int settings_check_all(const wasl_Settings *settings, struct fault *why)
{
	if (settings->version < 1)
		return fault_set(why, -EINVAL, "settings.version", "settings without a version");
	for (size_t i = 0; i < settings->settings_count; i++) {
		const wasl_Setting *s = &settings->settings[i];
		int r = settings_check(settings->scope, s->key, s->value, why);
		if (r)
			return r;
		for (size_t earlier = 0; earlier < i; earlier++) {
			if (strcmp(settings->settings[earlier].key, s->key) == 0)
				return fault_set(why, -EINVAL, "settings.twice",
						 "'%.60s' is set twice in one record", s->key);
		}
	}
	return 0;
}
