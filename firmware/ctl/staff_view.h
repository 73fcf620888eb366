// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "firmware/ctl/view.h"

/* contentd's answers about the staff as people read them: the list, or one person with a new PIN. Pure. */
void staff_view(const json_t *answer, const struct view *v, FILE *to);
