// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "netmgr/six/ra.h"
#include "netmgr/six/ra_book.h"
#include "netmgr/six/ra_memo.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum { NOW_MS = 1000000 };

static void read_advert(const uint8_t *bytes, size_t len)
{
	const struct in6_addr from = { .s6_addr = { 0xfe, 0x80, [15] = 1 } };
	struct ra_book book = { 0 };
	struct ra ra;
	if (ra_parse(bytes, len, &ra) < 0)
		return;
	if (ra.prefix_count > RA_PREFIXES || ra.server_count > RA_SERVERS ||
	    (ra.mtu && ra.mtu < RA_MTU_MIN))
		abort();
	for (size_t i = 0; i < ra.prefix_count; i++)
		if (ra.prefixes[i].len > 128 ||
		    (ra.prefixes[i].autonomous && ra.prefixes[i].len != 64))
			abort();
	ra_book_take(&book, &from, &ra, NOW_MS);
	ra_book_take(&book, &from, &ra, NOW_MS + 1);
	if (book.net_count > RA_BOOK_NETS || book.server_count > RA_BOOK_SERVERS ||
	    ra_book_pass(&book, NOW_MS + 1) <= NOW_MS + 1)
		abort();
}

static void read_memo(const uint8_t *bytes, size_t len)
{
	struct ra_memo *memo = malloc(sizeof(*memo));
	uint8_t *again = malloc(RA_MEMO_ROOM);
	struct ra_book book = { 0 };
	if (memo && again && ra_memo_read(bytes, len, 1, NOW_MS, memo) == 0) {
		(void)ra_memo_write(memo, 1, again);
		ra_memo_replay(memo, &book, NOW_MS);
	}
	free(memo);
	free(again);
}

/* First byte: 'm' is the daemon's own file, anything else a router's word. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len < 1)
		return 0;
	/* At the end of its memory, so that a byte too many is seen. */
	uint8_t *copy = malloc(len - 1 ? len - 1 : 1);
	if (!copy)
		return 0;
	memcpy(copy, bytes + 1, len - 1);
	if (bytes[0] == 'm')
		read_memo(copy, len - 1);
	else
		read_advert(copy, len - 1);
	free(copy);
	return 0;
}
