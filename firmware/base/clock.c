// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

uint64_t clock_mono_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

int64_t clock_wall_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	const char *offset = getenv("WASL_CLOCK_OFFSET_S");
	return (int64_t)t.tv_sec + (offset ? strtoll(offset, NULL, 10) : 0);
}

int32_t clock_day(int64_t unix_s)
{
	int64_t day = unix_s / 86400;
	if (unix_s % 86400 < 0)
		day--;
	return day > INT32_MAX ? INT32_MAX : day < INT32_MIN ? INT32_MIN : (int32_t)day;
}

/* The years that four digits can write; anything outside is shown as the nearest of them. */
#define FIRST_S (-INT64_C(62167219200)) /* 0000-01-01T00:00:00Z */
#define LAST_S INT64_C(253402300799)    /* 9999-12-31T23:59:59Z */

static struct tm broken_down(int64_t unix_s)
{
	time_t t = unix_s < FIRST_S ? FIRST_S : unix_s > LAST_S ? LAST_S : unix_s;
	struct tm tm = { 0 };
	gmtime_r(&t, &tm);
	return tm;
}

void clock_day_text(int32_t day, char out[static 11])
{
	char wide[40];
	struct tm tm = broken_down((int64_t)day * 86400);
	snprintf(wide, sizeof(wide), "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1,
		 tm.tm_mday);
	snprintf(out, 11, "%.10s", wide);
}

void clock_iso(int64_t unix_s, char out[static 21])
{
	char wide[80];
	struct tm tm = broken_down(unix_s);
	snprintf(wide, sizeof(wide), "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
		 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	snprintf(out, 21, "%.20s", wide);
}
