// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "content/book.h"
#include "content/catalogue/catalogue.h"
#include "content/conf.h"
#include "content/kitchen/cook.h"
#include "content/fetch/fetch.h"
#include "content/keeper/keeper.h"
#include "content/catalogue/library.h"
#include "content/live/live.h"
#include "content/fetch/origin.h"
#include "content/portal/site.h"
#include "content/fetch/promise.h"
#include "content/replan.h"
#include "content/shelf/search.h"
#include "content/fetch/sources.h"
#include "content/catalogue/sync.h"
#include "content/fetch/uplinks.h"
#include "content/wants.h"
#include "firmware/web/strings.h"

struct agenda;
struct boxtime;
struct ctl;
struct ctl_request;
struct fault;
struct http;
struct idle;
struct kitchen;
struct kitchen_group;
struct live_keep;
struct pass;
struct planning;
struct sd_event;
struct sd_event_source;
struct staff;

/*
 * wasl-contentd put together: who tells whom. The parts know nothing of each other; what one of them learns comes here and
 * goes on from here. contentd.c wires, publish.c writes what nginx reads, control.c and public.c answer.
 */
struct contentd {
	struct content_conf *conf;
	const struct conf_source *source; /* where it comes from */
	char settings_refused[480]; /* why the ministry's settings are not in force; "": they are */
	struct sd_event *loop;
	struct http *http;
	struct origin origin;
	struct sources sources;
	struct catalogue *catalogue;
	struct store *store;
	struct book *book;
	struct agenda *agenda;
	struct boxtime *boxtime;
	struct planning *planning;
	struct search *search;       /* NULL: it could not be opened; everything else goes on */
	struct kitchen_group *group; /* NULL: the box gives us none */
	struct kitchen *kitchen;
	struct pass *pass;
	struct wants *wants;
	struct fetch *fetch;
	struct cook *cook;
	struct idle *idle;
	struct keeper *keeper;
	struct sync *sync;
	struct uplinks *uplinks;
	struct live *live;
	struct live_keep *keep;
	struct replan keep_steps;
	struct library *library;   /* NULL: no catalogue yet, or it could not be built */
	uint64_t library_again_ms; /* then it is tried again; 0: it need not be */
	struct staff *staff;       /* teachers, and the school's own lessons */
	struct ctl *control, *public;
	struct sd_event_source *every_second, *publish_names, *publish_pages;
	uint32_t rungs;
	unsigned workers;
	uint64_t started_ms;
	uint64_t full_told_ms; /* no room on disk: until then it has been said */
	bool sync_told;        /* the disk refused to keep chunks: said once */
	bool assets_written;
	bool names_told, pages_told; /* could not be written: said once */
	bool names_spoilt;           /* found to be damaged, and said, since it was last written */
	uint64_t names_looked_ms;    /* when it was last looked at whole; 0: never */
	uint64_t *pages_made;        /* what the pages on disk show; NULL: not known */
	char assets[17];             /* version of the portal's files */
	struct ctl_request *waiting[8]; /* POST /v1/sync under way */
};

/* `conf` and `source` are borrowed for the life of *out. */
int contentd_new(struct sd_event *loop, struct content_conf *conf, const struct conf_source *source,
		 struct contentd **out, struct fault *why);
void contentd_free(struct contentd *c); /* NULL is fine */

/* contentd.c */
void contentd_tell(struct contentd *c, const char *kind, const char *subject, const char *layer,
		   const char *sentence);
/* The language that was asked for, else the box's. */
enum strings_lang contentd_lang(const struct ctl_request *req, const struct contentd *c);
int contentd_file(const struct contentd *c, const char *name, char out[static PATH_MAX],
		  struct fault *why);

/* publish.c: soon, many changes at once */
int publish_start(struct contentd *c, struct fault *why);
void publish_stop(struct contentd *c);
void publish_forget(struct contentd *c); /* another catalogue: every page is made anew */
void publish_names_soon(struct contentd *c);
int publish_names(struct contentd *c, struct fault *why); /* now: who asked looks for it next */
void publish_names_spoilt(struct contentd *c); /* a reader says that it is damaged, or gone */
void publish_pages_soon(struct contentd *c);
void publish_progress_soon(struct contentd *c); /* only a bar has grown */
/* The site as it is now; freed with publish_site_done(). */
struct publish_site {
	struct site site;
	char address[CONTENT_ADDRESS_ROOM];
	struct site_lesson *lessons;
	struct site_download *downloads;
	bool *files_here;
	struct site_live live[LIVE_CLASSES_MOST];
	struct site_kept *kept;
	char (*kept_dates)[11];
	struct site_uplink uplinks[UPLINKS_MOST];
	struct promise_sum coming;
	char since[16], read_at[16];
};
int publish_site_make(struct contentd *c, struct publish_site *out);
void publish_site_done(struct publish_site *p);
/* How far each lesson is, and when it will be whole; freed with publish_outlook_done(). */
struct publish_outlook {
	struct publish_one {
		struct library_progress progress;
		int64_t eta_s; /* -1 not known */
		int minutes;   /* as people say it; -1 not known */
		struct planner_promise promise;
	} * lessons;
	struct promise_sum sum;
};
int publish_outlook(const struct contentd *c, struct publish_outlook *out);
void publish_outlook_done(struct publish_outlook *o);

/* control.c and public.c */
int control_start(struct contentd *c, struct fault *why);
void control_looked(struct contentd *c, int code,
		    const struct fault *why); /* a look at the origin has ended */
int public_start(struct contentd *c, struct fault *why);
