// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/keeper/keeper_scrub.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"

#define STEP_BYTES (512u << 10) /* 25 ms of a slow card: no pupil notices */
#define STEP_MS 100u            /* so at most 5 MB/s */
#define HURRY_BYTES (1u << 20)
#define HURRY_MS 2u
#define QUIET_MS 10000u /* since anybody watched anything */
#define REST_MS 5000u   /* looked again whether there is something to do */
#define DAY_S (24 * 3600)
#define MOST_ASKED 64u

struct keeper_scrub {
	struct keeper *keeper;
	struct sd_event_source *timer;
	unsigned days;
	bool hurry, running; /* a pass is under way */
	bool searching; /* something of which no bitmap speaks any more; pupils may wait for it */
	struct store_scrub_cursor pass;
	/* What a person asked for, one after the other. */
	struct store_scrub_cursor asked[MOST_ASKED];
	size_t asked_count, asked_at;
	bool any; /* of these was here */
	struct keeper_scrub_result result, hurried;
	keeper_scrubbed *done;
	void *done_data;
};

/* --- one step after the other ------------------------------------------------------------------------- */

static void count(struct keeper_scrub *s, struct keeper_scrub_result *r,
		  const struct store_scrub_found *found)
{
	r->bytes += found->bytes;
	keeper_rot_found(s->keeper, found, r);
}

static void asked_done(struct keeper_scrub *s)
{
	keeper_scrubbed *done = MOVE_PTR(s->done);
	s->asked_count = s->asked_at = 0;
	if (!s->any && !s->result.why.code)
		fault_set(&s->result.why, -ENOENT, "store.absent", "nothing of it is here");
	if (done)
		done(s->done_data, &s->result);
	keeper_scrub_result_done(&s->result);
}

static uint64_t step_asked(struct keeper_scrub *s)
{
	struct store_scrub_found found = { 0 };
	struct fault why = { 0 };
	int r = store_scrub_step(s->keeper->store, &s->asked[s->asked_at], HURRY_BYTES, &found,
				 &why);
	count(s, &s->result, &found);
	s->any |= r != -ENOENT;
	/* What is not here yet cannot be damaged; any other trouble is no look at all. */
	if (r && r != -ENOENT)
		s->result.why = why;
	if (r && r != -ENOENT)
		asked_done(s);
	else if ((r || found.done) && ++s->asked_at == s->asked_count)
		asked_done(s);
	return HURRY_MS;
}

static bool is_due(const struct keeper_scrub *s)
{
	struct store_scrub_health h = { 0 };
	if (!s->days || store_scrub_health(s->keeper->store, &h, NULL))
		return false;
	/* A clock that was set back must not stop the looking: every day without a date counts. */
	const int64_t age = clock_wall_s() - h.last_pass_s;
	return !h.last_pass_s || age < 0 || age >= (int64_t)s->days * DAY_S;
}

static uint64_t step_pass(struct keeper_scrub *s)
{
	struct store_scrub_found found = { 0 };
	if (!s->running) {
		if (!s->hurry && !is_due(s))
			return REST_MS;
		if (store_scrub_resume(s->keeper->store, &s->pass, NULL))
			return REST_MS;
		s->running = true;
	}
	int r = store_scrub_step(s->keeper->store, &s->pass, s->hurry ? HURRY_BYTES : STEP_BYTES,
				 &found, NULL);
	struct keeper_scrub_result unasked = { 0 };
	count(s, s->hurry ? &s->hurried : &unasked, &found);
	keeper_scrub_result_done(&unasked);
	if (found.done)
		s->running = s->hurry = false;
	return r ? REST_MS : s->hurry ? HURRY_MS : STEP_MS;
}

static uint64_t step_search(struct keeper_scrub *s)
{
	struct store_searched got;
	s->searching = store_search_step(s->keeper->store, STEP_BYTES, &got) != 0;
	if (got.through)
		keeper_searched(s->keeper, &got.id);
	return HURRY_MS;
}

static bool pupils_wait(const struct keeper *k)
{
	const struct want_msg *const *list;
	return wants_list(k->wants, &list) > 0;
}

/* Who watches what is here asks nothing of us; the counts of use tell. */
static bool is_idle(const struct keeper *k)
{
	return clock_mono_ms() - k->busy_ms >= QUIET_MS && k->calls.idle(k->calls.data);
}

