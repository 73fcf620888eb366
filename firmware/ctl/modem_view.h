// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdio.h>

struct view;

/* The modems of netmgrd's lines as people read them; nothing where no line has one. Pure. */

/* A section below the lines: state and why, network, signal. */
void modem_view(const json_t *lines, const struct view *v, FILE *to);

/* For the paragraph: a sentence for each modem that is not connected, or of no use, each after a blank. */
void modem_view_explain(const json_t *lines, const struct view *v, FILE *to);
