// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "cache/names.h"
#include "cache/store_note.h"
#include "content/contentd.h"
#include "content/fetch/eta.h"
#include "content/live/live_keep.h"
#include "content/fetch/planning.h"
#include "content/portal/files.h"
#include "content/portal/press.h"
#include "content/shelf/shelf.h"
#include "content/report.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/log.h"
#include "firmware/base/paths.h"

/* Changes come in swarms: what nginx reads is written a moment after the first of them. */
#define NAMES_AFTER_MS 200u
#define PAGES_AFTER_MS 1000u
#define PROGRESS_AFTER_MS 10000u /* a bar that grows is worth no more of a flash card */
#define LOOK_AFTER_MS 1000u
#define AGAIN_AFTER_MS 30000u /* the disk refused */

/* The earlier of what was meant before and `ms` from now. */
static void soon(sd_event_source *s, uint64_t ms)
{
	int on = SD_EVENT_OFF;
	uint64_t meant = UINT64_MAX, then = (clock_mono_ms() + ms) * 1000;
	if (!s || sd_event_source_get_enabled(s, &on) < 0)
		return;
	if (on != SD_EVENT_OFF)
		(void)sd_event_source_get_time(s, &meant);
	sd_event_source_set_time(s, then < meant ? then : meant);
	sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

void publish_names_soon(struct contentd *c)
{
	soon(c->publish_names, NAMES_AFTER_MS);
}

void publish_pages_soon(struct contentd *c)
{
	soon(c->publish_pages, PAGES_AFTER_MS);
}

void publish_progress_soon(struct contentd *c)
{
	soon(c->publish_pages, PROGRESS_AFTER_MS);
}

/* One sentence until it works again. */
static void not_published(struct contentd *c, bool *told, const struct fault *why)
{
	if (!*told)
		contentd_tell(c, "publish.failed", why->id, report_layer(why), why->text);
	*told = true;
}

int publish_names(struct contentd *c, struct fault *why)
{
	char path[PATH_MAX];
	struct fault what = { 0 };
	int r = contentd_file(c, "store/names.idx", path, why);
	if (r)
		return r;
	/* A library that could not be built takes no lesson's address away: the index stays as it was. */
	if (!c->library && catalogue_get(c->catalogue))
		return 0;
	struct air_plan air;
	r = content_conf_air(c->conf, &air, &what);
	if (r == 0)
		r = shelf_write(c->library, c->store, &air, path, &what);
	if (r == 0) {
		c->names_told = c->names_spoilt = false;
		return 0;
	}
	not_published(c, &c->names_told, &what);
	if (r == -EFBIG || r == -EINVAL)
		return 0; /* written, but for what the sentence names */
	soon(c->publish_names, AGAIN_AFTER_MS);
	return fault_set(why, what.code, what.id, "%s", what.text);
}

/* Reads all of it, some milliseconds for a big one: not at every word of a worker, and not while one is to be written anyway. */
void publish_names_spoilt(struct contentd *c)
{
	const uint64_t now = clock_mono_ms();
	int on = SD_EVENT_OFF;
	struct names *index = NULL;
	if (sd_event_source_get_enabled(c->publish_names, &on) < 0 || on != SD_EVENT_OFF ||
	    (c->names_looked_ms && now < c->names_looked_ms + LOOK_AFTER_MS))
		return;
	c->names_looked_ms = now;
	int r = store_names(c->store, &index, NULL);
	names_unmap(index);
	if (r == 0 || r == -ENOMEM)
		return;
	if (!c->names_spoilt && r == -ENOENT)
		contentd_tell(c, "disk.rot", "names.idx", "disk",
			      "the index of names is gone; it is written again");
	else if (!c->names_spoilt)
		contentd_tell(c, r == -EIO ? "disk.unreadable" : "disk.rot", "names.idx", "disk",
			      "the index of names is no longer what was written to the disk; it is "
			      "written again");
	c->names_spoilt = true;
	(void)publish_names(c, NULL);
}

static int write_names(sd_event_source *s, uint64_t usec, void *data)
{
	(void)s;
	(void)usec;
	(void)publish_names(data, NULL);
	return 0;
}

/* --- the site as it is now -------------------------------------------------------------------------- */

int publish_outlook(const struct contentd *c, struct publish_outlook *out)
{
	const struct library *l = c->library;
	struct eta e = { .bps = fetch_count(c->fetch).bps,
			 .ms_a_dish = cook_count(c->cook).ms_a_dish,
			 .workers = c->workers };
	const size_t room = l ? l->lesson_count + 1 : 1;
	*out = (struct publish_outlook){ 0 };
	out->lessons = calloc(room, sizeof(*out->lessons));
	AUTO_FREE struct planner_promise *promises = calloc(room, sizeof(*promises));
	AUTO_FREE struct library_progress *progress = calloc(room, sizeof(*progress));
	if (!out->lessons || !promises || !progress)
		return -ENOMEM;
	for (size_t i = 0; l && i < l->lesson_count; i++)
		progress[i] = library_progress(l, i);
	if (planning_promises(c, progress, promises, &out->sum))
		return -ENOMEM;
	/* A lesson's own work and that of all before it. */
	for (size_t i = 0; l && i < l->lesson_count; i++) {
		struct publish_one *one = &out->lessons[l->order[i]];
		if (!l->lessons[l->order[i]].playable)
			continue;
		one->progress = progress[l->order[i]];
		one->promise = promises[l->order[i]];
		e.bytes += one->progress.size_bytes - one->progress.have_bytes;
		e.dishes += one->progress.total - one->progress.done;
		const bool soon =
			one->promise.when == PLANNER_MINUTES || one->promise.when == PLANNER_HOURS;
		one->eta_s = one->progress.complete ? 0 : soon ? eta_seconds(&e) : -1;
		one->minutes = one->progress.complete ? 0 : soon ? eta_minutes(&e) : -1;
	}
	return 0;
}

void publish_outlook_done(struct publish_outlook *o)
{
	free(o->lessons);
}

static size_t put_downloads(const struct library_lesson *it, struct site_download *out)
{
	size_t count = 0;
	for (unsigned k = 1; k <= RUNG_COUNT; k++) {
		unsigned rung = k % RUNG_COUNT; /* sound last */
		if (it->ladder & 1u << rung)
			out[count++] =
				(struct site_download){ kitchen_rung_name((enum kitchen_rung)rung),
							it->rungs[rung].download_bytes };
	}
	return count;
}

static void put_lesson(const struct library *l, const struct publish_one *one,
		       struct publish_site *p, size_t i, size_t *files)
{
	const struct library_lesson *it = &l->lessons[i];
	const struct library_progress at = one->progress;
	struct site_lesson *to = &p->lessons[i];
	*to = (struct site_lesson){
		.item = it->item,
		.playable = it->playable,
		.plays = at.plays,
		.complete = at.complete,
		.failed = at.failed,
		.minutes = one->minutes,
		.promise = one->promise,
		.done = at.done,
		.total = at.total,
		.generation = it->generation,
		.sound = it->ladder & 1u << RUNG_AUDIO,
		.poster = it->poster == LIBRARY_NONE
				  ? it->sight.files[LIBRARY_SIGHT_POSTER].length != 0
				  : library_has(l, it->poster),
		.preview = it->sight.here,
		.chapters = it->sight.files[LIBRARY_SIGHT_CHAPTERS].length != 0,
		.downloads = &p->downloads[i * RUNG_COUNT],
		.files_here = &p->files_here[*files],
	};
	if (it->playable)
		to->download_count = put_downloads(it, &p->downloads[i * RUNG_COUNT]);
	for (size_t k = 0; k < it->item->attachments_count; k++)
		p->files_here[(*files)++] = library_has(l, it->files[k]);
}

static size_t put_live(const struct live *l, struct site_live *out)
{
	static const enum site_class states[] = {
		[LIVE_IDLE] = SITE_CLASS_UNKNOWN, [LIVE_LOOKING] = SITE_CLASS_UNKNOWN,
		[LIVE_ON] = SITE_CLASS_LIVE,      [LIVE_STALE] = SITE_CLASS_STALE,
		[LIVE_OFF] = SITE_CLASS_OFF,      [LIVE_OVER] = SITE_CLASS_OVER,
	};
	size_t count = live_count(l);
	for (size_t i = 0; i < count; i++) {
		const struct live_view v = live_at(l, i);
		out[i] = (struct site_live){ v.name, v.ar, v.fr, v.en, states[v.state] };
	}
	return count;
}

static int put_kept(const struct live_keep *k, struct publish_site *p)
{
	size_t count = live_keep_count(k);
	p->kept = calloc(count + 1, sizeof(*p->kept));
	p->kept_dates = calloc(count + 1, sizeof(*p->kept_dates));
	if (!p->kept || !p->kept_dates)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct live_keep_row *row = live_keep_at(k, i);
		struct tm local;
		time_t t = (time_t)row->day_s;
		if (localtime_r(&t, &local))
			strftime(p->kept_dates[i], sizeof(p->kept_dates[i]), "%Y-%m-%d", &local);
		p->kept[i] = (struct site_kept){ row->id,   row->ar,          row->fr, row->en,
						 row->name, p->kept_dates[i], row->ms };
	}
	p->site.kept = p->kept;
	p->site.kept_count = count;
	return 0;
}

