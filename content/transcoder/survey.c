// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/survey.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/transcoder/grid.h"
#include "content/transcoder/hear.h"
#include "content/transcoder/loudness.h"
#include "firmware/base/fault.h"

#define SPOT_US INT64_C(4000000) /* from one look to the next, at most */
#define SPOT_LEAST_US INT64_C(1000000)
#define SPOTS_WANTED 60            /* a short film is looked at more often */
#define SHORT_US INT64_C(15000000) /* a film so short is decoded altogether */
#define LONG_US \
	INT64_C(12000000) /* key frames farther apart: the pictures between them are decoded, too */
#define APART_US INT64_C(500000) /* of the two pictures that are compared */
#define SIDE_MAX 1280
#define BLOCK 16
#define SHADES 8u      /* those that most of a drawn picture has */
#define EDGE 40        /* steps of luma over three pixels that make an edge */
#define VOTES_MAX 400u /* pairs of pictures that are asked for their fields */
#define SPOTS_MAX 10000u

struct keys {
	int64_t *at_us;
	size_t count, room;
};

struct surveyor {
	const struct probe *probe;
	struct survey *out;
	size_t room;
	struct keys keys;
	size_t next_key;
	struct fields_vote vote;
	struct SwsContext *sws;
	int sws_width, sws_height, sws_format;
	AVFrame *before, *first, *second;
	bool decoding, has_first, goes_on;
	int64_t first_us, next_us;
};

void survey_done(struct survey *s)
{
	free(s->spots);
	*s = (struct survey){ 0 };
}

static void clean_surveyor(struct surveyor *s)
{
	free(s->keys.at_us);
	sws_freeContext(s->sws);
	av_frame_free(&s->before);
	av_frame_free(&s->first);
	av_frame_free(&s->second);
}

/* --- kinds --------------------------------------------------------------------------------------- */

enum still_class survey_kind(const struct survey_spot *s)
{
	if (s->changed < 1)
		return STILL_STATIC;
	/* What computers draw has few shades and edges of one pixel; lenses and noise leave neither. */
	return s->few >= 40 || s->sharp >= 15 ? STILL_SCREEN : STILL_CAMERA;
}

enum still_class survey_class(const struct survey *s, int64_t from_us, int64_t to_us)
{
	int64_t share[STILL_CAMERA + 1] = { 0 };
	for (size_t i = 0; i < s->count; i++) {
		/* A spot speaks for the time up to the next, the first one for what was before it, too. */
		int64_t begin = i ? s->spots[i].at_us : INT64_MIN;
		int64_t end = i + 1 < s->count ? s->spots[i + 1].at_us : INT64_MAX;
		begin = begin < from_us ? from_us : begin;
		end = end > to_us ? to_us : end;
		if (begin < end)
			share[s->spots[i].kind] += end - begin;
	}
	enum still_class most = STILL_UNKNOWN;
	for (int k = STILL_STATIC; k <= STILL_CAMERA; k++)
		if (share[k] && share[k] >= share[most])
			most = (enum still_class)k;
	return most;
}

#define BAD_SHARE 50u /* one picture in so many may be damaged before it is told */
#define BAD_LEAST 4u  /* and the last one of a stream that was cut, in any case */

void survey_judge(const struct survey *s, struct verdict *v)
{
	if (s->bad < BAD_LEAST || (uint64_t)s->bad * BAD_SHARE < s->pictures)
		return;
	char share[32];
	unsigned bad = s->bad < s->pictures ? s->bad : s->pictures;
	snprintf(share, sizeof(share), "%.0f", 100.0 * bad / s->pictures);
	verdict_add(v, "probe.patchy", share, NULL);
}

/* --- two pictures -------------------------------------------------------------------------------- */

static int make_small(struct surveyor *s, const AVFrame *f, AVFrame *to)
{
	int large = f->width > f->height ? f->width : f->height;
	int side = large > SIDE_MAX ? SIDE_MAX : large;
	int width = f->width * side / large, height = f->height * side / large;
	width = width < BLOCK ? BLOCK : width;
	height = height < BLOCK ? BLOCK : height;
	if (!s->sws || s->sws_width != f->width || s->sws_height != f->height ||
	    s->sws_format != f->format) {
		sws_freeContext(s->sws);
		s->sws = sws_getContext(f->width, f->height, (enum AVPixelFormat)f->format, width,
					height, AV_PIX_FMT_GRAY8, SWS_AREA, NULL, NULL, NULL);
		s->sws_width = f->width;
		s->sws_height = f->height;
		s->sws_format = f->format;
	}
	if (!s->sws)
		return -EBADMSG;
	av_frame_unref(to);
	to->format = AV_PIX_FMT_GRAY8;
	to->width = width;
	to->height = height;
	if (av_frame_get_buffer(to, 0) < 0)
		return -ENOMEM;
	sws_scale(s->sws, (const uint8_t *const *)f->data, f->linesize, 0, f->height, to->data,
		  to->linesize);
	return 0;
}

