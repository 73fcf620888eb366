// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "content/report.h"

struct ctl_request;
struct fault;
struct http;
struct sd_event;

/*
 * Live classes: a stream of the ministry or of an encoder, carried once over the school's line and given to all phones. The box
 * is the stream's only player: it asks for the playlist once a refresh and for each segment once, takes the version
 * that the line carries (live_rate.h), and offers one stream of its own below /live/CLASS/, from files in memory that nginx
 * serves. It begins when somebody asks and ends when nobody does.
 *
 *	master.m3u8, main.m3u8, sound.m3u8	playlists; `sound` where the stream has sound apart or alone
 *	state.json				{"state": …, "mode": "video" or "sound", …}: what the page says
 *	SESSION/m12.m4s …			pieces; a session's names never mean other bytes
 *
 * A playlist's file is taken away now and then, so that the next request comes here and shows that somebody still watches;
 * a request for what is not there yet is held, not refused.
 */
#define LIVE_CLASSES_MOST 16u
#define LIVE_NAME_MOST 32u
#define LIVE_HOLDS_MOST 512u /* requests that wait at once */

struct live_class_conf {
	char name[LIVE_NAME_MOST]; /* a slug; part of the address */
	char url[512];
	char ar[128], fr[128], en[128]; /* titles; "" : another language's, or the name */
	int64_t most_kbps;              /* 0: what the line carries */
};

/* A name that is a slug of at most 31 bytes and an address of the web: -EINVAL else. */
int live_conf_check(const struct live_class_conf *conf, struct fault *why);

struct live_options {
	const char *folder;
	uint64_t max_bytes; /* of all classes together */
	const char *
		allow; /* hosts ("10.0.0.7 encoder:8080") inside the school that streams may come from */
	unsigned patience_s; /* how long a request is held */
	unsigned linger_s;   /* how long a class goes on after the last phone asked */
	unsigned settle_s;   /* how long the line must be better before the picture is */
	unsigned stale_s;    /* how long a class is kept whose stream does not answer */
};

enum live_state { LIVE_IDLE, LIVE_LOOKING, LIVE_ON, LIVE_STALE, LIVE_OFF, LIVE_OVER };

struct live_view { /* of one class, for pages and `wasl live`; pointers are live's */
	const char *name, *ar, *fr, *en;
	enum live_state state;
};

struct live_bytes { /* of a class that is kept, as phones get them */
	const char *class;
	char track, kind; /* as in live_window.h; kind 'i': an init section */
	uint32_t ms;
	uint64_t stretch;
	const void *bytes;
	size_t len;
};

struct live_calls {
	void (*changed)(void *data); /* classes came or went, or one's state changed */
	void (*kept)(void *data, const struct live_bytes *bytes);
	void (*kept_all)(void *data, const char *class); /* the class has ended */
	void *data;
};

struct live;
int live_new(struct sd_event *loop, struct http *http, const struct live_options *options,
	     const struct live_calls *calls, const struct report *report, struct live **out,
	     struct fault *why);
void live_free(struct live *l); /* NULL is fine; before the sockets that it answers on are closed */

/* A class that is configured (its host is taken as it is) or that a person begins. -EEXIST, -EINVAL, -ENOSPC. */
enum live_origin { LIVE_CONFIGURED, LIVE_STARTED };
int live_add(struct live *l, const struct live_class_conf *conf, enum live_origin origin,
	     struct fault *why);
/* Whether live_add() would take it now; asks nobody. */
int live_may_add(const struct live *l, const struct live_class_conf *conf, struct fault *why);
/*
 * The same, and whether the box may ask there: one request, for what the name leads to. `done` once, later: NULL, or why such a
 * class is refused (-EINVAL; -ECANCELED when live is released). A stream that does not answer yet is not refused.
 * live_try_leave(): who asked is gone, `done` is not called.
 */
struct live_try;
int live_try(struct live *l, const struct live_class_conf *conf,
	     void (*done)(void *data, const struct fault *refused), void *data,
	     struct live_try **out, struct fault *why);
void live_try_leave(struct live_try *t);

/*
 * Ends the class's session. One that was started is forgotten; one that is configured stays off until live_resume() or
 * the next start. -ENOENT.
 */
int live_resume(struct live *l, const char *name, struct fault *why);
int live_stop(struct live *l, const char *name, struct fault *why);
/* From now on everything of the class is given to calls.kept, and it goes on until it is over, whoever watches. -ENOENT. */
int live_keep(struct live *l, const char *name, struct fault *why);
/* It is not kept any more; calls.kept_all is not called. */
void live_let_go(struct live *l, const char *name);
const struct live_class_conf *live_conf(const struct live *l, const char *name); /* or NULL */
enum live_origin live_origin_at(const struct live *l, size_t i);
/* What netmgrd says that the line brings; 0 not known. */
void live_line(struct live *l, uint32_t down_kbps);

/* Answers /live/REST at once or later. */
void live_serve(struct live *l, struct ctl_request *req, const char *rest);

size_t live_count(const struct live *l);
struct live_view live_at(const struct live *l, size_t i);
json_t *live_json(const struct live *l); /* everything, with counts; the caller's */
