// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/conf_value.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/conf.h"
#include "firmware/base/fault.h"

static const struct {
	char letter;
	unsigned shift;
} units[] = { { 'T', 40 }, { 'G', 30 }, { 'M', 20 }, { 'K', 10 } };

void conf_value_size(uint64_t bytes, char out[static 24])
{
	for (size_t i = 0; bytes && i < ARRAY_LEN(units); i++) {
		if (bytes & ((UINT64_C(1) << units[i].shift) - 1))
			continue;
		snprintf(out, 24, "%" PRIu64 "%c", bytes >> units[i].shift, units[i].letter);
		return;
	}
	snprintf(out, 24, "%" PRIu64, bytes);
}

void conf_value_range(const struct conf_key *key, char *out, size_t room)
{
	char low[24], high[24];
	size_t at = 0;
	out[0] = '\0';
	switch (key->type) {
	case CONF_TYPE_STR:
	case CONF_TYPE_BOOL:
		break;
	case CONF_TYPE_INT:
		snprintf(out, room, "%" PRId64 " to %" PRId64, key->min, key->max);
		break;
	case CONF_TYPE_BYTES:
		conf_value_size((uint64_t)key->min, low);
		conf_value_size((uint64_t)key->max, high);
		snprintf(out, room, "%s to %s", low, high);
		break;
	case CONF_TYPE_WORD:
		for (size_t i = 0; key->words[i] && at < room; i++)
			at += (size_t)snprintf(out + at, room - at, "%s%s", i ? ", " : "",
					       key->words[i]);
		break;
	}
}

static int outside(const struct conf_key *key, const char *value, struct fault *why)
{
	char range[200];
	conf_value_range(key, range, sizeof(range));
	return fault_set(why, -ERANGE, "conf.value", "'%.60s' is outside %s", value, range);
}

static int set_str(const struct conf_key *key, const char *value, char *field, struct fault *why)
{
	size_t len = strlen(value);
	if (len >= key->room)
		return fault_set(why, -ENAMETOOLONG, "conf.value",
				 "'%.60s' has %zu bytes; at most %zu", value, len, key->room - 1);
	for (const char *c = value; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return fault_set(why, -EINVAL, "conf.value",
					 "the value has a control character; type it again");
	memcpy(field, value, len + 1);
	return 0;
}

static int set_int(const struct conf_key *key, const char *value, char *field, struct fault *why)
{
	char *end;
	errno = 0;
	long long number = strtoll(value, &end, 10);
	if (end == value || *end || isspace((unsigned char)value[0]))
		return fault_set(why, -EINVAL, "conf.value", "'%.60s' is not a whole number",
				 value);
	if (errno || number < key->min || number > key->max)
		return outside(key, value, why);
	int64_t stored = number;
	memcpy(field, &stored, sizeof(stored));
	return 0;
}

static int set_bool(const char *value, char *field, struct fault *why)
{
	static const struct {
		const char *word;
		bool means;
	} words[] = { { "yes", true }, { "no", false },  { "true", true }, { "false", false },
		      { "on", true },  { "off", false }, { "1", true },    { "0", false } };
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcasecmp(words[i].word, value) != 0)
			continue;
		memcpy(field, &words[i].means, sizeof(bool));
		return 0;
	}
	return fault_set(why, -EINVAL, "conf.value", "'%.60s' is neither yes nor no", value);
}

static int set_bytes(const struct conf_key *key, const char *value, char *field, struct fault *why)
{
	char *end;
	errno = 0;
	unsigned long long number =
		isdigit((unsigned char)value[0]) ? strtoull(value, &end, 10) : 0;
	bool good = isdigit((unsigned char)value[0]);
	unsigned shift = 0;
	if (good && *end) {
		good = false;
		for (size_t i = 0; i < ARRAY_LEN(units) && !good; i++) {
			good = toupper((unsigned char)end[0]) == units[i].letter && !end[1];
			shift = units[i].shift;
		}
	}
	if (!good)
		return fault_set(why, -EINVAL, "conf.value",
				 "'%.60s' is not a size; write 20G or 500M", value);
	if (errno || number > (uint64_t)INT64_MAX >> shift)
		return outside(key, value, why);
	uint64_t stored = (uint64_t)number << shift;
	if (stored < (uint64_t)key->min || stored > (uint64_t)key->max)
		return outside(key, value, why);
	memcpy(field, &stored, sizeof(stored));
	return 0;
}

static int set_word(const struct conf_key *key, const char *value, char *field, struct fault *why)
{
	for (int i = 0; key->words[i]; i++) {
		if (strcmp(key->words[i], value) != 0)
			continue;
		memcpy(field, &i, sizeof(i));
		return 0;
	}
	char range[200];
	conf_value_range(key, range, sizeof(range));
	return fault_set(why, -EINVAL, "conf.value", "'%.60s' is none of: %s", value, range);
}

int conf_value_set(const struct conf_key *key, const char *value, void *item, struct fault *why)
{
	char *field = (char *)item + key->at;
	switch (key->type) {
	case CONF_TYPE_STR:
		return set_str(key, value, field, why);
	case CONF_TYPE_INT:
		return set_int(key, value, field, why);
	case CONF_TYPE_BOOL:
		return set_bool(value, field, why);
	case CONF_TYPE_BYTES:
		return set_bytes(key, value, field, why);
	case CONF_TYPE_WORD:
		return set_word(key, value, field, why);
	}
	return fault_set(why, -EINVAL, "conf.value", "the key has no type");
}

void conf_value_print(const struct conf_key *key, const void *item, FILE *to)
{
	const char *field = (const char *)item + key->at;
	int64_t number;
	uint64_t bytes;
	int word;
	bool flag;
	char size[24];
	switch (key->type) {
	case CONF_TYPE_STR:
		fputs(field, to);
		return;
	case CONF_TYPE_INT:
		memcpy(&number, field, sizeof(number));
		fprintf(to, "%" PRId64, number);
		return;
	case CONF_TYPE_BOOL:
		memcpy(&flag, field, sizeof(flag));
		fputs(flag ? "yes" : "no", to);
		return;
	case CONF_TYPE_BYTES:
		memcpy(&bytes, field, sizeof(bytes));
		conf_value_size(bytes, size);
		fputs(size, to);
		return;
	case CONF_TYPE_WORD:
		memcpy(&word, field, sizeof(word));
		fputs(key->words[word], to);
		return;
	}
}
