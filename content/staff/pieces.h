// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

struct fault;
struct sd_event;

/*
 * Pieces of films on their way to the disk (content/staff/upload.h). To be durable a piece may take seconds on a slow card: it is written
 * in a thread of its own, one after the other in the order in which they came, so that no pupil waits for it.
 */
#define PIECES_MOST 4u /* under way and waiting, each with its bytes in memory */

struct pieces;
int pieces_new(struct sd_event *loop, struct pieces **out, struct fault *why);
/* NULL is fine. Waits for the one that is being written; who still waits is told -ECANCELED. */
void pieces_free(struct pieces *p);

/* `have`: bytes that are here now; `why`: NULL, or why the piece is not (as upload_write()). */
typedef void pieces_done(void *data, uint64_t have, const struct fault *why);
struct piece {
	const char *folder, *id;
	uint64_t size, offset;
	const void *bytes;
	size_t len;
};
/* Everything in `piece` is copied. `done` is called once, later. -EAGAIN: too many are waiting already; -ENOMEM. */
int pieces_write(struct pieces *p, const struct piece *piece, pieces_done *done, void *data,
		 struct fault *why);
