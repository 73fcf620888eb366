// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "firmware/ctl/view.h"

/* netmgrd's answer to GET /v1/uplinks as people read it. Pure. */

/* One line for each line of the box. */
void net_view_status(const json_t *answer, const struct view *v, FILE *to);

/* One paragraph: which line new connections take, why that one, and what is with the others. */
void net_view_explain(const json_t *answer, const struct view *v, FILE *to);
