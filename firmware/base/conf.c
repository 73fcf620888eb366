// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/conf_value.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "firmware/base/settings_rules.h"
#include "firmware/base/text.h"

#define FILE_LIMIT_BYTES (256u << 10)
#define LINE_ROOM 1024
#define NAME_ROOM 32 /* `char name[32]` of a repeated section's items */

static const struct {
	const char *section, *program;
} house[] = {
#define CONF_SECTION(section, program) { section, program },
#include "firmware/base/conf_sections.def"
#undef CONF_SECTION
};

/* Where the reader stands in a file. */
struct reader {
	const struct conf_schema *schema;
	const char *file;
	unsigned line;
	void *out;
	char head[80];                      /* "uplink adsl" for messages */
	const struct conf_section *section; /* NULL: before the first, or of another program */
	bool foreign;                       /* of another program: passed over */
	char *item;                         /* struct that the section's keys fill */
	char name[NAME_ROOM], own[48];      /* of the section, as it stands there */
	struct fault *passed;               /* not NULL: this is what the ministry has set */
};

static void fill_defaults(const struct conf_section *section, void *item)
{
	for (size_t i = 0; i < section->key_count; i++) {
		const struct conf_key *key = &section->keys[i];
		struct fault why;
		if (key->fallback && conf_value_set(key, key->fallback, item, &why) < 0) {
			/* The table contradicts itself: a mistake in the program that its first run shows. */
			fprintf(stderr, "default of [%s] %s: %s\n", section->name, key->name,
				why.text);
			abort();
		}
	}
}

void conf_defaults(const struct conf_schema *schema, void *out)
{
	for (size_t i = 0; i < schema->section_count; i++)
		if (!schema->sections[i].max)
			fill_defaults(&schema->sections[i], (char *)out + schema->sections[i].at);
}

/* "site.conf line 12: [uplink adsl] " before the sentence. */
static int at_line(const struct reader *r, struct fault *why, int code)
{
	if (!why)
		return code;
	struct fault inner = *why;
	return fault_set(why, code, inner.id, "%s line %u:%s%s%s %s", r->file, r->line,
			 r->head[0] ? " [" : "", r->head, r->head[0] ? "]" : "", inner.text);
}

static const struct conf_section *find_section(const struct conf_schema *schema, const char *name)
{
	for (size_t i = 0; i < schema->section_count; i++)
		if (strcmp(schema->sections[i].name, name) == 0)
			return &schema->sections[i];
	return NULL;
}

static bool in_the_house(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(house); i++)
		if (strcmp(house[i].section, name) == 0)
			return true;
	return false;
}

bool conf_item_name(const char *name)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	return name[0] && name[0] != '-' && name[0] != '.' && strlen(name) < NAME_ROOM &&
	       name[strspn(name, allowed)] == '\0';
}

/* NULL: there is none of that name. */
static char *find_item(const struct conf_section *section, const char *name, void *out)
{
	size_t count = 0;
	memcpy(&count, (char *)out + section->count_at, sizeof(count));
	char *items = (char *)out + section->at;
	for (size_t i = 0; i < count; i++)
		if (strcmp(items + i * section->each, name) == 0)
			return items + i * section->each;
	return NULL;
}

/* A new one with its defaults; NULL when there is no room. */
static char *add_item(const struct conf_section *section, const char *name, void *out)
{
	size_t count = 0;
	memcpy(&count, (char *)out + section->count_at, sizeof(count));
	char *items = (char *)out + section->at;
	if (count >= section->max)
		return NULL;
	char *item = items + count * section->each;
	memset(item, 0, section->each);
	memcpy(item, name, strlen(name) + 1);
	fill_defaults(section, item);
	count++;
	memcpy((char *)out + section->count_at, &count, sizeof(count));
	return item;
}

