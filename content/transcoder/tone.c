// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/tone.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "content/transcoder/foreign.h"
#include "content/transcoder/grid.h"
#include "content/transcoder/mono.h"
#include "content/transcoder/pack.h"
#include "firmware/base/fault.h"

#define LEAD \
	4u /* frames encoded and discarded before the segment: with two, joins are up to 11 dB worse than one encode */
#define TRAIL 2u /* and after it: the last frame overlaps what follows */

/* A window of mono samples, [from, from + count), filled from decoded frames by their time stamps. */
struct window {
	int64_t from, count;
	float *samples;
	struct mono mono;
};

static void clean_window(struct window *w)
{
	free(w->samples);
	mono_done(&w->mono);
}

static void place(struct window *w, const float *pcm, int64_t at, int64_t n)
{
	int64_t begin = at < w->from ? w->from : at;
	int64_t end = at + n > w->from + w->count ? w->from + w->count : at + n;
	if (begin < end)
		memcpy(w->samples + (begin - w->from), pcm + (begin - at),
		       (size_t)(end - begin) * sizeof(*pcm));
}

static int add_frame(struct window *w, const AVFrame *f, AVRational tb, struct fault *why)
{
	int64_t at, count;
	int rc = mono_take(&w->mono, f, tb, &at, &count, why);
	if (!rc && at != INT64_MIN)
		place(w, w->mono.pcm, at, count);
	return rc;
}

static int fill(struct window *w, struct source *source, int stream, struct fault *why)
{
	struct source_reader r;
	int rc = source_reader_open(&r, source, stream, 1, why);
	if (rc)
		return rc;
	AVRational tb = r.stream->time_base;
	CLEANUP(clean_av_frame) AVFrame *f = av_frame_alloc();
	int64_t from = w->from - (int64_t)(TONE_BEFORE - LEAD * GRID_FRAME);
	rc = f ? source_reader_seek(&r, from > 0 ? from : 0, (AVRational){ 1, GRID_RATE }, why)
	       : -ENOMEM;
	while (!rc) {
		int got = source_reader_next(&r, f, why);
		if (got <= 0) {
			rc = got;
			break;
		}
		int64_t pts = f->pts != AV_NOPTS_VALUE
				      ? av_rescale_q(f->pts, tb, (AVRational){ 1, GRID_RATE })
				      : INT64_MIN;
		if (pts >= w->from + w->count)
			break;
		rc = add_frame(w, f, tb, why);
		av_frame_unref(f);
	}
	source_reader_close(&r);
	return rc;
}

/* --- encoding ------------------------------------------------------------------------------------ */

struct coder {
	AVCodecContext *codec;
	AVPacket *packet;
	struct box_out data;
	struct pack_sample *samples;
	size_t count, planned;
	int64_t from; /* sample at which the segment begins */
};

static void clean_coder(struct coder *c)
{
	avcodec_free_context(&c->codec);
	av_packet_free(&c->packet);
	box_done(&c->data);
	free(c->samples);
}

static int open_coder(struct coder *c, uint32_t rate_bps, struct fault *why)
{
	const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
	c->codec = avcodec_alloc_context3(codec);
	c->packet = av_packet_alloc();
	c->samples = calloc(c->planned, sizeof(*c->samples));
	if (!c->codec || !c->packet || !c->samples)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	c->codec->sample_rate = GRID_RATE;
	c->codec->sample_fmt = AV_SAMPLE_FMT_FLTP;
	c->codec->ch_layout = (AVChannelLayout)AV_CHANNEL_LAYOUT_MONO;
	c->codec->bit_rate = rate_bps;
	c->codec->profile = FF_PROFILE_AAC_LOW;
	c->codec->time_base = (AVRational){ 1, GRID_RATE };
	c->codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	c->codec->thread_count = 1;
	int rc = avcodec_open2(c->codec, codec, NULL);
	if (rc < 0 || c->codec->frame_size != (int)GRID_FRAME)
		return fault_set(why, rc < 0 ? libav_errno(rc) : -EPROTO, "tone.codec",
				 "the AAC encoder refuses %u bit/s (%s)", rate_bps,
				 libav_text(rc).at);
	return 0;
}

