// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

/* Captions that wasl-transcoder took out of a film: for each of its languages a head, then `len` bytes of WebVTT. Host byte order. */
#define WORDS_MAGIC 0x53445257u
#define WORDS_TRACKS_MAX 8u

struct words_head {
	uint32_t magic;
	uint32_t len;
	char language[12]; /* "ar"; "" when the film does not say; ends with a NUL */
};
