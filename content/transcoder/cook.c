// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/cook.h"

#include <errno.h>
#include <libavutil/imgutils.h>
#include <stdbool.h>

#include "content/transcoder/film.h"
#include "content/transcoder/grid.h"
#include "content/transcoder/picture.h"
#include "content/transcoder/source.h"
#include "content/transcoder/stay.h"
#include "content/transcoder/tone.h"
#include "content/transcoder/watch.h"
#include "firmware/base/fault.h"

#define BAD_FEW 2u

/* One picture rung under way; rungs are kept largest first, each scaled from the one before. */
struct pot {
	const struct job_rung *rung;
	struct cook_dish *dish;
	struct film film;
	struct picture_scaler scaler;
};

struct stove {
	const struct job_order *order;
	struct pot pots[JOB_RUNGS_MAX];
	size_t count;
	struct stay stay;
	uint64_t serial;  /* of the picture in hand, the last one that was new */
	unsigned in_time; /* pictures decoded inside the segment */
};

static void clean_stove(struct stove *s)
{
	for (size_t i = 0; i < s->count; i++) {
		film_close(&s->pots[i].film);
		picture_scaler_done(&s->pots[i].scaler);
	}
	stay_done(&s->stay);
}

static bool is_larger(const struct job_rung *a, const struct job_rung *b)
{
	return (uint64_t)a->width * a->height > (uint64_t)b->width * b->height;
}

static int set_up(struct stove *s, const struct job_order *order, struct cook_dish *dishes,
		  struct fault *why)
{
	s->order = order;
	for (uint32_t i = 0; i < order->rung_count; i++) {
		if (order->rungs[i].sound)
			continue;
		size_t at = s->count++;
		for (; at && is_larger(&order->rungs[i], s->pots[at - 1].rung); at--)
			s->pots[at] = s->pots[at - 1];
		s->pots[at] = (struct pot){ .rung = &order->rungs[i], .dish = &dishes[i] };
	}
	for (size_t i = 0; i < s->count; i++) {
		struct pot *p = &s->pots[i];
		picture_scaler_init(&p->scaler, (int)p->rung->width, (int)p->rung->height);
		int rc = film_open(&p->film, order, p->rung, why);
		if (rc)
			return rc;
	}
	return 0;
}

/* The picture in hand in the size of pot `at`: through the pots above, each at most once. */
static int scaled(struct stove *s, size_t at, const AVFrame *source, const AVFrame **out,
		  struct fault *why)
{
	const AVFrame *from = source;
	for (size_t i = 0; i <= at; i++) {
		int rc = picture_scale(&s->pots[i].scaler, from, s->serial, &from, why);
		if (rc)
			return rc;
	}
	*out = from;
	return 0;
}

/* `picture`, the one in hand, stays until `until`: every rung takes it when its clock strikes and it is new to the rung. */
static int serve(struct stove *s, const AVFrame *picture, uint64_t until, struct fault *why)
{
	for (size_t i = 0; i < s->count; i++) {
		struct film *f = &s->pots[i].film;
		while (f->tick < f->planned && film_ticks(f, f->tick) < until) {
			const AVFrame *ready = NULL;
			int rc = film_wants(f, s->serial) ? scaled(s, i, picture, &ready, why) : 0;
			if (!rc)
				rc = film_feed(f, ready, s->serial, why);
			if (rc)
				return rc;
		}
	}
	return 0;
}

/* `frame` is on show from `at` until `until`. */
static int show(struct stove *s, const AVFrame *frame, uint64_t at, uint64_t until,
		struct fault *why)
{
	int fresh = stay_look(&s->stay, frame, grid_scale(at, 1000, s->order->timescale));
	if (fresh < 0)
		return fault_set(why, fresh, "memory", "out of memory");
	s->serial += (uint64_t)fresh;
	return serve(s, s->stay.kept, until, why);
}

/* A time stamp a little late by rounding still belongs to the tick it was meant for. */
static uint64_t ticks_of(const AVFrame *f, AVRational tb, const struct job_order *o)
{
	int64_t pts = f->best_effort_timestamp;
	if (pts == AV_NOPTS_VALUE)
		return 0;
	int64_t ticks = av_rescale_q(pts, tb, (AVRational){ 1, (int)o->timescale });
	int64_t slack = o->timescale / 1000;
	return ticks > slack ? (uint64_t)(ticks - slack) : 0;
}

