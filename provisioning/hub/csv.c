// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/csv.h"

#include <errno.h>
#include <string.h>

#include "firmware/base/fault.h"

void csv_init(struct csv *c, char *text, size_t len)
{
	*c = (struct csv){ .at = text, .end = text + len, .separator = ',' };
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		c->at += 3;
	char *p = c->at;
	while (p < c->end && *p == '#') {
		char *newline = memchr(p, '\n', (size_t)(c->end - p));
		p = newline ? newline + 1 : c->end;
	}
	char *newline = memchr(p, '\n', (size_t)(c->end - p));
	size_t first = (size_t)((newline ? newline : c->end) - p);
	if (memchr(p, ';', first) && !memchr(p, ',', first))
		c->separator = ';';
}

static void skip_line(struct csv *c)
{
	char *newline = memchr(c->at, '\n', (size_t)(c->end - c->at));
	c->at = newline ? newline + 1 : c->end;
	c->line++;
}

/* Passes over comments and empty lines. Returns 0 at the end of the text. */
static int find_row(struct csv *c)
{
	while (c->at < c->end) {
		char first = *c->at;
		if (first != '#' && first != '\n' &&
		    !(first == '\r' && c->at + 1 < c->end && c->at[1] == '\n'))
			return 1;
		skip_line(c);
	}
	return 0;
}

static char *trimmed(char *from, char *to)
{
	while (from < to && (*from == ' ' || *from == '\t'))
		from++;
	while (to > from && (to[-1] == ' ' || to[-1] == '\t' || to[-1] == '\r'))
		to--;
	*to = '\0';
	return from;
}

enum ending { END_FIELD, END_ROW, END_BROKEN };

/* Steps over the separator or the end of the line at c->at. */
static enum ending after(struct csv *c)
{
	if (c->at < c->end && *c->at++ == c->separator)
		return END_FIELD;
	c->line++;
	return END_ROW;
}

static enum ending take_plain(struct csv *c, char **out)
{
	char *from = c->at;
	while (c->at < c->end && *c->at != c->separator && *c->at != '\n')
		c->at++;
	char *to = c->at;
	enum ending how = after(c);
	*out = trimmed(from, to);
	return how;
}

/* The quotation mark that closes the field beginning at `from`, or NULL. */
static char *closing(const struct csv *c, char *from)
{
	for (char *p = from; p < c->end; p++) {
		if (*p != '"')
			continue;
		if (p + 1 >= c->end || p[1] != '"')
			return p;
		p++;
	}
	return NULL;
}

/* "a ""quoted"" field": changed in place, and only once it is known to be whole. */
static enum ending take_quoted(struct csv *c, char **out)
{
	char *from = c->at + 1;
	char *close = closing(c, from);
	if (!close)
		return END_BROKEN;
	char *next = close + 1;
	while (next < c->end && (*next == ' ' || *next == '\r'))
		next++;
	if (next < c->end && *next != c->separator && *next != '\n')
		return END_BROKEN;
	char *to = from;
	for (char *p = from; p < close; p++) {
		if (*p == '"')
			p++;
		if (*p == '\n')
			c->line++;
		*to++ = *p;
	}
	c->at = next;
	enum ending how = after(c);
	*to = '\0';
	*out = from;
	return how;
}

/* Goes on with the next line. */
static int broken(struct csv *c, enum ending how)
{
	if (how != END_ROW)
		skip_line(c);
	return -EBADMSG;
}

int csv_next(struct csv *c, struct csv_row *out, struct fault *why)
{
	if (!find_row(c))
		return 0;
	struct csv_row row = { .line = c->line + 1 };
	for (enum ending how = END_FIELD; how == END_FIELD;) {
		char *field = c->end; /* a separator right before the end leaves one empty field */
		if (c->at >= c->end)
			how = after(c);
		else if (*c->at == '"')
			how = take_quoted(c, &field);
		else
			how = take_plain(c, &field);
		if (how == END_BROKEN)
			return fault_set(why, broken(c, how), "csv.quote",
					 "line %u: a quotation mark is not closed or not alone",
					 row.line);
		if (row.count == CSV_FIELDS)
			return fault_set(why, broken(c, how), "csv.wide",
					 "line %u: more than %u columns", row.line, CSV_FIELDS);
		if (strlen(field) > CSV_FIELD_BYTES)
			return fault_set(why, broken(c, how), "csv.long",
					 "line %u: column %zu is longer than %u bytes", row.line,
					 row.count + 1, CSV_FIELD_BYTES);
		row.field[row.count++] = field;
	}
	*out = row;
	return 1;
}
