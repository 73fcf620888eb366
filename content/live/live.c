// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/live/live.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/fetch/backoff.h"
#include "content/live/live_private.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/http.h"
#include "firmware/base/log.h"
#include "firmware/base/text.h"

#define TICK_MS 200u

CLEAN_FN(live, struct live, live_free)

static bool busy(const struct live_class *c)
{
	return c->known || c->asks || c->state == LIVE_LOOKING;
}

static int tick(sd_event_source *s, uint64_t usec, void *data)
{
	struct live *l = data;
	bool again = l->hold_count > 0;
	(void)usec;
	for (size_t i = 0; i < l->count; i++) {
		struct live_class *c = l->classes[i];
		if (busy(c))
			live_review(c);
		again |= busy(c);
	}
	live_hold_settle(l);
	sd_event_source_set_time(s, (clock_mono_ms() + TICK_MS) * 1000);
	sd_event_source_set_enabled(s, again ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
	return 0;
}

void live_touch(struct live *l)
{
	int on = SD_EVENT_OFF;
	if (sd_event_source_get_enabled(l->timer, &on) < 0 || on != SD_EVENT_OFF)
		return;
	sd_event_source_set_time(l->timer, (clock_mono_ms() + TICK_MS) * 1000);
	sd_event_source_set_enabled(l->timer, SD_EVENT_ONESHOT);
}

void live_changed(struct live *l)
{
	if (l->calls.changed)
		l->calls.changed(l->calls.data);
}

/* --- classes ------------------------------------------------------------------------------------------------ */

static struct live_class *find(const struct live *l, const char *name, size_t *at)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->classes[i]->conf.name, name) == 0) {
			if (at)
				*at = i;
			return l->classes[i];
		}
	return NULL;
}

struct live_class *live_find(const struct live *l, const char *name)
{
	return find(l, name, NULL);
}

int live_conf_check(const struct live_class_conf *conf, struct fault *why)
{
	/* "index" is the page of all classes */
	if (!text_is_slug(conf->name) || strlen(conf->name) >= LIVE_NAME_MOST ||
	    strcmp(conf->name, "index") == 0)
		return fault_set(why, -EINVAL, "live.name",
				 "'%s' is no name for a class: at most 31 of a-z 0-9 -",
				 conf->name);
	return live_url_check(conf->url, why);
}

int live_may_add(const struct live *l, const struct live_class_conf *conf, struct fault *why)
{
	int r = live_conf_check(conf, why);
	if (r)
		return r;
	if (find(l, conf->name, NULL))
		return fault_set(why, -EEXIST, "live.exists",
				 "there is a class '%s' already; stop it first", conf->name);
	if (l->count == LIVE_CLASSES_MOST)
		return fault_set(why, -ENOSPC, "live.many",
				 "there are %u classes already; stop one first", LIVE_CLASSES_MOST);
	return 0;
}

int live_add(struct live *l, const struct live_class_conf *conf, enum live_origin origin,
	     struct fault *why)
{
	int r = live_may_add(l, conf, why);
	if (r)
		return r;
	struct live_class *c = calloc(1, sizeof(*c));
	if (!c)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	c->live = l;
	c->conf = *conf;
	c->origin = origin;
	live_track_init(&c->main, c, 'm');
	live_track_init(&c->sound, c, 's');
	live_new_session(c);
	l->classes[l->count++] = c;
	live_changed(l);
	return 0;
}

static int missing(const char *name, struct fault *why)
{
	return fault_set(why, -ENOENT, "live.missing",
			 "there is no class '%.80s'; 'wasl live status' lists those that there are",
			 name);
}

int live_stop(struct live *l, const char *name, struct fault *why)
{
	size_t at = 0;
	struct live_class *c = find(l, name, &at);
	if (!c)
		return fault_set(
			why, -ENOENT, "live.missing",
			"there is no class '%s'; 'wasl live status' lists those that there "
			"are",
			name);
	live_end_session(c);
	snprintf(c->reason, sizeof(c->reason), "stopped by a person");
	c->looked_ms = clock_mono_ms();
	live_set_state(c, LIVE_OFF);
	live_hold_settle(l);
	if (c->origin == LIVE_CONFIGURED) {
		c->stopped = true;
		return 0;
	}
	l->classes[at] = l->classes[--l->count];
	free(c);
	live_changed(l);
	return 0;
}

int live_resume(struct live *l, const char *name, struct fault *why)
{
	struct live_class *c = find(l, name, NULL);
	if (!c)
		return missing(name, why);
	c->stopped = false;
	c->looked_ms = 0;
	live_wake(c);
	return 0;
}

int live_keep(struct live *l, const char *name, struct fault *why)
{
	struct live_class *c = find(l, name, NULL);
	if (!c)
		return missing(name, why);
	live_wake(c);
	if (c->state == LIVE_OFF || c->state == LIVE_OVER)
		return fault_set(why, -ENODATA, "live.off", "nothing is live in '%s' now: %s", name,
				 c->reason);
	c->keep = true;
	c->main.init_kept = c->sound.init_kept = 0;
	if (c->known)
		live_review(c);
	live_touch(l);
	return 0;
}

void live_let_go(struct live *l, const char *name)
{
	struct live_class *c = find(l, name, NULL);
	if (c)
		c->keep = false;
}

const struct live_class_conf *live_conf(const struct live *l, const char *name)
{
	const struct live_class *c = find(l, name, NULL);
	return c ? &c->conf : NULL;
}

enum live_origin live_origin_at(const struct live *l, size_t i)
{
	return l->classes[i]->origin;
}

void live_line(struct live *l, uint32_t down_kbps)
{
	if (l->line_kbps == down_kbps)
		return;
	l->line_kbps = down_kbps;
	for (size_t i = 0; i < l->count; i++)
		if (l->classes[i]->known)
			live_review(l->classes[i]);
}

int live_new(struct sd_event *loop, struct http *http, const struct live_options *options,
	     const struct live_calls *calls, const struct report *report, struct live **out,
	     struct fault *why)
{
	CLEANUP(clean_live) struct live *l = calloc(1, sizeof(*l));
	if (!l)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	l->loop = loop;
	l->http = http;
	l->options = *options;
	l->calls = *calls;
	l->report = *report;
	snprintf(l->allow, sizeof(l->allow), "%s", options->allow);
	if (sd_event_add_time(loop, &l->timer, CLOCK_BOOTTIME, 0, 20000, tick, l) < 0 ||
	    sd_event_source_set_enabled(l->timer, SD_EVENT_OFF) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int r = live_files_open(options->folder, options->max_bytes, &l->files, why);
	if (r)
		return r;
	*out = MOVE_PTR(l);
	return 0;
}

void live_free(struct live *l)
{
	if (!l)
		return;
	live_try_end_all(l);
	live_hold_drop(l);
	l->calls.changed = NULL;
	for (size_t i = 0; i < l->count; i++) {
		live_end_session(l->classes[i]);
		free(l->classes[i]);
	}
	live_files_close(l->files);
	sd_event_source_disable_unref(l->timer);
	free(l);
}

size_t live_count(const struct live *l)
{
	return l->count;
}

struct live_view live_at(const struct live *l, size_t i)
{
	const struct live_class *c = l->classes[i];
	return (struct live_view){ c->conf.name, c->conf.ar, c->conf.fr, c->conf.en, c->state };
}
