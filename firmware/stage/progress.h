// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>

/* How far a step has come, read from what its program prints, and how that looks in a terminal. */

/*
 * The last "NN%" or "NN %" of a line (0 to 100), -1 when there is none. *text_len (may be NULL) receives how much
 * of the line stands before it.
 */
int progress_percent(const char *line, size_t *text_len);

/*
 * `width` cells of a bar, filled for `percent`, NUL-terminated in `out`. `plain` cells are '#' and '.', others
 * are blocks of three bytes: `room` must be 3 * width + 1 at least, else the bar gets shorter.
 */
enum progress_cells { PROGRESS_PLAIN, PROGRESS_BLOCKS };
void progress_bar(int percent, size_t width, enum progress_cells cells, char *out, size_t room);
