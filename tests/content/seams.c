// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * seams FILE: plans the file as the kitchen does, then compares what each segment would be made of, read on its own from its
 * key frame, with the same stretch of one reading from beginning to end. A line for each segment that differs: pictures
 * by the worst mean difference of small luma pictures, sound by its signal-to-noise ratio around both edges.
 * The last line sums up; exit status 1 when anything differs. A file that is refused has nothing to compare.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pb_decode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "content/kitchen/kitchen.h"
#include "content/kitchen/kitchen_plan.h"
#include "content/transcoder/foreign.h"
#include "content/transcoder/foresee.h"
#include "content/transcoder/grid.h"
#include "content/transcoder/watch.h"
#include "firmware/base/fault.h"

#define THUMB 24        /* pixels across and down of a small picture */
#define PICTURE_MAX 3.0 /* mean difference of luma that is still the same picture */
#define SNR_MIN 30.0 /* dB; AAC decoders invent noise, never the same twice: 37 dB in waves-720p */
#define MARGIN (3 * (int64_t)GRID_FRAME) /* samples around an edge: what both encoders take in */
#define LONGEST_S 60u                    /* of a long file, so much is compared */
#define QUIET 1e-9                       /* mean square that is silence */

struct thumb {
	uint8_t at[THUMB * THUMB];
};

static void die(const struct fault *why)
{
	fprintf(stderr, "seams: %s\n", why->text);
	exit(2);
}

static void shrink(const AVFrame *f, struct thumb *t)
{
	for (int y = 0; y < THUMB; y++)
		for (int x = 0; x < THUMB; x++) {
			int top = y * f->height / THUMB, end = (y + 1) * f->height / THUMB;
			int left = x * f->width / THUMB, right = (x + 1) * f->width / THUMB;
			unsigned sum = 0, n = 0;
			for (int j = top; j < end || j == top; j++)
				for (int i = left; i < right || i == left; i++, n++)
					sum += f->data[0][(ptrdiff_t)j * f->linesize[0] + i];
			t->at[y * THUMB + x] = (uint8_t)(sum / n);
		}
}

static double apart(const struct thumb *a, const struct thumb *b)
{
	unsigned sum = 0;
	for (int i = 0; i < THUMB * THUMB; i++)
		sum += (unsigned)abs(a->at[i] - b->at[i]);
	return (double)sum / (THUMB * THUMB);
}

/* Small pictures of frames [from, from + count). */
static struct thumb *watch_frames(const struct source *file, const struct probe *p, uint64_t from,
				  uint64_t count, int seek, enum source_way way)
{
	struct thumb *out = calloc(count, sizeof(*out));
	struct watch w;
	struct fault why;
	if (!out || watch_open(&w, file, p, 1, &why) || (seek && watch_seek(&w, way, from, &why)))
		die(&why);
	for (uint64_t i = 0; i < count; i++) {
		const AVFrame *f;
		if (watch_next(&w, &f, &why))
			die(&why);
		shrink(f, &out[i]);
	}
	watch_close(&w);
	return out;
}

static struct job_foreign foreign_of(const wasl_Plan *plan, uint32_t segment)
{
	struct kitchen_order o = { .plan = plan,
				   .source_size = 1,
				   .segment = segment,
				   .rung_mask = 1u
						<< (plan->sample_rate ? RUNG_AUDIO : RUNG_240P) };
	struct job_order order;
	struct fault why;
	if (kitchen_plan_order(&o, 0, 1, &order, &why))
		die(&why);
	return order.foreign;
}

static float *listen(struct source *file, const wasl_Plan *plan, uint32_t segment, int64_t from,
		     int64_t count)
{
	struct job_foreign f = foreign_of(plan, segment);
	float *out = calloc((size_t)count, sizeof(*out));
	struct fault why;
	if (!out || foreign_sound(file, &f, from, count, out, &why))
		die(&why);
	return out;
}

/* Signal to noise in dB; 999 for the same samples. */
static double snr(const float *a, const float *b, int64_t count)
{
	double signal = 0, noise = 0;
	for (int64_t i = 0; i < count; i++) {
		signal += (double)a[i] * a[i];
		noise += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
	}
	if (noise <= QUIET * (double)count)
		return 999;
	return 10 * log10((signal + 1e-12) / noise);
}

