// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fault;

/*
 * What a recording of a live class consists of, line by line, and the playlists made of it. Lines are "TRACK KIND PART FROM LEN
 * MS STRETCH": track m or s; kind m, t or a as in live_window.h, i for an init section (MS and STRETCH 0). A line that is cut or
 * damaged ends the log. Pure.
 */
struct live_log_line {
	char track, kind;
	uint32_t part; /* from 1 */
	uint64_t from, len;
	uint32_t ms;
	uint64_t stretch;
};

/* At most 80 bytes and a NUL. */
void live_log_print(const struct live_log_line *l, char out[static 96]);
/* The line at `text`, up to `end`: its length, or 0 when there is none (any more). */
size_t live_log_next(const char *text, const char *end, struct live_log_line *out);
/* "m1.ts" */
void live_log_part_name(char track, char kind, uint32_t part, char out[static 32]);
/* What kind of file the track's parts are; 0: it has no piece. */
char live_log_kind(const char *text, size_t len, char track);
/* The track's playlist, malloc'ed, and how long it lasts; NULL without *ms: it has no piece; NULL: out of memory. */
char *live_log_playlist(const char *text, size_t len, char track, uint64_t *ms, size_t *out_len);
/* The playlist of the whole. */
char *live_log_master(const char *text, size_t len, bool sound_apart, size_t *out_len);
