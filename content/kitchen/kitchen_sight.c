// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <systemd/sd-event.h>

#include "content/kitchen/kitchen_folder.h"
#include "content/shelf/sprites.h"
#include "content/transcoder/frag.h"
#include "content/transcoder/job.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

/* A preview under way: what the child hands over goes into the folder's files. */
struct sight {
	const struct folder *f;
	uint64_t *us;
	size_t count;
	int over;
	struct fault why;
};

/* The largest picture that is whole: the poster is made from it, too. -ENOENT. */
static int best_rung(const struct folder *f, enum kitchen_rung *out)
{
	for (unsigned r = RUNG_480P; r > RUNG_AUDIO; r--) {
		uint32_t have = 0;
		while (f->mask & 1u << r && f->init[r] && have < f->plan->segments_count &&
		       f->lengths[r][have])
			have++;
		if (have == f->plan->segments_count) {
			*out = (enum kitchen_rung)r;
			return 0;
		}
	}
	return -ENOENT;
}

static int add_key(const struct folder *f, enum kitchen_rung rung, uint32_t segment, int film,
		   uint64_t *size, struct fault *why)
{
	const struct path p = folder_dish(f, rung, segment);
	AUTO_FREE void *bytes = NULL;
	size_t len;
	struct pack_sample sample;
	struct frag got;
	int rc = fileio_read(p.at, JOB_DISH_MAX, &bytes, &len, why);
	if (rc)
		return rc;
	if (frag_part(bytes, len, len, &got, &sample, 1))
		return fault_set(
			why, -EBADMSG, "kitchen.keys",
			"'%s' does not begin with a key frame alone; remove it and cook again",
			p.at);
	*size += got.size;
	rc = fileio_write_all(film, bytes, (size_t)got.size);
	return rc ? fault_set(why, rc, "kitchen.film", "no memory for key frames (%s)",
			      strerror(-rc))
		  : 0;
}

static int put_texts(const struct sight *s, const struct sprites *found, struct fault *why)
{
	const struct sprites_times times = { s->us, s->count };
	char prefix[32];
	AUTO_FREE char *vtt = NULL;
	AUTO_FREE char *chapters = NULL;
	size_t len, chapters_len;
	snprintf(prefix, sizeof(prefix), "%s/", s->f->generation);
	if (sprites_vtt(found, &times, prefix, &vtt, &len))
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int rc = folder_write(s->f, "sprite.vtt", vtt, len, why);
	int none = sprites_chapters_vtt(found, &times, &chapters, &chapters_len);
	if (!rc && none == 0)
		rc = folder_write(s->f, "chapters.vtt", chapters, chapters_len, why);
	return rc;
}

static void made(void *data, const struct kitchen_dish *dish)
{
	struct sight *s = data;
	AUTO_FREE struct sprites *found = malloc(sizeof(*found));
	char name[64];
	int rc = 0;
	if (!found || sprites_read(dish->bytes, dish->len, found)) {
		fault_set(&s->why, -EBADMSG, "kitchen.preview",
			  "the transcoder's preview is not one");
		return;
	}
	for (uint32_t i = 0; i < found->head.sheets && !rc; i++) {
		snprintf(name, sizeof(name), "%s/sprite-%u.jpg", s->f->generation, i + 1);
		rc = folder_write(s->f, name, found->sheets[i].jpeg, found->sheets[i].len, &s->why);
	}
	if (!rc && found->poster.len)
		rc = folder_write(s->f, "poster.jpg", found->poster.jpeg, found->poster.len,
				  &s->why);
	if (!rc)
		put_texts(s, found, &s->why);
}

static void done(void *data, int code, const struct fault *why)
{
	struct sight *s = data;
	if (code && !s->why.code)
		s->why = *why;
	s->over = 1;
}

int folder_preview(const struct folder *f, struct kitchen *k, struct sd_event *loop,
		   struct fault *why)
{
	enum kitchen_rung rung;
	struct sight s = { .f = f, .count = f->plan->segments_count };
	if (best_rung(f, &rung))
		return 0; /* sound alone, or not whole */
	AUTO_FD int film = memfd_create("keys", MFD_CLOEXEC);
	AUTO_FREE uint64_t *us = calloc(s.count, sizeof(*us));
	uint64_t size = f->init_len[rung];
	if (film < 0 || !us || fileio_write_all(film, f->init[rung], f->init_len[rung]))
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int rc = 0;
	for (uint32_t i = 1; i <= s.count && !rc; i++) {
		us[i - 1] = kitchen_segment_us(f->plan, rung, i);
		rc = add_key(f, rung, i, film, &size, why);
	}
	s.us = us;
	const struct kitchen_preview order = { .film_fd = film,
					       .film_size = size,
					       .pictures = f->plan->segments_count,
					       .made = made,
					       .done = done,
					       .data = &s };
	struct kitchen_job *job;
	if (!rc)
		rc = kitchen_preview(k, &order, &job, why);
	while (!rc && !s.over) {
		rc = sd_event_run(loop, UINT64_MAX);
		rc = rc < 0 ? fault_set(why, rc, "kitchen.loop", "the event loop ends (%s)",
					strerror(-rc))
			    : 0;
	}
	if (!rc && s.why.code) {
		*why = s.why;
		rc = why->code;
	}
	return rc;
}
