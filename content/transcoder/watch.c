// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/watch.h"

#include <errno.h>

#include "firmware/base/fault.h"

int watch_open(struct watch *w, const struct source *file, const struct probe *probe, int threads,
	       struct fault *why)
{
	*w = (struct watch){ .probe = probe };
	w->held = av_frame_alloc();
	w->next = av_frame_alloc();
	w->past = av_frame_alloc();
	if (!w->held || !w->next || !w->past) {
		watch_close(w);
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	}
	int rc = lens_open(&w->lens, &probe->form, why);
	if (!rc)
		rc = source_again(file, &w->source, why);
	if (!rc)
		rc = source_reader_open(&w->reader, &w->source, probe->picture, threads, why);
	if (rc) {
		watch_close(w);
		return rc;
	}
	source_reader_begin(&w->reader);
	return 0;
}

void watch_close(struct watch *w)
{
	source_reader_close(&w->reader);
	if (w->source.format)
		source_close(&w->source);
	lens_close(&w->lens);
	stay_done(&w->stay);
	av_frame_free(&w->held);
	av_frame_free(&w->next);
	av_frame_free(&w->past);
}

int watch_seek(struct watch *w, enum source_way way, uint64_t index, struct fault *why)
{
	int64_t us = av_rescale((int64_t)index * 4 + 1, INT64_C(250000) * w->probe->fps_den,
				w->probe->fps_num);
	w->shown = index;
	stay_done(&w->stay);
	w->decoded = w->bad = 0;
	return source_reader_go(&w->reader, way, w->probe->start_us + us, AV_TIME_BASE_Q, why);
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
	w->bad += w->next->decode_error_flags || w->next->flags & AV_FRAME_FLAG_CORRUPT;
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
		av_frame_unref(w->past);
		av_frame_move_ref(w->past, w->held);
		av_frame_move_ref(w->held, w->next);
		w->serial++;
		int rc = fetch(w, why);
		if (rc)
			return rc;
	}
	return 0;
}

static int to_now(struct watch *w, struct fault *why)
{
	/* A quarter of a period early: a stamp rounded up still belongs to this picture. */
	int64_t now = av_rescale((int64_t)w->shown * 4 + 1, INT64_C(250000) * w->probe->fps_den,
				 w->probe->fps_num);
	return advance(w, now, why);
}

static int look_through(struct watch *w, const AVFrame **out, struct fault *why)
{
	return lens_show(&w->lens, w->past->buf[0] ? w->past : NULL, w->held,
			 w->next->buf[0] ? w->next : NULL, w->serial, out, why);
}

int watch_next(struct watch *w, const AVFrame **out, struct fault *why)
{
	int rc = to_now(w, why);
	if (!rc)
		rc = look_through(w, out, why);
	if (rc)
		return rc;
	w->shown++;
	return 0;
}

int watch_news(struct watch *w, const AVFrame **out, struct fault *why)
{
	int rc = to_now(w, why);
	if (rc)
		return rc;
	uint64_t at_ms = w->shown * 1000 * w->probe->fps_den / w->probe->fps_num;
	int fresh = stay_look(&w->stay, w->held, at_ms);
	if (fresh < 0)
		return fault_set(why, fresh, "memory", "out of memory");
	rc = fresh ? look_through(w, out, why) : 0;
	if (rc)
		return rc;
	if (!fresh)
		*out = w->lens.ready;
	w->shown++;
	return fresh;
}
