// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/mezz.h"

#include <errno.h>
#include <math.h>
#include <pb_decode.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "content/transcoder/grid.h"
#include "content/transcoder/hear.h"
#include "content/transcoder/loudness.h"
#include "content/transcoder/mux.h"
#include "content/transcoder/rate.h"
#include "content/transcoder/reel.h"
#include "content/transcoder/still.h"
#include "content/transcoder/survey.h"
#include "content/transcoder/tone.h"
#include "content/transcoder/watch.h"
#include "firmware/base/fault.h"

#define PLAN_VERSION 1u
#define OPUS_FRAME 960
#define LISTEN_SHARE 0.04 /* of the whole work: measuring the loudness */
#define POSTER_STEP_S 2u

struct mezz {
	const struct mezz_options *options;
	struct mezz_made *made;
	struct source source;
	struct watch watch;
	struct hear hear;
	struct limiter limiter;
	struct mux mux;
	struct still still;
	AVCodecContext *sound;
	struct reel_packets sound_packets;
	AVFrame *poster;
	uint64_t poster_detail;
	uint64_t frames, frame;        /* all, and how many are done */
	int64_t sound_at, sound_total; /* samples fed to Opus, and all */
	bool has_sound, watching, hearing, muxing;
};

static void clean_mezz(struct mezz *z)
{
	if (z->watching)
		watch_close(&z->watch);
	if (z->hearing)
		hear_close(&z->hear);
	if (z->muxing)
		mux_close(&z->mux);
	if (z->source.format)
		source_close(&z->source);
	still_done(&z->still);
	avcodec_free_context(&z->sound);
	reel_packets_done(&z->sound_packets);
	av_frame_free(&z->poster);
}

void mezz_made_done(struct mezz_made *made)
{
	pb_release(wasl_Plan_fields, &made->plan);
	made->plan = (wasl_Plan)wasl_Plan_init_zero;
}

static void tell(const struct mezz *z, double done)
{
	if (z->options->progress)
		z->options->progress(z->options->data, done);
}

/* --- plan ----------------------------------------------------------------------------------------- */

int mezz_grid(wasl_Plan *plan, uint64_t frames)
{
	uint32_t ticks = (uint32_t)((uint64_t)plan->timescale * plan->fps_den / plan->fps_num);
	uint64_t at = 0;
	wasl_Segment *segments = NULL;
	pb_size_t count = 0, room = 0;
	while (at < frames) {
		if (count == room) {
			room = room ? (pb_size_t)(room * 2) : 64;
			wasl_Segment *more = realloc(segments, room * sizeof(*more));
			if (!more) {
				free(segments);
				return -ENOMEM;
			}
			segments = more;
		}
		uint64_t cut = grid_cut(count + 1, frames - at, plan->fps_num, plan->fps_den);
		segments[count++] = (wasl_Segment){ .start_ticks = at * ticks,
						    .duration_ticks = (uint32_t)(cut * ticks) };
		at += cut;
	}
	plan->segments = segments;
	plan->segments_count = count;
	return 0;
}

static int make_plan(struct mezz *z, struct fault *why)
{
	const struct probe *p = &z->made->probe;
	wasl_Plan *plan = &z->made->plan;
	*plan = (wasl_Plan){ .version = PLAN_VERSION,
			     .timescale = rate_timescale(
				     (AVRational){ (int)p->fps_num, (int)p->fps_den }),
			     .width = p->form.width,
			     .height = p->form.height,
			     .fps_num = p->fps_num,
			     .fps_den = p->fps_den,
			     .sample_rate = z->has_sound ? GRID_RATE : 0 };
	z->frames = (uint64_t)av_rescale_rnd(p->duration_us, p->fps_num,
					     INT64_C(1000000) * p->fps_den, AV_ROUND_NEAR_INF);
	if (!z->frames)
		z->frames = 1;
	if (mezz_grid(plan, z->frames))
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	const wasl_Segment *last = &plan->segments[plan->segments_count - 1];
	uint64_t ticks = last->start_ticks + last->duration_ticks;
	z->made->duration_ms = grid_scale(ticks, 1000, plan->timescale);
	z->sound_total = (int64_t)grid_scale(ticks, GRID_RATE, plan->timescale);
	return 0;
}

