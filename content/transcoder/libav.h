// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>

#include "firmware/base/clean.h"

/* Release of what libav* hands out, in the house's form, and its errors as ours. */
static inline void clean_av_frame(AVFrame **held)
{
	av_frame_free(held);
}

static inline void clean_av_packet(AVPacket **held)
{
	av_packet_free(held);
}

static inline void clean_av_codec(AVCodecContext **held)
{
	avcodec_free_context(held);
}

static inline void clean_av_dict(AVDictionary **held)
{
	av_dict_free(held);
}

struct libav_text {
	char at[AV_ERROR_MAX_STRING_SIZE];
};

static inline struct libav_text libav_text(int error)
{
	struct libav_text t = { "" };
	av_strerror(error, t.at, sizeof(t.at));
	return t;
}

/* AVERROR(x) is -x on every system of ours; libav's own codes become -EBADMSG. */
static inline int libav_errno(int error)
{
	return error < 0 && error > -4096 ? error : -EBADMSG;
}