static int enter_repeated(struct reader *r, const char *name, struct fault *why)
{
	if (!name)
		return fault_set(why, -EINVAL, "conf.section",
				 "the section needs a name of its own; write [%s NAME]",
				 r->section->name);
	if (!conf_item_name(name))
		return fault_set(
			why, -EINVAL, "conf.section",
			"'%.60s' is no usable name; write 1 to 31 letters, digits, dots or dashes",
			name);
	r->item = find_item(r->section, name, r->out);
	if (!r->item && r->passed) {
		/* Nobody can plug in an uplink from the ministry; the other settings are good all the same. */
		r->foreign = true;
		fault_set(r->passed, -ENOENT, "settings.passed",
			  "%s line %u: there is no [%s] here; what is set for it is passed over",
			  r->file, r->line, r->head);
		return 0;
	}
	if (!r->item)
		r->item = add_item(r->section, name, r->out);
	if (!r->item)
		return fault_set(why, -E2BIG, "conf.section",
				 "there are more than %zu such sections; remove one",
				 r->section->max);
	return 0;
}

static int enter_section(struct reader *r, char *line, struct fault *why)
{
	r->head[0] = '\0';
	r->section = NULL;
	char *end = strchr(line, ']');
	if (!end || end[1])
		return fault_set(why, -EINVAL, "conf.syntax",
				 "'%.60s' is no section; write [name] alone on its line", line);
	*end = '\0';
	char *rest = NULL, *name = strtok_r(line + 1, " \t", &rest);
	char *own = name ? strtok_r(NULL, " \t", &rest) : NULL;
	if (!name || (own && strtok_r(NULL, " \t", &rest)))
		return fault_set(why, -EINVAL, "conf.syntax",
				 "a section has one or two words; write [name] or [name item]");
	snprintf(r->head, sizeof(r->head), "%.31s%s%.44s", name, own ? " " : "", own ? own : "");
	snprintf(r->name, sizeof(r->name), "%s", name);
	snprintf(r->own, sizeof(r->own), "%s", own ? own : "");

	r->section = find_section(r->schema, name);
	r->foreign = !r->section && in_the_house(name);
	if (r->foreign)
		return 0;
	if (!r->section)
		return fault_set(why, -EINVAL, "conf.section",
				 "no program of the house reads this section; is it misspelt?");
	if (r->section->max)
		return enter_repeated(r, own, why);
	if (own)
		return fault_set(why, -EINVAL, "conf.section", "there is only one; write [%s]",
				 name);
	r->item = (char *)r->out + r->section->at;
	return 0;
}

static int unknown_key(const struct conf_section *section, const char *name, struct fault *why)
{
	char known[300] = "";
	for (size_t i = 0, at = 0; i < section->key_count && at < sizeof(known); i++)
		at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%s", i ? ", " : "",
				       section->keys[i].name);
	return fault_set(why, -EINVAL, "conf.key", "there is no key '%.40s' here; there is: %s",
			 name, known);
}

static char *trim(char *s)
{
	s += strspn(s, " \t\r");
	size_t len = strlen(s);
	while (len > 0 && strchr(" \t\r", s[len - 1]))
		s[--len] = '\0';
	return s;
}

static int read_key(struct reader *r, char *line, struct fault *why)
{
	char *equals = strchr(line, '=');
	if (!equals)
		return fault_set(why, -EINVAL, "conf.syntax",
				 "'%.60s' is no setting; write key = value", line);
	*equals = '\0';
	const char *name = trim(line), *value = trim(equals + 1);
	int allowed = r->passed
			      ? settings_allow(r->name, r->own[0] ? r->own : NULL, name, value, why)
			      : 0;
	if (allowed || r->foreign)
		return allowed;
	if (!r->section)
		return fault_set(why, -EINVAL, "conf.syntax",
				 "a setting stands before the first [section]");
	for (size_t i = 0; i < r->section->key_count; i++) {
		if (strcmp(r->section->keys[i].name, name) != 0)
			continue;
		int code = conf_value_set(&r->section->keys[i], value, r->item, why);
		return code < 0 ? fault_within(why, "%s", name), code : 0;
	}
	return unknown_key(r->section, name, why);
}

