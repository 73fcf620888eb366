// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "cache/want.h"

/* What pupils wait for and what they have used: the answers that content/wants.h asks for. `data` is the struct contentd. */
int pupils_look(void *data, const struct want_msg *want);
uint64_t pupils_count(void *data, uint64_t instance, const struct want_tally *tallies,
		      size_t count);
