// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/lens.h"

#include <errno.h>
#include <libavutil/display.h>
#include <stdlib.h>
#include <string.h>

#include "content/transcoder/orient.h"
#include "content/transcoder/rate.h"
#include "firmware/base/fault.h"

static unsigned turn_of(const AVStream *st)
{
	size_t len = 0;
	const uint8_t *side = av_stream_get_side_data(st, AV_PKT_DATA_DISPLAYMATRIX, &len);
	if (!side || len < 9 * sizeof(int32_t))
		return 0;
	int32_t matrix[9];
	memcpy(matrix, side, sizeof(matrix));
	return orient_of(matrix);
}

void lens_form_of(const struct source *s, int stream, uint32_t lines, struct lens_form *out)
{
	AVStream *st = s->format->streams[stream];
	const AVCodecParameters *c = st->codecpar;
	*out = (struct lens_form){ .turn = turn_of(st), .fields = FIELDS_AS_SAID };
	rate_size(c->width, c->height, av_guess_sample_aspect_ratio(s->format, st, NULL), out->turn,
		  lines, &out->width, &out->height);
}

int lens_open(struct lens *l, const struct lens_form *form, struct fault *why)
{
	*l = (struct lens){ .form = *form };
	bool swap = form->turn & ORIENT_SWAP;
	picture_scaler_init(&l->scaler, (int)(swap ? form->height : form->width),
			    (int)(swap ? form->width : form->height));
	l->woven = av_frame_alloc();
	l->turned = av_frame_alloc();
	if (l->woven && l->turned)
		return 0;
	lens_close(l);
	return fault_set(why, -ENOMEM, "memory", "out of memory");
}

void lens_close(struct lens *l)
{
	picture_scaler_done(&l->scaler);
	av_frame_free(&l->woven);
	av_frame_free(&l->turned);
	*l = (struct lens){ 0 };
}

/* A picture of ours to write into: encoders may still hold the last one. */
static int make_room(AVFrame *f, int format, int width, int height, struct fault *why)
{
	if (f->buf[0] && av_frame_is_writable(f) && f->format == format && f->width == width &&
	    f->height == height)
		return 0;
	av_frame_unref(f);
	f->format = format;
	f->width = width;
	f->height = height;
	return av_frame_get_buffer(f, 0) < 0
		       ? fault_set(why, -ENOMEM, "memory", "out of memory for a picture of %dx%d",
				   width, height)
		       : 0;
}

static int weave(struct lens *l, const AVFrame *before, const AVFrame *now, const AVFrame *after,
		 const AVFrame **out, struct fault *why)
{
	enum fields order = fields_of((enum fields)l->form.fields, now);
	*out = now;
	if (order == FIELDS_NONE)
		return 0;
	int rc = make_room(l->woven, now->format, now->width, now->height, why);
	if (rc)
		return rc;
	if (av_frame_copy_props(l->woven, now) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	l->woven->interlaced_frame = 0;
	fields_fill(order, before, now, after, l->woven);
	*out = l->woven;
	return 0;
}

static int turn(struct lens *l, const AVFrame *from, const AVFrame **out, struct fault *why)
{
	*out = from;
	if (!l->form.turn)
		return 0;
	int rc = make_room(l->turned, AV_PIX_FMT_YUV420P, (int)l->form.width, (int)l->form.height,
			   why);
	if (rc)
		return rc;
	l->turned->color_range = AVCOL_RANGE_MPEG;
	l->turned->colorspace = AVCOL_SPC_BT709;
	l->turned->color_primaries = AVCOL_PRI_BT709;
	l->turned->color_trc = AVCOL_TRC_BT709;
	l->turned->sample_aspect_ratio = (AVRational){ 1, 1 };
	orient_apply(l->form.turn, from, l->turned);
	*out = l->turned;
	return 0;
}

int lens_show(struct lens *l, const AVFrame *before, const AVFrame *now, const AVFrame *after,
	      uint64_t serial, const AVFrame **out, struct fault *why)
{
	if (l->ready && l->serial == serial) {
		*out = l->ready;
		return 0;
	}
	l->ready = NULL;
	const AVFrame *f;
	int rc = weave(l, before, now, after, &f, why);
	if (!rc)
		rc = picture_scale(&l->scaler, f, serial, &f, why);
	if (!rc)
		rc = turn(l, f, &f, why);
	if (rc)
		return rc;
	l->ready = f;
	l->serial = serial;
	*out = f;
	return 0;
}
