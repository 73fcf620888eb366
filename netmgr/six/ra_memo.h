// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "netmgr/six/ra_book.h"

/*
 * What the routers of a wire said last of each prefix, word for word and when, so that the next life of the daemon knows what
 * this one knew: it reads them like any others (ra_parse()). Pure.
 */
enum { RA_MEMO_SAID = 2 * RA_BOOK_ROUTERS };

struct ra_memo {
	struct ra_said {
		struct in6_addr from;
		uint64_t at_ms; /* of clock_mono_ms(): the file is of this boot */
		size_t len;
		uint8_t bytes[RA_BYTES_MAX];
	} said[RA_MEMO_SAID]; /* the last one last */
	size_t count;
};

enum { RA_MEMO_HEAD = 12, RA_MEMO_ENTRY = 28 };
enum { RA_MEMO_ROOM = RA_MEMO_HEAD + RA_MEMO_SAID * (RA_MEMO_ENTRY + RA_BYTES_MAX) };

/* Takes the place of what the same router said of the same prefixes before; where there is no room, of the oldest. */
void ra_memo_note(struct ra_memo *m, const struct in6_addr *from, const uint8_t *bytes, size_t len,
		  uint64_t now_ms);

/* What was said before then is forgotten. */
void ra_memo_forget(struct ra_memo *m, uint64_t since_ms);

/* Length. `ifindex`: a device that was plugged in anew may be on another wire. */
size_t ra_memo_write(const struct ra_memo *m, int ifindex, uint8_t out[static RA_MEMO_ROOM]);

/* -EBADMSG for anything that was not written so, of another device, or later than now. */
int ra_memo_read(const uint8_t *bytes, size_t len, int ifindex, uint64_t now_ms,
		 struct ra_memo *out);

/* What they say together, in the order in which they said it. */
void ra_memo_replay(const struct ra_memo *m, struct ra_book *book, uint64_t now_ms);
