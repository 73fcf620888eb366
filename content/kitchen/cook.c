// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/cook.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "content/catalogue/library_sight.h"
#include "content/kitchen/cook_private.h"
#include "content/kitchen/passing_lesson.h"
#include "content/kitchen/version.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

#define INIT_LIMIT_BYTES 65536u

CLEAN_FN(rendition, struct store_rendition, store_rendition_close)

/* Those of its slots whose dish is in the store. */
static uint32_t slots_here(const struct job *j)
{
	return cook_slots(j) & cook_lesson_of(j)->made[j->segment];
}

/* Gives back what the job held; its kitchen job has ended. */
static void release(struct job *j)
{
	for (size_t i = 0; i < RUNG_COUNT; i++) {
		free(j->init[i]);
		j->init[i] = NULL;
	}
	if (j->of->library)
		cook_lesson_of(j)->cooking[j->segment] &= ~cook_slots(j);
	store_object_close(j->source);
	j->source = NULL;
	if (j->source_fd >= 0)
		close(j->source_fd);
	j->source_fd = -1;
	j->kitchen = NULL;
}

static void cancel(struct job *j)
{
	if (!j->kitchen)
		return;
	kitchen_cancel(j->kitchen);
	release(j);
}

/* --- what is whole ---------------------------------------------------------------------------- */

static void slot_may_be_whole(struct cook *c, size_t lesson, unsigned slot)
{
	const struct library_rung *r = &c->library->lessons[lesson].rungs[slot];
	const enum kitchen_rung rung = (enum kitchen_rung)(slot % RUNG_COUNT);
	struct fault why = { 0 };
	bool offered = slot < RUNG_COUNT;
	if (r->complete)
		return;
	if (library_refresh_rung(c->library, lesson, slot, &why) == 0 && r->complete && !offered)
		c->counts.better += offered = version_offer(c->library, lesson, rung, &why);
	if (why.code)
		cook_tell(c, "download.refused", c->library->lessons[lesson].item->id, "kitchen",
			  why.text);
	if (offered && c->library->lessons[lesson].rungs[rung].complete)
		c->calls.rung_here(c->calls.data, lesson, rung);
}

/* The other versions first: they take the place of what is offered. */
static void slots_may_be_whole(struct cook *c, size_t lesson, uint32_t slots)
{
	for (unsigned slot = LIBRARY_SLOTS; slot-- > 0;)
		if (slots & 1u << slot)
			slot_may_be_whole(c, lesson, slot);
}

static void measure(struct cook *c, const struct job *j)
{
	uint64_t ms = (clock_mono_ms() - j->since_ms) / (unsigned)__builtin_popcount(j->rungs);
	unsigned now = ms > 600000 ? 600000 : (unsigned)ms + 1;
	c->counts.ms_a_dish = c->counts.ms_a_dish ? (c->counts.ms_a_dish * 7 + now) / 8 : now;
}

/* A kernel without one of the walls still cooks, behind the others; somebody should know. */
static void look_at_walls(struct cook *c)
{
	char missing[64], text[160];
	kitchen_walls_missing(c->kitchen, missing);
	if (!*missing || c->walls_told)
		return;
	c->walls_told = true;
	snprintf(text, sizeof(text),
		 "this kernel gives the transcoder no %s; it works behind the other walls",
		 missing);
	cook_tell(c, "sandbox.missing", "kitchen", "kernel", text);
}

static void done(void *data, int code, const struct fault *why)
{
	struct job *j = data;
	struct cook *c = j->of;
	const uint32_t here = slots_here(j);
	const uint32_t missing = cook_slots(j) & ~here & ~j->passed;
	struct fault none = { .code = -ENODATA,
			      .id = "kitchen.short",
			      .text = "the kitchen made fewer rungs than asked" };
	release(j);
	look_at_walls(c);
	replan_soon(&c->replan);
	if (missing && !j->refused) /* of what was refused the dish was good, the disk was not */
		cook_failed(j, missing, code && why ? why : &none);
	cook_went_well(j, cook_slots(j) & ~missing);
	if (here && !j->refused)
		measure(c, j);
	slots_may_be_whole(c, j->lesson, here);
}

