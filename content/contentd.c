// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/contentd.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "cache/pass.h"
#include "content/kitchen/idle.h"
#include "content/catalogue/inforce.h"
#include "content/fetch/agenda.h"
#include "content/fetch/boxtime.h"
#include "content/kitchen/kitchen.h"
#include "content/kitchen/kitchen_group.h"
#include "content/live/live_ctl.h"
#include "content/fetch/neighbours.h"
#include "content/fetch/planning.h"
#include "content/portal/files.h"
#include "content/portal/press.h"
#include "content/pupils.h"
#include "content/settle.h"
#include "content/staff/staff.h"
#include "content/report.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/http.h"
#include "firmware/base/log.h"
#include "firmware/base/paths.h"

#define CGROUP_TEXT_MOST 65536u
#define FULL_AGAIN_MS 3600000u /* told again only after an hour without it */

/* Each failure is one line in the journal and one event for the ministry. */
void contentd_tell(struct contentd *c, const char *kind, const char *subject, const char *layer,
		   const char *sentence)
{
	log_warn("event=%s layer=%s subject=%s text=\"%s\"", kind, layer, subject, sentence);
	struct fault why = { 0 };
	if (c->book && book_event(c->book, clock_wall_s(), kind, subject, layer, &why))
		log_fault(LOG_LEVEL_WARN, "event.not_kept", &why);
}

static void tell(void *data, const char *kind, const char *subject, const char *layer,
		 const char *sentence)
{
	struct contentd *c = data;
	/* Whoever meets the full disk says so: fetcher, kitchen and keeper need not each be heard. */
	if (strcmp(kind, "store.full") == 0) {
		const uint64_t now = clock_mono_ms();
		const bool again = now < c->full_told_ms;
		c->full_told_ms = now + FULL_AGAIN_MS;
		if (again)
			return;
	}
	contentd_tell(c, kind, subject, layer, sentence);
}

enum strings_lang contentd_lang(const struct ctl_request *req, const struct contentd *c)
{
	enum strings_lang lang;
	const char *const said[] = { ctl_arg(req, "lang"), ctl_header(req, "X-Wasl-Lang") };
	for (size_t i = 0; i < ARRAY_LEN(said); i++)
		if (said[i] && strings_lang_parse(said[i], &lang) == 0)
			return lang;
	return (enum strings_lang)c->conf->box.language;
}

int contentd_file(const struct contentd *c, const char *name, char out[static PATH_MAX],
		  struct fault *why)
{
	struct path folder = paths_at("%s", c->conf->content.folder);
	int n = snprintf(out, PATH_MAX, "%s%s%s", folder.at, *name ? "/" : "", name);
	if (n < 0 || n >= PATH_MAX)
		return fault_set(why, -ENAMETOOLONG, "content.folder",
				 "[content] folder = '%s': the path is too long",
				 c->conf->content.folder);
	return 0;
}

static void wants_changed(void *data)
{
	struct contentd *c = data;
	if (c->planning)
		planning_used(c->planning);
	if (c->fetch)
		fetch_poke(c->fetch);
	if (c->cook)
		cook_poke(c->cook);
}

/* --- what comes in and what is made -------------------------------------------------------------- */

static void chunk_here(void *data, size_t object, uint64_t chunk)
{
	struct contentd *c = data;
	keeper_object_grows(c->keeper, object);
	wants_chunk_here(c->wants, &c->library->objects[object].id, chunk);
	cook_poke(c->cook);
}

static void object_here(void *data, size_t object)
{
	struct contentd *c = data;
	keeper_object_here(c->keeper, object);
	for (size_t i = 0; i < c->library->lesson_count; i++)
		for (size_t k = 0; k < c->library->lessons[i].item->captions_count; k++)
			if (c->library->lessons[i].captions[k] == object)
				inforce_captions(c, i, k);
	cook_poke(c->cook);
	publish_pages_soon(c);
}

static void segment_here(void *data, uint64_t rendition, uint32_t segment)
{
	struct contentd *c = data;
	keeper_arrived(c->keeper, rendition);
	wants_segment_here(c->wants, rendition, segment);
	if (segment <= 1)
		publish_pages_soon(c); /* it may be ready to watch now */
	else
		publish_progress_soon(c);
}

static void segment_lost(void *data, uint64_t rendition, uint32_t segment)
{
	struct contentd *c = data;
	wants_segment_failed(c->wants, rendition, segment, -ENODATA);
	publish_pages_soon(c);
}

