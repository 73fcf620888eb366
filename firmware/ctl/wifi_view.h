// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdio.h>

struct view;

/* netmgrd's GET /v1/wifi as people read it: a row for each network; the second also what went over it. Pure. */
void wifi_view(const json_t *answer, const struct view *v, FILE *to);
void wifi_view_all(const json_t *answer, const struct view *v, FILE *to);
