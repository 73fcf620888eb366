// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdio.h>

struct view;

/* `wasl store status`: contentd's answer to GET /v1/store/status. Pure. */
void store_view_status(const json_t *answer, const struct view *v, FILE *to);
