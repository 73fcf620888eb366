// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdio.h>

struct fault;
struct view;

/* `wasl claim`: code, QR code and state from provisiond's answer. Pure. */
int claim_view(const json_t *claim, const struct view *v, FILE *to, struct fault *why);
