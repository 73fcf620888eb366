// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/foresee.h"

#include <errno.h>
#include <pb_decode.h>
#include <stdio.h>
#include <stdlib.h>

#include "content/transcoder/foreign.h"
#include "content/transcoder/grid.h"
#include "content/transcoder/probe.h"
#include "content/transcoder/rate.h"
#include "content/transcoder/survey.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

#define PLAN_VERSION 1u
#define SEGMENTS_MAX 20000u
#define SLACK_US 20000
#define SOUND_FAR_US 5000000 /* every packet of sound is a beginning; indexes are coarse */

/* Frames of the lesson at which the file's pictures can be decoded from, ascending. */
struct keys {
	uint64_t *at;
	size_t count, room;
	int64_t lead_us; /* the first of them lies so long before the lesson, hidden by an edit list */
};

static void clean_keys(struct keys *k)
{
	free(k->at);
}

static void clean_survey(wasl_Survey *s)
{
	pb_release(wasl_Survey_fields, s);
}

static int add_key(struct keys *k, uint64_t frame)
{
	if (k->count && frame <= k->at[k->count - 1])
		return 0;
	if (k->count == k->room) {
		size_t room = k->room ? k->room * 2 : 256;
		uint64_t *more = realloc(k->at, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		k->at = more;
		k->room = room;
	}
	k->at[k->count++] = frame;
	return 0;
}

/* The first frame of the lesson that shows the picture of this stamp or a later one; even, as segments are cut there. */
static uint64_t frame_of(const struct probe *p, int64_t pts, AVRational tb)
{
	int64_t us = av_rescale_q(pts, tb, AV_TIME_BASE_Q) - p->start_us;
	if (us <= 0)
		return 0;
	/* a quarter of a period of grace, as watch.c has it */
	int64_t quarters = av_rescale_rnd(us, (int64_t)p->fps_num * 4,
					  INT64_C(1000000) * p->fps_den, AV_ROUND_UP);
	uint64_t frame = (uint64_t)(quarters > 1 ? (quarters - 1 + 3) / 4 : 0);
	return (frame + 1) / 2 * 2;
}

static int find_keys(const struct source *file, const struct probe *p, struct keys *out,
		     struct fault *why)
{
	struct source s;
	struct source_reader r;
	int rc = source_again(file, &s, why);
	if (rc)
		return rc;
	rc = source_reader_open(&r, &s, p->picture, 1, why);
	if (!rc) {
		source_reader_begin(&r);
		while (!rc && source_reader_packet(&r)) {
			const AVPacket *k = r.packet;
			const AVRational tb = r.stream->time_base;
			if (!(k->flags & AV_PKT_FLAG_KEY) || k->pts == AV_NOPTS_VALUE)
				continue;
			if (!out->count)
				out->lead_us =
					av_sat_sub64(p->start_us,
						     av_rescale_q(k->pts, tb, AV_TIME_BASE_Q));
			rc = add_key(out, frame_of(p, k->pts, tb));
		}
		source_reader_close(&r);
	}
	source_close(&s);
	return rc == -ENOMEM ? fault_set(why, rc, "memory", "out of memory") : rc;
}

/* --- can it be sought in? --------------------------------------------------------------------------- */

/* After going to `us` the first packet is a key frame at or before it, and not far before. */
static int lands(struct source_reader *r, int64_t us, int64_t slack_us)
{
	AVRational tb = r->stream->time_base;
	if (source_reader_seek(r, us, AV_TIME_BASE_Q, NULL) || !source_reader_packet(r))
		return 0;
	const AVPacket *p = r->packet;
	int64_t pts = p->pts != AV_NOPTS_VALUE ? p->pts : p->dts;
	if (pts == AV_NOPTS_VALUE || !(p->flags & AV_PKT_FLAG_KEY))
		return 0;
	int64_t at = av_rescale_q(pts, tb, AV_TIME_BASE_Q);
	return at <= us + SLACK_US && at >= us - slack_us;
}

/* Where key frames are is known from the walk: a landing must not be further off than they are apart. */
static int64_t widest_us(const struct keys *k, const wasl_Plan *plan, int64_t duration_us)
{
	int64_t widest = 0, last = 0;
	for (size_t i = 0; i <= k->count; i++) {
		int64_t at = i < k->count
				     ? av_rescale((int64_t)k->at[i],
						  INT64_C(1000000) * plan->fps_den, plan->fps_num)
				     : duration_us;
		widest = at - last > widest ? at - last : widest;
		last = at;
	}
	return widest + (k->lead_us > 0 ? k->lead_us : 0) + SLACK_US * 4;
}

/* When the stream's first packet is on, on the container's clock: no place is before it. */
static int64_t begins_us(const struct source *file, int stream)
{
	struct source s;
	struct source_reader r;
	int64_t at = INT64_MIN;
	if (source_again(file, &s, NULL))
		return at;
	if (source_reader_open(&r, &s, stream, 1, NULL) == 0) {
		source_reader_begin(&r);
		if (source_reader_packet(&r) && r.packet->pts != AV_NOPTS_VALUE)
			at = av_rescale_q(r.packet->pts, r.stream->time_base, AV_TIME_BASE_Q);
		source_reader_close(&r);
	}
	source_close(&s);
	return at;
}

static int seeks(const struct source *file, const struct probe *p, const wasl_Plan *plan,
		 const struct keys *keys, int stream)
{
	struct source s;
	struct source_reader r;
	int64_t widest = widest_us(keys, plan, p->duration_us), first = begins_us(file, stream);
	if (source_again(file, &s, NULL))
		return 0;
	int good = source_reader_open(&r, &s, stream, 1, NULL) == 0;
	for (pb_size_t i = 0; i < plan->segments_count && good; i++) {
		int64_t us = av_rescale((int64_t)plan->segments[i].start_ticks, 1000000,
					plan->timescale) +
			     p->start_us + SLACK_US;
		us = us > first ? us : first; /* one may begin after the other */
		good = lands(&r, us, stream == p->picture ? widest : SOUND_FAR_US) ||
		       (stream != p->picture && us - p->start_us > p->sound_us);
	}
	source_reader_close(&r);
	source_close(&s);
	return good;
}

static int lay_grid(wasl_Plan *plan, uint64_t frames, const struct keys *keys, struct fault *why)
{
	uint32_t ticks = (uint32_t)((uint64_t)plan->timescale * plan->fps_den / plan->fps_num);
	size_t room = 0;
	for (uint64_t at = 0; at < frames;) {
		pb_size_t n = plan->segments_count;
		if (n == room) {
			room = room ? room * 2 : 64;
			wasl_Segment *more = realloc(plan->segments, room * sizeof(*more));
			if (!more)
				return fault_set(why, -ENOMEM, "memory", "out of memory");
			plan->segments = more;
		}
		if (n == SEGMENTS_MAX)
			return fault_set(why, -EFBIG, "foresee.long",
					 "the file needs more than %u segments", SEGMENTS_MAX);
		uint64_t cut = grid_cut_at_key((uint32_t)n + 1, at, frames - at, plan->fps_num,
					       plan->fps_den, keys->at, keys->count);
		plan->segments[n] = (wasl_Segment){ .start_ticks = at * ticks,
						    .duration_ticks = (uint32_t)(cut * ticks) };
		plan->segments_count++;
		at += cut;
	}
	return 0;
}

/* What kind of pictures each segment has, whether they are interlaced, and whether many are damaged. */
static int take_survey(const struct source *file, struct probe *p, wasl_Plan *plan,
		       struct fault *why)
{
	struct survey found;
	int rc = survey_pictures(file, p, &found, why);
	if (rc)
		return rc;
	plan->foreign.fields = found.fields;
	for (pb_size_t i = 0; i < plan->segments_count; i++) {
		wasl_Segment *s = &plan->segments[i];
		int64_t from = av_rescale((int64_t)s->start_ticks, 1000000, plan->timescale);
		int64_t to = from + av_rescale(s->duration_ticks, 1000000, plan->timescale);
		s->content_class = survey_class(&found, from, to);
	}
	survey_judge(&found, &p->said);
	survey_done(&found);
	return probe_settle(p, why);
}

static int make_plan(const struct source *file, struct probe *p, wasl_Plan *plan, struct fault *why)
{
	AVRational fps = { (int)p->fps_num, (int)p->fps_den };
	*plan = (wasl_Plan){ .version = PLAN_VERSION,
			     .timescale = rate_timescale(fps),
			     .width = p->form.width,
			     .height = p->form.height,
			     .fps_num = p->fps_num,
			     .fps_den = p->fps_den,
			     .sample_rate = p->sound >= 0 ? GRID_RATE : 0,
			     .has_foreign = true,
			     .foreign = { .picture = (uint32_t)p->picture,
					  .sound = p->sound,
					  .start_us = p->start_us,
					  .turn = p->form.turn,
					  .fields = p->form.fields } };
	for (uint32_t i = 0; i < p->clock.count && i < ARRAY_LEN(plan->foreign.moved_us); i++)
		plan->foreign.moved_us[plan->foreign.moved_us_count++] = p->clock.moved_us[i];
	CLEANUP(clean_keys) struct keys keys = { 0 };
	const bool pictures = p->picture >= 0;
	int rc = pictures ? find_keys(file, p, &keys, why) : 0;
	if (rc)
		return rc;
	uint64_t frames =
		(uint64_t)av_rescale_rnd(p->duration_us, p->fps_num, INT64_C(1000000) * p->fps_den,
					 AV_ROUND_NEAR_INF);
	rc = lay_grid(plan, frames ? frames : 1, &keys, why);
	if (!rc && pictures)
		rc = take_survey(file, p, plan, why);
	if (!rc && ((pictures && !seeks(file, p, plan, &keys, p->picture)) ||
		    (p->sound >= 0 && !seeks(file, p, plan, &keys, p->sound))))
		plan->foreign.wind = SOURCE_WIND;
	int64_t end_us = 0;
	if (!rc && p->sound >= 0)
		rc = foreign_listen(file, plan, &end_us, why);
	return rc;
}

static void put_notes(const struct verdict *v, wasl_Survey *out)
{
	for (uint32_t i = 0; i < v->count && i < ARRAY_LEN(out->notes); i++) {
		wasl_Note *n = &out->notes[out->notes_count++];
		snprintf(n->reason, sizeof(n->reason), "%s", v->notes[i].reason);
		snprintf(n->first, sizeof(n->first), "%s", v->notes[i].values[0]);
		snprintf(n->second, sizeof(n->second), "%s", v->notes[i].values[1]);
	}
}

/* Containers without a list of their streams may bring captions later on. */
static bool is_wordless(const AVFormatContext *f)
{
	if (f->ctx_flags & AVFMTCTX_NOHEADER)
		return false;
	for (unsigned i = 0; i < f->nb_streams; i++)
		if (f->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_SUBTITLE)
			return false;
	return true;
}

int foresee(int fd, uint64_t size, wasl_Survey *out, struct fault *why)
{
	CLEANUP(clean_survey) wasl_Survey found = wasl_Survey_init_zero;
	const struct job_span whole = { 0, size };
	struct source s = { 0 };
	struct probe p;
	int rc = probe_file(fd, size, &s, &whole, &p, why);
	if (rc)
		return rc;
	if (p.verdict != PROBE_REFUSE) {
		int64_t promised = probe_promise(&s, p.start_us);
		found.promised_us = promised > 0 ? (uint64_t)promised : (uint64_t)p.duration_us;
		found.has_plan = true;
		found.wordless = is_wordless(s.format);
		rc = make_plan(&s, &p, &found.plan, why);
		source_close(&s);
	}
	if (rc)
		return rc;
	found.verdict = p.verdict;
	snprintf(found.reason, sizeof(found.reason), "%s", p.reason);
	snprintf(found.text, sizeof(found.text), "%s", p.text);
	put_notes(&p.said, &found);
	*out = found;
	found = (wasl_Survey)wasl_Survey_init_zero;
	return 0;
}
