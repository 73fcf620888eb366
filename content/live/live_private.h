// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/* What live.c (classes), live_track.c (the stream's playlists and pieces) and live_hold.c (requests) share; nobody else. */

#include <systemd/sd-event.h>

#include "content/live/live.h"
#include "content/live/live_files.h"
#include "content/live/live_list.h"
#include "content/live/live_rate.h"
#include "content/live/live_url.h"
#include "content/live/live_window.h"

#define LIVE_TRIES_MOST 8u
#define LIVE_PIECE_BYTES (16u << 20) /* a larger segment is refused */

struct http_result;
struct http_transfer;
struct live_class;

struct live_track {
	struct live_class *class;
	bool on;                  /* pieces are taken */
	uint64_t wanted_ms;       /* when somebody last asked for its playlist; 0: nobody */
	char url[LIVE_URL_BYTES]; /* its playlist; "": there is no such track */
	int version;              /* of the stream: a new one breaks the sequence */
	struct live_list list;    /* as it was last seen */
	bool listed;
	uint64_t asked_ms, next_list_ms, seen_ms, changed_ms; /* seen: the last good answer */
	unsigned tries;
	bool lost;           /* again and again: its address may be another one by now */
	uint64_t starved_ms; /* since when no piece came that was listed; 0: they come */
	char starved_why[464];
	struct http_transfer *asks, *brings;
	struct live_window window;
	bool published, dirty; /* its file is there; and is not what it should be */
	/* the piece under way */
	struct live_segment taking;
	struct live_piece piece;
	char body_url[LIVE_URL_BYTES], init_url[LIVE_URL_BYTES];
	bool wants_init;
	int piece_version, last_version;
	uint64_t piece_asked_ms, piece_next_ms;
	unsigned piece_tries;
	/* the init section in force */
	char init_known[LIVE_URL_BYTES];
	uint64_t init_from;
	uint32_t init_number;
	uint32_t init_kept; /* given to calls.kept */
	void *init_bytes;
	size_t init_len;
};

struct live_class {
	struct live *live;
	struct live_class_conf conf;
	enum live_origin origin;
	enum live_state state;
	char reason[464]; /* why it is not live; English */
	char session[17];
	struct live_list master; /* is_master false and no variants: the stream has one version */
	bool known;              /* master was read */
	struct http_transfer *asks;
	uint64_t looked_ms;  /* when a look last ended, well or not */
	uint64_t touched_ms; /* when somebody last asked anything */
	uint32_t need_kbps[LIVE_VARIANTS_MOST];
	size_t variant_of[LIVE_VARIANTS_MOST]; /* version -> variant of the master */
	size_t versions;
	bool apart; /* picture and sound come apart */
	struct live_rate rate;
	bool empty;             /* the last pieces that were asked for never came */
	bool stopped;           /* by a person, until a person begins it again */
	bool keep;              /* until it is over, whoever watches */
	bool sound_only, dirty; /* dirty: what master.m3u8 and state.json say */
	struct live_track main, sound;
	uint64_t stale_ms, over_ms, told_ms; /* told: people know of a pause; 0: they do not */
	uint64_t playlists, segments, bytes, asked; /* counts of this session */
};

struct live_hold {
	struct live_hold *next, **prev_next;
	struct live *live;
	struct live_class *class;
	struct ctl_request *req;
	uint64_t until_ms;
	char rest[64]; /* behind CLASS/ */
};

struct live {
	struct sd_event *loop;
	struct http *http;
	sd_event_source *timer;
	struct live_files *files;
	struct live_options options;
	char allow[512];
	struct live_calls calls;
	struct report report;
	struct live_class *classes[LIVE_CLASSES_MOST];
	size_t count;
	struct live_hold *holds;
	size_t hold_count;
	struct live_try *tries[LIVE_TRIES_MOST];
	uint32_t line_kbps;
};

/* live.c */
void live_touch(struct live *l);                                      /* the timer goes on */
void live_changed(struct live *l);                                    /* pages are told */
struct live_class *live_find(const struct live *l, const char *name); /* or NULL */

/* live_class.c */
void live_new_session(struct live_class *c);
void live_end_session(struct live_class *c); /* nothing of it is left, in memory or in files */
void live_set_state(struct live_class *c, enum live_state state);
void live_review(struct live_class *c); /* something has changed: state, files, held requests */
void live_fault(struct live_class *c, const struct fault *why);
const char *live_state_name(enum live_state state);

/* live_ask.c */
/* Starts a request for the stream; addresses that the playlist chose are admitted only where they may lead. */
int live_ask(struct live_class *c, const char *url, const struct live_part *part,
	     uint64_t limit_bytes, unsigned total_s,
	     void (*done)(void *data, const struct http_result *result), void *data,
	     struct http_transfer **out, struct fault *why);
void live_try_end_all(struct live *l);

/* live_text.c */
char *live_master_text(const struct live_class *c, size_t *len);
json_t *live_state_json(const struct live_class *c);

/* live_class.c */
bool live_ready(const struct live_class *c);                /* a player may begin */
void live_wake(struct live_class *c);                       /* somebody asks for something of it */
void live_wish(struct live_class *c, struct live_track *t); /* somebody watches it */

/* live_track.c */
void live_track_init(struct live_track *t, struct live_class *c, char name);
void live_track_use(struct live_track *t, const char *url, int version);
void live_track_stop(struct live_track *t);  /* transfers end, nothing is remembered */
void live_track_clear(struct live_track *t); /* its pieces go */
void live_track_step(struct live_track *t, uint64_t now_ms);
/* What is wrong with it for longer than is usual. */
enum live_ill { LIVE_WELL, LIVE_LOST, LIVE_STARVED, LIVE_STILL };
enum live_ill live_track_ill(const struct live_track *t, uint64_t now_ms);
bool live_track_over(const struct live_track *t);
bool live_track_has(const struct live_track *t, const char *name); /* "m12.ts" is among the files */

/* live_hold.c */
void live_hold_settle(struct live *l);
void live_hold_drop(struct live *l);
