// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/probe.h"

#include <errno.h>
#include <libavutil/dovi_meta.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/transcoder/holes.h"
#include "content/transcoder/rate.h"
#include "content/transcoder/tail.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

#define LINES_MAX 720u
#define DURATION_MAX_S (6 * 3600)
#define FIRST_PACKETS 250u /* so many may go by before the first picture decodes */
#define MISSING_US 1500000 /* what an index promises beyond what is there, before it is told */

const char *probe_verdict_name(enum probe_verdict v)
{
	return verdict_name(v);
}

static void judge(struct probe *p, const char *reason)
{
	verdict_add(&p->said, reason, NULL, NULL);
}

static void judge_size(struct probe *p, const char *reason, int width, int height)
{
	char w[32], h[32];
	snprintf(w, sizeof(w), "%d", width);
	snprintf(h, sizeof(h), "%d", height);
	verdict_add(&p->said, reason, w, h);
}

static void judge_times(struct probe *p, const char *reason, double a, double b, int digits)
{
	char first[32], second[32];
	snprintf(first, sizeof(first), "%.*f", digits, a);
	snprintf(second, sizeof(second), "%.*f", digits, b);
	verdict_add(&p->said, reason, first, second);
}

static bool is_refused(const struct probe *p)
{
	return p->said.kind == VERDICT_REFUSE;
}

int probe_settle(struct probe *p, struct fault *why)
{
	AUTO_FREE char *text = verdict_text(&p->said, STRINGS_EN);
	if (!text)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	p->verdict = (enum probe_verdict)p->said.kind;
	snprintf(p->reason, sizeof(p->reason), "%s", verdict_reason(&p->said));
	snprintf(p->text, sizeof(p->text), "%s", text);
	return 0;
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
		    is_encrypted(st) || !source_decodes(c->codec_id))
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

/* Is there a stream of this type at all, decodable or not? Its codec's name ("unknown": the file does not say), or NULL. */
static const char *any(const AVFormatContext *f, enum AVMediaType type)
{
	for (unsigned i = 0; i < f->nb_streams; i++)
		if (f->streams[i]->codecpar->codec_type == type &&
		    !(f->streams[i]->disposition & AV_DISPOSITION_ATTACHED_PIC))
			return f->streams[i]->codecpar->codec_id == AV_CODEC_ID_NONE
				       ? "unknown"
				       : avcodec_get_name(f->streams[i]->codecpar->codec_id);
	return NULL;
}

/* Is every stream of this type encrypted? */
static bool all_encrypted(const AVFormatContext *f, enum AVMediaType type)
{
	unsigned open = 0, closed = 0;
	for (unsigned i = 0; i < f->nb_streams; i++)
		if (f->streams[i]->codecpar->codec_type == type) {
			open += !is_encrypted(f->streams[i]);
			closed += is_encrypted(f->streams[i]);
		}
	return closed && !open;
}

static void choose(const struct source *s, struct probe *p)
{
	const AVFormatContext *f = s->format;
	p->picture = best(f, AVMEDIA_TYPE_VIDEO);
	p->sound = best(f, AVMEDIA_TYPE_AUDIO);
	const char *picture = any(f, AVMEDIA_TYPE_VIDEO), *sound = any(f, AVMEDIA_TYPE_AUDIO);
	if (all_encrypted(f, AVMEDIA_TYPE_VIDEO))
		judge(p, "probe.encrypted");
	else if (!picture && !sound)
		judge(p, "probe.nothing");
	else if (!picture && all_encrypted(f, AVMEDIA_TYPE_AUDIO))
		judge(p, "probe.encrypted");
	else if (!picture && p->sound < 0)
		verdict_add(&p->said, "probe.no-picture", sound, NULL);
	else if (!picture)
		return; /* sound alone is a lesson */
	else if (p->picture < 0)
		verdict_add(&p->said, "probe.codec", picture, NULL);
	else if (all_encrypted(f, AVMEDIA_TYPE_AUDIO))
		judge(p, "probe.sound-encrypted");
	else if (sound && p->sound < 0)
		verdict_add(&p->said, "probe.sound-codec", sound, NULL);
}

