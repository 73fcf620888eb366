// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * look FILE [PICTURES]: what a lesson's pictures look like before any encoder has touched them, as YUV4MPEG on standard output, at the
 * lesson's rate. Tests compare them with what other programs make of the same file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "content/transcoder/survey.h"
#include "content/transcoder/watch.h"
#include "firmware/base/fault.h"

static int write_plane(const AVFrame *f, int plane)
{
	int width = plane ? (f->width + 1) / 2 : f->width;
	int height = plane ? (f->height + 1) / 2 : f->height;
	for (int y = 0; y < height; y++)
		if (fwrite(f->data[plane] + (ptrdiff_t)y * f->linesize[plane], 1, (size_t)width,
			   stdout) != (size_t)width)
			return -1;
	return 0;
}

static int show(struct watch *w, const struct probe *p, long count, struct fault *why)
{
	long all = (long)av_rescale(p->duration_us, p->fps_num, INT64_C(1000000) * p->fps_den);
	printf("YUV4MPEG2 W%u H%u F%u:%u Ip A1:1 C420mpeg2\n", p->form.width, p->form.height,
	       p->fps_num, p->fps_den);
	for (long i = 0; i < count && i < all; i++) {
		const AVFrame *f;
		int rc = watch_next(w, &f, why);
		if (rc)
			return rc;
		puts("FRAME");
		for (int plane = 0; plane < 3; plane++)
			if (write_plane(f, plane))
				return fault_set(why, -EIO, "look", "cannot be written");
	}
	return fflush(stdout) ? -EIO : 0;
}

static int look(const char *name, long count, struct fault *why)
{
	AUTO_FD int fd = open(name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return fault_set(why, -errno, "look", "cannot be opened");
	const struct job_span whole = { 0, (uint64_t)st.st_size };
	struct source s;
	struct probe p;
	int rc = probe_file(fd, (uint64_t)st.st_size, &s, &whole, &p, why);
	if (rc)
		return rc;
	if (p.verdict == PROBE_REFUSE)
		return fault_set(why, -EBADMSG, p.reason, "%s", p.text);
	struct survey pictures;
	rc = survey_pictures(&s, &p, &pictures, why);
	if (!rc) {
		p.form.fields = pictures.fields;
		survey_done(&pictures);
	}
	struct watch w;
	if (!rc)
		rc = watch_open(&w, &s, &p, 1, why);
	if (!rc) {
		rc = show(&w, &p, count, why);
		watch_close(&w);
	}
	source_close(&s);
	return rc;
}

int main(int argc, char **argv)
{
	struct fault why = { 0 };
	av_log_set_level(AV_LOG_QUIET);
	if (argc < 2 || !look(argv[1], argc > 2 ? atol(argv[2]) : 1000000, &why))
		return argc < 2 ? 2 : 0;
	fprintf(stderr, "look: '%s': %s (%s)\n", argv[1], why.text, why.id);
	return 1;
}
