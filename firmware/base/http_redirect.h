// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>

/* Whether a redirect stays at home: same host, scheme and port; or the same host, from http up to https. */
bool http_redirect_allowed(const char *from, const char *to);