static int take_packets(struct coder *c, struct fault *why)
{
	for (;;) {
		int rc = avcodec_receive_packet(c->codec, c->packet);
		if (rc == AVERROR(EAGAIN) || rc == AVERROR_EOF)
			return 0;
		if (rc < 0)
			return fault_set(why, libav_errno(rc), "tone.encode",
					 "encoding sound failed (%s)", libav_text(rc).at);
		int64_t index = (c->packet->pts - c->from) / (int64_t)GRID_FRAME;
		/* Lead and trail fall away here. */
		if (c->packet->pts >= c->from && (size_t)index < c->planned) {
			if ((size_t)index != c->count)
				return fault_set(why, -EPROTO, "tone.encode",
						 "the AAC encoder lost a frame");
			box_put(&c->data, c->packet->data, (size_t)c->packet->size);
			c->samples[c->count++] = (struct pack_sample){
				.size = (uint32_t)c->packet->size, .duration = GRID_FRAME, .key = 1
			};
		}
		av_packet_unref(c->packet);
	}
}

static int encode(struct coder *c, const struct window *w, struct fault *why)
{
	for (int64_t at = 0; at < w->count; at += GRID_FRAME) {
		CLEANUP(clean_av_frame) AVFrame *f = av_frame_alloc();
		if (!f)
			return fault_set(why, -ENOMEM, "memory", "out of memory");
		f->format = AV_SAMPLE_FMT_FLTP;
		f->sample_rate = GRID_RATE;
		f->nb_samples = GRID_FRAME;
		f->ch_layout = (AVChannelLayout)AV_CHANNEL_LAYOUT_MONO;
		f->pts = w->from + at;
		if (av_frame_get_buffer(f, 0) < 0)
			return fault_set(why, -ENOMEM, "memory", "out of memory");
		memcpy(f->data[0], w->samples + at, GRID_FRAME * sizeof(float));
		int rc = avcodec_send_frame(c->codec, f);
		if (rc < 0)
			return fault_set(why, libav_errno(rc), "tone.encode",
					 "encoding sound failed (%s)", libav_text(rc).at);
		rc = take_packets(c, why);
		if (rc)
			return rc;
	}
	avcodec_send_frame(c->codec, NULL);
	return take_packets(c, why);
}

int tone_make(struct source *source, int stream, const struct job_order *order, uint32_t rate_bps,
	      struct box_out *init, struct box_out *media, struct fault *why)
{
	uint64_t planned = (order->to_sample - order->from_sample) / GRID_FRAME;
	CLEANUP(clean_window)
	struct window w = {
		.from = (int64_t)order->from_sample - LEAD * GRID_FRAME,
		.count = (int64_t)(planned + LEAD + TRAIL) * GRID_FRAME,
	};
	mono_init(&w.mono);
	CLEANUP(clean_coder)
	struct coder c = { .planned = planned, .from = (int64_t)order->from_sample };
	w.samples = calloc((size_t)w.count, sizeof(*w.samples));
	if (!w.samples || !planned)
		return fault_set(why, planned ? -ENOMEM : -EINVAL, "tone.window",
				 "no room for %llu frames of sound", (unsigned long long)planned);
	int rc = order->foreign.is
			 ? foreign_sound(source, &order->foreign, w.from, w.count, w.samples, why)
			 : fill(&w, source, stream, why);
	if (!rc)
		rc = open_coder(&c, rate_bps, why);
	if (!rc)
		rc = encode(&c, &w, why);
	if (rc)
		return rc;
	if (c.count != planned)
		return fault_set(why, -EPROTO, "tone.encode",
				 "the AAC encoder made %zu of %llu frames", c.count,
				 (unsigned long long)planned);
	struct pack_track track = { .kind = PACK_SOUND,
				    .timescale = GRID_RATE,
				    .rate_bps = rate_bps,
				    .config = c.codec->extradata,
				    .config_len = (size_t)c.codec->extradata_size };
	if (track.config_len < 2 || track.config_len > 64)
		return fault_set(why, -EPROTO, "tone.codec",
				 "the AAC encoder gave no configuration");
	pack_init(&track, init);
	pack_sound(order->segment, order->from_sample, c.samples, planned, c.data.bytes, c.data.len,
		   media);
	rc = c.data.bad ? c.data.bad : init->bad ? init->bad : media->bad;
	return rc ? fault_set(why, rc, "tone.pack", "the segment cannot be packed (%s)",
			      strerror(-rc))
		  : 0;
}
