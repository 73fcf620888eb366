// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/web/strings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/web/strings_table.h"

static const char *const codes[STRINGS_LANG_COUNT] = { "ar", "fr", "en" };

int strings_lang_parse(const char *text, enum strings_lang *out)
{
	for (int i = 0; text && i < STRINGS_LANG_COUNT; i++) {
		if (strncmp(text, codes[i], 2) == 0 &&
		    (text[2] == '\0' || text[2] == '_' || text[2] == '-')) {
			*out = (enum strings_lang)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *strings_lang_code(enum strings_lang lang)
{
	return codes[lang];
}

const char *strings_lang_dir(enum strings_lang lang)
{
	return lang == STRINGS_AR ? "rtl" : "ltr";
}

static int compare(const void *key, const void *row)
{
	return strcmp(key, ((const struct strings_row *)row)->id);
}

static const struct strings_row *find(const char *id)
{
	return bsearch(id, strings_table, strings_table_count, sizeof(strings_table[0]), compare);
}

const char *strings_get(enum strings_lang lang, const char *id)
{
	const struct strings_row *row = find(id);
	return row ? row->text[lang] : id;
}

/* CLDR 42, cardinal rules for integers. */
static const char *category(enum strings_lang lang, uint64_t n)
{
	switch (lang) {
	case STRINGS_AR:
		if (n <= 2)
			return n == 0 ? "zero" : n == 1 ? "one" : "two";
		if (n % 100 >= 3 && n % 100 <= 10)
			return "few";
		return n % 100 >= 11 ? "many" : "other";
	case STRINGS_FR:
		return n <= 1 ? "one" : "other";
	case STRINGS_EN:
	case STRINGS_LANG_COUNT:
		break;
	}
	return n == 1 ? "one" : "other";
}

const char *strings_plural(enum strings_lang lang, const char *id, uint64_t n)
{
	char form[128];
	snprintf(form, sizeof(form), "%s.%s", id, category(lang, n));
	const struct strings_row *row = find(form);
	if (!row) {
		snprintf(form, sizeof(form), "%s.other", id);
		row = find(form);
	}
	return row ? row->text[lang] : strings_get(lang, id);
}

struct pair {
	const char *name, *value;
};

static const char *value_of(const struct pair *pairs, size_t count, const char *name, size_t len)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(pairs[i].name) == len && memcmp(pairs[i].name, name, len) == 0)
			return pairs[i].value;
	return NULL;
}

/* Writes the filled text; a place without a value stays as it is written. */
static void fill(FILE *to, const char *text, const struct pair *pairs, size_t count)
{
	while (*text) {
		const char *end = *text == '{' ? strchr(text, '}') : NULL;
		const char *value =
			end ? value_of(pairs, count, text + 1, (size_t)(end - text - 1)) : NULL;
		if (value) {
			fputs(value, to);
			text = end + 1;
		} else {
			fputc(*text++, to);
		}
	}
}

/* Reads pairs behind those that are there already. */
static size_t take_pairs(struct pair *pairs, size_t count, size_t room, va_list args)
{
	for (const char *name; count < room && (name = va_arg(args, const char *));) {
		const char *value = va_arg(args, const char *);
		pairs[count++] = (struct pair){ name, value ? value : "" };
	}
	return count;
}

static char *filled(const char *text, const struct pair *pairs, size_t count)
{
	char *out = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&out, &len);
	if (!to)
		return NULL;
	fill(to, text, pairs, count);
	if (fclose(to) == 0)
		return out;
	free(out);
	return NULL;
}

char *strings_fill(enum strings_lang lang, const char *id, ...)
{
	struct pair pairs[8];
	va_list args;
	va_start(args, id);
	const size_t count = take_pairs(pairs, 0, ARRAY_LEN(pairs), args);
	va_end(args);
	return filled(strings_get(lang, id), pairs, count);
}

char *strings_fill_plural(enum strings_lang lang, const char *id, uint64_t n, ...)
{
	char number[24];
	struct pair pairs[8] = { { "n", number } };
	va_list args;
	snprintf(number, sizeof(number), "%" PRIu64, n);
	va_start(args, n);
	const size_t count = take_pairs(pairs, 1, ARRAY_LEN(pairs), args);
	va_end(args);
	return filled(strings_plural(lang, id, n), pairs, count);
}

/* --- the same in another language ------------------------------------------------------------------------ */

struct place {
	char name[32], value[64];
};

static bool keep_word(char *to, size_t room, const char *from, size_t len)
{
	if (len >= room)
		return false;
	memcpy(to, from, len);
	to[len] = '\0';
	return true;
}

/* A value ends where the words begin that stand behind its place. */
static bool read_places(const char *pattern, const char *text, struct place places[static 8],
			size_t *count)
{
	*count = 0;
	while (*pattern) {
		const char *end = *pattern == '{' ? strchr(pattern, '}') : NULL;
		if (!end) {
			if (*pattern++ != *text++)
				return false;
			continue;
		}
		const char *name = pattern + 1, *stop;
		struct place *p = &places[*count % 8];
		pattern = end + 1;
		const size_t words = strcspn(pattern, "{");
		stop = words ? memmem(text, strlen(text), pattern, words) : NULL;
		if (!stop || *count == 8 ||
		    !keep_word(p->name, sizeof(p->name), name, (size_t)(end - name)) ||
		    !keep_word(p->value, sizeof(p->value), text, (size_t)(stop - text)))
			return false;
		++*count;
		text = stop;
	}
	return true;
}

char *strings_again(enum strings_lang lang, const char *id, const char *said)
{
	struct place places[8];
	struct pair pairs[8];
	size_t count;
	if (!read_places(strings_get(STRINGS_EN, id), said, places, &count))
		return NULL;
	for (size_t i = 0; i < count; i++)
		pairs[i] = (struct pair){ places[i].name, places[i].value };
	return filled(strings_get(lang, id), pairs, count);
}