/* --- sound ---------------------------------------------------------------------------------------- */

static int measure(struct mezz *z, int first_only, double *lufs, struct fault *why)
{
	struct loudness *l = loudness_new();
	float *block = malloc(GRID_RATE * sizeof(*block));
	struct hear h;
	int rc = l && block ? hear_open(&h, &z->source, z->made->probe.sound,
					z->made->probe.start_us, first_only, why)
			    : fault_set(why, -ENOMEM, "memory", "out of memory");
	if (!rc) {
		for (int64_t at = 0; at < z->sound_total && !rc; at += GRID_RATE) {
			rc = hear_read(&h, block, GRID_RATE, why);
			if (!rc && loudness_add(l, block, GRID_RATE))
				rc = fault_set(why, -ENOMEM, "memory", "out of memory");
			tell(z, LISTEN_SHARE * (double)at / (double)z->sound_total);
		}
		hear_close(&h);
	}
	if (!rc)
		*lufs = loudness_lufs(l);
	loudness_free(l);
	free(block);
	return rc;
}

static int open_sound(struct mezz *z, struct fault *why)
{
	double first = -HUGE_VAL;
	int first_only = 0;
	int rc = measure(z, 0, &z->made->lufs, why);
	if (!rc && z->made->lufs < LOUDNESS_QUIET_LUFS &&
	    source_is_stereo(&z->source, z->made->probe.sound)) {
		rc = measure(z, 1, &first, why);
		first_only = loudness_undone(z->made->lufs, first);
		z->made->lufs = first_only ? first : z->made->lufs;
	}
	if (!rc)
		rc = hear_open(&z->hear, &z->source, z->made->probe.sound, z->made->probe.start_us,
			       first_only, why);
	if (rc)
		return rc;
	z->hearing = true;
	double gain = loudness_gain_db(z->made->lufs);
	z->made->plan.gain_centibel = (int32_t)lrint(gain * 10);
	limiter_init(&z->limiter, gain);
	/* What the limiter holds back comes out first: it is thrown away, so that nothing moves in time. */
	float ahead[LIMITER_LAG];
	rc = hear_read(&z->hear, ahead, LIMITER_LAG, why);
	if (rc)
		return rc;
	limiter_run(&z->limiter, ahead, LIMITER_LAG);
	return reel_open_sound(z->options->sound_bps, &z->sound, why);
}

/* Encodes sound up to sample `until`; at the end of the lesson the encoder gives its last. */
static int encode_sound(struct mezz *z, int64_t until, struct fault *why)
{
	float block[OPUS_FRAME];
	while (z->sound_at < z->sound_total && z->sound_at < until) {
		int64_t left = z->sound_total - z->sound_at;
		int n = left < OPUS_FRAME ? (int)left : OPUS_FRAME;
		int rc = hear_read(&z->hear, block, n, why);
		if (rc)
			return rc;
		limiter_run(&z->limiter, block, (size_t)n);
		rc = reel_feed_sound(z->sound, block, n, z->sound_at, why);
		z->sound_at += n;
		if (!rc && z->sound_at == z->sound_total)
			rc = reel_feed_sound(z->sound, NULL, 0, 0, why);
		if (!rc)
			rc = reel_packets_take(&z->sound_packets, z->sound, 0, why);
		if (rc)
			return rc;
	}
	return 0;
}

/* --- pictures ------------------------------------------------------------------------------------- */

/* The poster is the richest picture of the first half: not black, not the lone title. */
static int consider_poster(struct mezz *z, const AVFrame *picture)
{
	if (z->poster && z->frame > z->frames / 2)
		return 0;
	uint64_t detail = still_detail(picture) + 1;
	if (detail <= z->poster_detail + z->poster_detail / 8)
		return 0;
	AVFrame *mine = av_frame_clone(picture);
	if (!mine)
		return -ENOMEM;
	av_frame_free(&z->poster);
	z->poster = mine;
	z->poster_detail = detail;
	return 0;
}

