// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "content/library.h"

struct fault;

/*
 * Writes names.idx: what nginx answers under /m/. Everything planned is named, whether it is there or still to come;
 * downloads only once they are whole. A lesson that cannot be named is left out and *why says so; the others stay.
 */
int shelf_write(const struct library *l, const char *path, struct fault *why);
