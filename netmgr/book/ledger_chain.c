// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "netmgr/book/chain.h"
#include "netmgr/book/ledger_priv.h"

enum { DAY_MINUTES = 1440 };

struct ledger_span ledger_span_of(const struct ledger_row *row)
{
	return (struct ledger_span){
		.day = row->row.minute / DAY_MINUTES,
		.until = (row->row.minute + row->row.count - 1) / DAY_MINUTES,
	};
}

/*
 * The rows of the database, by their spans: a whole table of minutes would take seconds to look through. *last is the
 * cursor of the first row behind them, 0: they reach to the end of the table.
 */
static int find_stored(struct ledger *l, int32_t from, int32_t until, int64_t *first,
		       int64_t *behind, struct fault *why)
{
	int64_t span = 0;
	*first = *behind = 0;
	int r = db_int(l->db, 0, first, why,
		       "SELECT min(cursor) FROM span WHERE until >= ? AND day <= ?", "ii",
		       (int64_t)from, (int64_t)until);
	if (r == 0 && *first)
		r = db_int(l->db, 0, &span, why,
			   "SELECT max(cursor) FROM span WHERE until >= ? AND day <= ?", "ii",
			   (int64_t)from, (int64_t)until);
	if (r == 0 && *first)
		r = db_int(l->db, 0, behind, why, "SELECT min(cursor) FROM span WHERE cursor > ?",
			   "i", span);
	/* The first rows of a span may have been forgotten, or all of it. */
	if (r == 0 && *first)
		r = db_int(l->db, 0, first, why,
			   "SELECT min(cursor) FROM minutes WHERE cursor >= ? AND before IS NOT "
			   "NULL",
			   "i", *first);
	if (*first && *behind && *first >= *behind)
		*first = *behind = 0;
	return r;
}

int ledger_chain(struct ledger *l, int32_t from, int32_t until, struct ledger_chain *out,
		 struct fault *why)
{
	struct ledger_chain c = { .through = l->mark.next_cursor - 1 };
	int64_t behind = 0;
	memcpy(c.head, l->mark.head, sizeof(c.head));
	if (!chain_begun(c.head))
		c.through = 0;
	int r = from <= until ? find_stored(l, from, until, &c.first, &behind, why) : 0;
	if (r < 0)
		return r;
	if (c.first)
		c.last = behind ? behind - 1 : l->row_count ? l->rows[0].cursor - 1 : c.through;
	for (size_t i = 0; i < l->row_count; i++) {
		const struct ledger_row *row = &l->rows[i];
		struct ledger_span span = ledger_span_of(row);
		if (!chain_begun(row->before) || span.until < from || span.day > until)
			continue;
		c.first = c.first ? c.first : row->cursor;
		c.last = row->cursor + row->row.count - 1;
	}
	*out = c;
	return 0;
}

int ledger_links(struct ledger *l, int64_t after, unsigned limit,
		 void (*each)(void *data, const struct ledger_row *row), void *data,
		 struct fault *why)
{
	unsigned given = 0;
	sqlite3_stmt *s;
	int r = db_query(l->db, &s, why,
			 "SELECT * FROM minutes WHERE cursor > ? AND before IS NOT NULL ORDER BY "
			 "cursor LIMIT ?",
			 "ii", after, (int64_t)limit);
	while (r == 0 && (r = db_step(l->db, s, why)) == 1) {
		struct ledger_row row;
		ledger_row_of(s, &row);
		each(data, &row);
		given++;
		r = 0;
	}
	if (r < 0)
		return r;
	for (size_t i = 0; given < limit && i < l->row_count; i++) {
		if (l->rows[i].cursor <= after || !chain_begun(l->rows[i].before))
			continue;
		each(data, &l->rows[i]);
		given++;
	}
	return (int)given;
}