static void put_time(int64_t unix_s, char out[static 16])
{
	struct tm local;
	time_t t = (time_t)unix_s;
	out[0] = '\0';
	if (unix_s > 0 && localtime_r(&t, &local))
		strftime(out, 16, "%H:%M", &local);
}

static void put_status(struct contentd *c, struct publish_site *p)
{
	const struct uplinks_view *u = uplinks_now(c->uplinks);
	struct store_totals totals = { 0 };
	(void)store_totals(c->store, &totals, NULL);
	put_time(u->since_s, p->since);
	put_time(clock_wall_s(), p->read_at);
	for (size_t i = 0; i < u->count; i++) {
		const struct uplinks_one *from = &u->lines[i];
		p->uplinks[i] = (struct site_uplink){ from->name, from->state, from->grade,
						      from->reason, from->preferred };
	}
	p->site.status = (struct site_status){ u->internet,       p->since,   u->layer,
					       p->uplinks,        u->count,   c->origin.ok,
					       totals.free_bytes, p->read_at, &p->coming };
}

int publish_site_make(struct contentd *c, struct publish_site *p)
{
	*p = (struct publish_site){ 0 };
	size_t count = c->library ? c->library->lesson_count : 0, files = 1;
	for (size_t i = 0; i < count; i++)
		files += c->library->lessons[i].item->attachments_count;
	p->lessons = calloc(count + 1, sizeof(*p->lessons));
	p->downloads = calloc(count * RUNG_COUNT + 1, sizeof(*p->downloads));
	p->files_here = calloc(files, sizeof(*p->files_here));
	CLEANUP(publish_outlook_done) struct publish_outlook outlook = { 0 };
	if (!p->lessons || !p->downloads || !p->files_here || publish_outlook(c, &outlook))
		return -ENOMEM;
	size_t at = 0;
	p->coming = outlook.sum;
	for (size_t i = 0; i < count; i++)
		put_lesson(c->library, &outlook.lessons[i], p, i, &at);
	content_conf_address(c->conf, p->address);
	p->site = (struct site){ .pages = &files_pages,
				 .school = c->conf->portal.school,
				 .address = p->address,
				 .assets = c->assets,
				 .catalogue = c->library ? c->library->catalogue : NULL,
				 .lessons = p->lessons,
				 .lesson_count = count,
				 .today = p->coming.today,
				 .live = p->live,
				 .live_count = put_live(c->live, p->live) };
	put_status(c, p);
	return put_kept(c->keep, p);
}

