// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

struct fault;

/*
 * What the kernel says by itself: links that change, and things of ours that somebody else took away.
 */
enum nl_news {
	NL_NEWS_LINK = 1 << 0, /* look at the links now */
	NL_NEWS_LOST = 1 << 1, /* an address, or a route or rule of ours, is gone: take stock */
	NL_NEWS_OVERRUN =
		1
		<< 2, /* more than the buffer holds, the rest is lost: look and take stock at once */
};

/* A non-blocking socket that has subscribed; 0 or -errno. */
int nl_events_open(int *fd, struct fault *why);

/* Reads what waits, a bounded number at a time. `own_port` marks what our own orders caused. NL_NEWS_ bits. */
unsigned nl_events_read(int fd, uint32_t own_port);

/* The same for bytes at hand: one datagram. */
unsigned nl_events_parse(const void *bytes, size_t len, uint32_t own_port);
