// SPDX-License-Identifier: GPL-2.0-or-later
#include "cache/welcome.h"

#include <stddef.h>
#include <string.h>

#define WELCOME_MAGIC \
	0x01454d4f434c4557ull /* changes with the layout: an older one is begun anew */

enum { ROW = 8 };

struct place {
	uint64_t phone; /* 0: nobody */
	uint32_t shown_s;
	uint32_t unused;
};

/* A phone stands in the one row that its number names: all of it is looked at, and no more. */
struct welcome {
	uint64_t magic;
	int32_t day;
	uint32_t unused;
	struct place rows[][ROW];
};

enum { ROWS = (WELCOME_BYTES - offsetof(struct welcome, rows)) / (ROW * sizeof(struct place)) };

static void forget_all(struct welcome *w, int32_t day)
{
	memset(w->rows, 0, ROWS * sizeof(w->rows[0]));
	w->day = day;
}

struct welcome *welcome_at(void *memory)
{
	struct welcome *w = memory;
	if (w->magic != WELCOME_MAGIC) {
		forget_all(w, 0);
		w->magic = WELCOME_MAGIC;
	}
	return w;
}

/* Where it stands, or the place that it would take: a free one, else that of whoever was shown it longest ago. */
static struct place *place_of(struct welcome *w, int32_t day, uint64_t phone, uint32_t now_s)
{
	if (w->day != day)
		forget_all(w, day);
	struct place *row = w->rows[phone % ROWS], *oldest = row;
	for (struct place *p = row; p < row + ROW; p++) {
		if (p->phone && now_s - p->shown_s >= WELCOME_LASTS_S)
			p->phone = 0;
		if (p->phone == phone)
			return p;
		if (oldest->phone && (!p->phone || now_s - p->shown_s > now_s - oldest->shown_s))
			oldest = p;
	}
	return oldest;
}

static uint64_t name_of(uint64_t phone)
{
	return phone ? phone : 1;
}

void welcome_shown(struct welcome *w, int32_t day, uint64_t phone, uint32_t now_s)
{
	struct place *p = place_of(w, day, name_of(phone), now_s);
	p->phone = name_of(phone);
	p->shown_s = now_s;
}

bool welcome_was_shown(struct welcome *w, int32_t day, uint64_t phone, uint32_t now_s)
{
	return place_of(w, day, name_of(phone), now_s)->phone == name_of(phone);
}
