// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/watch.h"

#include <errno.h>

#include "content/transcoder/orient.h"
#include "firmware/base/fault.h"

int watch_open(struct watch *w, const struct source *file, const struct probe *probe, int threads,
	       struct fault *why)
{
	*w = (struct watch){ .probe = probe };
	w->held = av_frame_alloc();
	w->next = av_frame_alloc();
	w->turned = av_frame_alloc();
	w->woven = av_frame_alloc();
	if (!w->held || !w->next || !w->turned || !w->woven) {
		watch_close(w);
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	}
	int rc = source_again(file, &w->source, why);
	if (!rc)
		rc = source_reader_open(&w->reader, &w->source, probe->picture, threads, why);
	if (rc) {
		watch_close(w);
		return rc;
	}
	source_reader_begin(&w->reader);
	bool swap = probe->turn & ORIENT_SWAP;
	picture_scaler_init(&w->scaler, (int)(swap ? probe->height : probe->width),
			    (int)(swap ? probe->width : probe->height));
	return 0;
}

void watch_close(struct watch *w)
{
	source_reader_close(&w->reader);
	if (w->source.format)
		source_close(&w->source);
	picture_scaler_done(&w->scaler);
	av_frame_free(&w->held);
	av_frame_free(&w->next);
	av_frame_free(&w->turned);
	av_frame_free(&w->woven);
}

static int fetch(struct watch *w, struct fault *why)
{
	av_frame_unref(w->next);
	int got = source_reader_next(&w->reader, w->next, why);
	if (got < 0)
		return got;
	if (!got) {
		w->next_us = INT64_MAX;
		return 0;
	}
	w->decoded++;
	int64_t pts = w->next->best_effort_timestamp;
	if (pts == AV_NOPTS_VALUE)
		return 0; /* on show at once, after the one before */
	w->next_us =
		av_rescale_q(pts, w->reader.stream->time_base, AV_TIME_BASE_Q) - w->probe->start_us;
	return 0;
}

/* Moves to the picture on show at `now_us`; the first one is also on show before its time. */
static int advance(struct watch *w, int64_t now_us, struct fault *why)
{
	if (!w->decoded) {
		int rc = fetch(w, why);
		if (rc)
			return rc;
		if (w->next_us == INT64_MAX)
			return fault_set(why, -ENODATA, "watch.empty",
					 "no picture of the file decodes");
		w->next_us = INT64_MIN;
	}
	while (w->next_us <= now_us) {
		av_frame_unref(w->held);
		av_frame_move_ref(w->held, w->next);
		w->serial++;
		int rc = fetch(w, why);
		if (rc)
			return rc;
	}
	return 0;
}

/* --- interlaced pictures --------------------------------------------------------------------------- */

/* Each line a mixture of itself and its neighbours: two moments of time become one, without combs. */
static void blend_plane(const AVFrame *from, AVFrame *to, int plane, int width, int height)
{
	for (int y = 0; y < height; y++) {
		const uint8_t *here = from->data[plane] + (ptrdiff_t)y * from->linesize[plane];
		const uint8_t *up = y ? here - from->linesize[plane] : here;
		const uint8_t *down = y + 1 < height ? here + from->linesize[plane] : here;
		uint8_t *out = to->data[plane] + (ptrdiff_t)y * to->linesize[plane];
		for (int x = 0; x < width; x++)
			out[x] = (uint8_t)((up[x] + 2 * here[x] + down[x] + 2) / 4);
	}
}

static bool is_planar_420(const AVFrame *f)
{
	return f->format == AV_PIX_FMT_YUV420P || f->format == AV_PIX_FMT_YUVJ420P;
}

static int weave(struct watch *w, const AVFrame *from, const AVFrame **out, struct fault *why)
{
	if (!from->interlaced_frame || !is_planar_420(from)) {
		*out = from;
		return 0;
	}
	av_frame_unref(w->woven);
	w->woven->format = from->format;
	w->woven->width = from->width;
	w->woven->height = from->height;
	if (av_frame_get_buffer(w->woven, 0) < 0 || av_frame_copy_props(w->woven, from) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	for (int i = 0; i < 3; i++)
		blend_plane(from, w->woven, i, i ? (from->width + 1) / 2 : from->width,
			    i ? (from->height + 1) / 2 : from->height);
	*out = w->woven;
	return 0;
}

/* --- the lesson's form ----------------------------------------------------------------------------- */

static int turn(struct watch *w, const AVFrame *from, const AVFrame **out, struct fault *why)
{
	if (!w->probe->turn) {
		*out = from;
		return 0;
	}
	av_frame_unref(w->turned);
	w->turned->format = AV_PIX_FMT_YUV420P;
	w->turned->width = (int)w->probe->width;
	w->turned->height = (int)w->probe->height;
	if (av_frame_get_buffer(w->turned, 0) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	orient_apply(w->probe->turn, from, w->turned);
	*out = w->turned;
	return 0;
}

int watch_next(struct watch *w, const AVFrame **out, struct fault *why)
{
	/* A quarter of a period early: a stamp rounded up still belongs to this picture. */
	int64_t now = av_rescale((int64_t)w->shown * 4 + 1, INT64_C(250000) * w->probe->fps_den,
				 w->probe->fps_num);
	int rc = advance(w, now, why);
	if (!rc && (w->made != w->serial || !w->ready)) {
		const AVFrame *f = w->held;
		rc = weave(w, f, &f, why);
		if (!rc)
			rc = picture_scale(&w->scaler, f, w->serial, &f, why);
		if (!rc)
			rc = turn(w, f, &f, why);
		if (rc)
			return rc;
		w->ready = f;
		w->made = w->serial;
	}
	if (rc)
		return rc;
	w->shown++;
	*out = w->ready;
	return 0;
}
