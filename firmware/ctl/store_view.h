// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdio.h>

struct view;

/* `wasl store …`: contentd's answers. Pure. GET /v1/store/status: */
void store_view_status(const json_t *answer, const struct view *v, FILE *to);
/* When the database was set aside for damage, where it ever was: `disk` of that, of `GET /v1/status` and of health. */
void store_view_set_aside(const json_t *disk, const struct view *v, FILE *to);
/* GET /v1/store/why; POST /v1/store/pin and unpin; POST /v1/store/verify and evict */
void store_view_why(const json_t *answer, const struct view *v, FILE *to);
void store_view_pin(const json_t *answer, const struct view *v, FILE *to);
void store_view_verified(const json_t *answer, const struct view *v, FILE *to);
void store_view_evicted(const json_t *answer, const struct view *v, FILE *to);
