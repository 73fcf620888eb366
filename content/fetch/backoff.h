// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

/*
 * How long to leave something alone after it failed: `first_ms`, doubled each time up to `most_ms`, less up to a
 * quarter by `salt`, so that a thousand boxes do not ask again in the same second. tries = 0 gives 0. Pure.
 */
uint64_t backoff_ms(unsigned tries, uint64_t first_ms, uint64_t most_ms, uint64_t salt);
