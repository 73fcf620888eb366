// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "content/catalogue/library.h"
#include "content/report.h"
#include "content/fetch/sources.h"
#include "content/wants.h"

struct fault;
struct http;
struct pass;
struct sd_event;

/*
 * The only downloader of lessons. Maps first, verified; then chunks by byte range into the store, which verifies each. What
 * comes next is content/fetch/schedule.h's to say, of whom content/fetch/sources.h's. A cut line costs no byte that has come: a chunk under way is
 * gone on with. A chunk that came wrong is asked of another source, or again, with longer and longer pauses.
 */
struct fetch;

/* What may be asked for that nobody waits for. */
struct fetch_leave {
	bool closed;  /* nothing now */
	bool limited; /* bytes cost money: */
	uint64_t left_bytes;
};

struct fetch_calls {
	void (*chunk_here)(void *data, size_t object, uint64_t chunk);
	void (*object_here)(void *data, size_t object); /* complete */
	/* The store has no room for it: makes some (0), or says why not (-EAGAIN: in a moment). */
	int (*room)(void *data, size_t object, struct fault *why);
	struct fetch_leave (*leave)(void *data);
	void (*spent)(void *data, uint64_t bytes); /* came, and nobody waited for them */
	void *data;
};

struct fetch_counts {
	uint64_t chunks, bad_chunks, received_bytes, maps;
	uint64_t bps; /* of the last minutes; 0 not known */
};

/* `pass`: where bytes go for which the disk has no room. */
int fetch_new(struct sd_event *loop, struct http *http, struct sources *sources,
	      struct wants *wants, struct pass *pass, unsigned streams,
	      const struct fetch_calls *calls, const struct report *report, struct fetch **out,
	      struct fault *why);
void fetch_free(struct fetch *f); /* NULL is fine */

/* Works for this library from now on (NULL: rests); what was under way is ended. */
void fetch_use(struct fetch *f, struct library *library);
/* An object is about to leave the store: what is under way for it ends. */
void fetch_forget(struct fetch *f, size_t object);
/* Looks whether there is something else to do: wants changed, the origin came back. */
void fetch_poke(struct fetch *f);
/* Once a second: looks for streams that drip. */
void fetch_tick(struct fetch *f);
/* What waits after a failure is tried at once: somebody asks, or the line came back. */
void fetch_hurry(struct fetch *f);
bool fetch_busy(const struct fetch *f); /* something is under way */
struct fetch_counts fetch_count(const struct fetch *f);
