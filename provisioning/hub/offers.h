// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

struct fault;
struct jsonout;
struct store;

/* Lessons of schools that are on offer now, as pages and `waslhub offers --json` get them; what was told last first. */
enum { OFFERS_SHOWN = 1000 };
int offers_json(struct store *s, int64_t now_s, struct jsonout *out, struct fault *why);
