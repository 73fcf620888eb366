// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "content/fetch/origin.h"

struct fault;

/*
 * Where bytes can be had: boxes of neighbour schools, the ministry's origin, mirrors; asked in this order. Nothing that
 * they send is believed before it is verified, so who sends it matters for speed alone. Each has its own health, and what it
 * could not bring is asked of the next one. Pure: time is given.
 */
enum source_kind { SOURCE_NEIGHBOUR, SOURCE_ORIGIN, SOURCE_MIRROR };
enum { SOURCES_MOST = 9, SOURCES_TROUBLES = 1024 };
#define SOURCES_WHOLE UINT64_MAX /* as a chunk: the object altogether */

struct source {
	char name[32];
	enum source_kind kind;
	struct origin *at; /* the main origin's is shared with who looks for catalogues */
	struct origin own;
	unsigned bad_row;       /* different chunks that came wrong since one came right */
	uint32_t lately;        /* of the last 32 that came: a bit for each that was wrong */
	uint64_t slow_until_ms; /* it kept a pupil waiting: others are asked first for who waits */
	uint64_t received_bytes, bad_chunks;
};

struct sources_trouble { /* what one of them could not bring */
	unsigned source, tries;
	size_t object;
	uint64_t chunk;
	uint64_t until_ms, urgent_ms;
};

struct sources {
	struct source all[SOURCES_MOST]; /* must stay where they are */
	size_t count;
	struct sources_trouble troubles[SOURCES_TROUBLES];
	size_t trouble_count;
};

void sources_init(struct sources *s, struct origin *origin);
/* -ENOSPC: more than SOURCES_MOST; -EINVAL: the address is none. `url` "" is not added. */
int sources_add(struct sources *s, const char *name, enum source_kind kind, const char *url,
		unsigned stall_s, uint64_t salt, struct fault *why);

/*
 * Who is asked for this chunk (or for the map: SOURCES_WHOLE): its number, or -1 and in *wake_ms when to try again (0:
 * nobody will ever have it).
 */
int sources_pick(const struct sources *s, size_t object, uint64_t chunk, enum origin_for who,
		 uint64_t now_ms, uint64_t *wake_ms);
/* How many of the chunks from `first` on it can be asked for in one run. */
uint64_t sources_run(const struct sources *s, int source, size_t object, uint64_t first,
		     uint64_t count, enum origin_for who, uint64_t now_ms);

/* It could not bring this. Returns how often in a row. */
unsigned sources_failed(struct sources *s, int source, size_t object, uint64_t chunk,
			uint64_t now_ms);
/*
 * A pupil waits for what comes from it too slowly. True when another can be asked, which then comes first for pupils, for a minute;
 * false: it is as good as any, and goes on.
 */
bool sources_slow(struct sources *s, int source, size_t object, uint64_t chunk, uint64_t now_ms);
/*
 * A chunk came wrong: true when the source is to be left alone altogether, because nothing good comes from it (three others in a
 * row), or too little (a quarter of the last 32).
 */
bool sources_lies(struct sources *s, int source, unsigned tries);
/* A chunk came right, or the map (SOURCES_WHOLE). */
void sources_brought(struct sources *s, int source, size_t object, uint64_t chunk);
/* Everything may be tried again at once. */
void sources_hurry(struct sources *s);
/* Another library: its objects have other numbers. */
void sources_forget(struct sources *s);
