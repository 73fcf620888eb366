// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/foreign.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "content/transcoder/grid.h"
#include "content/transcoder/loudness.h"
#include "content/transcoder/mono.h"
#include "firmware/base/fault.h"

#define DRIFT_DIV 50 /* a fiftieth of a second between stamp and count, and the stamp is right */
#define WARM 24000   /* samples (0.5 s) that the limiter hears before the segment */
#define SETTLE 4096  /* and the resampler before that */
#define RUN_UP_US 400000 /* of a decoder, before its first frame counts */

void foreign_clock_init(struct foreign_clock *c, int64_t start_us)
{
	*c = (struct foreign_clock){ .start_us = start_us, .next = INT64_MIN };
}

int64_t foreign_clock_take(struct foreign_clock *c, const AVFrame *f, AVRational tb)
{
	AVRational unit = { 1, f->sample_rate };
	if (c->rate != f->sample_rate && c->next != INT64_MIN)
		c->next = av_rescale_q(c->next, (AVRational){ 1, c->rate }, unit);
	c->rate = f->sample_rate;
	if (f->pts != AV_NOPTS_VALUE) {
		int64_t said = av_rescale_q(f->pts, tb, unit) -
			       av_rescale_q(c->start_us, AV_TIME_BASE_Q, unit);
		if (c->next == INT64_MIN || llabs(said - c->next) > c->rate / DRIFT_DIV)
			c->next = said;
	}
	int64_t at = c->next;
	if (c->next != INT64_MIN)
		c->next += f->nb_samples;
	return at;
}

/* --- the one walk over everything ------------------------------------------------------------------ */

struct heard { /* one decoded frame */
	int64_t stamp, at;
	int64_t us; /* place in the lesson */
};

struct listener {
	struct heard *frames;
	size_t count, room;
	struct loudness *loudness;
	struct mono mono;
	struct foreign_clock clock;
	int64_t end_us;
};

static void clean_listener(struct listener *l)
{
	free(l->frames);
	loudness_free(l->loudness);
	mono_done(&l->mono);
}

