// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/probe.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/transcoder/rate.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

#define LINES_MAX 720u
#define DURATION_MAX_S (6 * 3600)
#define SIDE_MIN 16
#define FIRST_PACKETS 250u /* so many may go by before the first picture decodes */
#define MISSING_US 1500000 /* what an index promises beyond what is there, before it is told */

#define ENCRYPTED "the file is encrypted (copy protection); use the original recording"

static const char *const names[] = { "accept", "salvage", "refuse" };

const char *probe_verdict_name(enum probe_verdict v)
{
	return names[v];
}

/* The worst verdict stays, with the reason that came first. */
static void judge(struct probe *p, enum probe_verdict v, const char *reason, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static void judge(struct probe *p, enum probe_verdict v, const char *reason, const char *fmt, ...)
{
	if (p->verdict >= v)
		return;
	p->verdict = v;
	snprintf(p->reason, sizeof(p->reason), "%s", reason);
	va_list args;
	va_start(args, fmt);
	vsnprintf(p->text, sizeof(p->text), fmt, args);
	va_end(args);
}

/* --- streams ------------------------------------------------------------------------------------- */

static bool is_encrypted(const AVStream *st)
{
	return av_stream_get_side_data(st, AV_PKT_DATA_ENCRYPTION_INIT_INFO, NULL) ||
	       st->codecpar->codec_tag == MKTAG('e', 'n', 'c', 'v') ||
	       st->codecpar->codec_tag == MKTAG('e', 'n', 'c', 'a');
}

/* The stream that most players would choose among those that can be decoded at all. */
static int best(const AVFormatContext *f, enum AVMediaType type)
{
	int found = -1;
	int64_t weight = -1;
	for (unsigned i = 0; i < f->nb_streams; i++) {
		const AVStream *st = f->streams[i];
		const AVCodecParameters *c = st->codecpar;
		if (c->codec_type != type || (st->disposition & AV_DISPOSITION_ATTACHED_PIC) ||
		    !source_decodes(c->codec_id))
			continue;
		if (type == AVMEDIA_TYPE_VIDEO && (c->width < 1 || c->height < 1))
			continue;
		int64_t mine = type == AVMEDIA_TYPE_VIDEO ? (int64_t)c->width * c->height
							  : c->ch_layout.nb_channels;
		if (st->disposition & AV_DISPOSITION_DEFAULT)
			mine += INT64_C(1) << 40;
		if (mine > weight) {
			weight = mine;
			found = (int)i;
		}
	}
	return found;
}

/* Is there a stream of this type at all, decodable or not? Its codec's name, or NULL. */
static const char *any(const AVFormatContext *f, enum AVMediaType type)
{
	for (unsigned i = 0; i < f->nb_streams; i++)
		if (f->streams[i]->codecpar->codec_type == type &&
		    !(f->streams[i]->disposition & AV_DISPOSITION_ATTACHED_PIC))
			return avcodec_get_name(f->streams[i]->codecpar->codec_id);
	return NULL;
}

static void choose(const struct source *s, struct probe *p)
{
	const AVFormatContext *f = s->format;
	p->picture = best(f, AVMEDIA_TYPE_VIDEO);
	p->sound = best(f, AVMEDIA_TYPE_AUDIO);
	const char *picture = any(f, AVMEDIA_TYPE_VIDEO), *sound = any(f, AVMEDIA_TYPE_AUDIO);
	for (unsigned i = 0; i < f->nb_streams; i++)
		if (is_encrypted(f->streams[i])) {
			judge(p, PROBE_REFUSE, "probe.encrypted",
			      "the file is encrypted (copy protection); use the original "
			      "recording");
			return;
		}
	if (!f->nb_streams)
		judge(p, PROBE_REFUSE, "probe.empty",
		      "the file contains neither picture nor sound");
	else if (!picture)
		judge(p, PROBE_REFUSE, "probe.no-picture", "the file contains no moving picture%s",
		      sound ? ", only sound" : "");
	else if (p->picture < 0)
		judge(p, PROBE_REFUSE, "probe.codec",
		      "pictures in the form '%s' are not understood; export the lesson as H.264 in "
		      "MP4",
		      picture);
	else if (sound && p->sound < 0)
		judge(p, PROBE_SALVAGE, "probe.sound-codec",
		      "sound in the form '%s' is not understood; the lesson will be silent", sound);
}

static void describe(const struct source *s, struct probe *p)
{
	AVStream *st = s->format->streams[p->picture];
	const AVCodecParameters *c = st->codecpar;
	p->coded_width = (uint32_t)c->width;
	p->coded_height = (uint32_t)c->height;
	lens_form_of(s, p->picture, LINES_MAX, &p->form);
	AVRational fps = rate_pick(st->r_frame_rate, st->avg_frame_rate);
	p->fps_num = (uint32_t)fps.num;
	p->fps_den = (uint32_t)fps.den;
	snprintf(p->picture_codec, sizeof(p->picture_codec), "%s", avcodec_get_name(c->codec_id));
	if (p->sound >= 0)
		snprintf(p->sound_codec, sizeof(p->sound_codec), "%s",
			 avcodec_get_name(s->format->streams[p->sound]->codecpar->codec_id));
	if (c->width < SIDE_MIN || c->height < SIDE_MIN)
		judge(p, PROBE_REFUSE, "probe.small",
		      "the picture is %dx%d; at least %dx%d is needed", c->width, c->height,
		      SIDE_MIN, SIDE_MIN);
}

/* --- what really is in it ------------------------------------------------------------------------- */

struct reach {
	int64_t begin_us, end_us; /* AV_NOPTS_VALUE: no packet has a time */
	uint64_t packets;
	bool decodes;
};

static void stretch(struct reach *r, const AVPacket *p, AVRational tb)
{
	int64_t pts = p->pts != AV_NOPTS_VALUE ? p->pts : p->dts;
	/* What an edit list hides is not part of the lesson. */
	if (pts == AV_NOPTS_VALUE || (p->flags & AV_PKT_FLAG_DISCARD))
		return;
	int64_t us = av_rescale_q(pts, tb, AV_TIME_BASE_Q);
	int64_t end = av_rescale_q(av_sat_add64(pts, p->duration > 0 ? p->duration : 0), tb,
				   AV_TIME_BASE_Q);
	if (r->begin_us == AV_NOPTS_VALUE || us < r->begin_us)
		r->begin_us = us;
	if (r->end_us == AV_NOPTS_VALUE || end > r->end_us)
		r->end_us = end;
}

/* From the first to the last packet of one stream; the first frames are decoded to see that they can be. */
static void walk_packets(struct source_reader *r, AVFrame *f, struct reach *out)
{
	source_reader_begin(r);
	while (source_reader_packet(r)) {
		stretch(out, r->packet, r->stream->time_base);
		if (++out->packets <= FIRST_PACKETS && !out->decodes &&
		    avcodec_send_packet(r->codec, r->packet) == 0)
			out->decodes = avcodec_receive_frame(r->codec, f) == 0;
	}
	/* A short file may still wait in the decoder. */
	if (!out->decodes && out->packets <= FIRST_PACKETS &&
	    avcodec_send_packet(r->codec, NULL) == 0)
		out->decodes = avcodec_receive_frame(r->codec, f) == 0;
}

static int walk(const struct source *from, int stream, struct reach *out, struct fault *why)
{
	*out = (struct reach){ .begin_us = AV_NOPTS_VALUE, .end_us = AV_NOPTS_VALUE };
	CLEANUP(clean_av_frame) AVFrame *f = av_frame_alloc();
	if (!f)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	struct source s;
	int rc = source_again(from, &s, why);
	if (rc)
		return rc;
	struct source_reader r;
	if (stream < (int)s.format->nb_streams &&
	    source_reader_open(&r, &s, stream, 1, NULL) == 0) {
		walk_packets(&r, f, out);
		source_reader_close(&r);
	}
	rc = s.error;
	source_close(&s);
	if (rc)
		return fault_set(why, rc, "source.read",
				 "the file cannot be read (%s); try again from another disk",
				 strerror(-rc));
	return 0;
}

static void settle_times(struct probe *p, const struct reach *picture, const struct reach *sound,
			 int64_t promised_us)
{
	p->start_us = picture->begin_us;
	if (p->sound >= 0 && sound->begin_us < p->start_us)
		p->start_us = sound->begin_us;
	p->picture_us = av_sat_sub64(picture->end_us, p->start_us);
	/* A last picture without a duration is seen for one period. */
	int64_t period = av_rescale(1000000, p->fps_den, p->fps_num);
	if (p->picture_us < period)
		p->picture_us = period;
	p->sound_us = p->sound >= 0 ? av_sat_sub64(sound->end_us, p->start_us) : 0;
	p->duration_us = p->picture_us > p->sound_us ? p->picture_us : p->sound_us;
	if (p->duration_us > INT64_C(1000000) * DURATION_MAX_S)
		judge(p, PROBE_REFUSE, "probe.long",
		      "the file is %lld minutes long; a lesson has at most %d",
		      (long long)(p->duration_us / 60000000), DURATION_MAX_S / 60);
	else if (promised_us - p->duration_us > MISSING_US &&
		 promised_us / 20 < promised_us - p->duration_us)
		judge(p, PROBE_SALVAGE, "probe.truncated",
		      "the file ends early: %.1f of %.1f s are there", (double)p->duration_us / 1e6,
		      (double)promised_us / 1e6);
}

static int measure(struct source *s, struct probe *p, struct fault *why)
{
	struct reach picture, sound = { .begin_us = AV_NOPTS_VALUE };
	int rc = walk(s, p->picture, &picture, why);
	if (!rc && p->sound >= 0)
		rc = walk(s, p->sound, &sound, why);
	if (rc)
		return rc;
	if (!picture.decodes || picture.begin_us == AV_NOPTS_VALUE) {
		judge(p, PROBE_REFUSE, "probe.damaged",
		      "no picture of the file can be decoded: it is damaged or incomplete");
		return 0;
	}
	if (p->sound >= 0 && (!sound.decodes || sound.begin_us == AV_NOPTS_VALUE)) {
		judge(p, PROBE_SALVAGE, "probe.sound-damaged",
		      "the sound cannot be decoded; the lesson will be silent");
		p->sound = -1;
	}
	int64_t promised = s->format->duration != AV_NOPTS_VALUE ? s->format->duration : 0;
	settle_times(p, &picture, &sound, promised);
	return 0;
}

/* --- why a container does not open ------------------------------------------------------------------ */

#define LOOK_BYTES (1u << 20)

static bool contains(const uint8_t *bytes, size_t len, const char *what)
{
	return len && memmem(bytes, len, what, strlen(what)) != NULL;
}

/* An MP4 that does not open lacks its index, or is encrypted in a way that stops the reader; anything else is no video. */
static void explain(int fd, uint64_t size, struct probe *p)
{
	size_t len = size < LOOK_BYTES ? (size_t)size : LOOK_BYTES;
	AUTO_FREE uint8_t *start = malloc(len);
	if (!start || fileio_pread_all(fd, start, len, 0) || len < 12)
		len = 0;
	bool mp4 = len && (!memcmp(start + 4, "ftyp", 4) || !memcmp(start + 4, "moov", 4) ||
			   !memcmp(start + 4, "mdat", 4) || !memcmp(start + 4, "wide", 4));
	if (mp4 && (contains(start, len, "pssh") || contains(start, len, "encv")))
		judge(p, PROBE_REFUSE, "probe.encrypted", ENCRYPTED);
	else if (mp4)
		judge(p, PROBE_REFUSE, "probe.incomplete",
		      "the MP4 has no index: the copy is incomplete or the recording was "
		      "interrupted; copy it again");
	else
		judge(p, PROBE_REFUSE, "probe.container",
		      "this is no video that Wasl reads; export it as MP4");
}

/* --- all together --------------------------------------------------------------------------------- */

int probe_file(int fd, uint64_t size, struct source *s, const struct job_span *whole,
	       struct probe *out, struct fault *why)
{
	struct probe p = { .picture = -1, .sound = -1 };
	struct fault how = { 0 };
	int rc = size ? source_open(s, fd, size, whole, 1, NULL, &how) : 0;
	if (rc == -ENOMEM || !strcmp(how.id, "source.read")) {
		if (why)
			*why = how;
		return rc;
	}
	if (!size)
		judge(&p, PROBE_REFUSE, "probe.empty", "the file is empty");
	else if (rc)
		explain(fd, size, &p);
	if (p.verdict == PROBE_REFUSE) {
		*out = p;
		return 0;
	}
	snprintf(p.container, sizeof(p.container), "%.*s",
		 (int)strcspn(s->format->iformat->name, ","), s->format->iformat->name);
	/* Failing here is no verdict yet: streams that were found may still be whole. */
	avformat_find_stream_info(s->format, NULL);
	choose(s, &p);
	if (p.verdict != PROBE_REFUSE)
		describe(s, &p);
	rc = p.verdict != PROBE_REFUSE ? measure(s, &p, why) : 0;
	if (rc || p.verdict == PROBE_REFUSE)
		source_close(s);
	if (!rc)
		*out = p;
	return rc;
}
