// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/straight.h"

#include <errno.h>
#include <math.h>
#include <pb_decode.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "content/transcoder/foresee.h"
#include "content/transcoder/grid.h"
#include "content/transcoder/mux.h"
#include "content/transcoder/still.h"
#include "content/transcoder/strip.h"
#include "content/transcoder/watch.h"
#include "firmware/base/fault.h"

#define SIZE_MOST (UINT64_C(2) << 30)
#define RATE_MOST 24000000 /* bits a second: more is for editing, and slow to read */
#define SHORT_MOST 1088
#define LONG_MOST 1920
#define FPS_MOST 61
#define ASC_MOST 7      /* bytes that describe AAC, without a comment in them */
#define APART_US 100000 /* by so much two looks at the same time may differ */
#define COPY_SHARE 0.3
#define LOOK_SHARE 0.8
#define POSTERS 8u

struct straight {
	const struct mezz_options *options;
	struct mezz_made *made;
	const char *unfit;
	struct source source; /* open once it was probed */
	struct mux mux;
	bool muxing;
	unsigned length_bytes; /* of a unit's length */
	uint64_t size;
};

static void clean_straight(struct straight *s)
{
	if (s->muxing)
		mux_close(&s->mux);
	if (s->source.format)
		source_close(&s->source);
}

static void clean_box(struct box_out *o)
{
	box_done(o);
}

static void clean_survey(wasl_Survey *s)
{
	pb_release(wasl_Survey_fields, s);
}

static void tell(const struct straight *s, double done)
{
	if (s->options->progress)
		s->options->progress(s->options->data, done);
}

/* --- may they stay? ----------------------------------------------------------------------------------------- */

static const char *picture_unfit(const AVStream *st)
{
	const AVCodecParameters *c = st->codecpar;
	const int low = c->width < c->height ? c->width : c->height;
	const int high = c->width < c->height ? c->height : c->width;
	if (c->codec_id != AV_CODEC_ID_H264)
		return "its pictures are not H.264";
	if (c->format != AV_PIX_FMT_YUV420P && c->format != AV_PIX_FMT_YUVJ420P)
		return "its pictures are not of 8 bits, 4:2:0";
	if (low > SHORT_MOST || high > LONG_MOST)
		return "its pictures are too large";
	if (c->field_order != AV_FIELD_PROGRESSIVE && c->field_order != AV_FIELD_UNKNOWN)
		return "its pictures are interlaced";
	return av_q2d(st->avg_frame_rate) > FPS_MOST ? "it has too many pictures a second" : NULL;
}

static const char *sound_unfit(const AVCodecParameters *c)
{
	if (c->codec_id != AV_CODEC_ID_AAC)
		return "its sound is not AAC";
	/* Without a number for its channels they are described in a part that has room for comments. */
	if (c->extradata_size < 2 || c->extradata_size > ASC_MOST ||
	    !((c->extradata[1] >> 3) & 15u))
		return "its sound is described in an unusual way";
	return NULL;
}

static const char *film_unfit(const struct straight *s)
{
	const struct probe *p = &s->made->probe;
	const AVFormatContext *f = s->source.format;
	if (p->verdict != PROBE_ACCEPT)
		return "something of it is missing";
	if (p->picture < 0)
		return "it has no pictures";
	if (strcmp(p->container, "mov") != 0)
		return "it is no MP4";
	if (p->is_hdr)
		return "its colours are for other screens";
	if (p->clock.count || s->source.is_cut)
		return "its clock jumps";
	if (s->size > SIZE_MOST ||
	    s->size > (uint64_t)p->duration_us / 1000 * (RATE_MOST / 8 / 1000) + (1u << 20))
		return "it is too large";
	const char *unfit = picture_unfit(f->streams[p->picture]);
	if (!unfit && p->sound >= 0)
		unfit = sound_unfit(f->streams[p->sound]->codecpar);
	return unfit;
}

/* --- the copy ------------------------------------------------------------------------------------------------ */

static int set_extradata(AVCodecParameters *to, const struct box_out *bytes)
{
	uint8_t *mine = av_mallocz(bytes->len + AV_INPUT_BUFFER_PADDING_SIZE);
	if (!mine)
		return -ENOMEM;
	memcpy(mine, bytes->bytes, bytes->len);
	av_freep(&to->extradata);
	to->extradata = mine;
	to->extradata_size = (int)bytes->len;
	return 0;
}

