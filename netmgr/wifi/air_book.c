// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/wifi/air_book.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/sheet.h"
#include "netmgr/net_conf.h"

static int read_line(const char *line, struct air_choice *out)
{
	struct air_choice c = { 0 };
	unsigned mhz, width;
	int end = -1;
	if (sscanf(line, "%15s %5u %2u %15" SCNd64 "%n", c.device, &mhz, &width, &c.since_s,
		   &end) != 4 ||
	    end < 0 || line[end] || !net_conf_good_device(c.device) || mhz > UINT16_MAX ||
	    !phy_number((uint16_t)mhz) || c.since_s < 0)
		return -EBADMSG;
	c.channel = channel_at((uint16_t)mhz, width);
	if (c.channel.width != width)
		return -EBADMSG;
	*out = c;
	return 0;
}

int air_book_read(const char *text, size_t len, struct air_book *out)
{
	out->count = 0;
	while (len) {
		char line[64];
		struct air_choice c;
		const char *end = memchr(text, '\n', len);
		const size_t n = end ? (size_t)(end - text) : len;
		if (!end || n >= sizeof(line) || memchr(text, '\0', n))
			return -EBADMSG;
		memcpy(line, text, n);
		line[n] = '\0';
		if (read_line(line, &c) < 0)
			return -EBADMSG;
		air_book_put(out, &c);
		text += n + 1;
		len -= n + 1;
	}
	return 0;
}

int air_book_write(const struct air_book *book, char out[static AIR_BOOK_ROOM])
{
	struct sheet s = { .at = out, .room = AIR_BOOK_ROOM };
	out[0] = '\0';
	for (size_t i = 0; i < book->count; i++)
		sheet_add(&s, "%s %u %u %" PRId64 "\n", book->list[i].device,
			  book->list[i].channel.mhz, book->list[i].channel.width,
			  book->list[i].since_s);
	return sheet_end(&s);
}

const struct air_choice *air_book_find(const struct air_book *book, const char *device)
{
	for (size_t i = 0; i < book->count; i++)
		if (strcmp(book->list[i].device, device) == 0)
			return &book->list[i];
	return NULL;
}

void air_book_put(struct air_book *book, const struct air_choice *choice)
{
	size_t i = 0;
	while (i < book->count && strcmp(book->list[i].device, choice->device) != 0)
		i++;
	if (i == WIFI_MAX) /* radios that are gone */
		memmove(book->list, book->list + 1, (--i) * sizeof(book->list[0]));
	else if (i == book->count)
		book->count++;
	book->list[i] = *choice;
}
