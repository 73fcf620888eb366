// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "content/transcoder/fields.h"
#include "content/transcoder/libav.h"
#include "content/transcoder/picture.h"
#include "content/transcoder/source.h"

struct fault;

/* What every picture of a file goes through to look as its maker meant it, in a given size: plain data. */
struct lens_form {
	uint32_t width, height; /* as shown: pixels are square, the picture is upright */
	uint32_t turn;          /* bits of enum orient */
	uint32_t fields;        /* enum fields */
};

/* From what the container says of a stream; nothing is decoded. The short side has at most `lines`. */
void lens_form_of(const struct source *s, int stream, uint32_t lines, struct lens_form *out);

/* Fields made whole, colours made ours, size, turned upright: in this order. */
struct lens {
	struct lens_form form;
	struct picture_scaler scaler;
	AVFrame *woven, *turned;
	uint64_t serial; /* of the picture in `ready`; 0: none */
	const AVFrame *ready;
};
int lens_open(struct lens *l, const struct lens_form *form, struct fault *why);
void lens_close(struct lens *l); /* of one that was only zeroed: fine */

/*
 * `now` in the lesson's form: 8-bit 4:2:0, BT.709. `before` and `after` are the pictures next to it in time as the decoder gave them
 * (NULL where there is none), of use to interlaced ones. *out is borrowed until the next call. `serial` names the picture,
 * from 1: asked again with the same one, nothing is computed.
 */
int lens_show(struct lens *l, const AVFrame *before, const AVFrame *now, const AVFrame *after,
	      uint64_t serial, const AVFrame **out, struct fault *why);
