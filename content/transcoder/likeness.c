// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/likeness.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "content/transcoder/grid.h"
#include "content/transcoder/libav.h"
#include "content/transcoder/watch.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

enum { WINDOW = 8, APART = 4 };

/* Of one window; the constants are those of the paper for 8 bits and 64 pixels. */
static double window(const uint8_t *a, size_t a_stride, const uint8_t *b, size_t b_stride)
{
	const double c1 = 0.01 * 255 * 0.01 * 255, c2 = 0.03 * 255 * 0.03 * 255;
	uint32_t sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
	const double n = WINDOW * WINDOW;
	for (size_t y = 0; y < WINDOW; y++, a += a_stride, b += b_stride)
		for (size_t x = 0; x < WINDOW; x++) {
			sa += a[x];
			sb += b[x];
			saa += (uint32_t)a[x] * a[x];
			sbb += (uint32_t)b[x] * b[x];
			sab += (uint32_t)a[x] * b[x];
		}
	const double ma = sa / n, mb = sb / n;
	const double va = saa / n - ma * ma, vb = sbb / n - mb * mb, cov = sab / n - ma * mb;
	return (2 * ma * mb + c1) * (2 * cov + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
}

double likeness_plane(const uint8_t *a, size_t a_stride, const uint8_t *b, size_t b_stride,
		      unsigned width, unsigned height)
{
	double sum = 0;
	uint64_t count = 0;
	for (unsigned y = 0; y + WINDOW <= height; y += APART)
		for (unsigned x = 0; x + WINDOW <= width; x += APART, count++)
			sum += window(a + y * a_stride + x, a_stride, b + y * b_stride + x,
				      b_stride);
	return count ? sum / (double)count : 1;
}

unsigned likeness_step(uint64_t duration_ms)
{
	return (unsigned)((duration_ms + LIKENESS_MOST_MS - 1) / LIKENESS_MOST_MS) +
	       (duration_ms == 0);
}

struct side {                  /* one of the two files */
	struct job_span whole; /* `source` looks at it */
	struct source source;
	struct probe probe;
	struct watch watch;
	bool opened, watching;
};

static void close_side(struct side *s)
{
	if (s->watching)
		watch_close(&s->watch);
	if (s->opened)
		source_close(&s->source);
}

static int open_side(int fd, struct side *s, struct fault *why)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return fault_set(why, -errno, "likeness.file", "a file cannot be read");
	s->whole = (struct job_span){ 0, (uint64_t)st.st_size };
	int rc = probe_file(fd, (uint64_t)st.st_size, &s->source, &s->whole, &s->probe, why);
	if (rc)
		return rc;
	if (s->probe.verdict == PROBE_REFUSE)
		return fault_set(why, -EBADMSG, s->probe.reason, "%s", s->probe.text);
	s->opened = true;
	rc = watch_open(&s->watch, &s->source, &s->probe, 0, why);
	s->watching = !rc;
	return rc;
}

struct comparison {
	struct side source, made;
};

static void clean_comparison(struct comparison *c)
{
	close_side(&c->source);
	close_side(&c->made);
}

/* The source is read on, picture by picture: not every container can be sought in, and a wrong place looks like a bad copy. */
static int read_on(struct watch *w, uint64_t index, struct fault *why)
{
	const AVFrame *passed;
	int rc = 0;
	while (!rc && w->shown < index)
		rc = watch_next(w, &passed, why);
	return rc;
}

/* The mezzanine is ours: its key frames lie where segments begin. */
static int go_to(struct watch *w, uint64_t index, struct fault *why)
{
	return w->shown == index ? 0 : watch_seek(w, SOURCE_SEEK, index, why);
}

static int compare_segment(struct comparison *c, uint64_t first, uint64_t count, double *sum,
			   struct fault *why)
{
	*sum = 0;
	int rc = read_on(&c->source.watch, first, why);
	if (!rc)
		rc = go_to(&c->made.watch, first, why);
	for (uint64_t i = 0; i < count && !rc; i++) {
		const AVFrame *a, *b;
		rc = watch_next(&c->source.watch, &a, why);
		if (!rc)
			rc = watch_next(&c->made.watch, &b, why);
		if (rc)
			return rc;
		if (a->width != b->width || a->height != b->height)
			return fault_set(why, -EPROTO, "likeness.size",
					 "the mezzanine is %dx%d, its source comes as %dx%d",
					 b->width, b->height, a->width, a->height);
		*sum += likeness_plane(a->data[0], (size_t)a->linesize[0], b->data[0],
				       (size_t)b->linesize[0], (unsigned)a->width,
				       (unsigned)a->height);
	}
	return rc;
}

int likeness_measure(int source_fd, int made_fd, const wasl_Plan *plan, uint64_t duration_ms,
		     void (*done)(void *data, double part), void *data, struct likeness *out,
		     struct fault *why)
{
	CLEANUP(clean_comparison) struct comparison c = { 0 };
	struct likeness l = { .worst = 1 };
	const unsigned step = likeness_step(duration_ms);
	double total = 0;
	int rc = open_side(source_fd, &c.source, why);
	if (!rc)
		rc = open_side(made_fd, &c.made, why);
	for (pb_size_t i = 0; i < plan->segments_count && !rc; i += step) {
		const uint64_t den = (uint64_t)plan->timescale * plan->fps_den;
		const uint64_t first =
			grid_scale(plan->segments[i].start_ticks, plan->fps_num, den);
		const uint64_t count =
			grid_scale(plan->segments[i].duration_ticks, plan->fps_num, den);
		double sum = 0;
		rc = compare_segment(&c, first, count, &sum, why);
		if (!rc && count && sum / (double)count < l.worst)
			l.worst = sum / (double)count;
		total += sum;
		l.pictures += count;
		if (done)
			done(data, (double)(i + 1) / plan->segments_count);
	}
	if (rc)
		return rc;
	l.mean = l.pictures ? total / (double)l.pictures : 1;
	*out = l;
	return 0;
}
