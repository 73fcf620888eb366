// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

/*
 * Time on a machine whose clock may lie. Deadlines use clock_mono_ms(). The wall clock is for display
 * and for naming days, and only behind the floor that agentd keeps.
 * WASL_CLOCK_OFFSET_S in the environment shifts the wall clock, for tests.
 */
uint64_t clock_mono_ms(void); /* CLOCK_BOOTTIME: goes on during suspend */
int64_t clock_wall_s(void);   /* Unix seconds */

enum clock_quality { CLOCK_FLOOR = 0, CLOCK_HUB = 1, CLOCK_NTP = 2 };

/* "20268" -> days since 1970-01-01 of a Unix time; and back to "YYYY-MM-DD" (out has 11 bytes). */
int32_t clock_day(int64_t unix_s);
void clock_day_text(int32_t day, char out[static 11]);
void clock_iso(int64_t unix_s, char out[static 21]); /* "2026-11-22T08:15:00Z" */