static int look_at(struct mezz *z, const AVFrame *picture)
{
	const struct probe *p = &z->made->probe;
	uint64_t half_s = p->fps_num / (2 * p->fps_den);
	int rc = 0;
	if (z->frame % (half_s ? half_s : 1) == 0)
		rc = still_add(&z->still, picture);
	if (!rc && z->frame % (POSTER_STEP_S * p->fps_num / p->fps_den + 1) == 0)
		rc = consider_poster(z, picture);
	return rc;
}

static int open_reel(struct mezz *z, AVCodecContext **out, struct fault *why)
{
	const struct probe *p = &z->made->probe;
	struct reel_form form = { .width = p->form.width,
				  .height = p->form.height,
				  .fps_num = p->fps_num,
				  .fps_den = p->fps_den,
				  .preset = z->options->preset,
				  .crf = z->options->crf,
				  .thrifty = z->options->thrifty };
	return reel_open(&form, out, why);
}

/* One sequence header describes the whole file. */
static int same_header(const struct mezz *z, const AVCodecContext *codec, struct fault *why)
{
	const AVCodecParameters *first = z->mux.format->streams[0]->codecpar;
	if (first->extradata_size == codec->extradata_size &&
	    !memcmp(first->extradata, codec->extradata, (size_t)codec->extradata_size))
		return 0;
	return fault_set(why, -EPROTO, "mezz.header",
			 "SVT-AV1 describes this segment unlike the first");
}

static int encode_pictures(struct mezz *z, AVCodecContext *codec, uint64_t count,
			   struct reel_packets *out, struct fault *why)
{
	uint64_t base = z->frame;
	for (uint64_t i = 0; i < count; i++, z->frame++) {
		const AVFrame *picture;
		int rc = watch_next(&z->watch, &picture, why);
		if (!rc && look_at(z, picture))
			rc = fault_set(why, -ENOMEM, "memory", "out of memory");
		if (!rc)
			rc = reel_feed(codec, picture, i, why);
		if (!rc)
			rc = reel_packets_take(out, codec, (int64_t)base, why);
		if (rc)
			return rc;
		if (z->frame % 16 == 0)
			tell(z, LISTEN_SHARE +
					(1 - LISTEN_SHARE) * (double)z->frame / (double)z->frames);
	}
	int rc = reel_feed(codec, NULL, 0, why);
	return rc ? rc : reel_packets_take(out, codec, (int64_t)base, why);
}

static int write_all(struct mezz *z, int stream, struct reel_packets *p, struct fault *why)
{
	int rc = 0;
	for (size_t i = 0; i < p->count && !rc; i++)
		rc = mux_write(&z->mux, stream, p->at[i], why);
	reel_packets_done(p);
	return rc;
}

/* Pictures, then their sound and a little more: a segment's bytes lie together. */
static int make_segment(struct mezz *z, wasl_Segment *seg, AVCodecContext *codec, int out_fd,
			struct fault *why)
{
	wasl_Plan *plan = &z->made->plan;
	uint64_t count = grid_scale(seg->duration_ticks, plan->fps_num,
				    (uint64_t)plan->timescale * plan->fps_den);
	struct reel_packets pictures = { 0 };
	int rc = 0;
	if (!z->muxing) {
		rc = mux_open(&z->mux, out_fd, codec, z->sound, plan->timescale, why);
		z->muxing = !rc;
	} else {
		rc = same_header(z, codec, why);
	}
	if (!rc)
		rc = encode_pictures(z, codec, count, &pictures, why);
	if (!rc)
		rc = write_all(z, 0, &pictures, why);
	reel_packets_done(&pictures);
	if (!rc && z->has_sound) {
		uint64_t end = seg->start_ticks + seg->duration_ticks;
		rc = encode_sound(z, (int64_t)(grid_sound_end(end, plan->timescale) + TONE_AFTER),
				  why);
		if (!rc)
			rc = write_all(z, 1, &z->sound_packets, why);
	}
	seg->content_class = still_end(&z->still);
	return rc;
}

