// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cache/want.h"

struct fault;
struct sd_event;

/*
 * What pupils wait for: the listening end of the want socket. Several nginx workers are connected; nothing here blocks,
 * a worker that misbehaves loses its connection, and a connection that closes takes its wants with it.
 */
struct wants;

struct wants_calls {
	/*
	 * How it stands with `want` now: how many chunks from `first` on are there (of a segment: 1), 0 it will come,
	 * negative errno: it cannot come.
	 */
	int (*look)(void *data, const struct want_msg *want);
	/* Wants came or went. Called once per turn of the loop. */
	void (*changed)(void *data);
	/* Counts tallies of `instance`, whichever worker carried them; the last sequence that is on disk, 0 when none could be kept. */
	uint64_t (*tally)(void *data, uint64_t instance, const struct want_tally *tallies,
			  size_t count);
	/* A worker says that names.idx is damaged, or gone. */
	void (*spoilt)(void *data);
	void *data;
};

/* Listens on `path`, or on the socket that systemd passed under the name "want.sock". */
int wants_new(struct sd_event *loop, const char *path, mode_t mode, const struct wants_calls *calls,
	      struct wants **out, struct fault *why);
void wants_free(struct wants *w); /* NULL is fine */

/* What workers are told when they come: how long clients wait for their next byte, and pass_fd(), or -1. */
void wants_offer(struct wants *w, uint32_t patience_ms, int passed);

/*
 * What is waited for, most urgent first: smaller priority, then what each client waits for longest, then each one's next; among
 * those, who was told of nothing for longer. Valid until the next turn of the loop.
 * A reader who was just told of a chunk stays listed for WANTS_READING_MS with what comes behind it: the next want is
 * on its way, and meanwhile the line is not given to somebody else.
 */
#define WANTS_READING_MS 1500u
size_t wants_list(struct wants *w, const struct want_msg *const **out);

/* Tells everyone who waits for it; who is told waits no more. */
void wants_chunk_here(struct wants *w, const struct objmap_id *id, uint64_t chunk);
void wants_segment_here(struct wants *w, uint64_t rendition, uint32_t segment);
void wants_segment_failed(struct wants *w, uint64_t rendition, uint32_t segment, int error);
/* Looks at every want again, after what there is has changed altogether. */
void wants_recheck(struct wants *w);
