// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

struct fault;

/*
 * Captions as people have them, made WebVTT (W3C WebVTT 1) in UTF-8: SubRip, Advanced SubStation (ASS, SSA) and WebVTT itself, which
 * is written anew. What is kept: the words with every mark of Arabic and of direction, italics, bold, underline, a place
 * at the top. What goes: colours, fonts, positions, drawings, styles, control characters.
 *
 * Old files are in Windows-1256, ISO 8859-6 or Windows-1252, or in UTF-16 without saying so: read as such where the letters say so
 * beyond doubt, else refused. What begins before the film is shown from its beginning on; times that are none take their words along. Damaged UTF-8 is refused with its place. Pure.
 */
#define CAPTIONS_LIMIT_BYTES (2u << 20)
#define CAPTIONS_CUES_MAX 20000u

enum captions_form { CAPTIONS_VTT, CAPTIONS_SRT, CAPTIONS_ASS };
enum captions_coding {
	CAPTIONS_UTF8,
	CAPTIONS_UTF16,
	CAPTIONS_WINDOWS_1256,
	CAPTIONS_ISO_8859_6,
	CAPTIONS_WINDOWS_1252,
};
const char *captions_coding_name(enum captions_coding coding);

struct captions_found {
	enum captions_form form;
	enum captions_coding coding;
	size_t cues;
	size_t dropped; /* without a duration or without words */
};

/*
 * 0 and *out (malloc'ed, terminated), or: -E2BIG, -ENOMEM, -EILSEQ (the coding), -EBADMSG (no captions that we know, none in it).
 */
int captions_to_vtt(const void *bytes, size_t len, char **out, size_t *out_len,
		    struct captions_found *found, struct fault *why);

/* Cue by cue, for who takes them out of a film. */
struct captions;
struct captions *captions_new(void);    /* NULL: out of memory */
void captions_free(struct captions *c); /* NULL is fine */
/* The text field of an ASS event (override codes, \N), as libavcodec hands out whatever was in the film. 0 or a negative errno. */
int captions_add_ass(struct captions *c, int64_t start_ms, int64_t end_ms, const char *text,
		     size_t len);
size_t captions_count(const struct captions *c);
int captions_write(struct captions *c, char **out, size_t *len);