/* Pixels that have one of the most frequent shades, in a hundred. */
static uint8_t few_shades(const uint64_t counts[256], uint64_t all)
{
	uint64_t left[256], sum = 0;
	memcpy(left, counts, sizeof(left));
	for (unsigned n = 0; n < SHADES; n++) {
		size_t most = 0;
		for (size_t i = 1; i < ARRAY_LEN(left); i++)
			most = left[i] > left[most] ? i : most;
		sum += left[most];
		left[most] = 0;
	}
	return (uint8_t)(all ? sum * 100 / all : 0);
}

static void describe(const AVFrame *f, struct survey_spot *spot)
{
	uint64_t counts[256] = { 0 }, all = 0, edges = 0, sharp = 0;
	for (int y = 0; y < f->height; y++) {
		const uint8_t *p = f->data[0] + (ptrdiff_t)y * f->linesize[0];
		for (int x = 1; x + 2 < f->width; x++) {
			int step = abs(p[x + 1] - p[x]), wide = abs(p[x + 2] - p[x - 1]);
			counts[p[x]]++;
			all++;
			edges += wide > EDGE;
			sharp += wide > EDGE && step * 10 >= wide * 7;
		}
	}
	spot->few = few_shades(counts, all);
	spot->sharp = (uint8_t)(edges ? sharp * 100 / edges : 0);
}

