// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/view.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/text.h"

static const struct {
	const char *shape, *sgr;
} states[] = {
	[VIEW_GOOD] = { "●", "32" },   [VIEW_MODERATE] = { "◐", "33" },
	[VIEW_NO] = { "■", "31" },     [VIEW_UNPOWERED] = { "▲", "35" },
	[VIEW_UNKNOWN] = { "○", "2" }, [VIEW_NEVER] = { "⋯", "2" },
};

static void painted(const struct view *v, const char *sgr, const char *text, FILE *to)
{
	if (v->paint == VIEW_COLOUR)
		fprintf(to, "\x1b[%sm%s\x1b[0m", sgr, text);
	else
		fputs(text, to);
}

void view_shape(const struct view *v, enum view_state state, FILE *to)
{
	painted(v, states[state].sgr, states[state].shape, to);
}

void view_title(const struct view *v, const char *text, FILE *to)
{
	painted(v, "1", text, to);
	putc('\n', to);
}

void view_section(const struct view *v, const char *text, FILE *to)
{
	putc('\n', to);
	painted(v, "2", text, to);
	putc('\n', to);
}

void view_row(const struct view *v, enum view_state state, const char *text, FILE *to)
{
	fputs("  ", to);
	view_shape(v, state, to);
	fprintf(to, " %s\n", text);
}

#define PLACES 5

char *view_fill(const struct view *v, const char *id, ...)
{
	/* strings_fill() is variadic: hand over a fixed number of pairs, the unused ones NULL */
	const char *pairs[2 * PLACES + 1] = { NULL };
	va_list args;
	va_start(args, id);
	for (size_t i = 0; i < 2 * PLACES; i++) {
		pairs[i] = va_arg(args, const char *);
		if (!pairs[i])
			break;
	}
	va_end(args);
	char *text = strings_fill(v->lang, id, pairs[0], pairs[1], pairs[2], pairs[3], pairs[4],
				  pairs[5], pairs[6], pairs[7], pairs[8], pairs[9], NULL);
	return text ? text : strdup(id);
}

void view_tenths(const struct view *v, uint64_t tenths, char *out, size_t room)
{
	if (tenths >= 100 || tenths % 10 == 0)
		snprintf(out, room, "%" PRIu64, tenths / 10);
	else
		snprintf(out, room, "%" PRIu64 "%c%" PRIu64, tenths / 10,
			 v->lang == STRINGS_EN ? '.' : ',', tenths % 10);
}

void view_size(const struct view *v, uint64_t bytes, char *out, size_t room)
{
	static const struct {
		uint64_t unit;
		const char *id;
	} units[] = { { 1000000000, "unit.gb" },
		      { 1000000, "unit.mb" },
		      { 1000, "unit.kb" },
		      { 1, "unit.bytes" } };
	size_t i = 0;
	while (i + 1 < ARRAY_LEN(units) && bytes < units[i].unit)
		i++;
	char number[32];
	if (units[i].unit >= 10)
		view_tenths(v, bytes / (units[i].unit / 10), number, sizeof(number));
	else
		snprintf(number, sizeof(number), "%" PRIu64, bytes);
	AUTO_FREE char *text = view_fill(v, units[i].id, "n", number, NULL);
	snprintf(out, room, "%s", text ? text : number);
}

void view_time(const struct view *v, int64_t unix_s, char out[static 20])
{
	char iso[21];
	clock_iso(unix_s + v->zone_s, iso);
	snprintf(out, 20, "%.10s %.5s", iso, iso + 11);
}

void view_foreign(const char *text, char *out, size_t room)
{
	snprintf(out, room, "%s", text);
	text_mend_utf8(out);
	for (char *c = out; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
	/* C1 control characters are two bytes in UTF-8, and some terminals obey them */
	for (char *c = out; *c && c[1]; c++)
		if ((unsigned char)c[0] == 0xc2 && (unsigned char)c[1] < 0xa0)
			c[0] = c[1] = ' ';
}

const char *view_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

int64_t view_int(const json_t *object, const char *key, int64_t fallback)
{
	const json_t *value = json_object_get(object, key);
	if (json_is_real(value))
		return (int64_t)json_real_value(value);
	return json_is_integer(value) ? (int64_t)json_integer_value(value) : fallback;
}

void view_said(const json_t *texts, const struct view *v, char *out, size_t room)
{
	const char *text = view_text(texts, strings_lang_code(v->lang));
	for (int l = 0; !text[0] && l < STRINGS_LANG_COUNT; l++)
		text = view_text(texts, strings_lang_code((enum strings_lang)l));
	view_foreign(text, out, room);
}