/* Of the ministry's films nothing is made black: only a lesson of the school's teachers has anybody to be told. */
static void segment_blank(void *data, size_t lesson, uint32_t segment)
{
	struct contentd *c = data;
	const wasl_Item *item = c->library->lessons[lesson].item;
	const wasl_Segment *s = &item->plan.segments[segment - 1];
	staff_spoilt(c->staff, item->id, s->start_ticks / item->plan.timescale);
}

static void rung_here(void *data, size_t lesson, enum kitchen_rung rung)
{
	struct contentd *c = data;
	log_info("event=rung.whole lesson=%s rung=%s", c->library->lessons[lesson].item->id,
		 kitchen_rung_name(rung));
	keeper_rung_here(c->keeper, lesson, rung);
	publish_names_soon(c);
	publish_pages_soon(c);
}

static void names_spoilt(void *data)
{
	publish_names_spoilt(data);
}

static void preview_here(void *data, size_t lesson)
{
	struct contentd *c = data;
	log_info("event=preview.here lesson=%s", c->library->lessons[lesson].item->id);
	publish_names_soon(c);
	publish_pages_soon(c);
}

/* --- room --------------------------------------------------------------------------------------- */

static int room_for_object(void *data, size_t object, struct fault *why)
{
	struct contentd *c = data;
	return keeper_room_for_object(c->keeper, object, why);
}

static int room_for_rung(void *data, size_t lesson, enum kitchen_rung rung, uint64_t bytes,
			 struct fault *why)
{
	struct contentd *c = data;
	return keeper_room_for_rung(c->keeper, lesson, rung, bytes, why);
}

static void object_leaves(void *data, size_t object)
{
	struct contentd *c = data;
	fetch_forget(c->fetch, object);
}

static void work_again(void *data)
{
	struct contentd *c = data;
	fetch_poke(c->fetch);
	cook_poke(c->cook);
}

static void store_left(void *data)
{
	struct contentd *c = data;
	wants_recheck(c->wants);
	publish_pages_soon(c);
	work_again(c);
}

/* Names first: nobody should be sent to what is no longer there. */
static void store_changed(void *data)
{
	(void)publish_names(data, NULL);
	store_left(data);
}

static bool is_idle(void *data)
{
	const struct contentd *c = data;
	const struct want_msg *const *list;
	return wants_list(c->wants, &list) == 0 && !fetch_busy(c->fetch) && !cook_busy(c->cook);
}

/* --- what was learnt outside --------------------------------------------------------------------- */

static void catalogue_taken(void *data)
{
	inforce_next(data);
}

static void looked(void *data, int code, const struct fault *why)
{
	struct contentd *c = data;
	control_looked(c, code, why);
	fetch_poke(c->fetch);
	publish_pages_soon(c);
}

static void uplinks_changed(void *data)
{
	struct contentd *c = data;
	/* A line that came back is worth a look at once. */
	if (uplinks_now(c->uplinks)->internet == SITE_INTERNET_ON)
		fetch_hurry(c->fetch);
	fetch_poke(c->fetch);
	publish_pages_soon(c);
}

/* Somebody vouches for the time: there is a night from now on. */
static void time_known(void *data)
{
	const struct contentd *c = data;
	planning_changed(c->planning);
	if (c->staff)
		staff_tidy(c->staff);
}

/* --- once a second --------------------------------------------------------------------------------- */

static int each_second(sd_event_source *s, uint64_t usec, void *data)
{
	struct contentd *c = data;
	struct fault why = { 0 };
	(void)usec;
	int r = store_sync(c->store, &why);
	if (r && !c->sync_told)
		contentd_tell(c, "store.sync", "store", report_layer(&why), why.text);
	c->sync_told = r != 0;
	fetch_tick(c->fetch);
	inforce_tick(c);
	planning_tick(c->planning);
	live_line(c->live, uplinks_down_kbps(uplinks_now(c->uplinks)));
	sd_event_source_set_time(s, (clock_mono_ms() + 1000) * 1000);
	sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
	return 0;
}

/* --- beginning and end ------------------------------------------------------------------------------ */

/* The program beside this one, unless the configuration names another. */
static int find_transcoder(struct contentd *c, struct fault *why)
{
	struct kitchen_part *k = &c->conf->kitchen;
	if (k->program[0])
		return 0;
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len <= 0)
		return fault_set(why, -errno, "kitchen.program",
				 "/proc/self/exe: %s; name the program in [kitchen] program",
				 strerror(errno));
	self[len] = '\0';
	*strrchr(self, '/') = '\0';
	if ((size_t)snprintf(k->program, sizeof(k->program), "%s/wasl-transcoder", self) >=
	    sizeof(k->program))
		return fault_set(why, -ENAMETOOLONG, "kitchen.program",
				 "'%s' is too long a path; set [kitchen] program", self);
	return 0;
}

