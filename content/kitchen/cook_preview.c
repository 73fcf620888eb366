// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/cook_preview.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "content/catalogue/library_sight.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

#define KEYS_A_TURN 8u /* reads of a slow card */
#define PRIORITY 9u

static const struct library_lesson *lesson_of(const struct cook_preview *p)
{
	return &p->library->lessons[p->lesson];
}

/* What was under way is gone before anybody hears of it: they may begin the next one. */
static void end(struct cook_preview *p, int code, const struct fault *why)
{
	cook_preview_stop(p);
	p->done(p->data, code, why);
}

static void job_done(void *data, int code, const struct fault *why)
{
	struct cook_preview *p = data;
	p->job = NULL;
	end(p, code, why);
}

static int order(struct cook_preview *p, struct fault *why)
{
	const struct kitchen_preview o = { .errand = KITCHEN_SIGHT,
					   .film_fd = p->film,
					   .film_size = p->film_bytes,
					   .pictures = lesson_of(p)->segments,
					   .priority = PRIORITY,
					   .made = p->made,
					   .done = job_done,
					   .data = p };
	return kitchen_preview(p->kitchen, &o, &p->job, why);
}

static void step(void *data)
{
	struct cook_preview *p = data;
	struct fault why = { 0 };
	if (!p->library || p->job)
		return;
	const struct library_lesson *it = lesson_of(p);
	const unsigned slot = library_sight_source(it);
	const struct kitchen_track track = { store_rendition_fd(p->from), p->offsets, p->lengths,
					     it->segments };
	int r = 0;
	/* It may have left the store meanwhile: another time, of another picture. */
	if (slot == LIBRARY_SLOTS || it->rungs[slot].number != store_rendition_number(p->from))
		r = fault_set(&why, -ESTALE, "preview.source", "the picture is another one now");
	if (r == 0)
		r = kitchen_key_film(&track, it->rungs[slot].key_bytes, p->next,
				     p->next + KEYS_A_TURN, p->film, &p->film_bytes, &why);
	p->next += KEYS_A_TURN;
	if (r == 0 && p->next <= it->segments) {
		replan_soon(&p->step);
		return;
	}
	if (r == 0)
		r = order(p, &why);
	if (r)
		end(p, r, &why);
}

static int open_source(struct cook_preview *p, struct library *l, size_t lesson, struct fault *why)
{
	const struct library_lesson *it = &l->lessons[lesson];
	const unsigned slot = library_sight_source(it);
	if (slot == LIBRARY_SLOTS)
		return fault_set(why, -EAGAIN, "preview.source", "no picture is whole");
	int r = library_open_rung(l, lesson, slot, &p->from, why);
	if (r)
		return r;
	p->offsets = calloc((size_t)it->segments + 1, sizeof(*p->offsets));
	p->lengths = calloc((size_t)it->segments + 1, sizeof(*p->lengths));
	p->film = memfd_create("keys", MFD_CLOEXEC);
	if (!p->offsets || !p->lengths || p->film < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	for (uint32_t i = 0; r == 0 && i <= it->segments; i++)
		r = store_rendition_slot(p->from, i, &p->offsets[i], &p->lengths[i]);
	return r ? fault_set(why, r, "preview.source", "the picture is not whole") : 0;
}

int cook_preview_begin(struct cook_preview *p, struct library *l, size_t lesson, struct fault *why)
{
	int r = open_source(p, l, lesson, why);
	if (r) {
		cook_preview_stop(p);
		return r;
	}
	p->library = l;
	p->lesson = lesson;
	p->next = 0;
	p->film_bytes = 0;
	replan_soon(&p->step);
	return 0;
}

void cook_preview_stop(struct cook_preview *p)
{
	kitchen_cancel(MOVE_PTR(p->job));
	store_rendition_close(MOVE_PTR(p->from));
	free(MOVE_PTR(p->offsets));
	free(MOVE_PTR(p->lengths));
	if (p->film >= 0)
		close(MOVE_FD(p->film));
	p->library = NULL;
}

int cook_preview_init(struct cook_preview *p, struct sd_event *loop, struct kitchen *kitchen)
{
	p->kitchen = kitchen;
	p->film = -1;
	return replan_init(&p->step, loop, step, p);
}

void cook_preview_done(struct cook_preview *p)
{
	if (!p->kitchen)
		return;
	cook_preview_stop(p);
	replan_done(&p->step);
}
