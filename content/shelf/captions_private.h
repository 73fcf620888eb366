// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "content/shelf/captions.h"

/* What content/shelf/captions*.c share, and vtt.c reads lines with. */
struct captions_cue {
	int64_t start_ms, end_ms;
	size_t order;
	size_t text, text_len;         /* in `words`: cue text as WebVTT has it */
	size_t settings, settings_len; /* in `words`, too */
};
struct captions {
	struct captions_cue *cues;
	size_t count, room, dropped;
	char *words;
	size_t len, words_room;
	int bad; /* the first failure; everything is a no-op after it */
};

struct captions_line {
	const char *at;
	size_t len;
};
/* The next line without its end (LF, CR or both); false at the end. */
bool captions_next_line(const char **at, const char *end, struct captions_line *out);
bool captions_blank(const struct captions_line *l);
/* "[-][[H]H:]MM:SS[,.]mmm" at *at, which moves behind it. */
bool captions_time(const char **at, const char *end, int64_t *ms);
/* "TIME --> TIME"; *rest is what follows on the line. */
bool captions_times(const struct captions_line *l, int64_t *start, int64_t *end,
		    struct captions_line *rest);

/* A line of times that are none: what follows is no part of what was said before. Of a line for which captions_times() is false. */
bool captions_no_times(const struct captions_line *l);

void captions_put(struct captions *c, const char *bytes, size_t len);
void captions_put_char(struct captions *c, char one); /* escaped where WebVTT needs it */
/* A cue's settings, then its text, are put between these two. */
void captions_begin(struct captions *c, int64_t start_ms, int64_t end_ms);
void captions_settled(struct captions *c);
void captions_end(struct captions *c);

/* A line of SubRip or WebVTT: tags and entities that WebVTT knows stay. False: nothing to see in it. */
enum captions_tags { CAPTIONS_TAGS_SRT, CAPTIONS_TAGS_VTT };
void captions_put_marked(struct captions *c, const struct captions_line *l,
			 enum captions_tags tags);
/* Text with ASS override codes. *top: it asks for a place at the top. */
void captions_put_ass(struct captions *c, const char *text, size_t len);
bool captions_ass_top(const char *text, size_t len);

int captions_read_vtt(struct captions *c, const char *text, size_t len);
int captions_read_srt(struct captions *c, const char *text, size_t len);
int captions_read_ass(struct captions *c, const char *text, size_t len);

/* *out: the bytes in UTF-8 without a byte order mark; malloc'ed, terminated, no NUL inside. */
int captions_decode(const uint8_t *bytes, size_t len, char **out, size_t *out_len,
		    enum captions_coding *coding, struct fault *why);