/* The unit says whether its part of the tree is ours; elsewhere we keep our hands off it. */
static void open_group(struct contentd *c)
{
	const char *ours = getenv("WASL_CGROUP");
	char tree[PATH_MAX], folder[PATH_MAX];
	AUTO_FREE void *text = NULL;
	size_t len = 0;
	struct fault why = { 0 };
	if (!ours || strcmp(ours, "delegated") != 0 ||
	    (size_t)snprintf(tree, sizeof(tree), "%s/fs/cgroup", c->conf->kitchen.sys) >=
		    sizeof(tree))
		return;
	int r = fileio_read("/proc/self/cgroup", CGROUP_TEXT_MOST, &text, &len, &why);
	if (r == 0 && kitchen_group_path(tree, text, folder, sizeof(folder)))
		r = fault_set(&why, -ENOENT, "kitchen.group",
			      "/proc/self/cgroup names no group of the unified tree");
	if (r == 0)
		r = kitchen_group_open(folder, &c->group, &why);
	if (r)
		log_fault(LOG_LEVEL_WARN, "kitchen.group", &why);
	else
		log_info("event=kitchen.group folder=%s", folder);
}

static int open_kitchen(struct contentd *c, struct fault *why)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	c->workers = c->conf->kitchen.workers ? (unsigned)c->conf->kitchen.workers
		     : cores > 1              ? (unsigned)cores
					      : 1;
	int r = content_conf_rungs(c->conf->kitchen.rungs, &c->rungs, why);
	if (r == 0)
		r = find_transcoder(c, why);
	if (r)
		return r;
	open_group(c);
	const struct kitchen_limits limits = { .workers = c->workers,
					       .memory_bytes = c->conf->kitchen.memory_bytes,
					       .cpu_s = (unsigned)c->conf->kitchen.cpu_s,
					       .program = c->conf->kitchen.program,
					       .group = c->group };
	return kitchen_new(c->loop, &limits, &c->kitchen, why);
}

/* nginx reads the store and the pages, not the counts: SQLite gives its side files the mode of the first. */
static int open_book(struct contentd *c, struct fault *why)
{
	char path[PATH_MAX];
	int r = contentd_file(c, "content.db", path, why);
	if (r)
		return r;
	AUTO_FD int fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fault_set(why, -errno, "content.db",
				 "'%s': %s; look at the folder and its owner", path,
				 strerror(errno));
	return book_open(path, &c->book, why);
}

static int open_disk(struct contentd *c, struct fault *why)
{
	char path[PATH_MAX];
	const struct store_limits limits = { c->conf->store.max_bytes,
					     c->conf->store.keep_free_bytes };
	struct fault minor = { 0 };
	int r = contentd_file(c, "store", path, why);
	if (r == 0)
		r = paths_mkdir(path, 0755, why);
	if (r == 0)
		r = store_open(path, &limits, &c->store, why);
	if (r == 0)
		r = open_book(c, why);
	if (r == 0)
		r = contentd_file(c, "plan.db", path, why);
	if (r == 0)
		r = agenda_open(path, &c->agenda, why);
	if (r == 0)
		r = contentd_file(c, "search.db", path, why);
	if (r == 0 && search_open(path, &c->search, &minor))
		log_fault(LOG_LEVEL_WARN, "search.open", &minor);
	if (r == 0)
		r = contentd_file(c, "", path, why);
	return r ? r : catalogue_open(path, &c->catalogue, why);
}

static int write_neighbours(const struct contentd *c, struct fault *why)
{
	char path[PATH_MAX];
	int r = contentd_file(c, "store/neighbours", path, why);
	return r ? r : neighbours_write(path, c->conf->content.neighbours, why);
}

