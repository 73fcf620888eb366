// SPDX-License-Identifier: GPL-2.0-or-later
#include "netmgr/book/checks_book.h"

#include "netmgr/book/ledger.h"

enum { PAGE = 1000 };

struct reading {
	struct checks *checks;
	int64_t cursor; /* the last that was read */
};

static void take(void *data, const struct ledger_row *row)
{
	struct reading *r = data;
	checks_add(r->checks, &row->row);
	r->cursor = row->cursor;
}

int checks_book_read(struct ledger *ledger, struct checks *c, struct fault *why)
{
	struct ledger_chain range;
	int r = ledger_chain(ledger, c->day, c->day, &range, why);
	if (r < 0 || !range.last)
		return r;
	struct reading reading = { c, range.first - 1 };
	for (int64_t before = -1;
	     r >= 0 && reading.cursor < range.last && reading.cursor != before;) {
		before = reading.cursor;
		r = ledger_minutes(ledger, reading.cursor, PAGE, take, &reading, why);
	}
	return r < 0 ? r : 0;
}