static int note(struct listener *l, const AVFrame *f, AVRational tb)
{
	int64_t at = foreign_clock_take(&l->clock, f, tb);
	if (at == INT64_MIN || f->pts == AV_NOPTS_VALUE)
		return 0;
	if (l->count == l->room) {
		size_t room = l->room ? l->room * 2 : 1024;
		struct heard *more = realloc(l->frames, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		l->frames = more;
		l->room = room;
	}
	int64_t us = av_rescale(at, 1000000, f->sample_rate);
	l->frames[l->count++] = (struct heard){ .stamp = f->pts, .at = at, .us = us };
	l->end_us = us + av_rescale(f->nb_samples, 1000000, f->sample_rate);
	return 0;
}

static int hear_out(struct listener *l, struct source_reader *r, struct fault *why)
{
	CLEANUP(clean_av_frame) AVFrame *f = av_frame_alloc();
	if (!f)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	AVRational tb = r->stream->time_base;
	for (;;) {
		int got = source_reader_next(r, f, why);
		if (got <= 0)
			return got;
		int64_t at, count;
		int rc = mono_take(&l->mono, f, tb, &at, &count, why);
		if (rc)
			return rc;
		if (note(l, f, tb) || loudness_add(l->loudness, l->mono.pcm, (size_t)count))
			return fault_set(why, -ENOMEM, "memory", "out of memory");
		av_frame_unref(f);
	}
}

/* The last frame that begins at or before `us`; the first of all when there is none. */
static size_t frame_before(const struct listener *l, int64_t us)
{
	size_t low = 0, high = l->count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (l->frames[middle].us <= us)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static int put_anchors(const struct listener *l, wasl_Plan *plan, struct fault *why)
{
	wasl_Foreign *f = &plan->foreign;
	if (!l->count)
		return 0;
	f->anchors = calloc(plan->segments_count, sizeof(*f->anchors));
	if (!f->anchors)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	f->anchors_count = plan->segments_count;
	for (pb_size_t i = 0; i < plan->segments_count; i++) {
		int64_t from =
			(int64_t)grid_sound_edge(plan->segments[i].start_ticks, plan->timescale);
		int64_t us = av_rescale(from - WARM - SETTLE, 1000000, GRID_RATE);
		const struct heard *known = &l->frames[frame_before(l, us)];
		const struct heard *begin = &l->frames[frame_before(l, us - RUN_UP_US)];
		f->anchors[i] = (wasl_Anchor){ .seek = begin->stamp,
					       .stamp = known->stamp,
					       .at = known->at };
	}
	return 0;
}

static int listen(struct listener *l, const struct source *file, const wasl_Plan *plan,
		  int first_only, struct fault *why)
{
	*l = (struct listener){ .loudness = loudness_new() };
	mono_init(&l->mono);
	l->mono.first_only = first_only;
	foreign_clock_init(&l->clock, plan->foreign.start_us);
	if (!l->loudness)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	struct source s;
	struct source_reader r;
	int rc = source_again(file, &s, why);
	if (rc)
		return rc;
	rc = source_reader_open(&r, &s, plan->foreign.sound, 1, why);
	if (!rc) {
		source_reader_begin(&r);
		rc = hear_out(l, &r, why);
		source_reader_close(&r);
	}
	source_close(&s);
	return rc;
}

int foreign_listen(const struct source *file, wasl_Plan *plan, int64_t *end_us, struct fault *why)
{
	CLEANUP(clean_listener) struct listener l = { 0 }, first = { 0 };
	int rc = listen(&l, file, plan, 0, why);
	double lufs = rc ? 0 : loudness_lufs(l.loudness);
	if (!rc && lufs < LOUDNESS_QUIET_LUFS && source_is_stereo(file, plan->foreign.sound)) {
		rc = listen(&first, file, plan, 1, why);
		if (!rc && loudness_undone(lufs, loudness_lufs(first.loudness))) {
			plan->foreign.first_only = 1;
			lufs = loudness_lufs(first.loudness);
		}
	}
	if (!rc)
		rc = put_anchors(&l, plan, why);
	if (rc)
		return rc;
	double gain = loudness_gain_db(lufs);
	plan->foreign.gain_centibel = (int32_t)lrint(gain * 10);
	plan->gain_centibel = plan->foreign.gain_centibel;
	*end_us = l.end_us;
	return 0;
}

/* --- one segment ----------------------------------------------------------------------------------- */

struct placer {
	const struct job_foreign *order;
	struct foreign_clock clock;
	struct mono mono;
	bool anchored;    /* the clock knows where it is */
	int64_t expected; /* place of the next frame, at its own rate; INT64_MIN: none */
	int64_t out_at;   /* place of the next converted sample, 48 kHz */
	int64_t from, count;
	float *out;
};

static void clean_placer(struct placer *p)
{
	mono_done(&p->mono);
}

static int64_t divisor(int64_t a, int64_t b)
{
	while (b) {
		int64_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

/* Takes `drop` samples off a frame's front. */
static void trim(AVFrame *f, int drop)
{
	int bytes = av_get_bytes_per_sample((enum AVSampleFormat)f->format);
	int planar = av_sample_fmt_is_planar((enum AVSampleFormat)f->format);
	int planes = planar ? f->ch_layout.nb_channels : 1;
	int step = drop * bytes * (planar ? 1 : f->ch_layout.nb_channels);
	for (int i = 0; i < planes && i < AV_NUM_DATA_POINTERS; i++)
		f->data[i] += step;
	f->extended_data = f->data;
	f->nb_samples -= drop;
}

static void place(struct placer *p, const float *pcm, int64_t at, int64_t n)
{
	int64_t begin = at < p->from ? p->from : at;
	int64_t end = at + n > p->from + p->count ? p->from + p->count : at + n;
	if (begin < end)
		memcpy(p->out + (begin - p->from), pcm + (begin - at),
		       (size_t)(end - begin) * sizeof(*pcm));
}

/*
 * The resampler begins where its phase is the same for everybody: at a place that is a whole number of samples at both
 * rates. 1 when the frame lies before such a place altogether.
 */
static int begin_run(struct placer *p, AVFrame *f, int64_t at)
{
	int64_t common = divisor(f->sample_rate, GRID_RATE);
	int64_t unit = f->sample_rate / common;
	int64_t drop = ((-at) % unit + unit) % unit;
	if (drop >= f->nb_samples || f->ch_layout.nb_channels > AV_NUM_DATA_POINTERS)
		return 1;
	trim(f, (int)drop);
	mono_done(&p->mono);
	p->out_at = (at + drop) / unit * ((int64_t)GRID_RATE / common);
	return 0;
}

static int take(struct placer *p, AVFrame *f, AVRational tb, struct fault *why)
{
	const struct job_foreign *o = p->order;
	if (!p->anchored && o->anchored && f->pts != AV_NOPTS_VALUE && f->pts < o->anchor_stamp)
		return 0; /* the run-up */
	if (!p->anchored && o->anchored && f->pts == o->anchor_stamp) {
		p->clock.next = o->anchor_at;
		p->clock.rate = f->sample_rate;
		f->pts = AV_NOPTS_VALUE; /* its place is known better than its stamp says */
	}
	p->anchored = true;
	int64_t at = foreign_clock_take(&p->clock, f, tb);
	if (at == INT64_MIN)
		return 0;
	bool joins = at == p->expected && p->mono.rate == f->sample_rate;
	int64_t next = at + f->nb_samples;
	if (!joins && begin_run(p, f, at)) {
		p->expected = INT64_MIN;
		return 0;
	}
	p->expected = next;
	int64_t ignored, count;
	int rc = mono_take(&p->mono, f, tb, &ignored, &count, why);
	if (rc)
		return rc;
	place(p, p->mono.pcm, p->out_at, count);
	p->out_at += count;
	return 0;
}

static int gather(struct placer *p, struct source_reader *r, struct fault *why)
{
	AVRational tb = r->stream->time_base;
	CLEANUP(clean_av_frame) AVFrame *f = av_frame_alloc();
	if (!f)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int64_t seek = p->order->anchored
			       ? p->order->anchor_seek
			       : av_rescale_q(p->from, (AVRational){ 1, GRID_RATE }, tb) +
					 av_rescale_q(p->order->start_us, AV_TIME_BASE_Q, tb);
	int rc = source_reader_go(r, (enum source_way)p->order->wind, seek, tb, why);
	while (!rc && p->out_at < p->from + p->count) {
		int got = source_reader_next(r, f, why);
		if (got <= 0)
			return got;
		rc = take(p, f, tb, why);
		av_frame_unref(f);
	}
	return rc;
}

int foreign_sound(struct source *source, const struct job_foreign *f, int64_t from, int64_t count,
		  float *out, struct fault *why)
{
	CLEANUP(clean_placer)
	struct placer p = { .order = f,
			    .expected = INT64_MIN,
			    .out_at = INT64_MIN,
			    .from = from - WARM,
			    .count = WARM + count + LIMITER_LAG };
	memset(out, 0, (size_t)count * sizeof(*out));
	if (f->blank)
		return 0;
	AUTO_FREE float *samples = calloc((size_t)p.count, sizeof(*samples));
	struct source_reader r;
	if (!samples)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	p.out = samples;
	mono_init(&p.mono);
	p.mono.first_only = (int)f->first_only;
	foreign_clock_init(&p.clock, f->start_us);
	int rc = source_reader_open(&r, source, f->sound, 1, why);
	if (rc)
		return rc;
	rc = gather(&p, &r, why);
	source_reader_close(&r);
	if (rc)
		return rc;
	struct limiter l;
	limiter_init(&l, f->gain_centibel / 10.0);
	limiter_run(&l, samples, (size_t)p.count);
	memcpy(out, samples + WARM + LIMITER_LAG, (size_t)count * sizeof(*out));
	return 0;
}
