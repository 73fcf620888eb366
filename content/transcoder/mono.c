// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/mono.h"

#include <errno.h>
#include <stdlib.h>

#include "content/transcoder/grid.h"
#include "firmware/base/fault.h"

#define CHANNELS_MAX 8
#define DRIFT \
	960 /* samples (20 ms) by which a time stamp may differ from the count before it is believed */

void mono_init(struct mono *m)
{
	*m = (struct mono){ .next = INT64_MIN };
}

void mono_done(struct mono *m)
{
	swr_free(&m->swr);
	free(m->pcm);
	*m = (struct mono){ .next = INT64_MIN, .first_only = m->first_only };
}

static int prepare(struct mono *m, const AVFrame *f, struct fault *why)
{
	AVChannelLayout from = { 0 }, one = AV_CHANNEL_LAYOUT_MONO;
	if (f->ch_layout.nb_channels < 1 || f->ch_layout.nb_channels > CHANNELS_MAX ||
	    f->sample_rate < 4000 || f->sample_rate > 384000)
		return fault_set(why, -EBADMSG, "mono.form",
				 "sound with %d channels at %d Hz is not understood",
				 f->ch_layout.nb_channels, f->sample_rate);
	av_channel_layout_default(&from, f->ch_layout.nb_channels);
	if (f->ch_layout.order == AV_CHANNEL_ORDER_NATIVE)
		av_channel_layout_copy(&from, &f->ch_layout);
	uint64_t layout = from.u.mask;
	if (m->swr && m->rate == f->sample_rate && m->format == f->format && m->layout == layout) {
		av_channel_layout_uninit(&from);
		return 0;
	}
	swr_free(&m->swr);
	int rc = swr_alloc_set_opts2(&m->swr, &one, AV_SAMPLE_FMT_FLT, GRID_RATE, &from,
				     (enum AVSampleFormat)f->format, f->sample_rate, 0, NULL);
	av_channel_layout_uninit(&from);
	/* Channels are averaged: a sum would clip. */
	if (rc >= 0)
		rc = av_opt_set_double(m->swr, "rematrix_maxval", 1.0, 0);
	/* A balanced microphone in a stereo socket: the second channel is the first, upside down, and their average is silence. */
	static const double first[] = { 1.0, 0.0 };
	if (rc >= 0 && m->first_only && f->ch_layout.nb_channels == 2)
		rc = swr_set_matrix(m->swr, first, 2);
	if (rc >= 0)
		rc = swr_init(m->swr);
	if (rc < 0)
		return fault_set(why, libav_errno(rc), "mono.form",
				 "sound cannot be converted (%s)", libav_text(rc).at);
	m->rate = f->sample_rate;
	m->format = f->format;
	m->layout = layout;
	m->next = INT64_MIN;
	return 0;
}

static int convert(struct mono *m, const AVFrame *f, int64_t *count, struct fault *why)
{
	int64_t room = swr_get_out_samples(m->swr, f->nb_samples);
	if (room > m->room) {
		float *more = realloc(m->pcm, (size_t)room * sizeof(*more));
		if (!more)
			return fault_set(why, -ENOMEM, "memory", "out of memory");
		m->pcm = more;
		m->room = room;
	}
	uint8_t *out = (uint8_t *)m->pcm;
	const uint8_t *in[CHANNELS_MAX] = { NULL };
	int planes = av_sample_fmt_is_planar((enum AVSampleFormat)f->format)
			     ? f->ch_layout.nb_channels
			     : 1;
	for (int i = 0; i < planes; i++)
		in[i] = f->extended_data[i];
	int n = swr_convert(m->swr, &out, (int)m->room, in, f->nb_samples);
	if (n < 0)
		return fault_set(why, libav_errno(n), "mono.form", "sound cannot be converted (%s)",
				 libav_text(n).at);
	*count = n;
	return 0;
}

int mono_take(struct mono *m, const AVFrame *f, AVRational tb, int64_t *at, int64_t *count,
	      struct fault *why)
{
	int rc = prepare(m, f, why);
	if (rc)
		return rc;
	int64_t delay = swr_get_delay(m->swr, GRID_RATE);
	int64_t n = 0;
	rc = convert(m, f, &n, why);
	if (rc)
		return rc;
	if (f->pts != AV_NOPTS_VALUE) {
		int64_t said = av_rescale_q(f->pts, tb, (AVRational){ 1, GRID_RATE }) - delay;
		/* Stamps are rounded and jitter: counting goes on from the first, until they part for good. */
		if (m->next == INT64_MIN || llabs(said - m->next) > DRIFT)
			m->next = said;
	}
	*at = m->next;
	*count = n;
	if (m->next != INT64_MIN)
		m->next += n;
	return 0;
}
