// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "firmware/ctl/view.h"

/* contentd's answer to GET /v1/live as people read it. Pure. */
void live_view(const json_t *answer, const struct view *v, FILE *to);
