// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/net/link/faults.h"
#include "tests/net/link/ring.h"
#include "tests/net/link/shape.h"

/* One line: a TAP device at each end, and between them two directions that are shaped and may fail. */
enum {
	LINE_FRAME_MAX = 2048,
	LINE_RING = 8 << 20,
	LINE_LATE_SLOTS = 400,
	LINE_LATE_SLOT_NS = 50000
};

struct line_way {
	struct shape shape;
	struct ring ring;
	uint64_t frames, bytes, lost, no_room, stopped; /* stopped: by a fault */
	uint64_t late
		[LINE_LATE_SLOTS]; /* how much later than due frames came out, in slots of 50 us */
};

struct line {
	const char *name;
	int fd[DIRECTIONS]; /* where UP and DOWN come in: the school's end, the provider's */
	struct line_way way[DIRECTIONS];
	struct faults faults;
	uint64_t flap_at_ns; /* 0: no flap under way */
	uint64_t flap_down_ns, flap_up_ns;
	unsigned flaps; /* changes left */
};

/* Ends are NAMESPACE:DEVICE, "-" is our own namespace. On failure *what names what was refused; -errno. */
int line_open(struct line *l, const char *name, const char *school_end, const char *provider_end,
	      const char **what);
void line_done(struct line *l);

/* Takes in what has arrived at one end. */
void line_take(struct line *l, enum direction way, uint64_t now_ns);
/* Lets out what is due and flaps; returns when it wants to be called again, UINT64_MAX: not until something arrives. */
uint64_t line_run(struct line *l, uint64_t now_ns);

enum line_plug { LINE_IN, LINE_OUT };
void line_plug(struct line *l,
	       enum line_plug plug); /* the school's end; what is on its way is lost */
uint64_t line_late_us(const struct line_way *w, double quantile);