static int turn(sd_event_source *e, uint64_t usec, void *data)
{
	struct keeper_scrub *s = data;
	struct keeper *k = s->keeper;
	uint64_t wait = STEP_MS;
	(void)usec;
	if (s->searching)
		wait = step_search(s);
	else if (s->asked_count)
		wait = step_asked(s);
	else if (s->hurry ? !pupils_wait(k) : is_idle(k))
		wait = step_pass(s);
	else if (!s->running && !s->hurry)
		wait = REST_MS;
	sd_event_source_set_time(e, (clock_mono_ms() + wait) * 1000);
	sd_event_source_set_enabled(e, SD_EVENT_ONESHOT);
	return 0;
}

static void soon(struct keeper_scrub *s)
{
	sd_event_source_set_time(s->timer, clock_mono_ms() * 1000);
	sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
}

void keeper_scrub_tick(struct keeper_scrub *s)
{
	if (s->searching || !store_searching(s->keeper->store))
		return;
	s->searching = true;
	soon(s);
}

/* --- asked ------------------------------------------------------------------------------------------- */

int keeper_scrub_things(struct keeper_scrub *s, const struct keeper_thing *things, size_t count,
			keeper_scrubbed *done, void *data, struct fault *why)
{
	if (s->asked_count)
		return fault_set(why, -EAGAIN, "store.busy",
				 "another thing is being looked at; ask again in a moment");
	for (size_t i = 0; i < count && s->asked_count < MOST_ASKED; i++) {
		const struct keeper_thing *t = &things[i];
		const bool object = t->kind == KEEPER_OBJECT || t->kind == KEEPER_STRAY_OBJECT;
		if (!object && !t->number)
			continue;
		s->asked[s->asked_count++] =
			object ? store_scrub_object(&t->id) : store_scrub_rendition(t->number);
		if (object && s->asked_count < MOST_ASKED)
			s->asked[s->asked_count++] = store_scrub_names(&t->id);
	}
	if (!s->asked_count)
		return fault_set(why, -ENOENT, "store.absent", "nothing of it is here");
	s->any = false;
	s->done = done;
	s->done_data = data;
	soon(s);
	return 0;
}

void keeper_scrub_leave(struct keeper_scrub *s)
{
	s->done = NULL;
}

void keeper_scrub_hurry(struct keeper_scrub *s)
{
	s->hurry = s->running = true;
	keeper_scrub_result_done(&s->hurried);
	s->pass = (struct store_scrub_cursor){ 0 };
	soon(s);
}

json_t *keeper_scrub_health(const struct keeper_scrub *s)
{
	struct store_scrub_health h = { 0 };
	int64_t aside_s = 0;
	(void)store_scrub_health(s->keeper->store, &h, NULL);
	(void)store_set_aside_s(s->keeper->store, &aside_s);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:o}", "passes",
			 (json_int_t)h.passes, "last_pass_s", (json_int_t)h.last_pass_s, "bytes",
			 (json_int_t)h.bytes, "pass_bytes", (json_int_t)h.pass_bytes, "bad",
			 (json_int_t)h.bad, "mended", (json_int_t)h.mended, "unreadable",
			 (json_int_t)h.unreadable, "set_aside_s", (json_int_t)aside_s, "running",
			 s->hurry, "found", keeper_scrub_json(&s->hurried));
}

int keeper_scrub_new(struct sd_event *loop, struct keeper *k, unsigned days,
		     struct keeper_scrub **out, struct fault *why)
{
	struct keeper_scrub *s = calloc(1, sizeof(*s));
	if (!s)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	s->keeper = k;
	s->days = days;
	if (sd_event_add_time(loop, &s->timer, CLOCK_BOOTTIME, 0, 10000, turn, s) < 0) {
		free(s);
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	}
	sd_event_source_set_priority(s->timer, SD_EVENT_PRIORITY_IDLE);
	*out = s;
	return 0;
}

void keeper_scrub_free(struct keeper_scrub *s)
{
	if (!s)
		return;
	sd_event_source_disable_unref(s->timer);
	keeper_scrub_result_done(&s->result);
	keeper_scrub_result_done(&s->hurried);
	free(s);
}
