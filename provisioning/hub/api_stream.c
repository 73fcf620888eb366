// SPDX-License-Identifier: GPL-2.0-or-later
/* Server-sent events for open pages: "something changed, ask again". Never more than one a second. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clock.h"
#include "provisioning/hub/hubd.h"

enum { LISTENERS_MAX = 24, KEEPALIVE_TICKS = 15 };
#define TICK_US UINT64_C(1000000)

struct listener {
	struct hubd *d;
	struct ctl_stream *stream;
	struct listener *next, **prev_next;
};

static void on_gone(void *data)
{
	struct listener *l = data;
	*l->prev_next = l->next;
	if (l->next)
		l->next->prev_next = l->prev_next;
	l->d->listener_count--;
	free(l);
}

static void push_all(struct hubd *d, const char *text)
{
	for (struct listener *l = d->listeners, *next; l; l = next) {
		next = l->next;
		ctl_stream_push(l->stream, text, strlen(text));
	}
}

static int state_event(struct hubd *d, char *out, size_t room)
{
	char now[21];
	clock_iso(clock_wall_s(), now);
	return snprintf(out, room, "event: state\ndata: {\"revision\":%lld,\"now\":\"%s\"}\n\n",
			(long long)d->own_commits, now);
}

static int on_tick(sd_event_source *source, uint64_t at, void *data)
{
	struct hubd *d = data;
	if (d->listeners) {
		char text[160];
		hubd_revision(d);
		d->ticks++;
		if (!d->announced) {
			state_event(d, text, sizeof(text));
			push_all(d, text);
			d->announced = true;
		} else if (d->ticks % KEEPALIVE_TICKS == 0) {
			push_all(d, ": here\n\n");
		}
	}
	sd_event_source_set_time(source, at + TICK_US);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

void api_stream(struct ctl_request *req, void *data)
{
	struct hubd *d = data;
	struct fault why = { 0 };
	if (!hubd_officer(d, req))
		return;
	struct listener *l = d->listener_count < LISTENERS_MAX ? calloc(1, sizeof(*l)) : NULL;
	if (!l) {
		ctl_reply_header(req, "Retry-After", "30");
		fault_set(&why, -EAGAIN, "stream.many",
			  "%d pages listen already; this one asks again by itself", LISTENERS_MAX);
		ctl_reply_fault(req, 503, &why);
		return;
	}
	l->d = d;
	l->next = d->listeners;
	l->prev_next = &d->listeners;
	if (l->next)
		l->next->prev_next = &l->next;
	d->listeners = l;
	d->listener_count++;
	ctl_reply_header(req, "Cache-Control", "no-store");
	ctl_reply_header(req, "X-Accel-Buffering", "no"); /* nginx passes each event on at once */
	l->stream = ctl_reply_stream(req, "text/event-stream", on_gone, l);
	if (!l->stream) {
		on_gone(l);
		return;
	}
	char text[160];
	state_event(d, text, sizeof(text));
	ctl_stream_push(l->stream, text, strlen(text));
}

int api_stream_start(struct hubd *d, struct fault *why)
{
	uint64_t now = 0;
	int rc = sd_event_now(d->loop, CLOCK_MONOTONIC, &now);
	if (rc >= 0)
		rc = sd_event_add_time(d->loop, &d->tick, CLOCK_MONOTONIC, now + TICK_US, 0,
				       on_tick, d);
	return rc < 0 ? fault_set(why, rc, "loop", "the event loop refuses a timer (%s)",
				  strerror(-rc))
		      : 0;
}

/* The streams themselves end with the control socket, which calls on_gone() for each. */
void api_stream_stop(struct hubd *d)
{
	d->tick = sd_event_source_unref(d->tick);
}
