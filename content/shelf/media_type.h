// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>

/* What a file is, by its name's ending; "application/octet-stream" when that says nothing. Pure. */
const char *media_type_of(const char *path);
/* "type/subtype", with parameters if any (RFC 9110, 8.3.1), fit for a header line. */
bool media_type_is(const char *text);
