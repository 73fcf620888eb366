// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "firmware/base/conf.h"
#include "firmware/base/conf_value.h"

/* Text that roff takes as it stands: no control line, no escape. */
static void put_text(const char *text, FILE *to)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", to);
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", to);
		else if (*text == '"')
			fputs("\\(dq", to);
		else
			putc(*text == '\n' ? ' ' : *text, to);
	}
}

static void put_key(const struct conf_key *key, FILE *to)
{
	static const char *const kinds[] = { "text", "number", "yes or no", "size", "word" };
	char range[400];
	conf_value_range(key, range, sizeof(range));
	fprintf(to, ".It Cm %s\n", key->name);
	put_text(key->help, to);
	fprintf(to, "\n.Pq %s", kinds[key->type]);
	if (range[0]) {
		fputs(": \"", to);
		put_text(range, to);
		fputs("\"", to);
	}
	fputs(" .\n", to);
	if (key->fallback && key->fallback[0]) {
		fputs("Default:\n.Ql \"", to);
		put_text(key->fallback, to);
		fputs("\" .\n", to);
	}
}

void conf_print_man(const struct conf_schema *schema, FILE *to)
{
	fprintf(to, ".Sh CONFIGURATION\n"
		    ".Nm\nreads\n.Pa /etc/wasl/profile.conf ,\nthen\n.Pa "
		    "/var/lib/wasl/conf/site.conf ,\n"
		    "then the file named with\n.Fl c ;\na later file wins key by key.\n"
		    "Lines are\n.Ql key = value\nbelow a\n.Ql [section] ;\n"
		    "lines that start with\n.Ql #\nor\n.Ql \\&;\nare comments.\n"
		    "Sizes take K, M, G or T, powers of 1024.\n");
	for (size_t i = 0; i < schema->section_count; i++) {
		const struct conf_section *section = &schema->sections[i];
		fprintf(to, ".Ss [%s%s]\n", section->name, section->max ? " NAME" : "");
		if (section->help) {
			put_text(section->help, to);
			putc('\n', to);
		}
		if (section->max)
			fprintf(to, "At most %zu of them.\n", section->max);
		fputs(".Bl -tag -width Ds\n", to);
		for (size_t k = 0; k < section->key_count; k++)
			put_key(&section->keys[k], to);
		fputs(".El\n", to);
	}
}