void publish_site_done(struct publish_site *p)
{
	free(p->lessons);
	free(p->downloads);
	free(p->files_here);
	free(p->kept);
	free(p->kept_dates);
}

static int begin_pages(struct contentd *c)
{
	c->pages_made =
		calloc(c->library ? c->library->lesson_count + 1 : 1, sizeof(*c->pages_made));
	return c->pages_made ? 0 : -ENOMEM;
}

/* Once; again only after the disk has refused them. */
static int write_assets(struct contentd *c, struct fault *why)
{
	char dir[PATH_MAX];
	if (c->assets_written)
		return 0;
	int r = contentd_file(c, "portal", dir, why);
	if (r == 0)
		r = paths_mkdir(dir, 0755, why);
	if (r == 0)
		r = press_assets(dir, why);
	c->assets_written = r == 0;
	return r;
}

static int write_pages(sd_event_source *s, uint64_t usec, void *data)
{
	(void)usec;
	struct contentd *c = data;
	char dir[PATH_MAX];
	struct fault why = { 0 };
	struct press_counts counts = { 0 };
	CLEANUP(publish_site_done) struct publish_site now;
	int r = publish_site_make(c, &now);
	if (r == 0)
		r = write_assets(c, &why);
	if (r == 0 && !c->pages_made)
		r = begin_pages(c);
	if (r == 0)
		r = contentd_file(c, "portal", dir, &why);
	if (r == 0)
		r = press_site(dir, &now.site, c->pages_made, &counts, &why);
	if (r) {
		not_published(c, &c->pages_told, &why);
		soon(s, AGAIN_AFTER_MS);
		return 0;
	}
	c->pages_told = false;
	if (counts.written || counts.removed)
		log_debug("event=portal.written pages=%zu written=%zu removed=%zu", counts.pages,
			  counts.written, counts.removed);
	return 0;
}

static int add_timer(struct contentd *c, sd_event_source **out, sd_event_time_handler_t fn,
		     struct fault *why)
{
	if (sd_event_add_time(c->loop, out, CLOCK_BOOTTIME, 0, 50000, fn, c) < 0 ||
	    sd_event_source_set_enabled(*out, SD_EVENT_OFF) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	/* After what pupils wait for. */
	sd_event_source_set_priority(*out, SD_EVENT_PRIORITY_IDLE);
	return 0;
}

int publish_start(struct contentd *c, struct fault *why)
{
	int r = add_timer(c, &c->publish_names, write_names, why);
	if (r == 0)
		r = add_timer(c, &c->publish_pages, write_pages, why);
	if (r)
		return r;
	/* A full disk is no reason not to start: what was written before is served. */
	publish_pages_soon(c);
	return 0;
}

void publish_forget(struct contentd *c)
{
	free(MOVE_PTR(c->pages_made));
}

void publish_stop(struct contentd *c)
{
	sd_event_source_disable_unref(c->publish_names);
	sd_event_source_disable_unref(c->publish_pages);
	c->publish_names = c->publish_pages = NULL;
	publish_forget(c);
}
