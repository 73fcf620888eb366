// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/shelf/captions.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "content/shelf/captions_private.h"
#include "content/shelf/sheet.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

#define HOURS_MAX 99

CLEAN_FN(captions, struct captions, captions_free)

struct captions *captions_new(void)
{
	return calloc(1, sizeof(struct captions));
}

void captions_free(struct captions *c)
{
	if (!c)
		return;
	free(c->cues);
	free(c->words);
	free(c);
}

size_t captions_count(const struct captions *c)
{
	return c->count;
}

/* --- lines and times ------------------------------------------------------------------------------- */

bool captions_next_line(const char **at, const char *end, struct captions_line *out)
{
	if (*at >= end)
		return false;
	const char *stop = *at;
	while (stop < end && *stop != '\n' && *stop != '\r')
		stop++;
	*out = (struct captions_line){ *at, (size_t)(stop - *at) };
	/* CR CR LF: a transfer as text put a second CR before each line's end. */
	if (end - stop > 2 && stop[0] == '\r' && stop[1] == '\r' && stop[2] == '\n')
		stop += 2;
	else if (end - stop > 1 && stop[0] == '\r' && stop[1] == '\n')
		stop++;
	*at = stop < end ? stop + 1 : end;
	return true;
}

bool captions_blank(const struct captions_line *l)
{
	for (size_t i = 0; i < l->len; i++)
		if ((unsigned char)l->at[i] > ' ')
			return false;
	return true;
}

static void skip_blanks(const char **at, const char *end)
{
	while (*at < end && (**at == ' ' || **at == '\t'))
		(*at)++;
}

static bool number(const char **at, const char *end, size_t digits_max, int64_t *out,
		   size_t *digits)
{
	int64_t n = 0;
	size_t k = 0;
	for (; *at < end && **at >= '0' && **at <= '9'; (*at)++, k++) {
		if (k == digits_max)
			return false;
		n = n * 10 + (**at - '0');
	}
	*out = n;
	if (digits)
		*digits = k;
	return k > 0;
}

bool captions_time(const char **at, const char *end, int64_t *ms)
{
	static const int64_t scale[] = { 0, 100, 10, 1 };
	int64_t parts[3], fraction = 0;
	size_t count = 0, digits = 3;
	skip_blanks(at, end);
	const bool before = *at < end && **at == '-'; /* the film: it was cut */
	*at += before;
	do {
		if (count == 3 || !number(at, end, 4, &parts[count++], NULL))
			return false;
	} while (*at < end && **at == ':' && (*at)++);
	if (count < 2)
		return false;
	if (*at < end && (**at == '.' || **at == ',')) {
		(*at)++;
		if (!number(at, end, 3, &fraction, &digits))
			return false;
	}
	int64_t s = parts[count - 1], m = parts[count - 2], h = count == 3 ? parts[0] : 0;
	if (s > 59 || (count == 3 && m > 59) || h > HOURS_MAX || m >= 60 * (HOURS_MAX + 1))
		return false;
	*ms = ((h * 60 + m) * 60 + s) * 1000 + fraction * scale[digits];
	if (before)
		*ms = -*ms;
	return true;
}

bool captions_no_times(const struct captions_line *l)
{
	bool arrow = false;
	for (size_t i = 0; i < l->len; i++) {
		if (!l->at[i] || !strchr("0123456789:.,-> \t", l->at[i]))
			return false;
		arrow |= l->len - i > 2 && !memcmp(l->at + i, "-->", 3);
	}
	return arrow;
}

bool captions_times(const struct captions_line *l, int64_t *start, int64_t *end,
		    struct captions_line *rest)
{
	const char *at = l->at, *stop = l->at + l->len;
	if (!captions_time(&at, stop, start))
		return false;
	skip_blanks(&at, stop);
	if (stop - at < 3 || memcmp(at, "-->", 3) != 0)
		return false;
	at += 3;
	if (!captions_time(&at, stop, end))
		return false;
	*rest = (struct captions_line){ at, (size_t)(stop - at) };
	return true;
}