static int add_spot(struct surveyor *s)
{
	struct survey *out = s->out;
	if (out->count == SPOTS_MAX)
		return 0;
	if (out->count == s->room) {
		size_t room = s->room ? s->room * 2 : 64;
		struct survey_spot *more = realloc(out->spots, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		out->spots = more;
		s->room = room;
	}
	uint64_t compared = 0, changed = 0;
	if (s->first->width == s->second->width && s->first->height == s->second->height)
		still_compare(s->first, s->second, &compared, &changed);
	struct survey_spot spot = { .at_us = s->first_us };
	describe(s->second, &spot);
	spot.changed = compared ? (uint8_t)(changed * 100 / compared) : 0;
	spot.kind = survey_kind(&spot);
	out->spots[out->count++] = spot;
	return 0;
}

/* --- which pictures ------------------------------------------------------------------------------ */

static int add_key(struct keys *k, int64_t at_us)
{
	if (k->count == k->room) {
		size_t room = k->room ? k->room * 2 : 256;
		int64_t *more = realloc(k->at_us, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		k->at_us = more;
		k->room = room;
	}
	k->at_us[k->count++] = at_us;
	return 0;
}

static int64_t place_of(const struct surveyor *s, int64_t stamp, AVRational tb)
{
	return stamp == AV_NOPTS_VALUE
		       ? s->next_us
		       : av_sat_sub64(av_rescale_q(stamp, tb, AV_TIME_BASE_Q), s->probe->start_us);
}

static int64_t packet_place(const struct surveyor *s, const struct source_reader *r)
{
	const AVPacket *p = r->packet;
	return place_of(s, p->pts != AV_NOPTS_VALUE ? p->pts : p->dts, r->stream->time_base);
}

static int find_keys(struct surveyor *s, struct source_reader *r)
{
	while (source_reader_packet(r))
		if ((r->packet->flags & AV_PKT_FLAG_KEY) && add_key(&s->keys, packet_place(s, r)))
			return -ENOMEM;
	return 0;
}

/* A key frame: is it time to look again, and does the look go on until the next one? */
static void meet_key(struct surveyor *s, struct source_reader *r)
{
	size_t n = s->next_key++;
	int64_t at = packet_place(s, r);
	int64_t end = n + 1 < s->keys.count ? s->keys.at_us[n + 1] : s->probe->picture_us;
	if (at < s->next_us || s->has_first)
		return;
	if (!s->decoding) {
		avcodec_flush_buffers(r->codec);
		av_frame_unref(s->before);
	}
	s->decoding = true;
	s->goes_on = end - at > LONG_US || s->probe->picture_us < SHORT_US;
}

static int take(struct surveyor *s, const AVFrame *f, AVRational tb)
{
	if (s->vote.seen < VOTES_MAX)
		fields_look(&s->vote, s->before->buf[0] ? s->before : NULL, f);
	av_frame_unref(s->before);
	if (av_frame_ref(s->before, f) < 0)
		return -ENOMEM;
	int64_t at = place_of(s, f->best_effort_timestamp, tb);
	int rc = 0;
	if (!s->has_first && at >= s->next_us) {
		rc = make_small(s, f, s->first);
		s->has_first = !rc;
		s->first_us = at;
	} else if (s->has_first && at - s->first_us >= APART_US) {
		rc = make_small(s, f, s->second);
		if (!rc)
			rc = add_spot(s);
		s->has_first = false;
		int64_t step = s->probe->picture_us / SPOTS_WANTED;
		step = step < SPOT_LEAST_US ? SPOT_LEAST_US : step > SPOT_US ? SPOT_US : step;
		s->next_us = s->first_us + step;
		s->decoding = s->goes_on;
	}
	return rc == -EBADMSG ? 0 : rc;
}

static int drain(struct surveyor *s, struct source_reader *r, AVFrame *f)
{
	for (;;) {
		int rc = avcodec_receive_frame(r->codec, f);
		if (rc == AVERROR(EAGAIN) || rc == AVERROR_EOF)
			return 0;
		s->out->bad +=
			rc < 0 || f->decode_error_flags || (f->flags & AV_FRAME_FLAG_CORRUPT);
		rc = rc < 0 ? 0 : take(s, f, r->stream->time_base);
		if (rc)
			return rc;
		av_frame_unref(f);
	}
}

static int look(struct surveyor *s, struct source_reader *r)
{
	CLEANUP(clean_av_frame) AVFrame *f = av_frame_alloc();
	if (!f)
		return -ENOMEM;
	int rc = 0;
	while (!rc && source_reader_packet(r)) {
		if (r->packet->flags & AV_PKT_FLAG_KEY)
			meet_key(s, r);
		if (!s->decoding)
			continue;
		int sent = avcodec_send_packet(r->codec, r->packet);
		s->out->pictures++;
		s->out->bad += sent < 0 && sent != AVERROR(EAGAIN);
		rc = drain(s, r, f);
	}
	if (!rc && s->decoding && avcodec_send_packet(r->codec, NULL) == 0)
		rc = drain(s, r, f);
	if (rc || !s->has_first)
		return rc;
	/* The file ends within half a second: the last picture it has. */
	if (s->before->buf[0] && make_small(s, s->before, s->second) == 0)
		rc = add_spot(s);
	return rc;
}

static int walk(struct surveyor *s, const struct source *file,
		int (*step)(struct surveyor *, struct source_reader *), struct fault *why)
{
	struct source again;
	struct source_reader r;
	int rc = source_again(file, &again, why);
	if (rc)
		return rc;
	rc = source_reader_open(&r, &again, s->probe->picture, 1, why);
	if (!rc) {
		source_reader_begin(&r);
		rc = step(s, &r);
		if (rc)
			fault_set(why, rc, "memory", "out of memory");
		source_reader_close(&r);
	}
	source_close(&again);
	return rc;
}

int survey_pictures(const struct source *file, const struct probe *p, struct survey *out,
		    struct fault *why)
{
	struct survey found = { 0 };
	CLEANUP(clean_surveyor)
	struct surveyor s = { .probe = p, .out = &found, .next_us = INT64_MIN };
	s.before = av_frame_alloc();
	s.first = av_frame_alloc();
	s.second = av_frame_alloc();
	int rc = s.before && s.first && s.second
			 ? walk(&s, file, find_keys, why)
			 : fault_set(why, -ENOMEM, "memory", "out of memory");
	if (!rc)
		rc = walk(&s, file, look, why);
	if (rc) {
		survey_done(&found);
		return rc;
	}
	found.fields = fields_elect(&s.vote);
	*out = found;
	return 0;
}

/* --- sound --------------------------------------------------------------------------------------- */

static void clean_loudness(struct loudness **l)
{
	loudness_free(*l);
}

int survey_sound(const struct source *file, const struct probe *p, double *lufs, struct fault *why)
{
	CLEANUP(clean_loudness) struct loudness *l = loudness_new();
	AUTO_FREE float *block = malloc(GRID_RATE * sizeof(*block));
	if (!l || !block)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	struct hear h;
	int rc = hear_open(&h, file, p->sound, p->start_us, 0, why);
	if (rc)
		return rc;
	int64_t total = av_rescale(p->sound_us, GRID_RATE, 1000000);
	for (int64_t at = 0; at < total && !rc; at += GRID_RATE) {
		int64_t n = total - at < GRID_RATE ? total - at : GRID_RATE;
		rc = hear_read(&h, block, n, why);
		if (!rc && loudness_add(l, block, (size_t)n))
			rc = fault_set(why, -ENOMEM, "memory", "out of memory");
	}
	hear_close(&h);
	if (!rc)
		*lufs = loudness_lufs(l);
	return rc;
}
