// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdio.h>

struct view;

/* `wasl request`: contentd's answer to POST /v1/request. Pure. */
void request_view(const json_t *answer, const struct view *v, FILE *to);

/* `wasl request --list`: the answer to GET /v1/requests. Pure. */
void request_view_list(const json_t *answer, const struct view *v, FILE *to);
