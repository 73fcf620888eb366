// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdio.h>

struct view;

/* `wasl store …`: contentd's answers. Pure. GET /v1/store/status: */
void store_view_status(const json_t *answer, const struct view *v, FILE *to);
/* GET /v1/store/why; POST /v1/store/pin and unpin; POST /v1/store/verify and evict */
void store_view_why(const json_t *answer, const struct view *v, FILE *to);
void store_view_pin(const json_t *answer, const struct view *v, FILE *to);
void store_view_verified(const json_t *answer, const struct view *v, FILE *to);
void store_view_evicted(const json_t *answer, const struct view *v, FILE *to);
