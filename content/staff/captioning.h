// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "content/staff/staff.h"

/*
 * Captions of the lesson that is being made: those that lie beside its film on the stick (content/staff/stick_words.h), then those inside it; of a
 * language the first. A lesson without is one all the same: what lay there and cannot be read is what it lacks (work.lacks), if nothing
 * else is.
 */
void captioning_take(struct staff *s);
/* Where the school's store has them. */
void captioning_path(const char *id, const char *language, char out[static 96]);
