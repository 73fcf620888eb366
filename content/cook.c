// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/cook.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "content/backoff.h"
#include "content/cook_private.h"
#include "content/passing_lesson.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"

#define MOST_TRIES 3u
#define MOST_WAIT_MS 60000u
#define INIT_LIMIT_BYTES 65536u
#define BASIC (1u << RUNG_240P | 1u << RUNG_AUDIO)

CLEAN_FN(rendition, struct store_rendition, store_rendition_close)

/* Those of its rungs whose dish is in the store. */
static uint32_t rungs_here(const struct job *j)
{
	return j->rungs & cook_lesson_of(j)->made[j->segment];
}

/* Gives back what the job held; its kitchen job has ended. */
static void release(struct job *j)
{
	for (size_t i = 0; i < RUNG_COUNT; i++) {
		free(j->init[i]);
		j->init[i] = NULL;
	}
	if (j->of->library)
		cook_lesson_of(j)->cooking[j->segment] &= ~j->rungs;
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

/* --- what went wrong -------------------------------------------------------------------------- */

static struct bad_segment *bad_of(struct cook *c, size_t lesson, uint32_t segment)
{
	for (size_t i = 0; i < c->bad_count; i++)
		if (c->bad[i].lesson == lesson && c->bad[i].segment == segment)
			return &c->bad[i];
	return NULL;
}

static void forget_bad(struct cook *c, struct bad_segment *b)
{
	if (b)
		*b = c->bad[--c->bad_count];
}

static void give_up(struct job *j, uint32_t rungs, const struct fault *why)
{
	struct cook *c = j->of;
	struct library_lesson *it = cook_lesson_of(j);
	for (unsigned rung = 0; rung < RUNG_COUNT; rung++) {
		CLEANUP(clean_rendition) struct store_rendition *r = NULL;
		if (!(rungs & 1u << rung))
			continue;
		it->made[j->segment] |= 1u << rung;
		it->lost[j->segment] |= 1u << rung;
		c->counts.given_up++;
		if (library_open_rung(c->library, j->lesson, (enum kitchen_rung)rung, &r, NULL) ==
		    0)
			store_rendition_fail(r, j->segment, NULL);
		c->calls.segment_lost(c->calls.data, it->rungs[rung].number, j->segment);
	}
	char text[600];
	snprintf(text, sizeof(text),
		 "segment %u of lesson '%s' cannot be made: %s; the rest of the lesson goes on",
		 j->segment, it->item->id, why->text);
	cook_tell(c, "segment.lost", it->item->id, "kitchen", text);
}

static void failed(struct job *j, uint32_t rungs, const struct fault *why)
{
	struct cook *c = j->of;
	struct bad_segment *b = bad_of(c, j->lesson, j->segment);
	c->counts.failures++;
	if (!b && c->bad_count < COOK_MOST_BLOCKS) {
		b = &c->bad[c->bad_count++];
		*b = (struct bad_segment){ .lesson = j->lesson, .segment = j->segment };
	}
	if (b && ++b->tries < MOST_TRIES) {
		b->until_ms = clock_mono_ms() +
			      backoff_ms(b->tries, COOK_FIRST_WAIT_MS, MOST_WAIT_MS, j->segment);
		return;
	}
	forget_bad(c, b);
	give_up(j, rungs, why);
}

static void rungs_may_be_whole(struct cook *c, size_t lesson, uint32_t rungs)
{
	for (unsigned rung = 0; rung < RUNG_COUNT; rung++) {
		struct library_rung *r = &c->library->lessons[lesson].rungs[rung];
		if (!(rungs & 1u << rung) || r->complete)
			continue;
		struct fault why = { 0 };
		if (library_refresh_rung(c->library, lesson, (enum kitchen_rung)rung, &why))
			cook_tell(c, "download.refused", c->library->lessons[lesson].item->id,
				  "kitchen", why.text);
		if (r->complete)
			c->calls.rung_here(c->calls.data, lesson, (enum kitchen_rung)rung);
	}
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
	const uint32_t here = rungs_here(j);
	const uint32_t missing = j->rungs & ~here & ~j->passed;
	struct fault none = { .code = -ENODATA,
			      .id = "kitchen.short",
			      .text = "the kitchen made fewer rungs than asked" };
	release(j);
	look_at_walls(c);
	replan_soon(&c->replan);
	if (missing && !j->refused) /* of what was refused the dish was good, the disk was not */
		failed(j, missing, code && why ? why : &none);
	if (!missing)
		forget_bad(c, bad_of(c, j->lesson, j->segment));
	if (here && !j->refused)
		measure(c, j);
	rungs_may_be_whole(c, j->lesson, here);
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
		if (!(j->rungs & 1u << rung) || !(it->made[0] & 1u << rung))
			continue;
		if (library_open_rung(j->of->library, j->lesson, (enum kitchen_rung)rung, &r,
				      NULL) ||
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

/* Fills `order`, which borrows from the job. */
static int prepare(struct cook *c, struct job *j, const struct jobs_pick *pick,
		   struct kitchen_order *order, struct fault *why)
{
	size_t lesson = c->library->order[pick->lesson];
	const struct library_lesson *it = &c->library->lessons[lesson];
	j->of = c;
	j->lesson = lesson;
	j->segment = pick->segment;
	j->rungs = pick->rungs;
	j->priority = pick->priority;
	j->refused = 0;
	j->since_ms = clock_mono_ms();
	j->passed = 0;
	const struct library_object *o = &c->library->objects[it->mezzanine];
	int r = o->passing ? passing_lesson_source(c->library, lesson, pick->segment, &j->source_fd)
			   : store_object_find(c->library->store, &o->id, &j->source, why);
	if (r)
		return o->passing ? fault_set(why, r, "kitchen.source",
					      "what '%s' is made from "
					      "passed by too early",
					      it->item->id)
				  : r;
	*order = (struct kitchen_order){
		.source_fd = o->passing ? j->source_fd : store_object_fd(j->source),
		.source_size = o->size,
		.plan = &it->item->plan,
		.segment = pick->segment,
		.rung_mask = pick->rungs,
		.point = POINT_NOW,
		.with_init = pick->with_init,
		.priority = pick->priority,
		.made = cook_made,
		.done = done,
		.data = j,
	};
	it->cooking[pick->segment] |= pick->rungs;
	r = read_inits(j, order);
	if (r)
		return fault_set(why, r, "kitchen.init",
				 "the beginning of a rendition of '%s' cannot be read",
				 it->item->id);
	return 0;
}

static bool readable(const void *data, uint32_t segment)
{
	const struct seen *s = data;
	return library_readable(s->library, s->lesson, segment);
}

/* Rungs that are in memory: on a full disk what is there is not made again while the next is. */
static uint32_t passed(const void *data, uint32_t segment)
{
	const struct seen *s = data;
	return passing_lesson_here(s->pass, &s->library->lessons[s->lesson], segment);
}

static bool want_more(struct cook *c, size_t count)
{
	if (count <= c->wanted_room)
		return true;
	struct jobs_want *more = reallocarray(c->wanted, count * 2, sizeof(*more));
	if (!more)
		return false;
	c->wanted = more;
	c->wanted_room = count * 2;
	return true;
}

static size_t see_wants(struct cook *c)
{
	const struct want_msg *const *list;
	size_t listed = wants_list(c->wants, &list), count = 0;
	if (!want_more(c, listed))
		return 0;
	for (size_t i = 0; i < listed; i++) {
		size_t lesson;
		enum kitchen_rung rung;
		if (list[i]->kind != WANT_SEGMENT ||
		    !library_find_rendition(c->library, list[i]->rendition, &lesson, &rung))
			continue;
		c->wanted[count++] = (struct jobs_want){ c->place[lesson], (uint32_t)list[i]->first,
							 1u << rung };
	}
	return count;
}

static struct jobs_pick look(struct cook *c, uint64_t now)
{
	struct jobs_block blocks[COOK_MOST_BLOCKS];
	for (size_t i = 0; i < c->bad_count; i++)
		blocks[i] = (struct jobs_block){ c->place[c->bad[i].lesson], c->bad[i].segment,
						 c->bad[i].until_ms };
	size_t wanted = see_wants(c); /* may move c->wanted */
	const struct jobs_view view = {
		.lessons = c->lessons,
		.lesson_count = c->library->lesson_count,
		.want_count = wanted,
		.wants = c->wanted,
		.blocks = blocks,
		.block_count = c->bad_count,
		.basic = BASIC,
		.sound = 1u << RUNG_AUDIO,
		.wants_only = c->idle_not_before_ms > now,
		.now_ms = now,
	};
	struct jobs_pick pick;
	jobs_next(&view, &pick);
	return pick;
}

static struct job *free_job(struct cook *c)
{
	for (size_t i = 0; i < c->workers; i++)
		if (!c->jobs[i].kitchen)
			return &c->jobs[i];
	return NULL;
}

/* A pupil waits and every worker is busy with what nobody waits for: the youngest of those jobs begins again later. */
static struct job *make_way(struct cook *c)
{
	struct job *youngest = NULL;
	for (size_t i = 0; i < c->workers; i++) {
		struct job *j = &c->jobs[i];
		if (j->priority == 9 && (!youngest || j->since_ms > youngest->since_ms))
			youngest = j;
	}
	if (!youngest)
		return NULL;
	const uint32_t here = rungs_here(youngest);
	cancel(youngest);
	rungs_may_be_whole(c, youngest->lesson, here);
	return youngest;
}

/* What was begun for nobody, and somebody waits for by now, goes on at full pace; or again from the start. */
static void hurry(struct cook *c)
{
	const size_t wanted = see_wants(c);
	for (size_t i = 0; i < c->workers; i++) {
		struct job *j = &c->jobs[i];
		bool waited = false;
		for (size_t k = 0; j->kitchen && j->priority && k < wanted; k++) {
			const struct jobs_want *w = &c->wanted[k];
			waited |= c->library->order[w->lesson] == j->lesson &&
				  (w->segment ? w->segment : 1) == j->segment &&
				  (w->rungs & j->rungs);
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
		failed(j, j->rungs, &why);
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
	hurry(c);
	for (;;) {
		struct jobs_pick pick = look(c, now);
		if (!pick.found) {
			const uint64_t idle = c->idle_not_before_ms;
			const bool first = idle > now && (!pick.wake_ms || idle < pick.wake_ms);
			replan_at(&c->replan, first ? idle : pick.wake_ms);
			return;
		}
		struct job *j = free_job(c);
		if (!j && pick.priority == 0)
			j = make_way(c);
		if (!j || !start(c, j, &pick, now))
			return;
	}
}

void cook_poke(struct cook *c)
{
	replan_soon(&c->replan);
}

static void free_view(struct cook *c)
{
	free(c->lessons);
	free(c->place);
	free(c->seen);
	c->lessons = NULL;
	c->place = NULL;
	c->seen = NULL;
}

static bool make_view(struct cook *c, const struct library *l)
{
	c->lessons = calloc(l->lesson_count + 1, sizeof(*c->lessons));
	c->place = calloc(l->lesson_count + 1, sizeof(*c->place));
	c->seen = calloc(l->lesson_count + 1, sizeof(*c->seen));
	if (!c->lessons || !c->place || !c->seen)
		return false;
	for (size_t i = 0; i < l->lesson_count; i++) {
		const struct library_lesson *it = &l->lessons[l->order[i]];
		c->place[l->order[i]] = i;
		c->seen[i] = (struct seen){ l, c->pass, l->order[i] };
		c->lessons[i] = (struct jobs_lesson){ .segments = it->segments,
						      .ladder = it->ladder,
						      .made = it->made,
						      .cooking = it->cooking,
						      .held = &it->held,
						      .readable = readable,
						      .passed = passed,
						      .data = &c->seen[i] };
	}
	return true;
}

void cook_use(struct cook *c, struct library *library)
{
	for (size_t i = 0; i < COOK_MOST_JOBS; i++)
		cancel(&c->jobs[i]);
	free_view(c);
	c->bad_count = 0;
	c->library = library && make_view(c, library) ? library : NULL;
	replan_soon(&c->replan);
}

bool cook_busy(const struct cook *c)
{
	for (size_t i = 0; i < c->workers; i++)
		if (c->jobs[i].kitchen)
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
	free_view(c);
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
	c->workers = workers < 1 ? 1 : workers > COOK_MOST_JOBS ? COOK_MOST_JOBS : workers;
	c->calls = *calls;
	c->report = *report;
	for (size_t i = 0; i < COOK_MOST_JOBS; i++)
		c->jobs[i] = (struct job){ .of = c, .source_fd = -1 };
	if (replan_init(&c->replan, loop, plan, c))
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	*out = MOVE_PTR(c);
	return 0;
}
