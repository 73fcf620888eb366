// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * joins FILE: can one hear where segments join? The sound rung is made segment by segment, each by its own encoder, and once
 * by one encoder from beginning to end at the same rate; both are decoded and compared with what went in, around every edge.
 * Prints both signal-to-noise ratios; exit status 1 when the segments' is more than 3 dB below the other.
 */
#include <fcntl.h>
#include <math.h>
#include <pb_decode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "content/kitchen/kitchen.h"
#include "content/kitchen/kitchen_plan.h"
#include "content/transcoder/foreign.h"
#include "content/transcoder/foresee.h"
#include "content/transcoder/frag.h"
#include "content/transcoder/grid.h"
#include "content/transcoder/tone.h"
#include "firmware/base/fault.h"

#define FRAME ((int64_t)GRID_FRAME)
#define WORSE_MAX 3.0 /* dB */

struct sound { /* coded frames in order, decoded as they come */
	AVCodecContext *decoder;
	float *samples;
	int64_t count, room;
};

static void die(const char *what)
{
	fprintf(stderr, "joins: %s\n", what);
	exit(2);
}

static void open_decoder(struct sound *s, int64_t room)
{
	static const uint8_t lc_48k_mono[] = { 0x11,
					       0x88 }; /* ISO/IEC 14496-3, AudioSpecificConfig */
	*s = (struct sound){ .room = room, .samples = calloc((size_t)room, sizeof(float)) };
	s->decoder = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_AAC));
	if (!s->decoder || !s->samples)
		die("out of memory");
	s->decoder->extradata = av_mallocz(sizeof(lc_48k_mono) + AV_INPUT_BUFFER_PADDING_SIZE);
	memcpy(s->decoder->extradata, lc_48k_mono, sizeof(lc_48k_mono));
	s->decoder->extradata_size = sizeof(lc_48k_mono);
	if (avcodec_open2(s->decoder, NULL, NULL) < 0)
		die("no AAC decoder");
}

static void take(struct sound *s, const uint8_t *bytes, uint32_t size)
{
	AVPacket *p = av_packet_alloc();
	AVFrame *f = av_frame_alloc();
	if (!p || !f || av_new_packet(p, (int)size) < 0)
		die("out of memory");
	memcpy(p->data, bytes, size);
	if (avcodec_send_packet(s->decoder, p) < 0)
		die("a frame does not decode");
	while (avcodec_receive_frame(s->decoder, f) == 0) {
		if (s->count + f->nb_samples <= s->room)
			memcpy(s->samples + s->count, f->data[0],
			       (size_t)f->nb_samples * sizeof(float));
		s->count += f->nb_samples;
	}
	av_frame_free(&f);
	av_packet_free(&p);
}

static void take_segment(struct sound *s, const struct box_out *media)
{
	static struct pack_sample samples[FRAG_SAMPLES_MAX];
	struct frag f;
	if (frag_part(media->bytes, media->len, media->len, &f, samples, FRAG_SAMPLES_MAX))
		die("a segment that is none");
	const uint8_t *at = (const uint8_t *)media->bytes + f.data_at;
	for (size_t i = 0; i < f.count; at += samples[i++].size)
		take(s, at, samples[i].size);
}

static void take_order(const wasl_Plan *plan, uint64_t size, uint32_t segment,
		       struct job_order *out)
{
	const struct kitchen_order o = {
		.plan = plan, .source_size = size, .segment = segment, .rung_mask = 1u << RUNG_AUDIO
	};
	struct fault why;
	if (kitchen_plan_order(&o, 0, 1, out, &why))
		die(why.text);
}

/* Returns what went into the encoders. */
static float *by_segments(struct source *source, uint64_t size, const wasl_Plan *plan,
			  struct sound *s)
{
	struct job_order order;
	struct fault why;
	float *whole = calloc((size_t)s->room, sizeof(*whole));
	if (!whole)
		die("out of memory");
	for (uint32_t i = 1; i <= plan->segments_count; i++) {
		struct box_out init = { 0 }, media = { 0 };
		take_order(plan, size, i, &order);
		if (tone_make(source, order.foreign.sound, &order, order.rungs[0].cap_bps / 4 * 3,
			      &init, &media, &why))
			die(why.text);
		take_segment(s, &media);
		box_done(&init);
		box_done(&media);
	}
	take_order(plan, size, 1, &order);
	if (foreign_sound(source, &order.foreign, 0, s->room, whole, &why))
		die(why.text);
	return whole;
}

