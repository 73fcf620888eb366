// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/kitchen/idle.h"

#include <errno.h>
#include <stdlib.h>
#include <systemd/sd-event.h>

#include "cache/store_list.h"
#include "content/contentd.h"
#include "content/kitchen/rest_read.h"
#include "content/kitchen/version.h"
#include "content/staff/staff.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"

#define LOOK_MS 1000u
#define RETIRE_MS 30000u
#define ACCURACY_US 1000u /* lateness is measured by it */

struct idle {
	struct contentd *of;
	sd_event_source *timer;
	struct rest rest;
	struct rest_limits limits;
	struct idle_view view;
	uint64_t due_ms, retire_ms;
};

static struct rest_seen see(struct idle *i, uint64_t now)
{
	const struct contentd *c = i->of;
	const struct want_msg *const *list;
	struct rest_seen seen = {
		.now_ms = now,
		.late_ms = now > i->due_ms ? (unsigned)(now - i->due_ms) : 0,
		.warm_c = rest_read_warm_c(c->conf->kitchen.sys),
		.power = rest_read_power(c->conf->kitchen.sys),
		.pupils_wait = cook_serves(c->cook),
		.wanted = wants_list(c->wants, &list) > 0,
	};
	if (store_list_room(c->store, &seen.room_bytes, NULL))
		seen.room_bytes = 0;
	return seen;
}

/* Pupils come and go all the time: only what somebody may wonder about is worth a line. */
static void tell(const struct idle *i, enum rest_reason was)
{
	const struct rest_verdict *v = &i->view.verdict;
	if (v->reason == was || (v->reason <= REST_PUPILS && was <= REST_PUPILS))
		return;
	if (v->reason <= REST_PUPILS)
		log_info("event=kitchen.goes_on");
	else
		log_info("event=kitchen.rests reason=%s celsius=%d", rest_name(v->reason),
			 i->view.warm_c);
}

static void retire(struct idle *i, uint64_t now)
{
	struct contentd *c = i->of;
	if (!c->library || now < i->retire_ms)
		return;
	i->retire_ms = now + RETIRE_MS;
	const size_t left = version_retire(c->library, now);
	if (!left)
		return;
	i->view.left += left;
	log_info("event=version.left rungs=%zu", left);
	publish_names_soon(c);
	wants_recheck(c->wants);
}

/* A teacher waits for the own film, on battery, too; nobody waits for what is made to be offered. */
static enum staff_rest staff_rest_of(enum rest_reason reason)
{
	if (reason == REST_HOT || reason == REST_LATE)
		return STAFF_STANDS;
	return reason == REST_BATTERY ? STAFF_OFFERS_STAND : STAFF_GOES;
}

static int look(sd_event_source *s, uint64_t usec, void *data)
{
	struct idle *i = data;
	const uint64_t now = clock_mono_ms();
	const enum rest_reason was = i->view.verdict.reason;
	(void)usec;
	const struct rest_seen seen = see(i, now);
	i->view.warm_c = seen.warm_c;
	i->view.power = seen.power;
	i->view.verdict = rest_look(&i->rest, &i->limits, &seen);
	tell(i, was);
	const bool alone = i->of->staff && staff_work_alone(i->of->staff);
	cook_set_pace(i->of->cook, i->view.verdict.reason   ? COOK_RESTS
				   : alone                  ? COOK_ENDS
				   : i->view.verdict.better ? COOK_BETTERS
				   : i->view.verdict.roomy  ? COOK_SHOWS
							    : COOK_MAKES);
	if (i->of->staff)
		staff_work_rest(i->of->staff, staff_rest_of(i->view.verdict.reason));
	retire(i, now);
	i->due_ms = clock_mono_ms() + LOOK_MS;
	sd_event_source_set_time(s, i->due_ms * 1000);
	sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
	return 0;
}

int idle_start(struct contentd *c, struct idle **out, struct fault *why)
{
	const struct kitchen_part *k = &c->conf->kitchen;
	struct idle *i = calloc(1, sizeof(*i));
	if (!i)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	i->of = c;
	i->limits = (struct rest_limits){ .late_ms = (unsigned)k->late_ms,
					  .hot_c = (int)k->hot_c,
					  .quiet_ms = (unsigned)k->better_after_s * 1000u,
					  .reserve_bytes = k->better_room_bytes };
	i->due_ms = i->retire_ms = clock_mono_ms();
	if (sd_event_add_time(c->loop, &i->timer, CLOCK_BOOTTIME, i->due_ms * 1000, ACCURACY_US,
			      look, i) < 0) {
		free(i);
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	}
	look(i->timer, 0, i); /* before anything is made in advance */
	*out = i;
	return 0;
}

struct idle_view idle_now(const struct idle *i)
{
	struct idle_view v = i->view;
	v.better = cook_count(i->of->cook).better;
	return v;
}

void idle_free(struct idle *i)
{
	if (!i)
		return;
	sd_event_source_disable_unref(i->timer);
	free(i);
}
