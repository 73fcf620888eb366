// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/suppress.h"

int64_t suppress_round(int64_t value)
{
	return (value + 2) / 5 * 5;
}

void suppress_cells(int64_t *cells, size_t count)
{
	size_t hidden = 0, smallest = count;
	for (size_t i = 0; i < count; i++) {
		if (cells[i] > 0 && cells[i] < SUPPRESS_BELOW) {
			cells[i] = -1;
			hidden++;
		} else if (cells[i] > 0 && (smallest == count || cells[i] < cells[smallest])) {
			smallest = i;
		}
	}
	if (hidden == 1 && smallest < count)
		cells[smallest] = -1;
	for (size_t i = 0; i < count; i++)
		if (cells[i] >= 0)
			cells[i] = suppress_round(cells[i]);
}