static void drain(struct sound *s, AVCodecContext *encoder)
{
	AVPacket *p = av_packet_alloc();
	while (p && avcodec_receive_packet(encoder, p) == 0) {
		if (p->pts >= 0) /* before the beginning there is only the encoder's own lead */
			take(s, p->data, (uint32_t)p->size);
		av_packet_unref(p);
	}
	av_packet_free(&p);
}

static void by_one(const float *whole, int64_t rate_bps, struct sound *s)
{
	AVCodecContext *c = avcodec_alloc_context3(avcodec_find_encoder(AV_CODEC_ID_AAC));
	if (!c)
		die("out of memory");
	c->sample_rate = GRID_RATE;
	c->sample_fmt = AV_SAMPLE_FMT_FLTP;
	c->ch_layout = (AVChannelLayout)AV_CHANNEL_LAYOUT_MONO;
	c->bit_rate = rate_bps;
	c->profile = FF_PROFILE_AAC_LOW;
	c->time_base = (AVRational){ 1, GRID_RATE };
	if (avcodec_open2(c, NULL, NULL) < 0)
		die("no AAC encoder");
	for (int64_t at = 0; at + FRAME <= s->room; at += FRAME) {
		AVFrame *f = av_frame_alloc();
		f->format = AV_SAMPLE_FMT_FLTP;
		f->sample_rate = GRID_RATE;
		f->nb_samples = GRID_FRAME;
		f->ch_layout = (AVChannelLayout)AV_CHANNEL_LAYOUT_MONO;
		f->pts = at;
		if (av_frame_get_buffer(f, 0) < 0)
			die("out of memory");
		memcpy(f->data[0], whole + at, GRID_FRAME * sizeof(float));
		if (avcodec_send_frame(c, f) < 0)
			die("the encoder refuses a frame");
		av_frame_free(&f);
		drain(s, c);
	}
	avcodec_send_frame(c, NULL);
	drain(s, c);
	avcodec_free_context(&c);
}

/* Signal to noise around all edges, dB. */
static double around_edges(const wasl_Plan *plan, const float *whole, const struct sound *s)
{
	double signal = 1e-12, noise = 1e-12;
	for (uint32_t i = 2; i <= plan->segments_count; i++) {
		uint64_t from, to;
		kitchen_plan_span(plan, RUNG_AUDIO, i, &from, &to);
		for (int64_t at = (int64_t)from - FRAME; at < (int64_t)from + FRAME; at++) {
			double d = (double)whole[at] - s->samples[at];
			signal += (double)whole[at] * whole[at];
			noise += d * d;
		}
	}
	return 10 * log10(signal / noise);
}

static int compare(struct source *source, uint64_t size, const wasl_Plan *plan)
{
	uint64_t from, to;
	struct job_order order;
	struct sound segments, one;
	kitchen_plan_span(plan, RUNG_AUDIO, plan->segments_count, &from, &to);
	open_decoder(&segments, (int64_t)to);
	open_decoder(&one, (int64_t)to);
	float *whole = by_segments(source, size, plan, &segments);
	take_order(plan, size, 1, &order);
	by_one(whole, order.rungs[0].cap_bps / 4 * 3, &one);
	double mine = around_edges(plan, whole, &segments);
	double other = around_edges(plan, whole, &one);
	printf("%u edges: %.1f dB by segments, %.1f dB by one encoder; %lld of %lld samples\n",
	       (unsigned)plan->segments_count - 1, mine, other, (long long)segments.count,
	       (long long)to);
	int bad = plan->segments_count > 1 && mine < other - WORSE_MAX;
	bad |= segments.count != (int64_t)to;
	avcodec_free_context(&segments.decoder);
	avcodec_free_context(&one.decoder);
	free(segments.samples);
	free(one.samples);
	free(whole);
	return bad;
}

int main(int argc, char **argv)
{
	struct fault why;
	struct stat st;
	struct source s;
	wasl_Survey found = wasl_Survey_init_zero;
	int bad = 0;
	av_log_set_level(AV_LOG_QUIET);
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0 || fstat(fd, &st) < 0) {
		fputs("usage: joins FILE\n", stderr);
		return 2;
	}
	uint64_t size = (uint64_t)st.st_size;
	const struct job_span whole = { 0, size };
	if (foresee(fd, size, &found, &why))
		die(why.text);
	if (!found.has_plan || !found.plan.sample_rate) {
		puts("no sound");
		return 0;
	}
	if (source_open(&s, fd, size, &whole, 1, NULL, &why))
		die(why.text);
	avformat_find_stream_info(s.format, NULL);
	bad = compare(&s, size, &found.plan);
	source_close(&s);
	pb_release(wasl_Survey_fields, &found);
	return bad;
}
