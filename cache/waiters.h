// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cache/sender.h"
#include "cache/want.h"

/*
 * Who waits for what in one worker: however many requests wait for a thing, contentd is asked once. Pure: the caller
 * carries messages and wakes requests. Requests embed a struct waiter.
 */
struct waiters;
struct waiters_thing;

struct waiter {
	struct waiter *next, *prev;  /* in a chain that was handed out: follow `next` */
	struct waiters_thing *thing; /* NULL: waits for nothing */
	int error;                   /* after waking: 0, or contentd's answer */
};

enum { WAITERS_MAX_THINGS = 4096 };

struct waiters *waiters_new(void);
void waiters_free(struct waiters *w); /* NULL is fine; waiters still in it wait for nothing then */

/*
 * `client` waits for `want`: a number that all its requests have, 0 not known. A new thing is queued to be asked for, and once
 * more when another client joins. -ENOMEM, -ENOBUFS (too many things), -EBUSY (this waiter waits already).
 */
int waiters_join(struct waiters *w, const struct sender_want *want, uint32_t client,
		 struct waiter *who);
/* No-op when it waits for nothing. The last one to leave queues a CANCEL, unless nobody was asked yet. */
void waiters_leave(struct waiters *w, struct waiter *who);

/* The next message to send; false when there is none. Call waiters_sent() when it left, else it comes again. */
bool waiters_next(struct waiters *w, struct want_msg *out);
void waiters_sent(struct waiters *w);
/* The connection is gone, and all wants with it: each is queued again. */
void waiters_disconnected(struct waiters *w);

/* READY or FAILED: the waiters it concerns, out of the table, as a chain; NULL for a token that is not known. */
struct waiter *waiters_hear(struct waiters *w, const struct want_msg *msg);
/* Those whose thing is there by now, whatever became of the message that should have said so. */
struct waiter *waiters_recheck(struct waiters *w,
			       bool (*there)(const struct sender_want *want, void *data),
			       void *data);

size_t waiters_things(const struct waiters *w);
