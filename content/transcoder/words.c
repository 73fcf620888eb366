// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/shelf/captions.h"
#include "content/shelf/language.h"
#include "content/transcoder/source.h"
#include "content/kitchen/words_format.h"
#include "firmware/base/fault.h"

#define LASTS_MS 4000 /* what a film does not say how long to show */

static const enum AVCodecID texts[] = { AV_CODEC_ID_SUBRIP, AV_CODEC_ID_ASS, AV_CODEC_ID_WEBVTT,
					AV_CODEC_ID_MOV_TEXT, AV_CODEC_ID_TEXT };

struct track {
	AVStream *stream;
	AVCodecContext *codec;
	struct captions *captions;
};
struct words {
	struct source source;
	struct track tracks[WORDS_TRACKS_MAX];
	size_t count;
	int64_t start_us;
};

static void words_done(struct words *w)
{
	for (size_t i = 0; i < w->count; i++) {
		avcodec_free_context(&w->tracks[i].codec);
		captions_free(w->tracks[i].captions);
	}
}

static bool is_text(const AVStream *st)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (st->codecpar->codec_type == AVMEDIA_TYPE_SUBTITLE &&
		    st->codecpar->codec_id == texts[i])
			return true;
	return false;
}

/* A track that cannot be opened is as good as none. */
static int add_track(struct words *w, AVStream *st)
{
	struct track *t = &w->tracks[w->count];
	const AVCodec *codec = avcodec_find_decoder(st->codecpar->codec_id);
	if (!codec || w->count == WORDS_TRACKS_MAX)
		return 0;
	*t = (struct track){ .stream = st,
			     .codec = avcodec_alloc_context3(codec),
			     .captions = captions_new() };
	w->count++;
	if (!t->codec || !t->captions)
		return -ENOMEM;
	t->codec->pkt_timebase = st->time_base;
	t->codec->thread_count = 1;
	if (avcodec_parameters_to_context(t->codec, st->codecpar) < 0 ||
	    avcodec_open2(t->codec, codec, NULL) < 0)
		t->stream = NULL;
	return 0;
}

static int find_tracks(struct words *w)
{
	AVFormatContext *f = w->source.format;
	for (unsigned i = 0; i < f->nb_streams; i++) {
		f->streams[i]->discard = AVDISCARD_ALL;
		if (!is_text(f->streams[i]))
			continue;
		f->streams[i]->discard = AVDISCARD_DEFAULT;
		int rc = add_track(w, f->streams[i]);
		if (rc)
			return rc;
	}
	return 0;
}

/* "ReadOrder,Layer,Style,Name,MarginL,MarginR,MarginV,Effect,Text": what libavcodec makes of all of them. */
static const char *text_of(const char *event)
{
	for (unsigned commas = 0; event && commas < 8; commas++) {
		event = strchr(event, ',');
		event += event ? 1 : 0;
	}
	return event;
}

static int take_packet(const struct words *w, const struct track *t, AVPacket *p)
{
	AVSubtitle s = { 0 };
	int got = 0, rc = 0;
	if (p->pts == AV_NOPTS_VALUE || avcodec_decode_subtitle2(t->codec, &s, &got, p) < 0 || !got)
		return 0; /* one that is damaged is not said */
	const AVRational ms = { 1, 1000 };
	int64_t from = av_rescale_q(p->pts, t->stream->time_base, ms) - w->start_us / 1000 +
		       s.start_display_time;
	int64_t lasts =
		p->duration > 0 ? av_rescale_q(p->duration, t->stream->time_base, ms)
		: s.end_display_time > s.start_display_time && s.end_display_time != UINT32_MAX
			? s.end_display_time - s.start_display_time
			: LASTS_MS;
	for (unsigned i = 0; i < s.num_rects && !rc; i++) {
		const char *text = text_of(s.rects[i]->ass);
		/* What begins before the lesson is shown from its beginning. */
		if (text)
			rc = captions_add_ass(t->captions, from < 0 ? 0 : from, from + lasts, text,
					      strlen(text));
	}
	avsubtitle_free(&s);
	return rc;
}

static int read_all(struct words *w)
{
	CLEANUP(clean_av_packet) AVPacket *p = av_packet_alloc();
	int rc = p ? 0 : -ENOMEM;
	while (!rc && av_read_frame(w->source.format, p) >= 0) {
		for (size_t i = 0; i < w->count && !rc; i++)
			if (w->tracks[i].stream && w->tracks[i].stream->index == p->stream_index)
				rc = take_packet(w, &w->tracks[i], p);
		av_packet_unref(p);
	}
	return rc;
}

static int put_tracks(struct words *w, struct box_out *out)
{
	for (size_t i = 0; i < w->count; i++) {
		struct track *t = &w->tracks[i];
		struct words_head h = { .magic = WORDS_MAGIC };
		AUTO_FREE char *text = NULL;
		size_t len;
		if (!t->stream || !captions_count(t->captions))
			continue;
		int rc = captions_write(t->captions, &text, &len);
		if (rc)
			return rc;
		const AVDictionaryEntry *e = av_dict_get(t->stream->metadata, "language", NULL, 0);
		language_of_tag(e ? e->value : "", h.language);
		h.len = (uint32_t)len;
		box_put(out, &h, sizeof(h));
		box_put(out, text, len);
	}
	return out->bad;
}

int words_take(int fd, uint64_t size, int64_t start_us, struct box_out *out, struct fault *why)
{
	CLEANUP(words_done) struct words w = { .start_us = start_us };
	const struct job_span whole = { 0, size };
	int rc = source_open(&w.source, fd, size, &whole, 1, NULL, why);
	if (rc)
		return rc;
	rc = find_tracks(&w);
	if (!rc && w.count)
		rc = read_all(&w);
	if (!rc)
		rc = put_tracks(&w, out);
	source_close(&w.source);
	return rc ? fault_set(why, rc, "words.take", "captions cannot be taken out of it (%s)",
			      strerror(-rc))
		  : 0;
}