static int read_line(struct reader *r, const char *start, size_t len, struct fault *why)
{
	char copy[LINE_ROOM];
	if (len >= sizeof(copy))
		return fault_set(why, -EINVAL, "conf.syntax", "the line has %zu bytes; at most %zu",
				 len, sizeof(copy) - 1);
	if (!text_is_utf8(start, len))
		return fault_set(why, -EILSEQ, "conf.syntax",
				 "the line is not UTF-8 text; save the file as UTF-8");
	memcpy(copy, start, len);
	copy[len] = '\0';
	char *line = trim(copy);
	if (line[0] == '\0' || line[0] == '#' || line[0] == ';')
		return 0;
	return line[0] == '[' ? enter_section(r, line, why) : read_key(r, line, why);
}

static int read_text(struct reader *r, const char *text, size_t len, struct fault *why)
{
	if (len > FILE_LIMIT_BYTES)
		return fault_set(why, -EFBIG, "conf.big",
				 "%s: more than %u bytes; that is no configuration file", r->file,
				 FILE_LIMIT_BYTES);
	/* Editors elsewhere put a byte order mark at the start. */
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t line_len = end ? (size_t)(end - text) : len;
		r->line++;
		int code = read_line(r, text, line_len, why);
		if (code < 0)
			return at_line(r, why, code);
		size_t used = line_len + (end ? 1 : 0);
		text += used;
		len -= used;
	}
	return 0;
}

int conf_parse(const struct conf_schema *schema, const char *name, const char *text, size_t len,
	       void *out, struct fault *why)
{
	struct reader r = { .schema = schema, .file = name, .out = out };
	return read_text(&r, text, len, why);
}

int conf_parse_settled(const struct conf_schema *schema, const char *name, const char *text,
		       size_t len, void *out, struct fault *passed, struct fault *why)
{
	struct reader r = { .schema = schema, .file = name, .out = out, .passed = passed };
	*passed = (struct fault){ 0 };
	return read_text(&r, text, len, why);
}

int conf_read(const struct conf_schema *schema, const char *path, void *out, struct fault *why)
{
	AUTO_FREE void *text = NULL;
	size_t len = 0;
	int code = fileio_read(path, FILE_LIMIT_BYTES, &text, &len, why);
	return code < 0 ? code : conf_parse(schema, path, text, len, out, why);
}

static int read_settled(const struct conf_schema *schema, const char *path, void *out,
			struct fault *passed, struct fault *why)
{
	AUTO_FREE void *text = NULL;
	size_t len = 0;
	int code = fileio_read(path, FILE_LIMIT_BYTES, &text, &len, why);
	return code < 0 ? code : conf_parse_settled(schema, path, text, len, out, passed, why);
}

int conf_load(const struct conf_schema *schema, const char *extra, void *out, struct fault *why)
{
	return conf_load_with(schema, NULL, extra, out, NULL, why);
}

int conf_load_with(const struct conf_schema *schema, const char *settled, const char *extra,
		   void *out, struct fault *passed, struct fault *why)
{
	const struct path layers[] = { paths_at("/etc/wasl/profile.conf"),
				       paths_at("/var/lib/wasl/conf/site.conf") };
	conf_defaults(schema, out);
	for (size_t i = 0; i < ARRAY_LEN(layers); i++) {
		int code = conf_read(schema, layers[i].at, out, why);
		if (code < 0 && code != -ENOENT)
			return code;
	}
	int code = settled ? read_settled(schema, settled, out, passed, why) : 0;
	return code == 0 && extra ? conf_read(schema, extra, out, why) : code;
}

static void print_section(const struct conf_section *section, const char *item, FILE *to)
{
	if (section->max)
		fprintf(to, "[%s %s]\n", section->name, item);
	else
		fprintf(to, "[%s]\n", section->name);
	for (size_t i = 0; i < section->key_count; i++) {
		fprintf(to, "%s = ", section->keys[i].name);
		conf_value_print(&section->keys[i], item, to);
		putc('\n', to);
	}
}

void conf_print_values(const struct conf_schema *schema, const void *values, FILE *to)
{
	for (size_t i = 0; i < schema->section_count; i++) {
		const struct conf_section *section = &schema->sections[i];
		const char *at = (const char *)values + section->at;
		size_t count = 1;
		if (section->max)
			memcpy(&count, (const char *)values + section->count_at, sizeof(count));
		for (size_t n = 0; n < count; n++)
			print_section(section, at + n * section->each, to);
	}
}
