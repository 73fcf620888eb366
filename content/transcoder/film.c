// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/film.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/transcoder/grid.h"
#include "content/transcoder/reorder.h"
#include "content/transcoder/stay.h"
#include "firmware/base/fault.h"

/*
 * Quality by pace. `now` answers a pupil in tenths of a second; `idle` takes three times as long for fewer bytes of as good a picture. It looks
 * ahead for some seconds, so that what stays for long is drawn well once (its memory grows with the pictures it holds; `stays` is how much
 * better, x264's qcomp), and tries steps of quality instead of guessing (`effort`, subme).
 *
 * What is drawn (slides, screencasts) has no grain that would have to look like grain (psy), and little that is flat by chance: what is saved
 * where much happens (aq-strength) is a little less than for films. Its edges stay as sharp as the standard's filter leaves them (the animation
 * tuning smooths them, for 1 to 2 % more bytes at equal similarity). B-pictures come in the same number always (b-adapt 0): where x264 looks for
 * their number by itself, screens that scroll and slide get a P-picture every other time, at seven times the bytes. The offset of chroma is in
 * the parameter sets, and is what psy makes it.
 */
enum way_name { WAY_NOW, WAY_DRAWN, WAY_FILMED };
static const struct way {
	const char *preset;
	const char *crf_baseline, *crf_small, *crf_large; /* 144p; below 360 lines; from there */
	unsigned effort_baseline, effort;
	unsigned references; /* three fit every level that we name */
	unsigned between;    /* B-pictures in a row */
	const char *stays;
	unsigned ahead_small, ahead_large; /* pictures */
	const char *more;
} ways[] = {
	/* clang-format off */
	[WAY_NOW] = { "veryfast", "27", "26.7", "25.7", 2, 1, 1, 3, "0.6", 10, 10,
		      "b-adapt=0:b-pyramid=none" },
	[WAY_DRAWN] = { "slower", "28.5", "28.5", "27.5", 10, 10, 3, 7, "0.45", 60, 40,
			"b-adapt=0:b-pyramid=normal:psy=0:chroma-qp-offset=-2:aq-strength=0.8" },
	[WAY_FILMED] = { "slower", "29", "29", "28", 10, 10, 3, 8, "0.5", 60, 40,
			 "b-adapt=2:b-pyramid=normal" },
	/* clang-format on */
};

enum { CLASS_STATIC = 1, CLASS_SCREEN = 2 };

static const struct way *way_of(const struct job_order *o)
{
	const bool drawn = o->content_class == CLASS_STATIC || o->content_class == CLASS_SCREEN;
	return &ways[o->pace == JOB_NOW ? WAY_NOW : drawn ? WAY_DRAWN : WAY_FILMED];
}

/* No segment of 4 s or more exceeds the cap: rate * 4 s and nine tenths of the buffer stay below cap * 4 s. */
#define RATE_SHARE(cap) ((cap) / 5 * 4)

static int set_options(struct film *f)
{
	const struct job_rung *r = f->rung;
	const struct way *w = way_of(f->order);
	uint32_t lines = r->width < r->height ? r->width : r->height;
	const bool small = lines < 360, baseline = r->profile == 66;
	void *x = f->codec->priv_data;
	char level[16], params[384];
	snprintf(level, sizeof(level), "%u.%u", r->level / 10, r->level % 10);
	/*
	 * stitchable: parameter sets depend on none of the rate settings. What presets and tunings would change in them is
	 * named. These are applied last, after the profile: Baseline has no B-pictures.
	 */
	snprintf(params, sizeof(params),
		 "stitchable=1:keyint=infinite:min-keyint=65536:open-gop=0:bframes=%u:ref=%u:"
		 "qcomp=%s:subme=%u:rc-lookahead=%u:sliced-threads=0:sync-lookahead=0:sar=1/1:%s",
		 baseline ? 0u : w->between, w->references, w->stays,
		 baseline ? w->effort_baseline : w->effort, small ? w->ahead_small : w->ahead_large,
		 w->more);
	int rc = av_opt_set(x, "preset", w->preset, 0);
	if (rc >= 0)
		rc = av_opt_set(x, "profile", baseline ? "baseline" : "main", 0);
	if (rc >= 0)
		rc = av_opt_set(x, "level", level, 0);
	if (rc >= 0)
		rc = av_opt_set(x, "crf",
				baseline ? w->crf_baseline
				: small  ? w->crf_small
					 : w->crf_large,
				0);
	if (rc >= 0)
		rc = av_opt_set(x, "x264-params", params, 0);
	return rc;
}