static int compare_pictures(const struct source *file, const struct probe *p, const wasl_Plan *plan)
{
	uint64_t ticks = (uint64_t)plan->timescale * plan->fps_den / plan->fps_num;
	const wasl_Segment *last = &plan->segments[plan->segments_count - 1];
	uint64_t all = (last->start_ticks + last->duration_ticks) / ticks;
	struct thumb *whole = watch_frames(file, p, 0, all, 0, SOURCE_SEEK);
	int bad = 0;
	for (uint32_t s = 0; s < plan->segments_count; s++) {
		uint64_t from = plan->segments[s].start_ticks / ticks;
		uint64_t count = plan->segments[s].duration_ticks / ticks;
		struct thumb *own =
			watch_frames(file, p, from, count, 1, (enum source_way)plan->foreign.wind);
		double worst = 0;
		uint64_t where = 0, wrong = 0;
		for (uint64_t i = 0; i < count; i++) {
			double d = apart(&own[i], &whole[from + i]);
			wrong += d > PICTURE_MAX;
			if (d > worst) {
				worst = d;
				where = i;
			}
		}
		if (wrong)
			printf("segment %u: %llu of %llu pictures differ, most by %.1f at %llu\n",
			       s + 1, (unsigned long long)wrong, (unsigned long long)count, worst,
			       (unsigned long long)where);
		bad += wrong > 0;
		free(own);
	}
	free(whole);
	return bad;
}

static int compare_sound(struct source *file, const wasl_Plan *plan)
{
	uint64_t from, to;
	kitchen_plan_span(plan, RUNG_AUDIO, plan->segments_count, &from, &to);
	int64_t all = (int64_t)to + 2 * MARGIN;
	float *whole = listen(file, plan, 1, -MARGIN, all);
	int bad = 0;
	for (uint32_t s = 1; s <= plan->segments_count; s++) {
		kitchen_plan_span(plan, RUNG_AUDIO, s, &from, &to);
		int64_t begin = (int64_t)from - MARGIN;
		int64_t count = (int64_t)(to - from) + 2 * MARGIN;
		float *own = listen(file, plan, s, begin, count);
		const float *ref = whole + begin + MARGIN;
		double first = snr(ref, own, 2 * MARGIN);
		double end = snr(ref + count - 2 * MARGIN, own + count - 2 * MARGIN, 2 * MARGIN);
		double inside = snr(ref, own, count);
		if (first < SNR_MIN || end < SNR_MIN || inside < SNR_MIN) {
			printf("segment %u: sound differs: %.1f dB at its beginning, %.1f within, "
			       "%.1f at its end\n",
			       s, first, inside, end);
			bad++;
		}
		free(own);
	}
	free(whole);
	return bad;
}

int main(int argc, char **argv)
{
	struct fault why;
	struct stat st;
	struct source s;
	struct probe p;
	wasl_Survey found = wasl_Survey_init_zero;
	av_log_set_level(AV_LOG_QUIET);
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0 || fstat(fd, &st) < 0) {
		fputs("usage: seams FILE\n", stderr);
		return 2;
	}
	if (foresee(fd, (uint64_t)st.st_size, &found, &why))
		die(&why);
	if (!found.has_plan || !found.plan.width) {
		printf("%s %s\n", found.has_plan ? "no pictures" : "refused", found.reason);
		return 0;
	}
	const struct job_span whole = { 0, (uint64_t)st.st_size };
	if (probe_file(fd, (uint64_t)st.st_size, &s, &whole, &p, &why))
		die(&why);
	/* What is said of the beginning holds for the rest, and long files take long. */
	wasl_Plan *plan = &found.plan;
	pb_size_t planned = plan->segments_count;
	while (plan->segments_count > 2 && plan->segments[plan->segments_count - 1].start_ticks >
						   (uint64_t)plan->timescale * LONGEST_S)
		plan->segments_count--;
	plan->foreign.anchors_count = plan->foreign.anchors_count ? plan->segments_count : 0;
	int pictures = compare_pictures(&s, &p, &found.plan);
	int sound = found.plan.sample_rate ? compare_sound(&s, &found.plan) : 0;
	printf("%u segments, pictures differ in %d, sound in %d\n", (unsigned)planned, pictures,
	       sound);
	plan->segments_count = planned;
	source_close(&s);
	pb_release(wasl_Survey_fields, &found);
	return pictures || sound ? 1 : 0;
}
