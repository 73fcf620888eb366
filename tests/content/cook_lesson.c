// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cook-lesson TRANSCODER MEZZANINE PLAN FOLDER now|idle RUNG,RUNG… [OPTION…]: cooks every segment of a lesson through the
 * kitchen and leaves FOLDER/RUNG/{init.mp4,N.m4s,lengths}, FOLDER/download-RUNG.mp4 and FOLDER/audio.m4a.
 * For tests. Options: workers=N, cpu=S, segment=N (that one only), together (all rungs of a segment in one job).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pb_decode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "content/kitchen/kitchen.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/record/codec.h"

#define PLAN_MAX (8u << 20)
#define SEGMENTS_MAX 2000u

struct rendition {
	int fd;
	uint64_t offsets[SEGMENTS_MAX + 1], end;
	uint32_t lengths[SEGMENTS_MAX + 1];
	bool begun; /* with_init was asked */
};

struct lesson {
	sd_event *loop;
	struct kitchen *kitchen;
	const char *folder;
	wasl_Plan plan;
	uint32_t mask, only;
	bool together;
	enum kitchen_point point;
	unsigned pending, failed;
	struct rendition rungs[RUNG_COUNT];
};

static void die(const char *what, const struct fault *why)
{
	fprintf(stderr, "cook-lesson: %s: %s\n", what, why ? why->text : strerror(errno));
	exit(1);
}

static void made(void *data, const struct kitchen_dish *dish)
{
	struct lesson *l = data;
	struct rendition *r = &l->rungs[dish->rung];
	char path[4096];
	snprintf(path, sizeof(path), dish->segment ? "%s/%s/%u.m4s" : "%s/%s/init.mp4", l->folder,
		 kitchen_rung_name(dish->rung), dish->segment);
	struct fault why;
	if (fileio_replace(path, dish->bytes, dish->len, 0644, &why))
		die(path, &why);
	/* and in one file, every segment on a page, as the store keeps them */
	r->offsets[dish->segment] = r->end;
	r->lengths[dish->segment] = (uint32_t)dish->len;
	if (fileio_pwrite_all(r->fd, dish->bytes, dish->len, r->end))
		die(path, NULL);
	r->end = (r->end + dish->len + 4095) & ~UINT64_C(4095);
}

static void done(void *data, int code, const struct fault *why)
{
	struct lesson *l = data;
	if (code) {
		printf("failed %s: %s\n", why->id, why->text);
		l->failed++;
	}
	if (--l->pending == 0)
		sd_event_exit(l->loop, 0);
}

static void order(struct lesson *l, int source, uint64_t size, uint32_t segment, uint32_t mask)
{
	struct kitchen_order o = { .source_fd = source,
				   .source_size = size,
				   .plan = &l->plan,
				   .segment = segment,
				   .rung_mask = mask,
				   .point = l->point,
				   .priority = l->point == POINT_IDLE ? 9 : 0,
				   .made = made,
				   .done = done,
				   .data = l };
	for (enum kitchen_rung r = 0; r < RUNG_COUNT; r++)
		if (mask & 1u << r && !l->rungs[r].begun)
			o.with_init = l->rungs[r].begun = true;
	struct fault why;
	struct kitchen_job *job;
	if (kitchen_cook(l->kitchen, &o, &job, &why))
		die("order", &why);
	l->pending++;
}

static void join(struct lesson *l, enum kitchen_rung picture, const char *name)
{
	struct kitchen_track tracks[2] = { 0 };
	const enum kitchen_rung from[2] = { picture, RUNG_AUDIO };
	for (unsigned i = 0; i < 2; i++)
		tracks[i] = (struct kitchen_track){ .fd = l->rungs[from[i]].fd,
						    .offsets = l->rungs[from[i]].offsets,
						    .lengths = l->rungs[from[i]].lengths,
						    .count = l->plan.segments_count };
	AUTO_FREE void *header = NULL;
	AUTO_FREE struct kitchen_piece *pieces = NULL;
	size_t header_len, count;
	struct fault why;
	if (kitchen_progressive(picture == RUNG_AUDIO ? NULL : &tracks[0],
				l->mask & 1u << RUNG_AUDIO ? &tracks[1] : NULL, &header,
				&header_len, &pieces, &count, &why))
		die(name, &why);
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", l->folder, name);
	FILE *to = fopen(path, "w");
	if (!to || fwrite(header, 1, header_len, to) != header_len)
		die(path, NULL);
	for (size_t i = 0; i < count; i++) {
		AUTO_FREE void *bytes = malloc(pieces[i].length);
		if (!bytes ||
		    fileio_pread_all(tracks[pieces[i].from_video ? 0 : 1].fd, bytes,
				     pieces[i].length, pieces[i].offset) ||
		    fwrite(bytes, 1, pieces[i].length, to) != pieces[i].length)
			die(path, NULL);
	}
	if (fclose(to))
		die(path, NULL);
}