/* --- cues ------------------------------------------------------------------------------------------ */

void captions_put(struct captions *c, const char *bytes, size_t len)
{
	if (c->bad)
		return;
	if (c->words_room - c->len < len) {
		size_t room = c->words_room ? c->words_room * 2 : 4096;
		while (room - c->len < len)
			room *= 2;
		char *more = realloc(c->words, room);
		if (!more) {
			c->bad = -ENOMEM;
			return;
		}
		c->words = more;
		c->words_room = room;
	}
	if (len)
		memcpy(c->words + c->len, bytes, len);
	c->len += len;
}

void captions_put_char(struct captions *c, char one)
{
	if (one == '&')
		captions_put(c, "&amp;", 5);
	else if (one == '<')
		captions_put(c, "&lt;", 4);
	else if (one == '>') /* so that no text holds an arrow */
		captions_put(c, "&gt;", 4);
	else if (one == '\n' || (unsigned char)one >= ' ')
		captions_put(c, &one, 1);
	else if (one == '\t')
		captions_put(c, " ", 1);
}

void captions_begin(struct captions *c, int64_t start_ms, int64_t end_ms)
{
	if (c->bad)
		return;
	if (c->count == CAPTIONS_CUES_MAX) {
		c->bad = -E2BIG;
		return;
	}
	if (c->count == c->room) {
		size_t room = c->room ? c->room * 2 : 64;
		struct captions_cue *more = realloc(c->cues, room * sizeof(*more));
		if (!more) {
			c->bad = -ENOMEM;
			return;
		}
		c->cues = more;
		c->room = room;
	}
	c->cues[c->count] = (struct captions_cue){ .start_ms = start_ms,
						   .end_ms = end_ms,
						   .order = c->count,
						   .settings = c->len,
						   .text = c->len };
}

void captions_settled(struct captions *c)
{
	if (c->bad)
		return;
	struct captions_cue *cue = &c->cues[c->count];
	cue->settings_len = c->len - cue->settings;
	cue->text = c->len;
}

/* Empty lines end a cue in WebVTT: they, and blanks around lines' ends, go. */
static size_t tidy(char *text, size_t len)
{
	size_t to = 0, line = 0; /* `line`: where the present line begins */
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n') {
			while (to > line && text[to - 1] == ' ')
				to--;
			if (to == line)
				continue;
			text[to++] = '\n';
			line = to;
		} else if (text[i] != ' ' || to > line) {
			text[to++] = text[i];
		}
	}
	while (to && (text[to - 1] == ' ' || text[to - 1] == '\n'))
		to--;
	return to;
}

/* Something between tags that is more than a blank. */
static bool has_words(const char *text, size_t len)
{
	bool tag = false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '<')
			tag = true;
		else if (!tag && (unsigned char)text[i] > ' ')
			return true;
		if (text[i] == '>')
			tag = false;
	}
	return false;
}

void captions_end(struct captions *c)
{
	if (c->bad)
		return;
	struct captions_cue *cue = &c->cues[c->count];
	cue->text_len = c->len > cue->text ? tidy(c->words + cue->text, c->len - cue->text) : 0;
	c->len = cue->text + cue->text_len;
	if (cue->start_ms < 0) /* it begins before the film */
		cue->start_ms = 0;
	if (cue->end_ms <= cue->start_ms || cue->end_ms > INT64_C(3600000) * (HOURS_MAX + 1) ||
	    !cue->text_len || !has_words(c->words + cue->text, cue->text_len)) {
		c->len = cue->settings;
		c->dropped++;
		return;
	}
	c->count++;
}

int captions_add_ass(struct captions *c, int64_t start_ms, int64_t end_ms, const char *text,
		     size_t len)
{
	captions_begin(c, start_ms, end_ms);
	if (captions_ass_top(text, len))
		captions_put(c, " line:0", 7);
	captions_settled(c);
	captions_put_ass(c, text, len);
	captions_end(c);
	return c->bad;
}

/* --- writing --------------------------------------------------------------------------------------- */

