// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "content/shelf/playlists.h"

/*
 * The lesson's DASH manifest (ISO/IEC 23009-1, profile isoff-live, static): the same segments as the HLS playlists name, with
 * addresses relative to /m/LESSON/. Pure. *out is malloc'ed and terminated; -ENOMEM is the only failure.
 */
struct dash_times {
	const uint64_t *picture_us, *sound_us; /* durations of segments; NULL where there is none */
	size_t count;                          /* of segments, the same in both */
};
int dash_manifest(const struct playlists_lesson *lesson, const struct dash_times *times, char **out,
		  size_t *len);
