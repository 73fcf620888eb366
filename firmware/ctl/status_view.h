// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdio.h>

struct view;

/* `wasl status` in words: `all` is what ask_all() brought. Pure. */
void status_view(const json_t *all, const struct view *v, FILE *to);
