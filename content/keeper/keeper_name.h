// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>

#include "content/keeper/keeper_priv.h"

/* What a person's name for something in the store means (keeper.h says what there is). */
#define KEEPER_NAME_THINGS 64u

struct keeper_name { /* what a name means */
	struct keeper_thing things[KEEPER_NAME_THINGS];
	size_t count;
	char pin[96];                  /* as the store keeps it; "" when that cannot be pinned */
	char part[96];                 /* the lesson that it is only a part of; "": it is none */
	char path[NAMES_MAX_PATH + 1]; /* a file of the school */
	size_t others;                 /* addresses of the same bytes, once this one is gone */
};

/* -ENOENT and a sentence when the store knows nothing so called. */
int keeper_name_find(struct keeper *k, const char *text, struct keeper_name *out,
		     struct fault *why);
