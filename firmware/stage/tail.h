// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The last `count` lines of a file after its byte `from`, as printable text, malloc'ed; NULL when it cannot be read. */
char *tail_lines(const char *path, uint64_t from, size_t count);
