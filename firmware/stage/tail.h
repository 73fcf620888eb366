// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>

/* The last `count` lines of a file as printable text, malloc'ed; NULL when it cannot be read. */
char *tail_lines(const char *path, size_t count);
