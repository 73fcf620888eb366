// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdio.h>

struct view;

/* `wasl lessons`: contentd's answer to GET /v1/lessons. Pure. */
void lessons_view(const json_t *answer, const struct view *v, FILE *to);

/* `wasl receipts`: the rows of GET /v1/receipts, newest last. Pure. */
void receipts_view(const json_t *rows, const struct view *v, FILE *to);
