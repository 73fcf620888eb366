// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>
#include <strings.h>

#include "content/shelf/captions_private.h"
#include "firmware/base/clean.h"

#define TAG_MAX 120u

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* --- SubRip and WebVTT ----------------------------------------------------------------------------- */

/* Tags that both know, and those of WebVTT alone (section 4.2.2). */
static bool is_known_tag(const char *name, size_t len, enum captions_tags tags)
{
	static const char *const both[] = { "i", "b", "u" };
	static const char *const ours[] = { "c", "v", "lang", "ruby", "rt" };
	for (size_t i = 0; i < ARRAY_LEN(both); i++)
		if (strlen(both[i]) == len && !strncasecmp(name, both[i], len))
			return true;
	for (size_t i = 0; tags == CAPTIONS_TAGS_VTT && i < ARRAY_LEN(ours); i++)
		if (strlen(ours[i]) == len && !memcmp(name, ours[i], len))
			return true;
	return false;
}

/* What stands between < and >, when that is a tag at all; NULL: a sign of the text. */
static const char *tag_end(const char *at, const char *end)
{
	const char *c = at + 1;
	if (c < end && *c == '/')
		c++;
	if (c >= end || !is_word(*c))
		return NULL;
	for (; c < end && (size_t)(c - at) < TAG_MAX; c++) {
		if (*c == '>')
			return c;
		if (*c == '<' || *c == '&' || (unsigned char)*c < ' ' ||
		    (*c == '-' && c + 1 < end && c[1] == '-'))
			return NULL;
	}
	return NULL;
}

static void put_tag(struct captions *c, const char *at, const char *stop, enum captions_tags tags)
{
	const char *name = at + 1 + (at[1] == '/');
	size_t len = 0;
	while (name + len < stop && is_word(name[len]))
		len++;
	if (!is_known_tag(name, len, tags))
		return;
	if (tags == CAPTIONS_TAGS_VTT) {
		captions_put(c, at, (size_t)(stop - at) + 1);
		return;
	}
	char lower = (char)(*name | 0x20);
	captions_put(c, at[1] == '/' ? "</" : "<", at[1] == '/' ? 2 : 1);
	captions_put(c, &lower, 1);
	captions_put(c, ">", 1);
}

static size_t entity(const char *at, const char *end)
{
	static const char *const known[] = { "&amp;", "&lt;", "&gt;", "&nbsp;", "&lrm;", "&rlm;" };
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		size_t len = strlen(known[i]);
		if ((size_t)(end - at) >= len && !memcmp(at, known[i], len))
			return len;
	}
	return 0;
}

void captions_put_marked(struct captions *c, const struct captions_line *l, enum captions_tags tags)
{
	const char *end = l->at + l->len;
	for (const char *at = l->at; at < end; at++) {
		const char *stop = *at == '<' ? tag_end(at, end) : NULL;
		size_t known = *at == '&' ? entity(at, end) : 0;
		const char *brace =
			*at == '{' && at + 1 < end && at[1] == '\\' && tags == CAPTIONS_TAGS_SRT
				? memchr(at, '}', (size_t)(end - at))
				: NULL;
		if (stop) {
			put_tag(c, at, stop, tags);
			at = stop;
		} else if (known) {
			captions_put(c, at, known);
			at += known - 1;
		} else if (brace) {
			at = brace;
		} else {
			captions_put_char(c, *at);
		}
	}
	captions_put(c, "\n", 1);
}

/* --- Advanced SubStation --------------------------------------------------------------------------- */

enum { ITALIC = 1, BOLD = 2, UNDERLINE = 4 };
static const struct {
	unsigned bit;
	char name;
} styles[] = { { ITALIC, 'i' }, { BOLD, 'b' }, { UNDERLINE, 'u' } };

struct brush {
	unsigned want, open; /* styles asked for, and those whose tags are open */
	bool drawing;
};

/* Tags nest: all are closed in turn, and those that go on are opened again. */
static void settle(struct captions *c, struct brush *b)
{
	if (b->want == b->open)
		return;
	for (size_t i = ARRAY_LEN(styles); i-- > 0;)
		if (b->open & styles[i].bit)
			captions_put(c, (const char[]){ '<', '/', styles[i].name, '>' }, 4);
	for (size_t i = 0; i < ARRAY_LEN(styles); i++)
		if (b->want & styles[i].bit)
			captions_put(c, (const char[]){ '<', styles[i].name, '>' }, 3);
	b->open = b->want;
}

static long digits(const char *at, const char *end)
{
	long n = -1;
	for (; at < end && *at >= '0' && *at <= '9' && n < 100000; at++)
		n = (n < 0 ? 0 : n) * 10 + (*at - '0');
	return n;
}

/* One "\code" of an override block, after its backslash. */
static void take_code(struct brush *b, const char *at, const char *end)
{
	if (at >= end)
		return;
	if (*at == 'r' && (at + 1 == end || at[1] == '\\' || at[1] == '}')) {
		b->want = 0;
		return;
	}
	long value = digits(at + 1, end);
	if (value < 0)
		return;
	if (*at == 'p')
		b->drawing = value > 0;
	for (size_t i = 0; i < ARRAY_LEN(styles); i++)
		if (*at == styles[i].name)
			b->want = value == 1 || value >= 600 ? b->want | styles[i].bit
							     : b->want & ~styles[i].bit;
}

static void take_block(struct brush *b, const char *at, const char *end)
{
	for (; at < end; at++)
		if (*at == '\\')
			take_code(b, at + 1, end);
}

bool captions_ass_top(const char *text, size_t len)
{
	const char *end = text + len;
	for (const char *at = text; at + 4 < end && *at == '{';) {
		const char *stop = memchr(at, '}', (size_t)(end - at));
		if (!stop)
			return false;
		for (; at + 4 <= stop; at++)
			if (!memcmp(at, "\\an", 3) && at[3] >= '7' && at[3] <= '9')
				return true;
		at = stop + 1;
	}
	return false;
}

void captions_put_ass(struct captions *c, const char *text, size_t len)
{
	struct brush b = { 0 };
	const char *end = text + len;
	for (const char *at = text; at < end; at++) {
		const char *stop = *at == '{' ? memchr(at, '}', (size_t)(end - at)) : NULL;
		if (stop) {
			take_block(&b, at, stop);
			at = stop;
			continue;
		}
		if (b.drawing)
			continue;
		settle(c, &b);
		if (*at == '\\' && at + 1 < end && strchr("Nnh", at[1])) {
			at++;
			captions_put(c,
				     *at == 'N'   ? "\n"
				     : *at == 'n' ? " "
						  : "&nbsp;",
				     *at == 'h' ? 6 : 1);
		} else {
			captions_put_char(c, *at);
		}
	}
	b.want = 0;
	settle(c, &b);
}
