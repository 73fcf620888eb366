// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/settings_rules.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/conf_value.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"

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

/* `item` NULL: the section is not repeated. */
static const struct settings_rule *find(const char *section, const char *item, const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (strcmp(rules[i].section, section) == 0 &&
		    strcmp(rules[i].value.name, key) == 0 && rules[i].repeated == (item != NULL))
			return !item || conf_item_name(item) ? &rules[i] : NULL;
	return NULL;
}

const struct settings_rule *settings_find(const char *key)
{
	char head[96];
	const char *dot = strrchr(key, '.');
	const size_t n = dot ? (size_t)(dot - key) : sizeof(head);
	if (n >= sizeof(head))
		return NULL;
	memcpy(head, key, n);
	head[n] = '\0';
	char *slash = strchr(head, '/');
	if (slash)
		*slash = '\0';
	return find(head, slash ? slash + 1 : NULL, dot + 1);
}

int settings_check_value(const struct settings_rule *rule, const char *value, struct fault *why)
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

int settings_allow(const char *section, const char *item, const char *key, const char *value,
		   struct fault *why)
{
	if (strcmp(section, "settings") == 0 && !item && strcmp(key, "version") == 0)
		return 0;
	const struct settings_rule *rule = find(section, item, key);
	if (!rule)
		return fault_set(why, -EPERM, "settings.key",
				 "'%.40s' is not a setting that the ministry may change", key);
	int r = settings_check_value(rule, value, why);
	if (r)
		fault_within(why, "%.40s", key);
	return r;
}
