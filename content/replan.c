// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/replan.h"

#include <errno.h>
#include <systemd/sd-event.h>
#include <time.h>

static int on_soon(sd_event_source *s, void *data)
{
	(void)s;
	struct replan *r = data;
	r->plan(r->data);
	return 0;
}

static int on_time(sd_event_source *s, uint64_t usec, void *data)
{
	(void)usec;
	return on_soon(s, data);
}

int replan_init(struct replan *r, struct sd_event *loop, void (*plan)(void *data), void *data)
{
	*r = (struct replan){ .plan = plan, .data = data };
	if (sd_event_add_time(loop, &r->timer, CLOCK_BOOTTIME, 0, 10000, on_time, r) < 0 ||
	    sd_event_source_set_enabled(r->timer, SD_EVENT_OFF) < 0 ||
	    sd_event_add_defer(loop, &r->soon, on_soon, r) < 0)
		return -ENOMEM;
	return 0;
}

void replan_done(struct replan *r)
{
	sd_event_source_disable_unref(r->timer);
	sd_event_source_disable_unref(r->soon);
	*r = (struct replan){ 0 };
}

void replan_soon(struct replan *r)
{
	sd_event_source_set_enabled(r->soon, SD_EVENT_ONESHOT);
}

void replan_at(struct replan *r, uint64_t ms)
{
	if (ms)
		sd_event_source_set_time(r->timer, ms * 1000);
	sd_event_source_set_enabled(r->timer, ms ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}