/* Dolby Vision without a picture that others can read: greens and violets, for everybody else. */
static bool is_dolby_only(const AVStream *st)
{
	size_t len = 0;
	const uint8_t *side = av_stream_get_side_data(st, AV_PKT_DATA_DOVI_CONF, &len);
	if (!side || len < sizeof(AVDOVIDecoderConfigurationRecord))
		return false;
	const AVDOVIDecoderConfigurationRecord *d = (const void *)side;
	return d->dv_profile == 5;
}

#define SOUND_ALONE_FPS 25u /* sound alone is cut as if it had pictures */

static void describe(const struct source *s, struct probe *p)
{
	if (p->sound >= 0)
		snprintf(p->sound_codec, sizeof(p->sound_codec), "%s",
			 avcodec_get_name(s->format->streams[p->sound]->codecpar->codec_id));
	if (p->picture < 0) {
		p->fps_num = SOUND_ALONE_FPS;
		p->fps_den = 1;
		return;
	}
	AVStream *st = s->format->streams[p->picture];
	const AVCodecParameters *c = st->codecpar;
	p->coded_width = (uint32_t)c->width;
	p->coded_height = (uint32_t)c->height;
	const struct colour_light light = { c->color_space, c->color_primaries, c->color_trc, 0 };
	p->is_hdr = colour_is_foreign(&light);
	lens_form_of(s, p->picture, LINES_MAX, &p->form);
	AVRational fps = rate_pick(st->r_frame_rate, st->avg_frame_rate);
	p->fps_num = (uint32_t)fps.num;
	p->fps_den = (uint32_t)fps.den;
	snprintf(p->picture_codec, sizeof(p->picture_codec), "%s", avcodec_get_name(c->codec_id));
	if (p->form.width < RATE_SIDE_MIN || p->form.height < RATE_SIDE_MIN)
		judge_size(p, "probe.small", c->width, c->height);
	if ((int64_t)c->width * c->height > SOURCE_PIXELS_MAX)
		judge_size(p, "probe.large", c->width, c->height);
	if (is_dolby_only(st))
		judge(p, "probe.colours");
}

/* --- what really is in it ------------------------------------------------------------------------- */

struct reach {
	int64_t begin_us, end_us; /* AV_NOPTS_VALUE: no packet has a time */
	uint64_t packets, corrupt;
	bool decodes;
	struct source_jump jumps[SOURCE_JUMPS_MAX];
	uint32_t jump_count;
	struct holes holes;
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
	/* Pictures are coded in another order than shown. */
	int64_t at = p->dts != AV_NOPTS_VALUE ? av_rescale_q(p->dts, tb, AV_TIME_BASE_Q) : us;
	holes_step(&r->holes, at, av_sat_add64(at, av_sat_sub64(end, us)), p->pos, p->size);
}

