// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/* What feeder.c (the want socket) and feeder_do.c (commands) share; nobody else. */

#include <stdbool.h>
#include <stdint.h>

#include "cache/names_builder.h"
#include "cache/pass.h"
#include "cache/store.h"
#include "cache/want.h"

struct fault;

enum {
	CHUNK = OBJMAP_CHUNK_BYTES,
	MAX_WORKERS = 16,
	MAX_WANTS = 1024,
	MAX_THINGS = 64,
	MAX_INSTANCES = 64,
	SEGMENT_MS = 4000
};

struct pending {
	int worker; /* descriptor; -1 free */
	struct want_msg msg;
	uint64_t due_ms;
};

struct thing {
	char key[32];
	uint64_t seed;
	uint32_t count;
	struct store_object *object;
	struct store_rendition *rendition;
};

struct use {
	char rung[24];
	uint64_t starts, completions, devices, watched_ms, sent_bytes;
};

struct feeder {
	struct store *store;
	struct names_builder *names;
	struct pass *pass;
	char index[4096];
	int listener, workers[MAX_WORKERS];
	struct pending pending[MAX_WANTS];
	struct thing things[MAX_THINGS];
	struct use uses[MAX_THINGS];
	struct {
		uint64_t instance, sequence;
	} heard[MAX_INSTANCES]; /* as contentd's book has it */
	enum { MANUAL, AUTO, REFUSE, LIE } mode;
	uint64_t delay_ms, wants, cancels, spoilt; /* spoilt: how often the index was said to be */
	bool forgetful;                            /* tallies are heard, and lost */
};

_Noreturn void feeder_die(const char *what, const struct fault *why);
int feeder_put_segment(struct thing *t, uint32_t segment);
int feeder_put_chunk(struct thing *t, uint64_t chunk);
/* Answers every want whose thing is there by now. */
void feeder_answer_ready(struct feeder *all);
void feeder_drop_worker(struct feeder *all, int *worker);

/* feeder_do.c: a line of standard input, answered by a line. */
void feeder_command(struct feeder *f, char *line);
