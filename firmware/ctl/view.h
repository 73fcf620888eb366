// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "firmware/web/strings.h"

/*
 * How answers look in a terminal: the shapes and words of the pages. Pure: what is shown depends on the
 * arguments alone.
 */
enum view_paint { VIEW_PLAIN, VIEW_COLOUR };

struct view {
	enum strings_lang lang;
	enum view_paint paint;
	int64_t zone_s; /* local time = UTC + this */
};

/* The six states of the house; shape first, colour second. */
enum view_state { VIEW_GOOD, VIEW_MODERATE, VIEW_NO, VIEW_UNPOWERED, VIEW_UNKNOWN, VIEW_NEVER };

void view_shape(const struct view *v, enum view_state state, FILE *to); /* "●" */
void view_title(const struct view *v, const char *text, FILE *to); /* a line of its own, bold */
void view_section(const struct view *v, const char *text,
		  FILE *to); /* after an empty line, faint */

/* A row below a section: "  ● text\n" */
void view_row(const struct view *v, enum view_state state, const char *text, FILE *to);

/*
 * The string `id` with its places filled, as strings_fill() does: pairs of name and value, NULL at the end.
 * Never NULL unless memory is out. malloc'ed.
 */
char *view_fill(const struct view *v, const char *id, ...) __attribute__((sentinel));

void view_size(const struct view *v, uint64_t bytes, char *out, size_t room);    /* "1,4 Go" */
void view_tenths(const struct view *v, uint64_t tenths, char *out, size_t room); /* 14 -> "1,4" */
void view_time(const struct view *v, int64_t unix_s, char out[static 20]); /* "2026-11-21 18:05" */

/* Strangers' text on a terminal: control characters would steer it. Cut to `room`, always UTF-8. */
void view_foreign(const char *text, char *out, size_t room);

/* Fields of JSON answers; the fallback where they are missing or of another type. */
const char *view_text(const json_t *object, const char *key); /* "" */
int64_t view_int(const json_t *object, const char *key, int64_t fallback);
/* Of {ar, fr, en} the one in the language asked for, else any; what may not steer a terminal. */
void view_said(const json_t *texts, const struct view *v, char *out, size_t room);
