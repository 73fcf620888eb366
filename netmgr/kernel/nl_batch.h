// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

struct nl_msg;
struct nlmsghdr;

/*
 * Many orders or questions of one kind to the kernel at once: it takes them in the order given and answers questions, and
 * of orders only those that it refuses, and the last of a few dozen. A batch of zeroes is empty.
 */
struct nl_batch {
	uint8_t *bytes;
	size_t len, room;
};

void nl_batch_clear(struct nl_batch *b); /* empty again; what it held is freed */

/* A copy of the message waits its turn; 0 or -ENOMEM. */
int nl_batch_add(struct nl_batch *b, struct nl_msg *msg);

/* What the kernel says to a question; `nth` counts them from 0, in the order in which they were added. */
struct nl_batch_reader {
	void (*each)(void *data, unsigned nth, struct nlmsghdr *answer);
	void *data;
};

/*
 * Sends them all over a socket of its own. *done is how many were not refused; `tolerated` (an errno, say ENOENT) is no
 * failure; `reader` may be NULL. 0 or the first other refusal as -errno, after all are sent.
 */
int nl_batch_send(struct nl_batch *b, int protocol, int tolerated,
		  const struct nl_batch_reader *reader, unsigned *done);
