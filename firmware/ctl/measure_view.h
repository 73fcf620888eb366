// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "firmware/ctl/view.h"

/* Measurements of lines as people read them: rows of netmgrd's GET /v1/measurements. Pure. */

/* The result, and in the line below it how it came about and what it cost. */
void measure_view(const json_t *row, const struct view *v, FILE *to);

/* "adsl: downward … 9.5 Mbit/s", without the end of a line; malloc'ed. `now` answers GET /v1/measure. */
char *measure_view_now(const json_t *now, const struct view *v);

/* For `wasl net status`: of each line the newest one ("measured" in GET /v1/uplinks), when there is one. */
void measure_view_last(const json_t *uplinks, const struct view *v, FILE *to);
