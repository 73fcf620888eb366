// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdio.h>

struct view;

/*
 * netmgrd's `wall` as people read it: rows below the lines. What a person must know at any time (an emergency, rules that
 * are not in force), and with WALL_VIEW_ALL also that nobody configured one. Pure.
 */
enum wall_view { WALL_VIEW_URGENT, WALL_VIEW_ALL };
void wall_view(const json_t *wall, enum wall_view what, const struct view *v, FILE *to);

/* One sentence after an order: what holds now, and for how long. malloc'ed. */
char *wall_view_said(const json_t *wall, const struct view *v);