static int open_codec(struct film *f, struct fault *why)
{
	const struct job_rung *r = f->rung;
	const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
	if (!codec)
		return fault_set(
			why, -ENOSYS, "film.codec",
			"this system's libavcodec has no libx264; install Debian's libavcodec59");
	f->codec = avcodec_alloc_context3(codec);
	f->packet = av_packet_alloc();
	if (!f->codec || !f->packet)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	AVCodecContext *c = f->codec;
	c->width = (int)r->width;
	c->height = (int)r->height;
	c->pix_fmt = AV_PIX_FMT_YUV420P;
	c->time_base = (AVRational){ (int)r->fps_den, (int)r->fps_num };
	c->framerate = (AVRational){ (int)r->fps_num, (int)r->fps_den };
	c->sample_aspect_ratio = (AVRational){ 1, 1 };
	c->color_range = AVCOL_RANGE_MPEG;
	c->colorspace = AVCOL_SPC_BT709;
	c->color_primaries = AVCOL_PRI_BT709;
	c->color_trc = AVCOL_TRC_BT709;
	c->thread_count = 1;
	c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_CLOSED_GOP;
	c->rc_max_rate = RATE_SHARE((int64_t)r->cap_bps);
	c->rc_buffer_size = (int)c->rc_max_rate;
	int rc = set_options(f);
	if (rc >= 0)
		rc = avcodec_open2(c, codec, NULL);
	if (rc < 0)
		return fault_set(why, libav_errno(rc), "film.codec",
				 "the encoder refuses %ux%u at %u bit/s (%s)", r->width, r->height,
				 r->cap_bps, libav_text(rc).at);
	return 0;
}

uint64_t film_ticks(const struct film *f, uint64_t index)
{
	const struct job_rung *r = f->rung;
	return f->order->from_ticks +
	       grid_scale(index, (uint64_t)f->order->timescale * r->fps_den, r->fps_num);
}

int film_open(struct film *f, const struct job_order *order, const struct job_rung *rung,
	      struct fault *why)
{
	*f = (struct film){ .order = order, .rung = rung };
	uint64_t planned = grid_scale(order->to_ticks - order->from_ticks, rung->fps_num,
				      (uint64_t)order->timescale * rung->fps_den);
	while (film_ticks(f, planned) < order->to_ticks)
		planned++;
	f->planned = planned;
	if (planned > FILM_PICTURES_MAX)
		return fault_set(why, -EINVAL, "film.length",
				 "%llu pictures in one segment; %u are allowed",
				 (unsigned long long)planned, FILM_PICTURES_MAX);
	f->fed = calloc(planned, sizeof(*f->fed));
	f->shown = calloc(planned, sizeof(*f->shown));
	f->sizes = calloc(planned, sizeof(*f->sizes));
	f->keys = calloc(planned, sizeof(*f->keys));
	int rc = f->fed && f->shown && f->sizes && f->keys
			 ? open_codec(f, why)
			 : fault_set(why, -ENOMEM, "memory", "out of memory");
	if (rc)
		film_close(f);
	return rc;
}

void film_close(struct film *f)
{
	avcodec_free_context(&f->codec);
	av_packet_free(&f->packet);
	av_frame_free(&f->kept);
	box_done(&f->data);
	free(f->fed);
	free(f->shown);
	free(f->sizes);
	free(f->keys);
	*f = (struct film){ 0 };
}

static int take_packets(struct film *f, struct fault *why)
{
	for (;;) {
		int rc = avcodec_receive_packet(f->codec, f->packet);
		if (rc == AVERROR(EAGAIN) || rc == AVERROR_EOF)
			return 0;
		if (rc < 0)
			return fault_set(why, libav_errno(rc), "film.encode",
					 "encoding failed (%s)", libav_text(rc).at);
		int64_t index = f->packet->pts;
		if (f->coded == f->fed_count || index < 0 || (uint64_t)index >= f->planned)
			return fault_set(why, -EPROTO, "film.encode",
					 "the encoder made a picture that nobody gave it");
		size_t before = f->data.len;
		rc = pack_picture(f->packet->data, (size_t)f->packet->size, &f->data);
		if (rc)
			return fault_set(why, rc, "film.encode",
					 "the encoder made a picture without a slice");
		f->shown[f->coded] = (uint64_t)index;
		f->sizes[f->coded] = (uint32_t)(f->data.len - before);
		f->keys[f->coded] = (f->packet->flags & AV_PKT_FLAG_KEY) != 0;
		f->coded++;
		av_packet_unref(f->packet);
	}
}

/*
 * The last two are pictures that others may follow from, and hence coded in the order shown: the last one then lasts until the
 * segment ends also for players that take a picture's time from the file.
 */
