// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/portal/page.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

#define DEPTH_LIMIT 24u

struct span {
	const char *at, *end;
};

struct scope { /* values visible in a section, the innermost first */
	json_t *value;
	const struct scope *outer;
};

struct work {
	const struct page_source *source;
	enum strings_lang lang;
	FILE *to;
	const char *name; /* of the template under way */
	struct fault *why;
	unsigned depth;
};

static int render(struct work *w, struct span text, const struct scope *scope);

static int wrong(struct work *w, const char *what, struct span tag)
{
	return fault_set(w->why, -EINVAL, "page.template", "template '%s': %s: {{%.*s}}", w->name,
			 what, (int)(tag.end - tag.at), tag.at);
}

static void put_escaped(FILE *to, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		switch (text[i]) {
		case '&':
			fputs("&amp;", to);
			break;
		case '<':
			fputs("&lt;", to);
			break;
		case '>':
			fputs("&gt;", to);
			break;
		case '"':
			fputs("&quot;", to);
			break;
		case '\'':
			fputs("&#39;", to);
			break;
		default:
			fputc(text[i], to);
		}
	}
}

static void put_value(FILE *to, const json_t *value)
{
	if (json_is_string(value))
		put_escaped(to, json_string_value(value), json_string_length(value));
	else if (json_is_integer(value))
		fprintf(to, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
}

static json_t *member(json_t *value, const char *name, size_t len)
{
	char key[64];
	if (len >= sizeof(key))
		return NULL;
	memcpy(key, name, len);
	key[len] = '\0';
	return json_object_get(value, key);
}

/* "a.b": a is looked up from the innermost scope outwards, b within it. */
static json_t *look_up(const struct scope *scope, struct span name)
{
	if (name.end - name.at == 1 && *name.at == '.')
		return scope->value;
	const char *dot = memchr(name.at, '.', (size_t)(name.end - name.at));
	const char *stop = dot ? dot : name.end;
	json_t *value = NULL;
	for (; scope && !value; scope = scope->outer)
		value = member(scope->value, name.at, (size_t)(stop - name.at));
	return value && dot ? member(value, dot + 1, (size_t)(name.end - dot - 1)) : value;
}

static bool holds(const json_t *value)
{
	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_OBJECT:
	case JSON_TRUE:
		return true;
	case JSON_ARRAY:
		return json_array_size(value) > 0;
	case JSON_STRING:
		return json_string_length(value) > 0;
	case JSON_INTEGER:
		return json_integer_value(value) != 0;
	case JSON_REAL:
	case JSON_FALSE:
	case JSON_NULL:
		break;
	}
	return false;
}

static struct span trim(struct span s)
{
	while (s.at < s.end && *s.at == ' ')
		s.at++;
	while (s.end > s.at && s.end[-1] == ' ')
		s.end--;
	return s;
}

/* The next {{tag}} of `text`; *before receives what stands in front of it, *text what follows. */
static int next_tag(struct work *w, struct span *text, struct span *before, struct span *tag,
		    bool *found)
{
	const char *open = memmem(text->at, (size_t)(text->end - text->at), "{{", 2);
	*found = open != NULL;
	*before = (struct span){ text->at, open ? open : text->end };
	if (!open) {
		text->at = text->end;
		return 0;
	}
	const char *close = memmem(open, (size_t)(text->end - open), "}}", 2);
	if (!close)
		return wrong(w, "not closed", (struct span){ open + 2, open + 2 });
	*tag = trim((struct span){ open + 2, close });
	text->at = close + 2;
	return 0;
}

/* What lies between {{#name}} and its {{/name}}; *text goes on behind it. */
static int section_body(struct work *w, struct span *text, struct span name, struct span *body)
{
	unsigned depth = 1;
	struct span before, tag;
	bool found;
	body->at = text->at;
	for (;;) {
		int r = next_tag(w, text, &before, &tag, &found);
		if (r)
			return r;
		if (!found)
			return wrong(w, "a section without end", name);
		if (tag.at < tag.end && (*tag.at == '#' || *tag.at == '^'))
			depth++;
		if (tag.at < tag.end && *tag.at == '/' && --depth == 0)
			break;
	}
	struct span end = trim((struct span){ tag.at + 1, tag.end });
	if (end.end - end.at != name.end - name.at ||
	    memcmp(end.at, name.at, (size_t)(name.end - name.at)) != 0)
		return wrong(w, "a section ends under another name", tag);
	body->end = before.end;
	return 0;
}

static int render_section(struct work *w, struct span body, json_t *value,
			  const struct scope *scope)
{
	if (!json_is_array(value)) {
		const struct scope inner = { value, scope };
		return render(w, body, &inner);
	}
	for (size_t i = 0; i < json_array_size(value); i++) {
		const struct scope inner = { json_array_get(value, i), scope };
		int r = render(w, body, &inner);
		if (r)
			return r;
	}
	return 0;
}