static int run_pictures(struct stove *s, struct source_reader *r, struct fault *why)
{
	CLEANUP(clean_av_frame) AVFrame *held = av_frame_alloc();
	CLEANUP(clean_av_frame) AVFrame *next = av_frame_alloc();
	if (!held || !next)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	const struct job_order *o = s->order;
	AVRational tb = r->stream->time_base;
	uint64_t since = o->from_ticks;
	int rc = source_reader_seek(r, (int64_t)o->from_ticks, (AVRational){ 1, (int)o->timescale },
				    why);
	while (!rc) {
		int got = source_reader_next(r, next, why);
		if (got < 0)
			return got;
		uint64_t at = got ? ticks_of(next, tb, o) : o->to_ticks;
		if (at >= o->to_ticks)
			break;
		s->in_time += at + o->timescale / 500 >= o->from_ticks;
		if (held->buf[0] && at > o->from_ticks) {
			rc = show(s, held, since, at, why);
			since = at;
		}
		av_frame_unref(held);
		av_frame_move_ref(held, next);
	}
	if (rc)
		return rc;
	if (!held->buf[0])
		return fault_set(why, -ENODATA, "cook.empty",
				 "segment %u has no picture that decodes", o->segment);
	return show(s, held, since, o->to_ticks, why);
}

/* Decoded pictures against planned ones: a half that is missing is damage, not a still slide, in a file made for this grid. */
static int judge(const struct stove *s, const struct source_reader *r, struct fault *why)
{
	uint64_t planned = 0;
	for (size_t i = 0; i < s->count; i++)
		if (s->pots[i].film.planned > planned)
			planned = s->pots[i].film.planned;
	if (r->damaged && (uint64_t)s->in_time * 2 < planned)
		return fault_set(why, -EBADMSG, "cook.damaged",
				 "segment %u is damaged: %u of %llu pictures decode",
				 s->order->segment, s->in_time, (unsigned long long)planned);
	return 0;
}

static int finish(struct stove *s, struct fault *why)
{
	int rc = 0;
	for (size_t i = 0; i < s->count && !rc; i++)
		rc = film_finish(&s->pots[i].film, &s->pots[i].dish->init, &s->pots[i].dish->media,
				 why);
	return rc;
}

/* --- files that were not made for the grid ----------------------------------------------------------- */

static int run_foreign(struct stove *s, struct watch *w, struct fault *why)
{
	const struct job_order *o = s->order;
	const struct job_foreign *f = &o->foreign;
	uint64_t per_picture = (uint64_t)o->timescale * f->fps_den / f->fps_num;
	int rc = watch_seek(w, (enum source_way)f->wind, o->from_ticks / per_picture, why);
	for (uint64_t at = o->from_ticks; at < o->to_ticks && !rc; at += per_picture) {
		const AVFrame *picture;
		rc = watch_news(w, &picture, why);
		if (rc < 0)
			return rc;
		s->serial += (uint64_t)rc;
		rc = serve(s, picture, at + per_picture, why);
	}
	return rc;
}

/* Pictures that did not decode, as a stretch of time; one or two at a cut are nothing. */
static uint64_t lost_of(const struct watch *w, const struct job_order *o)
{
	uint64_t bad = w->bad + w->reader.damaged, all = w->decoded + w->reader.damaged;
	if (bad <= BAD_FEW || !all)
		return 0;
	return grid_us((o->to_ticks - o->from_ticks) * bad / all, o->timescale);
}

