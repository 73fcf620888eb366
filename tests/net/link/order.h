// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "tests/net/link/line.h"

/* Carries out "SETTING VALUE…" on a line; the settings are told in main.c. False: no such setting, or no such value. */
bool order_obey(struct line *l, const char *text, uint64_t now_ns);
