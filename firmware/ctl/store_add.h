// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>

struct fault;

/*
 * Gives a file to contentd, behind the address `path`. The file is read twice: for its map, then for the pieces
 * that contentd does not have yet. `type` NULL: by the address's ending. *out: what contentd says of it.
 */
int store_add(const char *file, const char *path, const char *type, json_t **out,
	      struct fault *why);