static int run_blank(struct stove *s, struct fault *why)
{
	CLEANUP(clean_av_frame) AVFrame *black = av_frame_alloc();
	if (black) {
		black->format = AV_PIX_FMT_YUV420P;
		black->width = (int)s->pots[0].rung->width;
		black->height = (int)s->pots[0].rung->height;
		black->colorspace = AVCOL_SPC_BT709;
		black->color_range = AVCOL_RANGE_MPEG;
	}
	if (!black || av_frame_get_buffer(black, 0) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	ptrdiff_t lines[4] = { 0 };
	for (int i = 0; i < 3; i++)
		lines[i] = black->linesize[i];
	if (av_image_fill_black(black->data, lines, AV_PIX_FMT_YUV420P, AVCOL_RANGE_MPEG,
				black->width, black->height) < 0)
		return fault_set(why, -EINVAL, "cook.blank", "no black of %dx%d", black->width,
				 black->height);
	s->serial++;
	return serve(s, black, s->order->to_ticks, why);
}

/* Pictures in the form of the largest rung: the others are made from it. */
static int cook_foreign(struct source *source, const struct job_order *order,
			struct cook_dish *dishes, struct fault *why)
{
	CLEANUP(clean_stove) struct stove stove = { 0 };
	int rc = set_up(&stove, order, dishes, why);
	if (rc || !stove.count)
		return rc;
	const struct job_foreign *f = &order->foreign;
	const struct probe form = { .picture = f->picture,
				    .sound = f->sound,
				    .form = { .turn = f->turn,
					      .fields = f->fields,
					      .width = stove.pots[0].rung->width,
					      .height = stove.pots[0].rung->height },
				    .fps_num = f->fps_num,
				    .fps_den = f->fps_den,
				    .start_us = f->start_us };
	struct watch w = { 0 };
	uint64_t lost_us = grid_us(order->to_ticks - order->from_ticks, order->timescale);
	rc = f->blank ? run_blank(&stove, why) : watch_open(&w, source, &form, 1, why);
	if (rc)
		return rc;
	if (!f->blank) {
		rc = run_foreign(&stove, &w, why);
		lost_us = lost_of(&w, order);
		watch_close(&w);
	}
	for (uint32_t i = 0; i < order->rung_count; i++)
		dishes[i].lost_us = lost_us;
	return rc ? rc : finish(&stove, why);
}

/* --- all together ------------------------------------------------------------------------------------ */

static int cook_pictures(struct source *source, const struct job_order *order,
			 struct cook_dish *dishes, struct fault *why)
{
	CLEANUP(clean_stove) struct stove stove = { 0 };
	int rc = set_up(&stove, order, dishes, why);
	if (rc || !stove.count)
		return rc;
	int stream = av_find_best_stream(source->format, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
	if (stream < 0)
		return fault_set(why, -ENODATA, "cook.no-picture", "the file has no picture");
	struct source_reader r;
	rc = source_reader_open(&r, source, stream, 1, why);
	if (rc)
		return rc;
	r.stop_pts = av_rescale_q((int64_t)order->to_ticks,
				  (AVRational){ 1, (int)order->timescale }, r.stream->time_base);
	rc = run_pictures(&stove, &r, why);
	if (!rc)
		rc = judge(&stove, &r, why);
	source_reader_close(&r);
	return rc ? rc : finish(&stove, why);
}

static int sound_stream(const struct source *source, const struct job_foreign *f)
{
	if (f->is)
		return f->sound;
	return av_find_best_stream(source->format, AVMEDIA_TYPE_AUDIO, -1, -1, NULL, 0);
}

/* `source` may be closed where nothing is read. */
static int cook_sound(struct source *source, const struct job_order *order,
		      struct cook_dish *dishes, struct fault *why)
{
	for (uint32_t i = 0; i < order->rung_count; i++) {
		if (!order->rungs[i].sound)
			continue;
		int stream = sound_stream(source, &order->foreign);
		if (stream < 0)
			return fault_set(why, -ENODATA, "cook.no-sound", "the file has no sound");
		/* Three quarters of the cap: the encoder's own rate control strays from what it is asked. */
		int rc = tone_make(source, stream, order, order->rungs[i].cap_bps / 4 * 3,
				   &dishes[i].init, &dishes[i].media, why);
		if (rc)
			return rc;
	}
	return 0;
}

static int open_source(struct source *s, int fd, const struct job_order *order, struct fault *why)
{
	const struct job_foreign *f = &order->foreign;
	int rc = source_open(s, fd, order->source_size, order->spans, order->span_count,
			     f->is ? NULL : "mov", why);
	if (rc || !f->is)
		return rc;
	s->clock.count = f->jumps;
	for (uint32_t i = 0; i < f->jumps; i++)
		s->clock.moved_us[i] = f->moved_us[i];
	/* Some containers say in their packets only what is in them. */
	avformat_find_stream_info(s->format, NULL);
	return 0;
}

int cook_segment(int source_fd, const struct job_order *order, struct cook_dish *dishes,
		 struct fault *why)
{
	for (uint32_t i = 0; i < order->rung_count; i++)
		dishes[i] = (struct cook_dish){ .rung = order->rungs[i].rung };
	struct source source = { 0 };
	bool foreign = order->foreign.is, blank = foreign && order->foreign.blank;
	int rc = blank ? 0 : open_source(&source, source_fd, order, why);
	if (rc)
		return rc;
	rc = cook_sound(&source, order, dishes, why);
	if (!rc)
		rc = foreign ? cook_foreign(&source, order, dishes, why)
			     : cook_pictures(&source, order, dishes, why);
	if (!blank)
		source_close(&source);
	return rc;
}

void cook_done(struct cook_dish *dishes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		box_done(&dishes[i].init);
		box_done(&dishes[i].media);
	}
}
