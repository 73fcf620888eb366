// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * When the coded pictures of a segment are decoded: pure. `shown` has their times on show in coding order, in ticks, the first of them
 * `from`; `period` is one picture's time.
 *
 * The first at `from` exactly, each as late as it and those after it allow, and at least half a period apart (a quarter, where halves would
 * make pictures late). A picture that is shown before its decoding time needs a negative offset (ISO/IEC 14496-12, trun version 1); players that
 * know none move the whole track by the largest one, away from its sound.
 *
 * 0, or -EPROTO: the times do not fit between `from` and `to`.
 */
int reorder_times(const uint64_t *shown, size_t count, uint64_t from, uint64_t to, uint64_t period,
		  uint64_t *times);

/* Ticks by which the latest picture would be late for such players. */
uint64_t reorder_late(const uint64_t *shown, const uint64_t *times, size_t count);