/* From the first to the last packet of one stream; the first frames are decoded to see that they can be. */
static void walk_packets(struct source_reader *r, AVFrame *f, struct reach *out)
{
	source_reader_begin(r);
	while (source_reader_packet(r)) {
		stretch(out, r->packet, r->stream->time_base);
		out->corrupt += (r->packet->flags & AV_PKT_FLAG_CORRUPT) != 0;
		if (++out->packets <= FIRST_PACKETS && !out->decodes &&
		    avcodec_send_packet(r->codec, r->packet) == 0)
			out->decodes = avcodec_receive_frame(r->codec, f) == 0;
	}
	/* A short file may still wait in the decoder. */
	if (!out->decodes && out->packets <= FIRST_PACKETS &&
	    avcodec_send_packet(r->codec, NULL) == 0)
		out->decodes = avcodec_receive_frame(r->codec, f) == 0;
	out->jump_count = r->jump_count < SOURCE_JUMPS_MAX ? r->jump_count : SOURCE_JUMPS_MAX;
	memcpy(out->jumps, r->jumps, sizeof(out->jumps));
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

/* The index of an AVI that was cut is made anew of what is there; the pictures that its header counts are not. */
static int64_t counted_us(const AVFormatContext *f)
{
	for (unsigned i = 0; i < f->nb_streams; i++) {
		const AVStream *st = f->streams[i];
		const AVRational fps = st->avg_frame_rate;
		if (st->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && st->nb_frames > 0 &&
		    st->nb_frames < INT32_MAX && fps.num > 0 && fps.den > 0)
			return av_rescale(st->nb_frames, INT64_C(1000000) * fps.den, fps.num);
	}
	return 0;
}

int64_t probe_promise(const struct source *s, int64_t start_us)
{
	const char *kind = s->format->iformat->name;
	const int64_t counted = strcmp(kind, "avi") ? 0 : counted_us(s->format);
	const int64_t said = s->format->duration, promised = counted > said ? counted : said;
	const bool from_zero = !strncmp(kind, "mov", 3) || !strncmp(kind, "matroska", 8);
	if (promised == AV_NOPTS_VALUE || promised <= 0)
		return 0;
	return from_zero && start_us > 0 && start_us < promised ? promised - start_us : promised;
}

static void settle_times(struct probe *p, const struct reach *picture, const struct reach *sound,
			 const struct source *s)
{
	const bool pictures = p->picture >= 0;
	p->start_us = pictures ? picture->begin_us : sound->begin_us;
	if (p->sound >= 0 && sound->begin_us < p->start_us)
		p->start_us = sound->begin_us;
	p->picture_us = pictures ? av_sat_sub64(picture->end_us, p->start_us) : 0;
	/* A last picture without a duration is seen for one period. */
	int64_t period = av_rescale(1000000, p->fps_den, p->fps_num);
	if (pictures && p->picture_us < period)
		p->picture_us = period;
	p->sound_us = p->sound >= 0 ? av_sat_sub64(sound->end_us, p->start_us) : 0;
	p->duration_us = p->picture_us > p->sound_us ? p->picture_us : p->sound_us;
	/* What the container promises is meaningless where its clock was set anew. */
	int64_t promised_us = s->clock.count ? 0 : probe_promise(s, p->start_us);
	int64_t missing = av_sat_sub64(promised_us, p->duration_us);
	if (p->duration_us > INT64_C(1000000) * DURATION_MAX_S)
		judge_times(p, "probe.long", (double)p->duration_us / 6e7, DURATION_MAX_S / 60.0,
			    0);
	else if (missing > MISSING_US && promised_us / 20 < missing)
		judge_times(p, "probe.truncated", (double)p->duration_us / 1e6,
			    (double)promised_us / 1e6, 1);
}

/* The clock of all streams goes on where the last of them had ended, and the first of them begins. */
static void set_clock(struct source_clock *c, const struct reach *a, const struct reach *b)
{
	*c = (struct source_clock){ 0 };
	int64_t moved = 0;
	for (uint32_t n = 0; n < a->jump_count || n < b->jump_count; n++) {
		int64_t end = INT64_MIN, begin = INT64_MAX;
		const struct reach *of[] = { a, b };
		for (size_t i = 0; i < 2; i++) {
			if (n >= of[i]->jump_count)
				continue;
			const struct source_jump *j = &of[i]->jumps[n];
			end = j->end_us > end ? j->end_us : end;
			begin = j->begin_us < begin ? j->begin_us : begin;
		}
		moved = av_sat_add64(moved, av_sat_sub64(end, begin));
		c->moved_us[c->count++] = moved;
	}
}

static int walk_both(struct source *s, const struct probe *p, struct reach *picture,
		     struct reach *sound, struct fault *why)
{
	int rc = p->picture >= 0 ? walk(s, p->picture, picture, why) : 0;
	if (!rc && p->sound >= 0)
		rc = walk(s, p->sound, sound, why);
	/* Each stream by itself would go on without a hole: one clock keeps picture and sound together. */
	if (rc || s->clock.count || !(picture->jump_count | sound->jump_count))
		return rc;
	set_clock(&s->clock, picture, sound);
	return walk_both(s, p, picture, sound, why);
}

static void judge_share(struct probe *p, double share)
{
	char text[32];
	snprintf(text, sizeof(text), "%.0f", share > 1 ? share : 1.0);
	verdict_add(&p->said, "probe.patchy", text, NULL);
}

/* Bytes in the middle that became nothing. With one stream alone, where no other's they can be; of two, what both lack. */
static void judge_holes(const struct source *s, struct probe *p, const struct reach *picture,
			const struct reach *sound)
{
	const bool both = p->picture >= 0 && p->sound >= 0;
	if (!both && s->format->nb_streams > 1)
		return;
	int64_t lost = holes_lost_us(p->picture >= 0 ? &picture->holes : &sound->holes,
				     both ? &sound->holes : NULL);
	if (lost > 0 && p->duration_us > 0)
		judge_share(p, 100.0 * (double)lost / (double)p->duration_us);
}

static int measure(struct source *s, struct probe *p, struct fault *why)
{
	struct reach picture = { .begin_us = AV_NOPTS_VALUE }, sound = picture;
	int rc = walk_both(s, p, &picture, &sound, why);
	if (rc)
		return rc;
	const struct reach *first = p->picture >= 0 ? &picture : &sound;
	if (!first->decodes || first->begin_us == AV_NOPTS_VALUE) {
		judge(p, "probe.damaged");
		return 0;
	}
	if (p->sound >= 0 && (!sound.decodes || sound.begin_us == AV_NOPTS_VALUE)) {
		judge(p, "probe.sound-damaged");
		p->sound = -1;
	}
	if (picture.corrupt * 100 > picture.packets)
		judge_share(p, 100.0 * (double)picture.corrupt / (double)picture.packets);
	settle_times(p, &picture, &sound, s);
	judge_holes(s, p, &picture, &sound);
	if (s->is_cut && p->said.kind == VERDICT_ACCEPT)
		judge(p, "probe.cut");
	p->clock = s->clock;
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
		judge(p, "probe.encrypted");
	else if (mp4)
		judge(p, "probe.incomplete");
	else
		judge(p, "probe.container");
}

/* --- all together --------------------------------------------------------------------------------- */

/* What the bytes themselves say: the container's streams, and what is really in them. */
static int look_into(struct source *s, struct probe *p, struct fault *why)
{
	snprintf(p->container, sizeof(p->container), "%.*s",
		 (int)strcspn(s->format->iformat->name, ","), s->format->iformat->name);
	/* Failing here is no verdict yet: streams that were found may still be whole. */
	avformat_find_stream_info(s->format, NULL);
	choose(s, p);
	if (!is_refused(p))
		describe(s, p);
	return is_refused(p) ? 0 : measure(s, p, why);
}

int probe_file(int fd, uint64_t size, struct source *s, const struct job_span *whole,
	       struct probe *out, struct fault *why)
{
	struct probe p = { .picture = -1, .sound = -1 };
	struct fault how = { 0 };
	int rc = size ? source_open(s, fd, size, whole, 1, NULL, &how) : 0;
	if (rc && (!strcmp(how.id, "memory") || !strcmp(how.id, "source.read"))) {
		if (why)
			*why = how;
		return rc;
	}
	bool open = size && !rc;
	if (open && tail_lacks_media(fd, size))
		s->is_cut = true;
	if (!size)
		judge(&p, "probe.empty");
	else if (rc == -ENOMEM) /* what libavformat says of streams beyond the limit, too */
		judge(&p, "probe.streams");
	else if (rc)
		explain(fd, size, &p);
	rc = open ? look_into(s, &p, why) : 0;
	if (!rc)
		rc = probe_settle(&p, why);
	if (open && (rc || is_refused(&p)))
		source_close(s);
	if (!rc)
		*out = p;
	return rc;
}
