// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/reel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/transcoder/grid.h"
#include "firmware/base/fault.h"

void reel_packets_done(struct reel_packets *p)
{
	for (size_t i = 0; i < p->count; i++)
		av_packet_free(&p->at[i]);
	free(p->at);
	*p = (struct reel_packets){ 0 };
}

static int append(struct reel_packets *p, AVPacket *packet)
{
	if (p->count == p->room) {
		size_t room = p->room ? p->room * 2 : 64;
		AVPacket **more = realloc(p->at, room * sizeof(AVPacket *));
		if (!more)
			return -ENOMEM;
		p->at = more;
		p->room = room;
	}
	p->at[p->count++] = packet;
	return 0;
}

int reel_packets_take(struct reel_packets *p, AVCodecContext *codec, int64_t shift,
		      struct fault *why)
{
	for (;;) {
		CLEANUP(clean_av_packet) AVPacket *packet = av_packet_alloc();
		int rc = packet ? avcodec_receive_packet(codec, packet) : AVERROR(ENOMEM);
		if (rc == AVERROR(EAGAIN) || rc == AVERROR_EOF)
			return 0;
		if (rc < 0)
			return fault_set(why, libav_errno(rc), "reel.encode",
					 "encoding the mezzanine failed (%s)", libav_text(rc).at);
		packet->pts += shift;
		packet->dts += shift;
		if (append(p, packet))
			return fault_set(why, -ENOMEM, "memory", "out of memory");
		packet = NULL;
	}
}

int reel_open(const struct reel_form *form, AVCodecContext **out, struct fault *why)
{
	const AVCodec *codec = avcodec_find_encoder_by_name("libsvtav1");
	if (!codec)
		return fault_set(
			why, -ENOSYS, "reel.codec",
			"this system's libavcodec has no SVT-AV1; install Debian's libavcodec59");
	CLEANUP(clean_av_codec) AVCodecContext *c = avcodec_alloc_context3(codec);
	if (!c)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	c->width = (int)form->width;
	c->height = (int)form->height;
	c->pix_fmt = AV_PIX_FMT_YUV420P;
	c->time_base = (AVRational){ (int)form->fps_den, (int)form->fps_num };
	c->framerate = (AVRational){ (int)form->fps_num, (int)form->fps_den };
	c->sample_aspect_ratio = (AVRational){ 1, 1 };
	c->color_range = AVCOL_RANGE_MPEG;
	c->colorspace = AVCOL_SPC_BT709;
	c->color_primaries = AVCOL_PRI_BT709;
	c->color_trc = AVCOL_TRC_BT709;
	c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	int rc = av_opt_set_int(c->priv_data, "preset", form->preset, 0);
	if (rc >= 0)
		rc = av_opt_set_int(c->priv_data, "crf", form->crf, 0);
	/* No second key frame: the segment is the group. */
	if (rc >= 0)
		rc = av_opt_set(c->priv_data, "svtav1-params",
				form->thrifty ? "keyint=-1:lp=1:lookahead=0" : "keyint=-1", 0);
	if (rc >= 0)
		rc = avcodec_open2(c, codec, NULL);
	if (rc < 0)
		return fault_set(why, libav_errno(rc), "reel.codec", "SVT-AV1 refuses %ux%u (%s)",
				 form->width, form->height, libav_text(rc).at);
	*out = MOVE_PTR(c);
	return 0;
}

int reel_feed(AVCodecContext *codec, const AVFrame *picture, uint64_t index, struct fault *why)
{
	CLEANUP(clean_av_frame) AVFrame *own = picture ? av_frame_clone(picture) : NULL;
	if (picture && !own)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	if (own) {
		own->pts = (int64_t)index;
		own->pict_type = AV_PICTURE_TYPE_NONE;
		own->color_range = AVCOL_RANGE_MPEG;
	}
	int rc = avcodec_send_frame(codec, own);
	if (rc < 0)
		return fault_set(why, libav_errno(rc), "reel.encode",
				 "encoding the mezzanine failed (%s)", libav_text(rc).at);
	return 0;
}

int reel_open_sound(uint32_t rate_bps, AVCodecContext **out, struct fault *why)
{
	const AVCodec *codec = avcodec_find_encoder_by_name("libopus");
	if (!codec)
		return fault_set(
			why, -ENOSYS, "reel.codec",
			"this system's libavcodec has no Opus; install Debian's libavcodec59");
	CLEANUP(clean_av_codec) AVCodecContext *c = avcodec_alloc_context3(codec);
	if (!c)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	c->sample_rate = GRID_RATE;
	c->sample_fmt = AV_SAMPLE_FMT_FLT;
	c->ch_layout = (AVChannelLayout)AV_CHANNEL_LAYOUT_MONO;
	c->bit_rate = rate_bps;
	c->time_base = (AVRational){ 1, GRID_RATE };
	c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	int rc = avcodec_open2(c, codec, NULL);
	if (rc < 0)
		return fault_set(why, libav_errno(rc), "reel.codec", "Opus refuses %u bit/s (%s)",
				 rate_bps, libav_text(rc).at);
	*out = MOVE_PTR(c);
	return 0;
}

int reel_feed_sound(AVCodecContext *codec, const float *samples, int count, int64_t at,
		    struct fault *why)
{
	CLEANUP(clean_av_frame) AVFrame *f = samples ? av_frame_alloc() : NULL;
	if (samples && !f)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	if (f) {
		f->format = AV_SAMPLE_FMT_FLT;
		f->sample_rate = GRID_RATE;
		f->nb_samples = count;
		f->ch_layout = (AVChannelLayout)AV_CHANNEL_LAYOUT_MONO;
		f->pts = at;
		if (av_frame_get_buffer(f, 0) < 0)
			return fault_set(why, -ENOMEM, "memory", "out of memory");
		memcpy(f->data[0], samples, (size_t)count * sizeof(*samples));
	}
	int rc = avcodec_send_frame(codec, f);
	if (rc < 0 && rc != AVERROR_EOF)
		return fault_set(why, libav_errno(rc), "reel.encode", "encoding sound failed (%s)",
				 libav_text(rc).at);
	return 0;
}