/* The parameters of a stream for mux_open_as(), their index alone for pictures. */
static int describe(struct straight *s, int stream, struct mux_track *out, struct fault *why)
{
	const AVStream *st = s->source.format->streams[stream];
	CLEANUP(clean_box) struct box_out avcc = { 0 };
	out->parameters = avcodec_parameters_alloc();
	int rc = out->parameters ? avcodec_parameters_copy(out->parameters, st->codecpar) : -ENOMEM;
	if (rc < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	out->parameters->codec_tag = 0;
	out->base = st->time_base;
	out->rate = st->avg_frame_rate;
	out->shape = st->sample_aspect_ratio;
	if (st->codecpar->codec_id != AV_CODEC_ID_H264)
		return 0;
	size_t len = 0;
	const uint8_t *matrix = av_stream_get_side_data(st, AV_PKT_DATA_DISPLAYMATRIX, &len);
	if (matrix && len >= sizeof(out->matrix)) {
		memcpy(out->matrix, matrix, sizeof(out->matrix));
		out->turned = true;
	}
	rc = strip_avcc(st->codecpar->extradata, (size_t)st->codecpar->extradata_size, &avcc,
			&s->length_bytes);
	if (rc == -EBADMSG)
		s->unfit = "its parameter sets are damaged";
	else if (rc || set_extradata(out->parameters, &avcc))
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	return 0;
}

static int begin_copy(struct straight *s, int out_fd, struct fault *why)
{
	const struct probe *p = &s->made->probe;
	struct mux_track tracks[2] = { 0 };
	const size_t count = p->sound >= 0 ? 2 : 1;
	int rc = describe(s, p->picture, &tracks[0], why);
	if (!rc && count > 1)
		rc = describe(s, p->sound, &tracks[1], why);
	if (!rc && !s->unfit) {
		rc = mux_open_as(&s->mux, out_fd, tracks, count, why);
		s->muxing = !rc;
	}
	for (size_t i = 0; i < count; i++)
		avcodec_parameters_free(&tracks[i].parameters);
	return rc;
}

/* The packet's bytes become those that stay. */
static int strip_packet(struct straight *s, AVPacket *k, bool picture, struct fault *why)
{
	CLEANUP(clean_box) struct box_out kept = { 0 };
	size_t gone = 0;
	av_packet_free_side_data(k);
	k->flags &= AV_PKT_FLAG_KEY;
	if (!picture) {
		if (av_packet_make_writable(k) < 0)
			return fault_set(why, -ENOMEM, "memory", "out of memory");
		strip_sound(k->data, (size_t)k->size);
		return 0;
	}
	int rc = strip_picture(k->data, (size_t)k->size, s->length_bytes, &kept, &gone);
	if (rc == -EBADMSG) {
		s->unfit = "a picture of it is damaged";
		return 0;
	}
	if (rc)
		return fault_set(why, rc, "memory", "out of memory");
	if (!gone)
		return 0;
	AVBufferRef *mine = av_buffer_allocz(kept.len + AV_INPUT_BUFFER_PADDING_SIZE);
	if (!mine)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	memcpy(mine->data, kept.bytes, kept.len);
	av_buffer_unref(&k->buf);
	k->buf = mine;
	k->data = mine->data;
	k->size = (int)kept.len;
	return 0;
}

/* What cannot be told to a new index: pictures without a time, or hidden ones, new parameters in mid-stream. */
static const char *packet_unfit(const AVPacket *k, bool picture, int64_t *last)
{
	if (k->pts == AV_NOPTS_VALUE || k->dts == AV_NOPTS_VALUE ||
	    (*last != AV_NOPTS_VALUE && k->dts <= *last))
		return "its pictures or sound have no proper times";
	*last = k->dts;
	if ((picture && k->flags & AV_PKT_FLAG_DISCARD) || k->flags & AV_PKT_FLAG_CORRUPT)
		return "it is cut by an edit list, or damaged";
	if (av_packet_get_side_data(k, AV_PKT_DATA_NEW_EXTRADATA, NULL))
		return "its pictures change their kind";
	return NULL;
}

static int copy_packet(struct straight *s, AVPacket *k, int64_t last[2], struct fault *why)
{
	const struct probe *p = &s->made->probe;
	const bool picture = k->stream_index == p->picture;
	if (!picture && k->stream_index != p->sound)
		return 0;
	s->unfit = packet_unfit(k, picture, &last[picture]);
	if (s->unfit)
		return 0;
	if (k->pos > 0)
		tell(s, COPY_SHARE * (double)k->pos / (double)s->size);
	int rc = strip_packet(s, k, picture, why);
	return rc || s->unfit ? rc : mux_write(&s->mux, picture ? 0 : 1, k, why);
}

static int copy(struct straight *s, int out_fd, struct fault *why)
{
	CLEANUP(clean_av_packet) AVPacket *k = av_packet_alloc();
	int64_t last[2] = { AV_NOPTS_VALUE, AV_NOPTS_VALUE };
	struct source in;
	if (!k)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int rc = begin_copy(s, out_fd, why);
	if (rc || s->unfit)
		return rc;
	rc = source_again(&s->source, &in, why);
	if (rc)
		return rc;
	while (!rc && !s->unfit && av_read_frame(in.format, k) >= 0) {
		rc = copy_packet(s, k, last, why);
		av_packet_unref(k);
	}
	if (!rc && in.error)
		rc = fault_set(why, in.error, "source.read", "the file cannot be read (%s)",
			       strerror(-in.error));
	source_close(&in);
	return rc || s->unfit ? rc : mux_finish(&s->mux, why);
}

/* --- its plan -------------------------------------------------------------------------------------------------- */

/* The copy is looked at like any other film; what is found must be what the original had. */
static int make_plan(struct straight *s, int out_fd, struct fault *why)
{
	const struct probe *p = &s->made->probe;
	CLEANUP(clean_survey) wasl_Survey found = wasl_Survey_init_zero;
	struct stat st;
	if (fstat(out_fd, &st) < 0 || st.st_size <= 0)
		return fault_set(why, -EIO, "straight.file", "the copy cannot be read");
	int rc = foresee(out_fd, (uint64_t)st.st_size, &found, why);
	if (rc)
		return rc;
	wasl_Plan *plan = &found.plan;
	if (!found.has_plan || found.verdict != VERDICT_ACCEPT || !plan->segments_count ||
	    plan->width != p->form.width || plan->height != p->form.height ||
	    (plan->sample_rate > 0) != (p->sound >= 0))
		s->unfit = "its copy is not what it was";
	else if (plan->foreign.wind || plan->foreign.fields > FIELDS_NONE)
		s->unfit = "it is interlaced, or cannot be sought in";
	if (s->unfit)
		return 0;
	const wasl_Segment *last = &plan->segments[plan->segments_count - 1];
	s->made->duration_ms =
		grid_scale(last->start_ticks + last->duration_ticks, 1000, plan->timescale);
	const int64_t apart = (int64_t)s->made->duration_ms * 1000 - p->duration_us;
	if (apart > APART_US || apart < -APART_US) {
		s->unfit = "its copy does not last as long";
		return 0;
	}
	/* Its bytes are not laid out by the grid: each segment may read all of it. */
	for (pb_size_t i = 0; i < plan->segments_count; i++) {
		plan->segments[i].byte_from = 0;
		plan->segments[i].byte_len = (uint64_t)st.st_size;
	}
	s->made->plan = *plan;
	*plan = (wasl_Plan)wasl_Plan_init_zero;
	return 0;
}

/* The richest of some pictures of the first half. A film without is a lesson all the same. */
static int make_poster(struct straight *s, int poster_fd, struct fault *why)
{
	const struct probe *p = &s->made->probe;
	CLEANUP(clean_av_frame) AVFrame *best = NULL;
	const AVFrame *picture;
	uint64_t most = 0;
	struct watch w;
	const uint64_t frames =
		(uint64_t)av_rescale(p->picture_us, p->fps_num, INT64_C(1000000) * p->fps_den);
	int rc = watch_open(&w, &s->source, p, 1, why);
	if (rc)
		return rc;
	for (uint64_t i = 0; i < POSTERS && !rc; i++) {
		if (watch_seek(&w, SOURCE_SEEK, frames * i / (2 * POSTERS), NULL) ||
		    watch_next(&w, &picture, NULL))
			continue;
		const uint64_t detail = still_detail(picture) + 1;
		if (detail <= most + most / 8)
			continue;
		av_frame_free(&best);
		best = av_frame_clone(picture);
		most = detail;
		rc = best ? 0 : fault_set(why, -ENOMEM, "memory", "out of memory");
	}
	watch_close(&w);
	return rc || !best ? rc : still_jpeg(best, poster_fd, why);
}

static int run(struct straight *s, int out_fd, int poster_fd, struct fault *why)
{
	int rc = copy(s, out_fd, why);
	if (!rc && !s->unfit) {
		tell(s, COPY_SHARE);
		rc = make_plan(s, out_fd, why);
	}
	if (rc || s->unfit)
		return rc;
	tell(s, LOOK_SHARE);
	rc = poster_fd >= 0 ? make_poster(s, poster_fd, why) : 0;
	if (!rc)
		tell(s, 1);
	return rc;
}

int straight_make(int in_fd, int out_fd, int poster_fd, const struct mezz_options *options,
		  struct mezz_made *made, const char **unfit, struct fault *why)
{
	*made = (struct mezz_made){ .lufs = -HUGE_VAL };
	CLEANUP(clean_straight) struct straight s = { .options = options, .made = made };
	struct stat st;
	if (fstat(in_fd, &st) < 0)
		return fault_set(why, -errno, "straight.file", "it cannot be read (%s)",
				 strerror(errno));
	s.size = (uint64_t)st.st_size;
	const struct job_span whole = { 0, s.size };
	int rc = probe_file(in_fd, s.size, &s.source, &whole, &made->probe, why);
	if (rc)
		return rc;
	if (made->probe.verdict == PROBE_REFUSE)
		s.unfit = "it is refused";
	else
		s.unfit = film_unfit(&s);
	if (!s.unfit)
		rc = run(&s, out_fd, poster_fd, why);
	*unfit = s.unfit;
	if (rc || s.unfit)
		mezz_made_done(made);
	return rc ? rc : !s.unfit;
}