static int put_section(struct work *w, struct span *text, struct span tag,
		       const struct scope *scope)
{
	struct span name = trim((struct span){ tag.at + 1, tag.end });
	struct span body;
	int r = section_body(w, text, name, &body);
	if (r)
		return r;
	json_t *value = look_up(scope, name);
	if (*tag.at == '^')
		return holds(value) ? 0 : render(w, body, scope);
	return holds(value) ? render_section(w, body, value, scope) : 0;
}

static int put_template(struct work *w, struct span tag, const struct scope *scope)
{
	struct span name = trim((struct span){ tag.at + 1, tag.end });
	if (name.at < name.end && *name.at == '*') {
		json_t *value = look_up(scope, (struct span){ name.at + 1, name.end });
		if (!json_is_string(value))
			return wrong(w, "no such name", tag);
		name.at = json_string_value(value);
		name.end = name.at + json_string_length(value);
	}
	size_t len = 0;
	const char *text =
		w->source->find(w->source->data, name.at, (size_t)(name.end - name.at), &len);
	if (!text)
		return wrong(w, "no such template", tag);
	return render(w, (struct span){ text, text + len }, scope);
}

/* A text of the tables, its places filled from the context; what has no value stays as it is written. */
static void put_text(struct work *w, const char *text, const struct scope *scope, const json_t *n)
{
	while (*text) {
		size_t plain = strcspn(text, "{");
		put_escaped(w->to, text, plain);
		text += plain;
		const char *end = *text == '{' ? strchr(text, '}') : NULL;
		if (end) {
			struct span name = { text + 1, end };
			const json_t *value =
				n && end - text == 2 && text[1] == 'n' ? n : look_up(scope, name);
			if (value)
				put_value(w->to, value);
			else
				put_escaped(w->to, text, (size_t)(end - text) + 1);
			text = end + 1;
		} else if (*text) {
			put_escaped(w->to, text++, 1);
		}
	}
}

/* t("id") or p("id", name). */
static int put_call(struct work *w, struct span tag, const struct scope *scope)
{
	char id[96];
	const char *from = tag.at + 3;
	const char *quote = from < tag.end ? memchr(from, '"', (size_t)(tag.end - from)) : NULL;
	if (!quote || (size_t)(quote - from) >= sizeof(id) || tag.end[-1] != ')')
		return wrong(w, "not a text", tag);
	memcpy(id, from, (size_t)(quote - from));
	id[quote - from] = '\0';
	if (*tag.at == 't') {
		put_text(w, strings_get(w->lang, id), scope, NULL);
		return 0;
	}
	if (quote[1] != ',')
		return wrong(w, "not a plural", tag);
	const json_t *n = look_up(scope, trim((struct span){ quote + 2, tag.end - 1 }));
	if (!json_is_integer(n) || json_integer_value(n) < 0)
		return wrong(w, "not a number", tag);
	put_text(w, strings_plural(w->lang, id, (uint64_t)json_integer_value(n)), scope, n);
	return 0;
}

static int put_tag(struct work *w, struct span *text, struct span tag, const struct scope *scope)
{
	size_t len = (size_t)(tag.end - tag.at);
	if (len == 0 || *tag.at == '/')
		return wrong(w, "nothing to put", tag);
	if (*tag.at == '#' || *tag.at == '^')
		return put_section(w, text, tag, scope);
	if (*tag.at == '>')
		return put_template(w, tag, scope);
	if (len > 3 && (*tag.at == 't' || *tag.at == 'p') && tag.at[1] == '(' && tag.at[2] == '"')
		return put_call(w, tag, scope);
	const json_t *value = look_up(scope, tag);
	if (!value)
		return wrong(w, "no such value", tag);
	put_value(w->to, value);
	return 0;
}

static int render(struct work *w, struct span text, const struct scope *scope)
{
	if (++w->depth > DEPTH_LIMIT)
		return wrong(w, "nested too deeply", (struct span){ text.at, text.at });
	while (text.at < text.end) {
		struct span before, tag;
		bool found;
		int r = next_tag(w, &text, &before, &tag, &found);
		if (r)
			return r;
		fwrite(before.at, 1, (size_t)(before.end - before.at), w->to);
		if (found && (r = put_tag(w, &text, tag, scope)))
			return r;
	}
	w->depth--;
	return 0;
}

int page_render(const struct page_source *source, const char *name, enum strings_lang lang,
		json_t *context, char **out, size_t *len, struct fault *why)
{
	AUTO_FREE char *bytes = NULL;
	size_t bytes_len = 0, text_len = 0;
	const char *text = source->find(source->data, name, strlen(name), &text_len);
	if (!text)
		return fault_set(why, -EINVAL, "page.template", "there is no template '%s'", name);
	struct work w = { .source = source, .lang = lang, .name = name, .why = why };
	w.to = open_memstream(&bytes, &bytes_len);
	if (!w.to)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	const struct scope scope = { context, NULL };
	int r = render(&w, (struct span){ text, text + text_len }, &scope);
	int bad = ferror(w.to);
	if ((fclose(w.to) != 0 || bad) && r == 0)
		r = fault_set(why, -ENOMEM, "memory", "out of memory");
	if (r)
		return r;
	*out = MOVE_PTR(bytes);
	*len = bytes_len;
	return 0;
}
