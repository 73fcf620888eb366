// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>

/* Larger caption files are not searched. */
#define VTT_LIMIT_BYTES (1u << 20)

/*
 * The words of a WebVTT file (W3C WebVTT 1, section 4), one cue after the other, for searching: no times, settings,
 * identifiers, notes, styles or tags. -EBADMSG when it is not WebVTT. *out is malloc'ed and terminated.
 */
int vtt_words(const char *bytes, size_t len, char **out);
