// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/school.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"
#include "provisioning/hub/csv.h"

static const struct {
	const char *name;
	int required;
} column_table[SCHOOL_COLUMN_COUNT] = {
	[SCHOOL_CODE] = { "code", 1 },
	[SCHOOL_NAME_AR] = { "name_ar", 1 },
	[SCHOOL_NAME_FR] = { "name_fr", 1 },
	[SCHOOL_NAME_EN] = { "name_en", 1 },
	[SCHOOL_COUNTRY] = { "country", 1 },
	[SCHOOL_REGION] = { "region", 1 },
	[SCHOOL_LAT] = { "lat", 1 },
	[SCHOOL_LON] = { "lon", 1 },
	[SCHOOL_PUPILS] = { "pupils", 1 },
	[SCHOOL_LEVEL] = { "level", 1 },
	[SCHOOL_REGION_AR] = { "region_ar", 0 },
	[SCHOOL_GIGA_ID] = { "giga_id", 0 },
	[SCHOOL_SAMPLE] = { "sample", 0 },
};

static const char *const levels[] = { "preschool",       "primary",    "lower-secondary",
				      "upper-secondary", "vocational", "mixed" };

static int find_column(const char *name)
{
	for (int i = 0; i < SCHOOL_COLUMN_COUNT; i++)
		if (strcasecmp(column_table[i].name, name) == 0)
			return i;
	return -1;
}

int school_columns_read(const struct csv_row *row, struct school_columns *out, struct fault *why)
{
	struct school_columns columns;
	for (int i = 0; i < SCHOOL_COLUMN_COUNT; i++)
		columns.at[i] = -1;
	for (size_t f = 0; f < row->count; f++) {
		int i = find_column(row->field[f]);
		if (i < 0)
			return fault_set(
				why, -EINVAL, "school.column",
				"line %u: column '%s' is not known; allowed: code, name_ar, "
				"name_fr, name_en, country, "
				"region, lat, lon, pupils, level, region_ar, giga_id, sample",
				row->line, row->field[f]);
		if (columns.at[i] >= 0)
			return fault_set(why, -EINVAL, "school.column",
					 "line %u: column '%s' is there twice", row->line,
					 row->field[f]);
		columns.at[i] = (int)f;
	}
	for (int i = 0; i < SCHOOL_COLUMN_COUNT; i++)
		if (column_table[i].required && columns.at[i] < 0)
			return fault_set(
				why, -EINVAL, "school.column",
				"line %u: column '%s' is missing; the first line names the columns",
				row->line, column_table[i].name);
	*out = columns;
	return 0;
}

bool school_code_ok(const char *code)
{
	size_t len = strlen(code);
	if (len == 0 || len > 31 || code[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)code[i]) && !strchr("-_.", code[i]))
			return false;
	return true;
}

int school_degrees_parse(const char *text, int limit, int32_t *out)
{
	int sign = *text == '-' ? -1 : 1;
	if (*text == '-' || *text == '+')
		text++;
	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	int64_t value = 0;
	for (; isdigit((unsigned char)*text); text++)
		if ((value = value * 10 + (*text - '0')) > 1000)
			return -ERANGE;
	value *= 1000000;
	if (*text == '.' || *text == ',') {
		text++;
		for (int64_t unit = 100000; isdigit((unsigned char)*text); text++, unit /= 10)
			value += (*text - '0') * unit;
	}
	if (*text)
		return -EINVAL;
	if (value > (int64_t)limit * 1000000)
		return -ERANGE;
	*out = (int32_t)(sign * value);
	return 0;
}

/* What the row being read has in a column, and where faults about it belong. */
struct cell {
	const struct csv_row *row;
	const struct school_columns *columns;
	struct fault *why;
};

static const char *cell_text(const struct cell *c, enum school_column column)
{
	int at = c->columns->at[column];
	return at >= 0 && (size_t)at < c->row->count ? c->row->field[at] : "";
}

static int refuse(const struct cell *c, enum school_column column, const char *rule)
{
	return fault_set(c->why, -EINVAL, "school.value", "line %u: %s '%.60s': %s", c->row->line,
			 column_table[column].name, cell_text(c, column), rule);
}

static int take_text(const struct cell *c, enum school_column column, char *out, size_t room)
{
	const char *text = cell_text(c, column);
	size_t len = strlen(text);
	if (len >= room)
		return refuse(c, column, "too long");
	if (!text_is_utf8(text, len))
		return refuse(c, column, "not UTF-8; save the file as 'CSV UTF-8'");
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return refuse(c, column, "has a control character");
	memcpy(out, text, len + 1);
	return 0;
}

static int take_pupils(const struct cell *c, uint32_t *out)
{
	const char *text = cell_text(c, SCHOOL_PUPILS);
	char *end = NULL;
	errno = 0;
	unsigned long value = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno || value > 100000)
		return refuse(c, SCHOOL_PUPILS, "must be a whole number from 0 to 100000");
	*out = (uint32_t)value;
	return 0;
}