/* A lesson of sound alone: the same grid, sound in it. */
static int make_sound(struct mezz *z, int out_fd, struct fault *why)
{
	wasl_Plan *plan = &z->made->plan;
	int rc = mux_open(&z->mux, out_fd, NULL, z->sound, plan->timescale, why);
	z->muxing = !rc;
	for (pb_size_t i = 0; i < plan->segments_count && !rc; i++) {
		const wasl_Segment *s = &plan->segments[i];
		const uint64_t end = s->start_ticks + s->duration_ticks;
		rc = encode_sound(z, (int64_t)(grid_sound_end(end, plan->timescale) + TONE_AFTER),
				  why);
		if (!rc)
			rc = write_all(z, 0, &z->sound_packets, why);
		tell(z, LISTEN_SHARE + (1 - LISTEN_SHARE) * (double)(i + 1) /
					       (double)plan->segments_count);
	}
	return rc ? rc : mux_finish(&z->mux, why);
}

static int make_segments(struct mezz *z, int out_fd, struct fault *why)
{
	wasl_Plan *plan = &z->made->plan;
	for (pb_size_t i = 0; i < plan->segments_count; i++) {
		AVCodecContext *codec = NULL;
		int rc = open_reel(z, &codec, why);
		if (!rc)
			rc = make_segment(z, &plan->segments[i], codec, out_fd, why);
		avcodec_free_context(&codec);
		if (rc)
			return rc;
	}
	return mux_finish(&z->mux, why);
}

/* --- all together --------------------------------------------------------------------------------- */

static int size_of(int fd, uint64_t *out, struct fault *why)
{
	struct stat st;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return fault_set(why, -EINVAL, "mezz.file", "the lesson is not a plain file");
	*out = (uint64_t)st.st_size;
	return 0;
}

/* Interlaced pictures are not always flagged, nor are flagged ones always interlaced. How much is damaged is to be said, too. */
static int see_fields(struct mezz *z, struct fault *why)
{
	struct survey found;
	int rc = survey_pictures(&z->source, &z->made->probe, &found, why);
	if (rc)
		return rc;
	z->made->probe.form.fields = found.fields;
	survey_judge(&found, &z->made->probe.said);
	survey_done(&found);
	return probe_settle(&z->made->probe, why);
}

static int run(struct mezz *z, int out_fd, int poster_fd, struct fault *why)
{
	z->has_sound = z->made->probe.sound >= 0;
	int rc = make_plan(z, why);
	const bool pictures = z->made->probe.picture >= 0;
	if (!rc && pictures)
		rc = see_fields(z, why);
	if (!rc && z->has_sound)
		rc = open_sound(z, why);
	if (!rc && pictures) {
		rc = watch_open(&z->watch, &z->source, &z->made->probe, 0, why);
		z->watching = !rc;
	}
	if (!rc)
		rc = pictures ? make_segments(z, out_fd, why) : make_sound(z, out_fd, why);
	if (!rc && poster_fd >= 0 && z->poster)
		rc = still_jpeg(z->poster, poster_fd, why);
	uint64_t size = 0;
	if (!rc)
		rc = size_of(out_fd, &size, why);
	if (!rc)
		rc = mux_spans(out_fd, size, &z->made->plan, why);
	if (!rc)
		tell(z, 1);
	return rc;
}

int mezz_make(int in_fd, int out_fd, int poster_fd, const struct mezz_options *options,
	      struct mezz_made *made, struct fault *why)
{
	*made = (struct mezz_made){ .lufs = -HUGE_VAL };
	CLEANUP(clean_mezz) struct mezz z = { .options = options, .made = made };
	uint64_t size = 0;
	int rc = size_of(in_fd, &size, why);
	if (rc)
		return rc;
	const struct job_span whole = { 0, size };
	rc = probe_file(in_fd, size, &z.source, &whole, &made->probe, why);
	if (rc)
		return rc;
	if (made->probe.verdict == PROBE_REFUSE)
		return fault_set(why, -EBADMSG, made->probe.reason, "%s", made->probe.text);
	rc = run(&z, out_fd, poster_fd, why);
	if (rc)
		mezz_made_done(made);
	return rc;
}