/* --- previews ----------------------------------------------------------------------------------- */

static void preview_failed(struct cook *c, size_t lesson, const struct fault *why)
{
	struct library_lesson *it = &c->library->lessons[lesson];
	char text[700];
	if (cook_preview_again(c, lesson))
		return;
	it->sight.tried_out = true;
	snprintf(text, sizeof(text), "lesson '%s' has no preview: %s; it plays without one",
		 it->item->id, why ? why->text : "the transcoder made none");
	cook_tell(c, "preview.lost", it->item->id, "kitchen", text);
}

static void preview_done(void *data, int code, const struct fault *why)
{
	struct cook *c = data;
	const size_t lesson = c->preview.lesson;
	replan_soon(&c->replan);
	look_at_walls(c);
	if (c->preview_refused || code == -ESTALE)
		return; /* it was good, the disk was not; or its picture changed meanwhile */
	if (!c->library->lessons[lesson].sight.here) {
		preview_failed(c, lesson, code ? why : NULL);
		return;
	}
	setback_forget(&c->setbacks, lesson, 0, SETBACK_PICTURES);
	c->calls.preview_here(c->calls.data, lesson);
}

/* It needs none of the places: the kitchen lets it in where nobody waits. */
static void begin_preview(struct cook *c, size_t lesson)
{
	struct fault why = { 0 };
	c->preview_refused = 0;
	if (cook_preview_begin(&c->preview, c->library, lesson, &why))
		preview_failed(c, lesson, &why);
}

/* --- what next ---------------------------------------------------------------------------------- */

/* What the rendition began with: every later segment must fit it. */
static int read_inits(struct job *j, struct kitchen_order *order)
{
	const struct library_lesson *it = cook_lesson_of(j);
	for (unsigned rung = 0; rung < RUNG_COUNT; rung++) {
		CLEANUP(clean_rendition) struct store_rendition *r = NULL;
		uint64_t offset;
		uint32_t len;
		const unsigned slot = cook_slot(j, (enum kitchen_rung)rung);
		if (!(j->rungs & 1u << rung) || !(it->made[0] & 1u << slot))
			continue;
		if (library_open_rung(j->of->library, j->lesson, slot, &r, NULL) ||
		    store_rendition_slot(r, 0, &offset, &len) || len > INIT_LIMIT_BYTES)
			return -EIO;
		j->init[rung] = malloc(len);
		if (!j->init[rung] ||
		    fileio_pread_all(store_rendition_fd(r), j->init[rung], len, offset))
			return -EIO;
		order->init[rung].bytes = j->init[rung];
		order->init[rung].len = len;
	}
	return 0;
}

/* What was whole may have lost its bitmap since: then it is looked at again before anything is made of it. */
static int still_whole(const struct cook *c, struct library_object *o, const struct job *j,
		       struct fault *why)
{
	if (!o->complete || store_object_complete(j->source))
		return 0;
	library_look_again(c->library, o);
	return fault_set(why, -EAGAIN, "kitchen.source", "'%s' is being looked at",
			 cook_lesson_of(j)->item->id);
}

