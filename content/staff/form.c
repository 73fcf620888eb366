// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/staff/form.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/text.h"

static int hex_of(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place, from `at` to `end`; the new end, or NULL. */
static char *decode(char *at, const char *end)
{
	char *to = at;
	while (at < end) {
		if (*at != '%') {
			*to++ = *at == '+' ? ' ' : *at;
			at++;
			continue;
		}
		const int high = end - at > 2 ? hex_of((unsigned char)at[1]) : -1;
		const int low = high < 0 ? -1 : hex_of((unsigned char)at[2]);
		if (low < 0)
			return NULL;
		*to++ = (char)(high << 4 | low);
		at += 3;
	}
	return to;
}

static bool is_text(const char *text, size_t len)
{
	if (!text_is_utf8(text, len))
		return false;
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)text[i] < 0x20 && !strchr("\t\n\r", text[i])) ||
		    text[i] == 0x7f)
			return false;
	return true;
}

static int take(struct form *f, char *from, char *end)
{
	char *equals = memchr(from, '=', (size_t)(end - from));
	char *name_end = equals ? equals : end;
	char *value = equals ? equals + 1 : end;
	char *stop = decode(from, name_end), *value_stop = decode(value, end);
	if (!stop || !value_stop || !is_text(from, (size_t)(stop - from)) ||
	    !is_text(value, (size_t)(value_stop - value)))
		return -EINVAL;
	if (f->count == FORM_FIELDS)
		return -EINVAL;
	*value_stop = '\0'; /* the place of '&', or the terminator */
	*stop = '\0';       /* the place of '=', or the same */
	f->fields[f->count].name = from;
	f->fields[f->count++].value = equals ? value : stop;
	return 0;
}

int form_parse(const void *body, size_t len, struct form *out)
{
	struct form f = { .text = malloc(len + 1) };
	if (!f.text)
		return -ENOMEM;
	if (len)
		memcpy(f.text, body, len);
	f.text[len] = '\0';
	int r = 0;
	for (char *at = f.text, *end = f.text + len; r == 0 && at < end;) {
		char *stop = memchr(at, '&', (size_t)(end - at));
		stop = stop ? stop : end;
		if (stop > at)
			r = take(&f, at, stop);
		at = stop + 1;
	}
	if (r)
		form_done(&f);
	else
		*out = f;
	return r;
}

void form_done(struct form *f)
{
	free(f->text);
	*f = (struct form){ 0 };
}

const char *form_get(const struct form *f, const char *name)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->fields[i].name, name) == 0)
			return f->fields[i].value;
	return "";
}

bool form_cookie(const char *header, const char *name, char *out, size_t room)
{
	const size_t name_len = strlen(name);
	for (const char *at = header; at && *at;) {
		at += strspn(at, " ;");
		const size_t len = strcspn(at, ";");
		if (len > name_len && strncmp(at, name, name_len) == 0 && at[name_len] == '=') {
			const size_t value = len - name_len - 1;
			if (value >= room)
				return false;
			memcpy(out, at + name_len + 1, value);
			out[value] = '\0';
			return true;
		}
		at += len;
	}
	return false;
}

bool form_line(const char *text, char *out, size_t room)
{
	text += strspn(text, " \t\r\n");
	size_t len = strlen(text);
	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	if (len >= room)
		return false;
	for (size_t i = 0; i < len; i++)
		out[i] = strchr("\t\r\n", text[i]) ? ' ' : text[i];
	out[len] = '\0';
	return true;
}
