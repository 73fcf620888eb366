// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/record/settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/conf_value.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"
#include "firmware/record/manage.pb.h"

#define VALUE_ROOM 256u
#define ANY (SETTINGS_EVERYWHERE | SETTINGS_REGION | SETTINGS_SCHOOL | SETTINGS_DEVICE)
#define HERE (SETTINGS_SCHOOL | SETTINGS_DEVICE) /* what only one school can know */

static const char *const languages[] = { "ar", "fr", "en", NULL };
static const char *const by_day[] = { "none", "unmetered", "any", NULL };
static const char *const metered[] = { "auto", "yes", "no", NULL };

#define RULE_INT(k, lo, hi, h)                                                    \
	{                                                                         \
		.name = k, .type = CONF_TYPE_INT, .min = lo, .max = hi, .help = h \
	}
#define RULE_BYTES(k, lo, hi, h)                                                    \
	{                                                                           \
		.name = k, .type = CONF_TYPE_BYTES, .min = lo, .max = hi, .help = h \
	}
#define RULE_TEXT(k, h)                                                         \
	{                                                                       \
		.name = k, .type = CONF_TYPE_STR, .room = VALUE_ROOM, .help = h \
	}
#define RULE_WORD(k, w, h)                                               \
	{                                                                \
		.name = k, .type = CONF_TYPE_WORD, .words = w, .help = h \
	}

/* "20:00", and what comes after it. */
static const char *after_time(const char *s)
{
	if (!isdigit((unsigned char)s[0]) || !isdigit((unsigned char)s[1]) || s[2] != ':' ||
	    !isdigit((unsigned char)s[3]) || !isdigit((unsigned char)s[4]))
		return NULL;
	return (s[0] - '0') * 10 + s[1] - '0' < 24 && s[3] < '6' ? s + 5 : NULL;
}

/* "20:00-06:00"; nothing is the whole day. */
static int window_shape(const char *value)
{
	const char *end = value[0] ? after_time(value) : NULL;
	if (end)
		end = *end == '-' ? after_time(end + 1) : NULL;
	return !value[0] || (end && !*end) ? 0 : -EINVAL;
}

/* Ranges are narrower than the programs': a signature must not be able to make a box mute. */
static const struct settings_rule rules[] = {
	{ "agent", false,
	  RULE_INT("collect_interval", 5, 3600, "seconds between two collections of counts"), ANY,
	  SETTINGS_NOW, NULL },
	{ "agent", false, RULE_INT("seal_interval", 60, 86400, "seconds between two reports"), ANY,
	  SETTINGS_NOW, NULL },
	{ "agent", false,
	  RULE_INT("retry_max", 30, 7200, "longest wait before the hub is tried again"), ANY,
	  SETTINGS_NOW, NULL },
	{ "origin", false,
	  RULE_INT("interval", 60, 86400, "seconds between looks for a newer catalogue"), ANY,
	  SETTINGS_NOW, NULL },
	{ "fetch", false,
	  RULE_TEXT("window", "the night, in local time, as 20:00-06:00: lines that cost money "
			      "bring lessons in it alone"),
	  ANY, SETTINGS_NOW, window_shape },
	{ "fetch", false,
	  RULE_WORD("by_day", by_day, "lines that bring lessons outside of the night, too"), ANY,
	  SETTINGS_NOW, NULL },
	{ "fetch", false,
	  RULE_BYTES(
		  "night", 0, INT64_C(1) << 44,
		  "most that a line that costs money brings in a night; 0: what its quota allows"),
	  ANY, SETTINGS_NOW, NULL },
	{ "fetch", false,
	  RULE_INT("share", 0, 100, "percent of such a line's quota that is for lessons"), ANY,
	  SETTINGS_NOW, NULL },
	{ "box", false, RULE_WORD("language", languages, "the language where nobody chose one"),
	  ANY, SETTINGS_NOW, NULL },
	{ "store", false, RULE_BYTES("max", 0, INT64_C(1) << 50, "bytes that lessons may take"),
	  HERE, SETTINGS_AT_START, NULL },
	{ "net", false, RULE_INT("hub_every_s", 10, 3600, "between two questions to the hub"), ANY,
	  SETTINGS_AT_START, NULL },
	{ "net", false, RULE_INT("metered_hub_every_s", 60, 3600, "the same over a metered uplink"),
	  ANY, SETTINGS_AT_START, NULL },
	{ "uplink", true, RULE_BYTES("quota", 0, INT64_C(1) << 44, "bytes a month; 0: none"), HERE,
	  SETTINGS_AT_START, NULL },
	{ "uplink", true, RULE_INT("quota_day", 1, 28, "day on which the quota begins anew"), HERE,
	  SETTINGS_AT_START, NULL },
	{ "uplink", true, RULE_INT("preference", 0, 1000, "the smallest that works is used"), HERE,
	  SETTINGS_AT_START, NULL },
	{ "uplink", true, RULE_WORD("metered", metered, "whether bytes cost money"), HERE,
	  SETTINGS_AT_START, NULL },
};

const struct settings_rule *settings_rules(size_t *count)
{
	*count = ARRAY_LEN(rules);
	return rules;
}

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

const struct settings_rule *settings_find(const char *key)
{
	const char *dot = strrchr(key, '.'), *slash = strchr(key, '/');
	if (!dot || (slash && slash > dot))
		return NULL;
	size_t section_len = (size_t)((slash ? slash : dot) - key);
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		if (strlen(rules[i].section) != section_len ||
		    strncmp(rules[i].section, key, section_len) != 0 ||
		    rules[i].repeated != (slash != NULL) ||
		    strcmp(rules[i].value.name, dot + 1) != 0)
			continue;
		char name[64];
		size_t name_len = slash ? (size_t)(dot - slash - 1) : 0;
		if (slash && name_len >= sizeof(name))
			return NULL;
		if (slash) {
			memcpy(name, slash + 1, name_len);
			name[name_len] = '\0';
		}
		return !slash || plain_name(name) ? &rules[i] : NULL;
	}
	return NULL;
}

static int check_value(const struct settings_rule *rule, const char *value, struct fault *why)
{
	union {
		char text[VALUE_ROOM];
		int64_t number;
	} field;
	size_t len = strlen(value);
	if (!text_is_utf8(value, len) ||
	    (len && (strchr(" \t", value[0]) || strchr(" \t", value[len - 1]))))
		return fault_set(why, -EINVAL, "settings.value",
				 "the value begins or ends with a space, or is not UTF-8");
	int r = conf_value_set(&rule->value, value, &field, why);
	if (r || !rule->shape || !rule->shape(value))
		return r;
	return fault_set(why, -EINVAL, "settings.value", "'%.60s' is not %s", value,
			 rule->value.help);
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
	int r = check_value(rule, value, why);
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
