// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "content/shelf/captions_private.h"
#include "firmware/base/clean.h"

/* --- WebVTT ---------------------------------------------------------------------------------------- */

/* Settings of section 4.4 with plain values; regions go with their definitions. */
static void put_settings(struct captions *c, const struct captions_line *rest)
{
	static const char *const known[] = { "vertical:", "line:", "position:", "size:", "align:" };
	const char *at = rest->at, *end = rest->at + rest->len;
	while (at < end) {
		while (at < end && (*at == ' ' || *at == '\t'))
			at++;
		const char *word = at;
		while (at < end && *at != ' ' && *at != '\t')
			at++;
		size_t len = (size_t)(at - word);
		for (size_t i = 0; i < ARRAY_LEN(known); i++) {
			size_t name = strlen(known[i]);
			if (len <= name || len > 40 || memcmp(word, known[i], name) != 0)
				continue;
			size_t ok = name;
			while (ok < len &&
			       strchr("0123456789.%,-abcdefghijklmnopqrstuvwxyz", word[ok]))
				ok++;
			if (ok != len)
				continue;
			captions_put(c, " ", 1);
			captions_put(c, word, len);
		}
	}
}

int captions_read_vtt(struct captions *c, const char *text, size_t len)
{
	const char *at = text, *end = text + len;
	struct captions_line l, rest;
	int64_t from, to;
	bool open = false;
	while (captions_next_line(&at, end, &l)) {
		if (captions_times(&l, &from, &to, &rest)) {
			if (open)
				captions_end(c);
			captions_begin(c, from, to);
			put_settings(c, &rest);
			captions_settled(c);
			open = true;
		} else if (open && (l.len == 0 || captions_no_times(&l))) {
			captions_end(c);
			open = false;
			c->dropped += l.len != 0;
		} else if (open) {
			captions_put_marked(c, &l, CAPTIONS_TAGS_VTT);
		}
	}
	if (open)
		captions_end(c);
	return c->bad;
}

/* --- SubRip ---------------------------------------------------------------------------------------- */

static bool is_index(const struct captions_line *l)
{
	size_t n = 0;
	for (size_t i = 0; i < l->len; i++) {
		if (l->at[i] >= '0' && l->at[i] <= '9')
			n++;
		else if ((unsigned char)l->at[i] > ' ')
			return false;
	}
	return n > 0;
}

/* A number alone, right before a line with times, counts the cues and is not said. */
static bool counts_next(const char *at, const char *end)
{
	struct captions_line l, rest;
	int64_t from, to;
	return captions_next_line(&at, end, &l) && captions_times(&l, &from, &to, &rest);
}

int captions_read_srt(struct captions *c, const char *text, size_t len)
{
	const char *at = text, *end = text + len;
	struct captions_line l, rest;
	int64_t from, to;
	bool open = false, first = false;
	while (captions_next_line(&at, end, &l)) {
		if (captions_times(&l, &from, &to, &rest)) {
			if (open)
				captions_end(c);
			captions_begin(c, from, to);
			open = first = true;
			continue;
		}
		if (captions_no_times(&l)) {
			if (open)
				captions_end(c);
			open = false;
			c->dropped++;
		}
		if (!open || (is_index(&l) && counts_next(at, end)))
			continue;
		if (first) {
			if (captions_ass_top(l.at, l.len))
				captions_put(c, " line:0", 7);
			captions_settled(c);
		}
		first = false;
		captions_put_marked(c, &l, CAPTIONS_TAGS_SRT);
	}
	if (open)
		captions_end(c);
	return c->bad;
}

/* --- Advanced SubStation --------------------------------------------------------------------------- */

#define FIELDS_MAX 24u

struct fields { /* places of what we need in a Dialogue line; Text is the last */
	size_t start, end, text;
};

static bool starts(const struct captions_line *l, const char *word)
{
	size_t len = strlen(word);
	return l->len >= len && !strncasecmp(l->at, word, len);
}

static struct captions_line trimmed(const char *at, const char *end)
{
	while (at < end && (unsigned char)*at <= ' ')
		at++;
	while (end > at && (unsigned char)end[-1] <= ' ')
		end--;
	return (struct captions_line){ at, (size_t)(end - at) };
}

static struct fields read_format(const struct captions_line *l)
{
	struct fields f = { 1, 2, 9 };
	const char *at = l->at + 7, *end = l->at + l->len;
	for (size_t i = 0; i < FIELDS_MAX && at <= end; i++) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		struct captions_line name = trimmed(at, comma ? comma : end);
		if (name.len == 5 && starts(&name, "Start"))
			f.start = i;
		else if (name.len == 3 && starts(&name, "End"))
			f.end = i;
		else if (name.len == 4 && starts(&name, "Text"))
			f.text = i;
		if (!comma)
			break;
		at = comma + 1;
	}
	return f;
}

static void read_dialogue(struct captions *c, const struct captions_line *l, const struct fields *f)
{
	const char *at = l->at + 9, *end = l->at + l->len;
	int64_t from = -1, to = -1;
	for (size_t i = 0; i < f->text; i++) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		if (!comma)
			return;
		const char *time = at;
		if ((i == f->start && !captions_time(&time, comma, &from)) ||
		    (i == f->end && !captions_time(&time, comma, &to)))
			return;
		at = comma + 1;
	}
	(void)captions_add_ass(c, from, to, at, (size_t)(end - at));
}

int captions_read_ass(struct captions *c, const char *text, size_t len)
{
	const char *at = text, *end = text + len;
	struct captions_line l;
	struct fields f = { 1, 2, 9 };
	bool events = false;
	while (captions_next_line(&at, end, &l)) {
		if (l.len && *l.at == '[')
			events = starts(&l, "[Events]");
		else if (events && starts(&l, "Format:"))
			f = read_format(&l);
		else if (events && starts(&l, "Dialogue:"))
			read_dialogue(c, &l, &f);
	}
	return c->bad;
}
