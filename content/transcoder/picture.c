// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/picture.h"

#include <errno.h>
#include <libavutil/pixdesc.h>
#include <stdbool.h>

#include "firmware/base/fault.h"

void picture_scaler_init(struct picture_scaler *p, int width, int height)
{
	*p = (struct picture_scaler){ .width = width, .height = height };
}

void picture_scaler_done(struct picture_scaler *p)
{
	sws_freeContext(p->sws);
	av_frame_free(&p->out);
	av_frame_free(&p->wide);
	colour_map_free(p->map);
	*p = (struct picture_scaler){ 0 };
}

/* What the file does not say follows the size, as players guess it. */
static int space_of(const AVFrame *f)
{
	switch ((int)f->colorspace) {
	case AVCOL_SPC_BT709:
		return SWS_CS_ITU709;
	case AVCOL_SPC_BT2020_NCL:
	case AVCOL_SPC_BT2020_CL:
		return SWS_CS_BT2020;
	case AVCOL_SPC_FCC:
	case AVCOL_SPC_BT470BG:
	case AVCOL_SPC_SMPTE170M:
		return SWS_CS_ITU601;
	case AVCOL_SPC_SMPTE240M:
		return SWS_CS_SMPTE240M;
	default:
		return f->height >= 720 ? SWS_CS_ITU709 : SWS_CS_ITU601;
	}
}

static bool is_full_range(const AVFrame *f)
{
	return f->color_range == AVCOL_RANGE_JPEG || f->format == AV_PIX_FMT_YUVJ420P ||
	       f->format == AV_PIX_FMT_YUVJ422P || f->format == AV_PIX_FMT_YUVJ444P;
}

static bool is_rgb(const AVFrame *f)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get((enum AVPixelFormat)f->format);
	return d && d->flags & AV_PIX_FMT_FLAG_RGB;
}

static bool is_ours(const struct picture_scaler *p, const AVFrame *f)
{
	const struct colour_light light = colour_light_of(f);
	return f->format == AV_PIX_FMT_YUV420P && f->width == p->width && f->height == p->height &&
	       !is_full_range(f) && space_of(f) == SWS_CS_ITU709 && !colour_is_foreign(&light);
}

/* The table for the light of this picture, and a picture of 16 bits for it to read. */
static int prepare_map(struct picture_scaler *p, const AVFrame *in)
{
	const struct colour_light light = colour_light_of(in);
	if (!colour_is_foreign(&light)) {
		colour_map_free(p->map);
		p->map = NULL;
		return 0;
	}
	if (!p->map || !colour_is_same(&p->light, &light)) {
		colour_map_free(p->map);
		p->map = colour_map_new(&light);
		p->light = light;
	}
	if (!p->wide)
		p->wide = av_frame_alloc();
	if (!p->map || !p->wide)
		return -ENOMEM;
	if (p->wide->buf[0])
		return 0;
	p->wide->format = AV_PIX_FMT_YUV444P16LE;
	p->wide->width = p->width;
	p->wide->height = p->height;
	return av_frame_get_buffer(p->wide, 0) < 0 ? -ENOMEM : 0;
}

static int prepare(struct picture_scaler *p, const AVFrame *in, struct fault *why)
{
	int space = space_of(in), range = is_full_range(in);
	bool mapped = p->map;
	if (prepare_map(p, in))
		return fault_set(why, -ENOMEM, "memory", "out of memory for a table of colours");
	if (p->sws && mapped == (p->map != NULL) && p->from_width == in->width &&
	    p->from_height == in->height && p->from_format == in->format &&
	    p->from_space == space && p->from_range == range)
		return 0;
	sws_freeContext(p->sws);
	p->sws = sws_getContext(in->width, in->height, (enum AVPixelFormat)in->format, p->width,
				p->height, p->map ? AV_PIX_FMT_YUV444P16LE : AV_PIX_FMT_YUV420P,
				SWS_LANCZOS | SWS_ACCURATE_RND, NULL, NULL, NULL);
	if (!p->sws)
		return fault_set(why, -EBADMSG, "picture.form",
				 "pictures of %dx%d in this form cannot be scaled; export the "
				 "lesson as H.264",
				 in->width, in->height);
	/*
	 * Fails for forms without a matrix (RGB, grey): they need none. A table takes colours as they are, and from one matrix to
	 * another there is a shorter way.
	 */
	p->turned = !p->map && !is_rgb(in) && matrix_make(space, &p->matrix);
	sws_setColorspaceDetails(p->sws, sws_getCoefficients(space), range,
				 sws_getCoefficients(p->map || p->turned ? space : SWS_CS_ITU709),
				 0, 0, 1 << 16, 1 << 16);
	p->from_width = in->width;
	p->from_height = in->height;
	p->from_format = in->format;
	p->from_space = space;
	p->from_range = range;
	return 0;
}

static int make_room(struct picture_scaler *p)
{
	if (!p->out) {
		p->out = av_frame_alloc();
		if (!p->out)
			return -ENOMEM;
	}
	/* The encoder may still hold the last one. */
	if (p->out->buf[0] && av_frame_is_writable(p->out))
		return 0;
	av_frame_unref(p->out);
	p->out->format = AV_PIX_FMT_YUV420P;
	p->out->width = p->width;
	p->out->height = p->height;
	p->out->color_range = AVCOL_RANGE_MPEG;
	p->out->colorspace = AVCOL_SPC_BT709;
	p->out->color_primaries = AVCOL_PRI_BT709;
	p->out->color_trc = AVCOL_TRC_BT709;
	p->out->sample_aspect_ratio = (AVRational){ 1, 1 };
	return av_frame_get_buffer(p->out, 0) < 0 ? -ENOMEM : 0;
}

int picture_scale(struct picture_scaler *p, const AVFrame *in, uint64_t serial, const AVFrame **out,
		  struct fault *why)
{
	if (is_ours(p, in)) {
		*out = in;
		return 0;
	}
	if (p->serial != serial || !p->out) {
		int rc = prepare(p, in, why);
		if (rc)
			return rc;
		if (make_room(p))
			return fault_set(why, -ENOMEM, "memory",
					 "out of memory for a picture of %dx%d", p->width,
					 p->height);
		AVFrame *to = p->map ? p->wide : p->out;
		rc = sws_scale(p->sws, (const uint8_t *const *)in->data, in->linesize, 0,
			       in->height, to->data, to->linesize);
		if (rc < 0)
			return fault_set(why, libav_errno(rc), "picture.scale",
					 "a picture cannot be scaled (%s)", libav_text(rc).at);
		if (p->map)
			colour_map_run(p->map, p->wide, p->out);
		else if (p->turned)
			matrix_run(&p->matrix, p->out);
		p->serial = serial;
	}
	*out = p->out;
	return 0;
}
