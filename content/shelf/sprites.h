// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "content/shelf/sprites_format.h"

/*
 * The preview of a lesson: small pictures of its key frames on sheets, a WebVTT file that says which of them belongs to which moment, and
 * chapters where slides change. Pure.
 */
struct sprites_sheet {
	const uint8_t *jpeg; /* in the caller's bytes */
	uint32_t len;
};
struct sprites {
	struct sprites_head head;
	uint16_t changes[SPRITES_TILES_MAX];
	struct sprites_sheet sheets[SPRITES_SHEETS_MAX];
	struct sprites_sheet poster; /* len 0: none */
};
/* Reads what a child that read foreign bytes has handed over: 0 or -EBADMSG. `out` points into `bytes`. */
int sprites_read(const void *bytes, size_t len, struct sprites *out);

/* When segments begin and how long they last, as playlists say: durations in microseconds. */
struct sprites_times {
	const uint64_t *us;
	size_t count;
};
/* sprite.vtt: "PREFIXsprite-1.jpg#xywh=0,0,160,90". The caller frees *out. 0 or -ENOMEM. */
int sprites_vtt(const struct sprites *s, const struct sprites_times *times, const char *prefix,
		char **out, size_t *len);

#define SPRITES_CHAPTERS_MAX 40u
/*
 * Tiles at which chapters begin, the first at 0: where much changes in a lesson that is still for most of its time. The number
 * of them, or 0 when it has no such places (a camera, or one slide).
 */
size_t sprites_chapters(const struct sprites *s, const struct sprites_times *times,
			uint32_t starts[static SPRITES_CHAPTERS_MAX]);
/* chapters.vtt, numbered. 0, -ENOENT (none) or -ENOMEM. */
int sprites_chapters_vtt(const struct sprites *s, const struct sprites_times *times, char **out,
			 size_t *len);
