// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/* What live_keep.c (recording) and live_kept.c (recordings) share; nobody else. */

#include <limits.h>
#include <stdbool.h>

#include "content/live/live_keep.h"

#define LIVE_KEPT_MOST 512u

struct tape { /* a recording under way */
	char id[LIVE_KEEP_ID_BYTES];
	char class[LIVE_NAME_MOST];
	int folder, log;
	struct {
		int fd;
		uint32_t part;
		uint64_t at;
		char kind;
	} track[2];  /* main, sound */
	bool failed; /* told once; what came before is kept */
};

struct live_job { /* what goes into the store next */
	struct live_job *next;
	char id[LIVE_KEEP_ID_BYTES];
	char part[32]; /* "": the class has ended, whatever is left of it */
	unsigned tries;
};

struct live_move;

struct live_keep {
	struct store *store;
	int folder;
	char path[PATH_MAX];
	struct live_keep_calls calls;
	struct report report;
	struct tape *tapes[LIVE_CLASSES_MOST];
	size_t tape_count;
	struct live_job *jobs; /* the first is under way */
	struct live_move *move;
	int moving; /* its folder; -1: none */
	struct live_keep_row *rows;
	size_t count;
};

json_t *live_kept_json(const struct live_keep_row *r);
bool live_kept_take(struct live_keep_row *r, const json_t *from); /* false: it is none */
int live_kept_read(struct live_keep *k);
int live_kept_write(struct live_keep *k, struct fault *why);