/* Fills `order`, which borrows from the job. */
static int prepare(struct cook *c, struct job *j, const struct jobs_pick *pick,
		   struct kitchen_order *order, struct fault *why)
{
	size_t lesson = c->order[pick->lesson];
	const struct library_lesson *it = &c->library->lessons[lesson];
	j->of = c;
	j->lesson = lesson;
	j->segment = pick->segment;
	const uint32_t slots = cook_apart(c, lesson, pick);
	j->rungs = (slots | slots >> RUNG_COUNT) & ((1u << RUNG_COUNT) - 1);
	j->point = slots & it->slow ? POINT_IDLE : POINT_NOW;
	j->priority = pick->priority;
	j->refused = 0;
	j->since_ms = clock_mono_ms();
	j->passed = 0;
	struct library_object *o = &c->library->objects[it->mezzanine];
	int r = o->passing ? passing_lesson_source(c->library, lesson, pick->segment, &j->source_fd)
			   : store_object_find(c->library->store, &o->id, &j->source, why);
	if (r)
		return o->passing ? fault_set(why, r, "kitchen.source",
					      "what '%s' is made from "
					      "passed by too early",
					      it->item->id)
				  : r;
	if (!o->passing && still_whole(c, o, j, why))
		return -EAGAIN;
	*order = (struct kitchen_order){
		.source_fd = o->passing ? j->source_fd : store_object_fd(j->source),
		.source_size = o->size,
		.plan = &it->item->plan,
		.segment = pick->segment,
		.rung_mask = j->rungs,
		.point = j->point,
		.with_init = pick->with_init,
		.blank = cook_blank(j),
		.priority = pick->priority,
		.made = cook_made,
		.done = done,
		.data = j,
	};
	it->cooking[pick->segment] |= slots;
	r = read_inits(j, order);
	if (r)
		return fault_set(why, r, "kitchen.init",
				 "the beginning of a rendition of '%s' cannot be read",
				 it->item->id);
	return 0;
}

static struct job *free_job(struct cook *c)
{
	for (size_t i = 0; i < c->workers; i++)
		if (!c->jobs[i].kitchen)
			return &c->jobs[i];
	return NULL;
}

/* Somebody waits and every worker is busy: what is needed less begins again later. */
static struct job *make_way(struct cook *c, const struct jobs_pick *pick)
{
	struct jobs_running running[COOK_MOST_JOBS];
	for (size_t i = 0; i < c->workers; i++) {
		const struct job *j = &c->jobs[i];
		running[i] = (struct jobs_running){ c->place[j->lesson], j->segment, cook_slots(j),
						    j->since_ms };
	}
	const size_t wanted = cook_see_wants(c);
	const struct jobs_view view = { .wants = c->wanted,
					.want_count = wanted,
					.sound = 1u << RUNG_AUDIO };
	const size_t who = jobs_gives_way(&view, running, c->workers, pick);
	if (who == c->workers)
		return NULL;
	struct job *j = &c->jobs[who];
	const uint32_t here = slots_here(j);
	cancel(j);
	slots_may_be_whole(c, j->lesson, here);
	return j;
}

/* What was begun for nobody, and somebody waits for by now, goes on at full pace; or again from the start. */
static void hurry(struct cook *c)
{
	const size_t wanted = cook_see_wants(c);
	for (size_t i = 0; i < c->workers; i++) {
		struct job *j = &c->jobs[i];
		bool waited = false;
		for (size_t k = 0; j->kitchen && j->priority && k < wanted; k++) {
			const struct jobs_want *w = &c->wanted[k];
			waited |= c->order[w->lesson] == j->lesson &&
				  (w->segment ? w->segment : 1) == j->segment &&
				  (w->rungs & cook_slots(j));
		}
		if (!waited)
			continue;
		if (kitchen_hurry(j->kitchen, 0))
			cancel(j);
		else
			j->priority = 0;
	}
}

/* No child can be started at all: said once, tried again and again. */
static void kitchen_closed(struct cook *c, struct job *j, const struct fault *why, uint64_t now)
{
	if (!c->start_told)
		cook_tell(c, "kitchen.start", cook_lesson_of(j)->item->id, "kitchen", why->text);
	c->start_told = true;
	c->not_before_ms = now + COOK_FIRST_WAIT_MS;
	replan_at(&c->replan, c->not_before_ms);
	release(j);
}

/* False when there is no use in going on now. */
static bool start(struct cook *c, struct job *j, const struct jobs_pick *pick, uint64_t now)
{
	struct kitchen_order order;
	struct fault why = { 0 };
	if (prepare(c, j, pick, &order, &why)) {
		cook_failed(j, cook_slots(j), &why);
		release(j);
		return true;
	}
	if (kitchen_cook(c->kitchen, &order, &j->kitchen, &why)) {
		kitchen_closed(c, j, &why, now);
		return false;
	}
	c->start_told = false;
	return true;
}