static bool is_last(const struct film *f)
{
	return f->tick + 2 >= f->planned;
}

/* The next tick has a picture, whether it says something new or not. */
static bool is_due(const struct film *f)
{
	if (!f->fed_count || is_last(f))
		return true;
	uint64_t lasts = film_ticks(f, f->tick + 1) - film_ticks(f, f->fed[f->fed_count - 1]);
	return lasts * 1000 > (uint64_t)STAY_GAP_MS * f->order->timescale;
}

int film_wants(const struct film *f, uint64_t serial)
{
	return serial != f->serial || is_due(f);
}

int film_feed(struct film *f, const AVFrame *picture, uint64_t serial, struct fault *why)
{
	if (!picture) {
		f->tick++;
		return 0;
	}
	/* What is new at the source's size, a pointer or a cursor, may be nothing at this one. */
	if (!is_due(f) && stay_alike(f->kept, picture)) {
		f->serial = serial;
		f->tick++;
		return 0;
	}
	CLEANUP(clean_av_frame) AVFrame *own = av_frame_clone(picture);
	AVFrame *kept = av_frame_clone(picture);
	if (!own || !kept) {
		av_frame_free(&kept);
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	}
	av_frame_free(&f->kept);
	f->kept = kept;
	own->pict_type = f->tick && is_last(f) ? AV_PICTURE_TYPE_P : AV_PICTURE_TYPE_NONE;
	own->color_range = AVCOL_RANGE_MPEG;
	f->fed[f->fed_count++] = f->tick;
	f->serial = serial;
	own->pts = (int64_t)f->tick++;
	int rc = avcodec_send_frame(f->codec, own);
	if (rc < 0)
		return fault_set(why, libav_errno(rc), "film.encode", "encoding failed (%s)",
				 libav_text(rc).at);
	return take_packets(f, why);
}

static int put_samples(const struct film *f, struct pack_sample *samples)
{
	AUTO_FREE uint64_t *times = calloc(f->coded, sizeof(*times));
	AUTO_FREE uint64_t *shown = calloc(f->coded, sizeof(*shown));
	if (!times || !shown)
		return -ENOMEM;
	for (uint64_t i = 0; i < f->coded; i++)
		shown[i] = film_ticks(f, f->shown[i]);
	int rc = reorder_times(shown, f->coded, f->order->from_ticks, f->order->to_ticks,
			       film_ticks(f, 1) - film_ticks(f, 0), times);
	for (uint64_t i = 0; i < f->coded && !rc; i++) {
		uint64_t end = i + 1 < f->coded ? times[i + 1] : f->order->to_ticks;
		samples[i] = (struct pack_sample){
			.size = f->sizes[i],
			.duration = (uint32_t)(end - times[i]),
			.shift = (int32_t)((int64_t)shown[i] - (int64_t)times[i]),
			.key = f->keys[i],
		};
	}
	return rc;
}

int film_finish(struct film *f, struct box_out *init, struct box_out *media, struct fault *why)
{
	int rc = avcodec_send_frame(f->codec, NULL);
	if (rc < 0 && rc != AVERROR_EOF)
		return fault_set(why, libav_errno(rc), "film.encode", "encoding failed (%s)",
				 libav_text(rc).at);
	rc = take_packets(f, why);
	if (rc)
		return rc;
	if (f->tick != f->planned || f->coded != f->fed_count || !f->coded || !f->keys[0])
		return fault_set(why, -EPROTO, "film.encode",
				 "the encoder made %llu of %llu pictures",
				 (unsigned long long)f->coded, (unsigned long long)f->fed_count);
	struct box_out config = { 0 };
	AUTO_FREE struct pack_sample *samples = calloc(f->coded, sizeof(*samples));
	rc = samples ? pack_avcc(f->codec->extradata, (size_t)f->codec->extradata_size, &config)
		     : -ENOMEM;
	if (!rc) {
		struct pack_track track = { .kind = PACK_PICTURE,
					    .timescale = f->order->timescale,
					    .width = f->rung->width,
					    .height = f->rung->height,
					    .config = config.bytes,
					    .config_len = config.len };
		rc = put_samples(f, samples);
		pack_init(&track, init);
		if (!rc) {
			pack_pictures(f->order->segment, f->order->from_ticks, samples, f->coded,
				      f->data.bytes, f->data.len, media);
			rc = init->bad ? init->bad : media->bad;
		}
	}
	box_done(&config);
	return rc ? fault_set(why, rc, "film.pack", "the segment cannot be packed (%s)",
			      strerror(-rc))
		  : 0;
}