static void join_all(struct lesson *l)
{
	for (enum kitchen_rung r = 0; r < RUNG_COUNT; r++) {
		char name[64];
		snprintf(name, sizeof(name), r == RUNG_AUDIO ? "%s.m4a" : "download-%s.mp4",
			 kitchen_rung_name(r));
		if (l->mask & 1u << r)
			join(l, r, name);
	}
}

static uint32_t parse_rungs(const struct lesson *l, char *list)
{
	uint32_t mask = 0;
	if (!strcmp(list, "ladder"))
		return kitchen_ladder(&l->plan, ~0u);
	for (char *save, *name = strtok_r(list, ",", &save); name;
	     name = strtok_r(NULL, ",", &save)) {
		enum kitchen_rung r;
		if (kitchen_rung_parse(name, &r))
			die(name, &(struct fault){ .text = "no such rung" });
		mask |= 1u << r;
	}
	return mask;
}

static void prepare(struct lesson *l)
{
	for (enum kitchen_rung r = 0; r < RUNG_COUNT; r++) {
		char path[4096];
		if (!(l->mask & 1u << r))
			continue;
		snprintf(path, sizeof(path), "%s/%s", l->folder, kitchen_rung_name(r));
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			die(path, NULL);
		snprintf(path, sizeof(path), "%s/%s.whole", l->folder, kitchen_rung_name(r));
		l->rungs[r].fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		if (l->rungs[r].fd < 0)
			die(path, NULL);
		struct kitchen_shape shape;
		uint64_t us = 0;
		if (kitchen_shape(&l->plan, r, &shape))
			die("shape", NULL);
		for (uint32_t s = 1; s <= l->plan.segments_count; s++)
			us += kitchen_segment_us(&l->plan, r, s);
		printf("rung %s %ux%u %u/%u cap=%u codecs=%s segments=%u us=%" PRIu64 "\n",
		       kitchen_rung_name(r), shape.width, shape.height, shape.fps_num,
		       shape.fps_den, shape.cap_bps, shape.codecs, (unsigned)l->plan.segments_count,
		       us);
	}
}

static void order_all(struct lesson *l, int source, uint64_t size)
{
	for (uint32_t s = 1; s <= l->plan.segments_count; s++) {
		if (l->only && s != l->only)
			continue;
		if (l->together)
			order(l, source, size, s, l->mask);
		for (enum kitchen_rung r = 0; r < RUNG_COUNT && !l->together; r++)
			if (l->mask & 1u << r)
				order(l, source, size, s, 1u << r);
	}
}

int main(int argc, char **argv)
{
	if (argc < 7)
		die("arguments",
		    &(struct fault){
			    .text = "TRANSCODER MEZZANINE PLAN FOLDER now|idle RUNGS [OPTION…]" });
	static struct lesson l;
	struct kitchen_limits limits = { .program = argv[1] };
	for (int i = 7; i < argc; i++) {
		sscanf(argv[i], "workers=%u", &limits.workers);
		sscanf(argv[i], "cpu=%u", &limits.cpu_s);
		sscanf(argv[i], "segment=%u", &l.only);
		sscanf(argv[i], "memory=%" SCNu64, &limits.memory_bytes);
		l.together |= !strcmp(argv[i], "together");
	}
	struct fault why;
	AUTO_FREE void *bytes = NULL;
	size_t len;
	if (fileio_read(argv[3], PLAN_MAX, &bytes, &len, &why) ||
	    codec_decode(wasl_Plan_fields, bytes, len, &l.plan, &why))
		die(argv[3], &why);
	if (l.plan.segments_count > SEGMENTS_MAX)
		die(argv[3], &(struct fault){ .text = "too long for this test" });
	AUTO_FD int source = open(argv[2], O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (source < 0 || fstat(source, &st) < 0)
		die(argv[2], NULL);
	l.folder = argv[4];
	l.point = !strcmp(argv[5], "idle") ? POINT_IDLE : POINT_NOW;
	l.mask = parse_rungs(&l, argv[6]);
	prepare(&l);
	if (sd_event_default(&l.loop) < 0 || kitchen_new(l.loop, &limits, &l.kitchen, &why))
		die("kitchen", &why);
	order_all(&l, source, (uint64_t)st.st_size);
	sd_event_loop(l.loop);
	char walls[64];
	kitchen_walls_missing(l.kitchen, walls);
	printf("walls missing: %s\n", *walls ? walls : "none");
	kitchen_free(l.kitchen);
	if (!l.failed && !l.only)
		join_all(&l);
	pb_release(wasl_Plan_fields, &l.plan);
	sd_event_unref(l.loop);
	return l.failed ? 1 : 0;
}