static int take_level(const struct cell *c, char *out, size_t room)
{
	for (size_t i = 0; i < ARRAY_LEN(levels); i++)
		if (strcmp(levels[i], cell_text(c, SCHOOL_LEVEL)) == 0)
			return take_text(c, SCHOOL_LEVEL, out, room);
	return refuse(c, SCHOOL_LEVEL,
		      "must be preschool, primary, lower-secondary, upper-secondary, vocational or "
		      "mixed");
}

static int take_giga_id(const struct cell *c, char *out, size_t room)
{
	const char *text = cell_text(c, SCHOOL_GIGA_ID);
	size_t len = strlen(text);
	for (size_t i = 0; i < len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			return refuse(c, SCHOOL_GIGA_ID, "must be a UUID or empty");
	}
	if (len != 0 && len != 36)
		return refuse(c, SCHOOL_GIGA_ID, "must be a UUID or empty");
	return take_text(c, SCHOOL_GIGA_ID, out, room);
}

static int take_sample(const struct cell *c, bool *out)
{
	const char *text = cell_text(c, SCHOOL_SAMPLE);
	if (strcmp(text, "yes") == 0 || strcmp(text, "1") == 0)
		*out = true;
	else if (strcmp(text, "no") == 0 || strcmp(text, "0") == 0 || !*text)
		*out = false;
	else
		return refuse(c, SCHOOL_SAMPLE, "must be yes or no");
	return 0;
}

static int take_names(const struct cell *c, struct school *s)
{
	int code = take_text(c, SCHOOL_NAME_AR, s->name_ar, sizeof(s->name_ar));
	if (code == 0)
		code = take_text(c, SCHOOL_NAME_FR, s->name_fr, sizeof(s->name_fr));
	if (code == 0)
		code = take_text(c, SCHOOL_NAME_EN, s->name_en, sizeof(s->name_en));
	if (code == 0 && !*s->name_ar && !*s->name_fr && !*s->name_en)
		return refuse(c, SCHOOL_NAME_AR, "a school needs a name in one language at least");
	return code;
}

static int take_place(const struct cell *c, struct school *s)
{
	const char *country = cell_text(c, SCHOOL_COUNTRY);
	if (strlen(country) != 2 || !isupper((unsigned char)country[0]) ||
	    !isupper((unsigned char)country[1]))
		return refuse(c, SCHOOL_COUNTRY, "must be two capital letters (ISO 3166-1), as TN");
	memcpy(s->country, country, 3);
	if (!*cell_text(c, SCHOOL_REGION))
		return refuse(c, SCHOOL_REGION, "must not be empty");
	int code = take_text(c, SCHOOL_REGION, s->region, sizeof(s->region));
	if (code == 0)
		code = take_text(c, SCHOOL_REGION_AR, s->region_ar, sizeof(s->region_ar));
	if (code)
		return code;
	if (school_degrees_parse(cell_text(c, SCHOOL_LAT), 90, &s->lat_e6))
		return refuse(c, SCHOOL_LAT, "must be degrees from -90 to 90, as 36.8065");
	if (school_degrees_parse(cell_text(c, SCHOOL_LON), 180, &s->lon_e6))
		return refuse(c, SCHOOL_LON, "must be degrees from -180 to 180, as 10.1815");
	return 0;
}

int school_read(const struct csv_row *row, const struct school_columns *columns, struct school *out,
		struct fault *why)
{
	struct cell c = { row, columns, why };
	struct school s = { 0 };
	if (!school_code_ok(cell_text(&c, SCHOOL_CODE)))
		return refuse(&c, SCHOOL_CODE, "must be 1-31 letters, digits, '-', '_' or '.'");
	int code = take_text(&c, SCHOOL_CODE, s.code, sizeof(s.code));
	if (code == 0)
		code = take_names(&c, &s);
	if (code == 0)
		code = take_place(&c, &s);
	if (code == 0)
		code = take_pupils(&c, &s.pupils);
	if (code == 0)
		code = take_level(&c, s.level, sizeof(s.level));
	if (code == 0)
		code = take_giga_id(&c, s.giga_id, sizeof(s.giga_id));
	if (code == 0)
		code = take_sample(&c, &s.sample);
	if (code == 0)
		*out = s;
	return code;
}

const char *school_name(const struct school *s, const char *lang)
{
	const char *wanted = strcmp(lang, "ar") == 0   ? s->name_ar
			     : strcmp(lang, "fr") == 0 ? s->name_fr
						       : s->name_en;
	if (*wanted)
		return wanted;
	return *s->name_ar ? s->name_ar : *s->name_fr ? s->name_fr : s->name_en;
}
