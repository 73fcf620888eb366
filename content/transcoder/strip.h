// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "content/transcoder/box.h"

/*
 * Coded pictures and sound without what nobody sees or hears: encoders put their name and options, phones their model, place and
 * owner into units that decoders pass over. Everything that a decoder needs stays as it is, bit for bit. Pure; bytes are
 * hostile. Results are appended to *out.
 */

/*
 * H.264 in an MP4: `avcC` (ISO/IEC 14496-15, 5.3.3.1) with its parameter sets alone, and the bytes of each unit's length.
 * -EBADMSG: it is none.
 */
int strip_avcc(const uint8_t *bytes, size_t len, struct box_out *out, unsigned *length_bytes);
/*
 * One picture of it: slices, parameter sets, and of the messages for decoders (SEI) those that say when and how to begin. *left_out
 * (may be NULL) counts the bytes that went. -EBADMSG: its units do not fit, or no slice is left.
 */
int strip_picture(const uint8_t *bytes, size_t len, unsigned length_bytes, struct box_out *out,
		  size_t *left_out);

/*
 * One frame of AAC (ISO/IEC 14496-3, 4.4.2.1), in place: what is in elements that hold no sound becomes zeros, where they come before
 * those that do (encoders write their names there).
 */
void strip_sound(uint8_t *bytes, size_t len);
