// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * A film that could not become a lesson, and not by its own fault: when it is tried again, and how. A disk that is full may have room
 * any minute, and is asked for ever. Where memory ended, the film is tried with less of it and while nothing else is
 * made, later and later; after AGAIN_HUNGRY_MOST times it is too large for this box. Others do not wait for it meanwhile. Pure.
 */
#define AGAIN_HUNGRY_MOST 5u
#define AGAIN_ROOM_MS 60000u

struct again {
	unsigned hungry;  /* times that memory ended; kept over a start */
	uint64_t from_ms; /* not before then; 0: at once */
};

/* What failed with `code` (-ENOMEM or another that is not the film's) at `now_ms`: false, it is not tried again. */
bool again_after(struct again *a, int code, uint64_t now_ms);
bool again_due(const struct again *a, uint64_t now_ms);
/* With little memory, and nothing beside it. */
bool again_alone(const struct again *a);
