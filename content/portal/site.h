// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "content/fetch/planner.h"
#include "content/portal/page.h"
#include "firmware/record/catalogue.pb.h"

struct fault;
struct promise_sum;

/*
 * The classroom portal as the world is now: structs in, HTML out. Pure: no clock, no disk, no network.
 * Every page is made in three languages and works without scripts.
 */
struct site_download {
	const char *rung; /* "360p", "audio" */
	uint64_t bytes;   /* 0: not ready */
};

struct site_lesson {
	const wasl_Item *item;
	bool playable;                  /* has renditions, made or to be made */
	bool plays;                     /* can be watched now, even if it is not whole */
	bool complete;                  /* every rung is whole */
	bool failed;                    /* cannot be made */
	int minutes;                    /* until it is complete; -1 not known */
	struct planner_promise promise; /* what is said of it when that is further away */
	uint32_t done, total;           /* segments of all rungs */
	const char *generation;         /* "" when not playable */
	bool sound;                     /* has a sound-only rung */
	bool poster;                    /* its picture has arrived */
	bool preview, chapters;         /* small pictures for the seek bar; where slides change */
	const struct site_download *downloads;
	size_t download_count;
	const bool *files_here; /* one for each attachment */
};

enum site_internet { SITE_INTERNET_UNKNOWN, SITE_INTERNET_ON, SITE_INTERNET_OFF };

struct site_uplink {
	const char *name, *state, *grade, *reason; /* as netmgrd names them */
	bool preferred;
};

struct site_status {
	enum site_internet internet;
	const char *since; /* "09:42", "" when not known */
	const char *layer; /* "isp"; "" when nothing is wrong */
	const struct site_uplink *uplinks;
	size_t uplink_count;
	bool origin_ok;
	uint64_t free_bytes;
	const char *read_at;              /* "09:45" */
	const struct promise_sum *coming; /* what is still to come; NULL: not known */
};

enum site_class {
	SITE_CLASS_UNKNOWN,
	SITE_CLASS_LIVE,
	SITE_CLASS_STALE,
	SITE_CLASS_OFF,
	SITE_CLASS_OVER
};

struct site_live {                /* a live class */
	const char *name;         /* part of its address */
	const char *ar, *fr, *en; /* titles; "" : another language's, or the name */
	enum site_class state;    /* as it was last seen */
};

struct site_kept {                /* a live class that was kept */
	const char *id;           /* part of its addresses: /live/ID, /p/live/ID/ */
	const char *ar, *fr, *en; /* titles, as of a class */
	const char *name;         /* of the class */
	const char *date;         /* "2026-11-22" */
	uint64_t ms;
};

struct site {
	const struct page_source *pages;
	const char *school;                /* "" : the general name */
	const char *address;               /* "http://madrasa/" */
	const char *assets;                /* changes when an asset changes */
	const wasl_Catalogue *catalogue;   /* NULL: none has arrived */
	const struct site_lesson *lessons; /* one for each of its items, same order */
	size_t lesson_count;
	const struct site_live *live;
	size_t live_count;
	const struct site_kept *kept;
	size_t kept_count;
	int32_t today; /* local day since 1970; 0: not known */
	struct site_status status;
};

/* *out is malloc'ed and terminated. */
int site_home(const struct site *s, enum strings_lang lang, char **out, size_t *len,
	      struct fault *why);
int site_subject(const struct site *s, enum strings_lang lang, const char *subject, char **out,
		 size_t *len, struct fault *why);
int site_lesson(const struct site *s, enum strings_lang lang, size_t lesson, char **out,
		size_t *len, struct fault *why);
int site_status(const struct site *s, enum strings_lang lang, char **out, size_t *len,
		struct fault *why);
int site_help(const struct site *s, enum strings_lang lang, char **out, size_t *len,
	      struct fault *why);
/* Where a phone is led that has just joined: one step before the portal (cache/nginx/conf/probes.conf). */
int site_welcome(const struct site *s, enum strings_lang lang, char **out, size_t *len,
		 struct fault *why);
/* All live classes; one of them. */
int site_classes(const struct site *s, enum strings_lang lang, char **out, size_t *len,
		 struct fault *why);
int site_class(const struct site *s, enum strings_lang lang, size_t live, char **out, size_t *len,
	       struct fault *why);
int site_kept(const struct site *s, enum strings_lang lang, size_t kept, char **out, size_t *len,
	      struct fault *why);
enum site_error { SITE_MISSING = 404, SITE_BUSY = 503 };
int site_error(const struct site *s, enum strings_lang lang, enum site_error error, char **out,
	       size_t *len, struct fault *why);
/* `hits` are lessons, best first; count 0 with `query` "" asks for a word. `busy`: the index could not be asked. */
enum site_search { SITE_SEARCH_DONE, SITE_SEARCH_BUSY };
int site_search(const struct site *s, enum strings_lang lang, const char *query,
		enum site_search search, const size_t *hits, size_t count, char **out, size_t *len,
		struct fault *why);

/*
 * A number that changes whenever the lesson's page would; never 0. A school of a thousand lessons does not make three
 * thousand pages anew because one progress bar has grown.
 */
uint64_t site_lesson_print(const struct site *s, size_t lesson);

/* Subjects that have lessons, in the catalogue's order, then those it does not name; "other" for lessons without. */
size_t site_subjects(const struct site *s, const char **out, size_t room);

/* The text in `lang`, else in another language that it has; never NULL. */
const char *site_text(const wasl_Text *text, enum strings_lang lang);
/* "14 MB", "1,4 Mo"; `out` has 40 bytes. */
void site_size(enum strings_lang lang, uint64_t bytes, char out[static 40]);
/* "12:40", "1:02:03"; `out` has 24 bytes. */
void site_duration(uint64_t ms, char out[static 24]);