static void plan(void *data)
{
	struct cook *c = data;
	uint64_t now = clock_mono_ms();
	if (!c->library)
		return;
	if (c->not_before_ms > now) {
		replan_at(&c->replan, c->not_before_ms);
		return;
	}
	if (c->ordered_day != clock_day(clock_wall_s()) && !cook_view_make(c, c->library)) {
		cook_use(c, NULL); /* no memory: rests until the next catalogue */
		return;
	}
	hurry(c);
	for (;;) {
		struct jobs_pick pick = cook_look(c, now);
		if (!pick.found) {
			const uint64_t idle = c->idle_not_before_ms;
			const bool first = idle > now && (!pick.wake_ms || idle < pick.wake_ms);
			replan_at(&c->replan, first ? idle : pick.wake_ms);
			return;
		}
		if (!pick.rungs) {
			begin_preview(c, c->order[pick.lesson]);
			continue;
		}
		struct job *j = free_job(c);
		if (!j)
			j = make_way(c, &pick);
		if (!j || !start(c, j, &pick, now))
			return;
	}
}

void cook_set_pace(struct cook *c, enum cook_pace pace)
{
	if (pace == c->pace)
		return;
	c->pace = pace;
	kitchen_set_idle(c->kitchen, pace == COOK_RESTS ? KITCHEN_IDLE_STANDS : KITCHEN_IDLE_GOES);
	replan_soon(&c->replan);
}

void cook_poke(struct cook *c)
{
	replan_soon(&c->replan);
}

void cook_use(struct cook *c, struct library *library)
{
	for (size_t i = 0; i < COOK_MOST_JOBS; i++)
		cancel(&c->jobs[i]);
	cook_preview_stop(&c->preview);
	cook_view_free(c);
	c->library = library && cook_view_make(c, library) ? library : NULL;
	cook_remember(c);
	replan_soon(&c->replan);
}

void cook_reordered(struct cook *c)
{
	if (!c->library)
		return;
	if (!cook_view_make(c, c->library)) {
		cook_use(c, NULL);
		return;
	}
	replan_soon(&c->replan);
}

bool cook_busy(const struct cook *c)
{
	if (c->preview.library)
		return true;
	for (size_t i = 0; i < c->workers; i++)
		if (c->jobs[i].kitchen)
			return true;
	return false;
}

bool cook_serves(const struct cook *c)
{
	for (size_t i = 0; i < c->workers; i++)
		if (c->jobs[i].kitchen && c->jobs[i].priority < 9)
			return true;
	return false;
}

struct cook_counts cook_count(const struct cook *c)
{
	return c->counts;
}

void cook_free(struct cook *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < COOK_MOST_JOBS; i++)
		cancel(&c->jobs[i]);
	cook_preview_done(&c->preview);
	cook_view_free(c);
	replan_done(&c->replan);
	free(c->wanted);
	free(c);
}

CLEAN_FN(cook, struct cook, cook_free)

int cook_new(struct sd_event *loop, struct kitchen *kitchen, struct wants *wants, struct pass *pass,
	     unsigned workers, const struct cook_calls *calls, const struct report *report,
	     struct cook **out, struct fault *why)
{
	CLEANUP(clean_cook) struct cook *c = calloc(1, sizeof(*c));
	if (!c)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	c->kitchen = kitchen;
	c->wants = wants;
	c->pass = pass;
	c->pace = COOK_MAKES;
	c->workers = workers < 1 ? 1 : workers > COOK_MOST_JOBS ? COOK_MOST_JOBS : workers;
	c->calls = *calls;
	c->report = *report;
	for (size_t i = 0; i < COOK_MOST_JOBS; i++)
		c->jobs[i] = (struct job){ .of = c, .source_fd = -1 };
	c->preview.made = cook_preview_made;
	c->preview.done = preview_done;
	c->preview.data = c;
	if (replan_init(&c->replan, loop, plan, c) || cook_preview_init(&c->preview, loop, kitchen))
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	*out = MOVE_PTR(c);
	return 0;
}