static int by_time(const void *a, const void *b)
{
	const struct captions_cue *x = a, *y = b;
	if (x->start_ms != y->start_ms)
		return x->start_ms < y->start_ms ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static void put_time(FILE *to, int64_t ms)
{
	fprintf(to, "%02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%03" PRId64, ms / 3600000,
		ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
}

int captions_write(struct captions *c, char **out, size_t *len)
{
	struct sheet s;
	if (c->bad)
		return c->bad;
	if (sheet_open(&s))
		return -ENOMEM;
	if (c->count)
		qsort(c->cues, c->count, sizeof(*c->cues), by_time);
	fputs("WEBVTT\n", s.to);
	for (size_t i = 0; i < c->count; i++) {
		const struct captions_cue *cue = &c->cues[i];
		fputc('\n', s.to);
		put_time(s.to, cue->start_ms);
		fputs(" --> ", s.to);
		put_time(s.to, cue->end_ms);
		fwrite(c->words + cue->settings, 1, cue->settings_len, s.to);
		fputc('\n', s.to);
		fwrite(c->words + cue->text, 1, cue->text_len, s.to);
		fputc('\n', s.to);
	}
	return sheet_close(&s, out, len);
}

/* --- whole files ----------------------------------------------------------------------------------- */

static int form_of(const char *text, size_t len, enum captions_form *out)
{
	const char *at = text, *end = text + len;
	struct captions_line l, rest;
	int64_t from, to;
	if (len >= 6 && !memcmp(text, "WEBVTT", 6) && (len == 6 || (unsigned char)text[6] <= ' ')) {
		*out = CAPTIONS_VTT;
		return 0;
	}
	for (size_t n = 0; n < 1000 && captions_next_line(&at, end, &l); n++) {
		if (l.len >= 8 &&
		    (!strncasecmp(l.at, "[Events]", 8) || !strncasecmp(l.at, "[Script ", 8))) {
			*out = CAPTIONS_ASS;
			return 0;
		}
		if (captions_times(&l, &from, &to, &rest)) {
			*out = CAPTIONS_SRT;
			return 0;
		}
	}
	return -EBADMSG;
}

static int refuse(int code, struct fault *why)
{
	if (code == -E2BIG)
		return fault_set(why, code, "captions.many", "more than %u captions in one file",
				 CAPTIONS_CUES_MAX);
	return fault_set(why, code, "memory", "out of memory");
}

int captions_to_vtt(const void *bytes, size_t len, char **out, size_t *out_len,
		    struct captions_found *found, struct fault *why)
{
	static int (*const read[])(struct captions *, const char *, size_t) = {
		[CAPTIONS_VTT] = captions_read_vtt,
		[CAPTIONS_SRT] = captions_read_srt,
		[CAPTIONS_ASS] = captions_read_ass,
	};
	AUTO_FREE char *text = NULL;
	size_t text_len = 0;
	struct captions_found f = { 0 };
	if (len > CAPTIONS_LIMIT_BYTES)
		return fault_set(why, -E2BIG, "captions.size",
				 "captions of %zu bytes; at most %u are read", len,
				 CAPTIONS_LIMIT_BYTES);
	int r = captions_decode(bytes, len, &text, &text_len, &f.coding, why);
	if (r)
		return r;
	if (form_of(text, text_len, &f.form))
		return fault_set(why, -EBADMSG, "captions.form",
				 "these are no captions that Wasl knows; save them as SRT, ASS or "
				 "WebVTT");
	CLEANUP(clean_captions) struct captions *c = captions_new();
	if (!c)
		return refuse(-ENOMEM, why);
	r = read[f.form](c, text, text_len);
	if (r == 0)
		r = c->bad;
	if (r)
		return refuse(r, why);
	f.cues = c->count;
	f.dropped = c->dropped;
	if (!f.cues)
		return fault_set(why, -EBADMSG, "captions.empty",
				 "there is no caption in it that is shown for any time");
	r = captions_write(c, out, out_len);
	if (r)
		return refuse(r, why);
	if (found)
		*found = f;
	return 0;
}
