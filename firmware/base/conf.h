// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct fault;

/*
 * Configuration: INI files read through one schema table per program. The parser, `-n`, the defaults
 * and the man page all come from that table.
 *
 *	static const struct conf_key keys[] = {
 *		CONF_STR(struct origin_conf, url, "url", "", "where catalogue and lessons come from"),
 *		CONF_INT(struct origin_conf, stall_s, "stall", 20, 1, 600, "seconds without a byte …"),
 *	};
 *	static const struct conf_section sections[] = {
 *		{ "origin", keys, ARRAY_LEN(keys), .at = offsetof(struct content_conf, origin) },
 *		{ "uplink", …, .each = sizeof(struct uplink_conf), .max = 8, .at = …, .count_at = … },
 *	};
 *	static const struct conf_schema schema = { "wasl-contentd", sections, ARRAY_LEN(sections) };
 *
 * Lines are `key = value` below a `[section]`; lines that start with # or ; are comments. UTF-8.
 * Text values are char arrays inside the caller's struct, always terminated. A section with `.max`
 * is repeated as `[uplink adsl]`; its items are zeroed structs that begin with `char name[32]`.
 * A section that no program of the house has (firmware/base/conf_sections.def) and a key that the
 * section does not have are errors; a section of another program is passed over.
 */
enum conf_type { CONF_TYPE_STR, CONF_TYPE_INT, CONF_TYPE_BOOL, CONF_TYPE_BYTES, CONF_TYPE_WORD };

struct conf_key {
	const char *name;
	enum conf_type type;
	size_t at;            /* offset in the section's struct */
	size_t room;          /* CONF_TYPE_STR: size of the array */
	const char *fallback; /* as one would write it in the file */
	int64_t min, max;     /* CONF_TYPE_INT and CONF_TYPE_BYTES, both included */
	const char *const *
		words; /* CONF_TYPE_WORD: the allowed words, NULL at the end; stored as int index */
	const char *help; /* one line for the man page */
};

/* Field types: STR char[N], INT int64_t, BOOL bool, BYTES uint64_t ("64M", "20G": powers of 1024), WORD int.
 * A NULL default leaves the field zero. */
#define CONF_STR(t, f, n, def, h)                                       \
	{                                                               \
		.name = n, .type = CONF_TYPE_STR, .at = offsetof(t, f), \
		.room = sizeof(((t *)0)->f), .fallback = def, .help = h \
	}
#define CONF_INT(t, f, n, def, lo, hi, h)                                                \
	{                                                                                \
		.name = n, .type = CONF_TYPE_INT, .at = offsetof(t, f), .fallback = def, \
		.min = lo, .max = hi, .help = h                                          \
	}
#define CONF_BOOL(t, f, n, def, h)                                                        \
	{                                                                                 \
		.name = n, .type = CONF_TYPE_BOOL, .at = offsetof(t, f), .fallback = def, \
		.help = h                                                                 \
	}
#define CONF_BYTES(t, f, n, def, lo, hi, h)                                                \
	{                                                                                  \
		.name = n, .type = CONF_TYPE_BYTES, .at = offsetof(t, f), .fallback = def, \
		.min = lo, .max = hi, .help = h                                            \
	}
#define CONF_WORD(t, f, n, def, w, h)                                                     \
	{                                                                                 \
		.name = n, .type = CONF_TYPE_WORD, .at = offsetof(t, f), .fallback = def, \
		.words = w, .help = h                                                     \
	}

struct conf_section {
	const char *name;
	const struct conf_key *keys;
	size_t key_count;
	size_t at;        /* offset of the section's struct (or of the array) in the whole */
	size_t each, max; /* repeated sections: size of one item, how many at most; else 0 */
	size_t count_at;  /* repeated sections: offset of a size_t that receives how many */
	const char *help; /* one sentence for the man page */
};

struct conf_schema {
	const char *program;
	const struct conf_section *sections;
	size_t section_count;
};

/* Writes the defaults of every section that is not repeated. `out` is the caller's zeroed struct. */
void conf_defaults(const struct conf_schema *schema, void *out);

/*
 * Reads one file over what is in `out`; a later file wins key by key. `missing_ok` files may be absent.
 * On failure *why names file, line, key, value and the allowed range, and `out` holds what stood
 * before that line: read a changed file into a fresh struct.
 */
int conf_read(const struct conf_schema *schema, const char *path, void *out, struct fault *why);

/* Same from memory (`name` stands for the file in messages); at most 256 KiB. */
int conf_parse(const struct conf_schema *schema, const char *name, const char *text, size_t len,
	       void *out, struct fault *why);

/*
 * The house's layers in order: defaults, /etc/wasl/profile.conf, /var/lib/wasl/conf/site.conf, then
 * `extra` (a file named on the command line with -c; NULL for none). Absent layers are skipped,
 * an absent `extra` is an error.
 */
int conf_load(const struct conf_schema *schema, const char *extra, void *out, struct fault *why);

/*
 * What the ministry has set: takes only what firmware/base/settings_rules.h lets it change, in sections of other programs, too;
 * anything else refuses the whole. An item of a repeated section that is not in `out` yet is passed over, and *passed (code 0:
 * nothing) names the last one.
 */
int conf_parse_settled(const struct conf_schema *schema, const char *name, const char *text,
		       size_t len, void *out, struct fault *passed, struct fault *why);

/* conf_load() with such a file above site.conf (NULL: none); for conf_settings.c. */
int conf_load_with(const struct conf_schema *schema, const char *settled, const char *extra,
		   void *out, struct fault *passed, struct fault *why);

/* What an item of a repeated section may be called: 1 to 31 letters, digits and "._-", not first "." or "-". */
bool conf_item_name(const char *name);

/* The CONFIGURATION section of the man page, as mdoc. */
void conf_print_man(const struct conf_schema *schema, FILE *to);

/* What is in force, as a file that conf_parse() reads back to the same values. */
void conf_print_values(const struct conf_schema *schema, const void *values, FILE *to);
