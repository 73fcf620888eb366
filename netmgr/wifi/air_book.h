// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "netmgr/wifi/channel.h"

/*
 * The channels that the box chose, as they are kept on its disk: a line for each radio, "wlan0 2437 20 1790000000". A school
 * is not moved because a daemon was started anew. Pure.
 */
struct air_choice {
	char device[16];
	struct channel channel;
	int64_t since_s; /* Unix seconds; 0 while the clock was a guess */
};

struct air_book {
	struct air_choice list[WIFI_MAX];
	size_t count;
};

enum { AIR_BOOK_ROOM = 512 };

/* What is no such line ends it: -EBADMSG, and *out is what stood before. */
int air_book_read(const char *text, size_t len, struct air_book *out);
int air_book_write(const struct air_book *book, char out[static AIR_BOOK_ROOM]); /* length */

const struct air_choice *air_book_find(const struct air_book *book,
				       const char *device); /* or NULL */
void air_book_put(struct air_book *book, const struct air_choice *choice);
