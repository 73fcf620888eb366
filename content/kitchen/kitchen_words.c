// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "content/kitchen/kitchen_folder.h"
#include "content/shelf/playlists.h"
#include "content/shelf/words.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

/* Captions under way from a film into the folder's files. */
struct task {
	struct folder *f;
	uint64_t duration_ms;
	int over;
	struct fault why;
};

static int put_track(struct task *t, const struct words_track *w)
{
	struct folder *f = t->f;
	AUTO_FREE char *list = NULL;
	size_t list_len;
	char name[64];
	const char *language = *w->language ? w->language : "und";
	for (size_t i = 0; i < f->caption_count; i++)
		if (!strcmp(f->captions[i].language, language))
			return 0; /* the first of a language */
	struct folder_captions *c = &f->captions[f->caption_count];
	snprintf(c->language, sizeof(c->language), "%s", language);
	snprintf(name, sizeof(name), "captions-%s.vtt", language);
	int rc = folder_write(f, name, w->vtt, w->len, &t->why);
	if (!rc && playlists_subtitles(language, t->duration_ms, &list, &list_len))
		rc = fault_set(&t->why, -ENOMEM, "memory", "out of memory");
	snprintf(name, sizeof(name), "captions-%s.m3u8", language);
	if (!rc)
		rc = folder_write(f, name, list, list_len, &t->why);
	f->caption_count += !rc;
	return rc;
}

static void made(void *data, const struct kitchen_dish *dish)
{
	struct task *t = data;
	const char *at = dish->bytes, *end = at + dish->len;
	struct words_track w;
	while (!t->why.code && t->f->caption_count < FOLDER_CAPTIONS_MAX &&
	       words_next(&at, end, &w, &t->why) > 0) {
		put_track(t, &w);
		free(w.vtt);
	}
}

static void done(void *data, int code, const struct fault *why)
{
	struct task *t = data;
	if (code && !t->why.code)
		t->why = *why;
	t->over = 1;
}

int folder_words(struct folder *f, const struct folder_film *film, struct kitchen *k,
		 struct sd_event *loop, struct fault *why)
{
	struct task t = { .f = f, .duration_ms = film->duration_ms };
	const struct kitchen_preview order = { .errand = KITCHEN_WORDS,
					       .film_fd = film->fd,
					       .film_size = film->size,
					       .start_us = film->start_us,
					       .made = made,
					       .done = done,
					       .data = &t };
	struct kitchen_job *job;
	f->caption_count = 0;
	int rc = kitchen_preview(k, &order, &job, why);
	while (!rc && !t.over) {
		rc = sd_event_run(loop, UINT64_MAX);
		rc = rc < 0 ? fault_set(why, rc, "kitchen.loop", "the event loop ends (%s)",
					strerror(-rc))
			    : 0;
	}
	if (!rc && t.why.code) {
		*why = t.why;
		rc = why->code;
	}
	return rc;
}
