// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct fault;
struct csv_row;

/*
 * A school as the ministry registers it. The key is the ministry's own code; a Giga id is an alias.
 * Coordinates are in millionths of a degree (WGS 84).
 */
struct school {
	char code[32];
	char name_ar[192], name_fr[192],
		name_en[192]; /* "" where there is none; one at least is there */
	char country[4];      /* ISO 3166-1 alpha-2 */
	char region[64];    /* governorate, wilaya, province: as the ministry writes it; the key */
	char region_ar[64]; /* its name on Arabic pages, "" for the same */
	char level[32];
	char giga_id[40]; /* "" or a UUID */
	int32_t lat_e6, lon_e6;
	uint32_t pupils;
	bool sample; /* made up, not a real school */
};

/* Where the columns of a file are; -1 where the file has none. */
enum school_column {
	SCHOOL_CODE,
	SCHOOL_NAME_AR,
	SCHOOL_NAME_FR,
	SCHOOL_NAME_EN,
	SCHOOL_COUNTRY,
	SCHOOL_REGION,
	SCHOOL_LAT,
	SCHOOL_LON,
	SCHOOL_PUPILS,
	SCHOOL_LEVEL,
	SCHOOL_REGION_AR,
	SCHOOL_GIGA_ID,
	SCHOOL_SAMPLE,
	SCHOOL_COLUMN_COUNT
};
struct school_columns {
	int at[SCHOOL_COLUMN_COUNT];
};

/* From the first row of a file, in any order. region_ar, giga_id and sample may be absent; a column that is none of ours is an error. */
int school_columns_read(const struct csv_row *row, struct school_columns *out, struct fault *why);

/* One school; the sentence names line, column, value and what is allowed. */
int school_read(const struct csv_row *row, const struct school_columns *columns, struct school *out,
		struct fault *why);

/* Letters, digits, "-", "_" and ".", 1-31 of them: safe in URLs, file names and pages. */
bool school_code_ok(const char *code);

/* "36.806500" -> 36806500; at most 6 decimals count; -EINVAL, -ERANGE beyond +-limit degrees. */
int school_degrees_parse(const char *text, int limit, int32_t *out);

/* The name in `lang` ("ar", "fr", "en"), or the first that there is. */
const char *school_name(const struct school *s, const char *lang);
