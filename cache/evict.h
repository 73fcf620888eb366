// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What leaves the store when there is no room, and what never does. Pure: rows and the time in, an order out. Times are
 * seconds of the store's clock of use (cache/store_list.h), which only grows.
 *
 *	never		pinned by hand; added by the school (nobody else has it); named by a programme, above all when it is due
 *			within 48 hours; in use now
 *	first		what no catalogue names any more
 *	then		what can be made again from what is here: renditions whose film is in the store
 *	last		what would have to cross the line again
 *	within these	longest unused first (least recently used, chosen by `make bench-evict`); of the same age the larger
 */
#define EVICT_DUE_S (48 * 3600)
#define EVICT_BUSY_S 600 /* used so lately that somebody may be in the middle of it */
#define EVICT_STALE_S \
	(14 * 24 * 3600) /* unused so long that it makes room even for what nobody asked for yet */

enum evict_keep {
	EVICT_MAY_GO,
	EVICT_PINNED,
	EVICT_LOCAL,
	EVICT_DUE,
	EVICT_PROGRAMME,
	EVICT_BUSY,
};

struct evict_facts {
	bool pinned, local, programme;
	bool busy;     /* being filled, cooked from or waited for */
	int64_t due_s; /* Unix time of the start of the day it is needed; 0: no day */
};
/* `used_s` in the store's clock, whose now is `now_s`; `wall_s` is Unix time, for what is due. */
enum evict_keep evict_keep(const struct evict_facts *f, int64_t used_s, int64_t now_s,
			   int64_t wall_s);

enum evict_value { EVICT_UNNAMED, EVICT_DERIVED, EVICT_FETCHED };

struct evict_item {
	enum evict_value value;
	enum evict_keep keep;
	uint64_t bytes;
	int64_t used_s;
	size_t ref; /* the caller's */
};

/* For whom room is made. What nobody asked for yet only takes the place of what nobody wants any more. */
enum evict_asker { EVICT_FOR_BACKGROUND, EVICT_FOR_DUE, EVICT_FOR_PUPIL, EVICT_FOR_PERSON };

bool evict_yields(const struct evict_item *item, enum evict_asker asker, int64_t now_s);
/* All that could be gained for this asker. */
uint64_t evict_reach(const struct evict_item *items, size_t count, enum evict_asker asker,
		     int64_t now_s);
/*
 * Puts the items in the order in which they would go and says how many of them, from the first on, make `need` bytes of
 * room. 0: all together do not, and none should go (or `need` is 0).
 */
size_t evict_choose(struct evict_item *items, size_t count, uint64_t need, enum evict_asker asker,
		    int64_t now_s);
