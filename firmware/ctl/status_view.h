// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdio.h>

struct view;

/* `wasl status` in words: `all` is what ask_all() brought. Pure. */
void status_view(const json_t *all, const struct view *v, FILE *to);

/* Pieces of it, of netmgrd's GET /v1/uplinks: all lines; the string id of one's state; its layer in words, "" for none. */
void status_view_lines(const json_t *net, const struct view *v, FILE *to);
const char *status_view_state(const json_t *uplink);
const char *status_view_layer(const json_t *uplink, const struct view *v);
