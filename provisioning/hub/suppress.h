// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Figures for everybody: cells from 1 to 9 are left out, and so is the next smallest when one alone would follow from
 * the total (complementary suppression); what remains is rounded to 5. A zero tells of nobody and stays.
 */
#define SUPPRESS_BELOW 10

/* -1 stands for "left out". */
void suppress_cells(int64_t *cells, size_t count);
int64_t suppress_round(int64_t value);
