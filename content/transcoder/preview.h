// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "content/transcoder/box.h"

struct fault;

/*
 * A preview (content/shelf/sprites_format.h) of a film of key frames: an init segment of the house and the first fragments of its segments, in
 * a row. `pictures`: how many there are to be.
 */
int preview_make(int fd, uint64_t size, uint32_t pictures, struct box_out *out, struct fault *why);
