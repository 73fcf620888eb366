// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "content/transcoder/box.h"

struct fault;

/*
 * Captions inside a film (SubRip, ASS, WebVTT, MP4's timed text), as content/kitchen/words_format.h has it. The lesson begins at `start_us` of
 * the film. Pictures of text are no captions. Nothing of the kind in it: 0, and *out stays as it was.
 */
int words_take(int fd, uint64_t size, int64_t start_us, struct box_out *out, struct fault *why);
