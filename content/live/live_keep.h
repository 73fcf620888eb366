// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "content/live/live.h"
#include "content/report.h"

struct fault;
struct store;

/*
 * Classes that are kept: what phones get is written down as it comes, and when the class ends it is a lesson of the school. A
 * recording is files of the store with addresses of their own (cache/store_local.h), which go only when a person says so:
 * /p/live/ID/{master,main,sound}.m3u8 and parts of at most LIVE_KEEP_PART_BYTES, named by byte ranges. ID is CLASS-DAY-TIME.
 *
 * `folder`/ID/ holds what is not in the store yet: `m1.ts` …, and `log`, a line for each piece, written after the piece is
 * durable. What a power cut leaves is made a lesson at the next start, without its last piece at most.
 */
#define LIVE_KEEP_PART_BYTES (8u << 20)
#define LIVE_KEEP_ID_BYTES 64u

struct live_keep_calls {
	int (*named)(void *data, struct fault *why); /* new addresses are to be published */
	void (*changed)(void *data);                 /* a recording came or went */
	/* The store is full: 0, -EAGAIN: in a moment, or why there is no room. */
	int (*room)(void *data, uint64_t bytes, const char *cause, struct fault *why);
	void (*busy)(void *data); /* live_keep_step() is to be called soon, until it returns 0 */
	void *data;
};

struct live_keep;
struct live_keep_row { /* a finished recording */
	char id[LIVE_KEEP_ID_BYTES];
	char ar[128], fr[128], en[128], name[LIVE_NAME_MOST];
	int64_t day_s; /* Unix time of its beginning, by a clock that may lie */
	uint64_t ms, bytes;
};

/* What an interrupted run left is finished by and by. */
int live_keep_open(struct store *store, const char *folder, const struct live_keep_calls *calls,
		   const struct report *report, struct live_keep **out, struct fault *why);
void live_keep_close(
	struct live_keep *k); /* NULL is fine; what is under way is finished at the next start */

/* From now on; durable. 0 also when it is being kept already. */
int live_keep_begin(struct live_keep *k, const struct live_class_conf *conf, struct fault *why);
int live_keep_is_on(const struct live_keep *k, const char *class);
/* What has come: the sink of struct live_calls. */
void live_keep_take(struct live_keep *k, const struct live_bytes *bytes);
/* The class has ended: it becomes a lesson, by and by. */
void live_keep_end(struct live_keep *k, const char *class);
/* Moves a slice into the store, so that nobody waits for a part: after how many ms again; 0: there is nothing to do. */
uint64_t live_keep_step(struct live_keep *k);

size_t live_keep_count(const struct live_keep *k);
const struct live_keep_row *live_keep_at(const struct live_keep *k, size_t i);
/* A person does not want it any more: -ENOENT. Its bytes leave the store. */
int live_keep_forget(struct live_keep *k, const char *id, struct fault *why);
json_t *live_keep_json(const struct live_keep *k); /* finished ones; the caller's */