static int open_parts(struct contentd *c, struct fault *why)
{
	const struct report report = { tell, c };
	const struct wants_calls wants = { pupils_look, wants_changed, pupils_count, names_spoilt,
					   c };
	const struct fetch_calls fetch = { .chunk_here = chunk_here,
					   .object_here = object_here,
					   .room = room_for_object,
					   .leave = planning_leave,
					   .spent = planning_spent,
					   .data = c };
	const struct cook_calls cook = { .segment_here = segment_here,
					 .segment_lost = segment_lost,
					 .segment_blank = segment_blank,
					 .room = room_for_rung,
					 .rung_here = rung_here,
					 .preview_here = preview_here,
					 .data = c };
	const struct keeper_calls keeper = { object_leaves, store_left, store_changed,
					     work_again,    is_idle,    c };
	const struct sync_calls sync = { catalogue_taken, looked, c };
	struct path socket = paths_at("%s", WANT_SOCKET);
	uint64_t salt;
	randombytes_buf(&salt, sizeof(salt));
	int r = origin_set(&c->origin, c->conf->origin.url, (unsigned)c->conf->origin.stall_s, salt,
			   why);
	if (r == 0)
		r = content_conf_sources(c->conf, salt, &c->origin, &c->sources, why);
	if (r == 0)
		r = http_new(c->loop, &c->http, why);
	if (r == 0)
		r = write_neighbours(c, why);
	if (r == 0)
		r = wants_new(c->loop, socket.at, 0660, &wants, &c->wants, why);
	if (r == 0)
		r = pass_new(c->conf->store.pass_bytes, &c->pass, why);
	if (r == 0)
		wants_offer(c->wants, (uint32_t)c->conf->content.patience_s * 1000,
			    pass_fd(c->pass));
	if (r == 0)
		r = fetch_new(c->loop, c->http, &c->sources, c->wants, c->pass,
			      (unsigned)c->conf->origin.streams, &fetch, &report, &c->fetch, why);
	if (r == 0)
		r = cook_new(c->loop, c->kitchen, c->wants, c->pass, c->workers, &cook, &report,
			     &c->cook, why);
	if (r == 0)
		r = keeper_new(c->loop, c->store, c->wants, (unsigned)c->conf->store.scrub_days,
			       &keeper, &report, &c->keeper, why);
	if (r == 0)
		r = sync_new(c->loop, c->http, &c->origin, c->catalogue,
			     (unsigned)c->conf->origin.interval_s, &sync, &report, &c->sync, why);
	if (r == 0)
		r = uplinks_new(c->loop, c->http, uplinks_changed, c, &c->uplinks, why);
	if (r == 0)
		r = boxtime_new(c->loop, c->http, time_known, c, &c->boxtime, why);
	if (r == 0)
		r = planning_open(c, why);
	return r;
}

static int open_all(struct contentd *c, struct fault *why)
{
	int r = open_disk(c, why);
	if (r == 0)
		r = open_kitchen(c, why);
	if (r == 0)
		r = open_parts(c, why);
	if (r == 0)
		r = live_ctl_open(c, why);
	if (r == 0)
		r = staff_open(c, &c->staff, why);
	if (r == 0)
		r = publish_start(c, why);
	if (r)
		return r;
	inforce_begin(c);
	settle_begin(c);
	if (sd_event_add_time(c->loop, &c->every_second, CLOCK_BOOTTIME, 0, 100000, each_second,
			      c) < 0)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	r = idle_start(c, &c->idle, why);
	if (r == 0)
		r = control_start(c, why);
	return r ? r : public_start(c, why);
}

int contentd_new(struct sd_event *loop, struct content_conf *conf, const struct conf_source *source,
		 struct contentd **out, struct fault *why)
{
	struct contentd *c = calloc(1, sizeof(*c));
	if (!c)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	if (sodium_init() < 0) {
		free(c);
		return fault_set(why, -EIO, "sodium", "libsodium cannot be started");
	}
	c->conf = conf;
	c->source = source;
	c->loop = loop;
	c->started_ms = clock_mono_ms();
	files_version(c->assets);
	int r = open_all(c, why);
	if (r)
		contentd_free(c);
	else
		*out = c;
	return r;
}

/* In the order in which they lean on each other: who asks first, then what is asked. */
void contentd_free(struct contentd *c)
{
	if (!c)
		return;
	live_ctl_close(c);
	ctl_close(c->control);
	ctl_close(c->public);
	staff_close(c->staff);
	publish_stop(c);
	sd_event_source_disable_unref(c->every_second);
	uplinks_free(c->uplinks);
	boxtime_free(c->boxtime);
	sync_free(c->sync);
	keeper_free(c->keeper);
	idle_free(c->idle);
	cook_free(c->cook);
	fetch_free(c->fetch);
	planning_close(c->planning);
	wants_free(c->wants);
	pass_free(c->pass);
	http_free(c->http);
	kitchen_free(c->kitchen);
	kitchen_group_close(c->group);
	library_free(c->library);
	search_close(c->search);
	store_close(c->store);
	catalogue_close(c->catalogue);
	book_close(c->book);
	agenda_close(c->agenda);
	free(c);
}
