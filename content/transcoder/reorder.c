// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/transcoder/reorder.h"

#include <errno.h>

uint64_t reorder_late(const uint64_t *shown, const uint64_t *times, size_t count)
{
	uint64_t most = 0;
	for (size_t i = 0; i < count; i++)
		if (times[i] > shown[i] && times[i] - shown[i] > most)
			most = times[i] - shown[i];
	return most;
}

static void put(const uint64_t *shown, size_t count, uint64_t from, uint64_t step, uint64_t *times)
{
	uint64_t next = UINT64_MAX;
	for (size_t i = count; i-- > 0;) {
		uint64_t room = next > from + step ? next - step : from;
		times[i] = shown[i] < room ? shown[i] : room;
		next = times[i];
	}
	for (size_t i = 1; i < count; i++)
		if (times[i] < times[i - 1] + step)
			times[i] = times[i - 1] + step;
}

int reorder_times(const uint64_t *shown, size_t count, uint64_t from, uint64_t to, uint64_t period,
		  uint64_t *times)
{
	if (!count || !period || shown[0] != from)
		return -EPROTO;
	/* Readers that guess the rate find its double. */
	put(shown, count, from, (period + 1) / 2, times);
	if (reorder_late(shown, times, count))
		put(shown, count, from, (period + 3) / 4, times);
	return times[0] == from && times[count - 1] < to ? 0 : -EPROTO;
}
