// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

struct fault;
struct store;

/*
 * Whether a film of which all bytes came is the one that was offered: its hash, a little at a time, so that whoever asks does not wait
 * for a whole film to be read. What waits is what lies in DIR/offers: a check that was cut off begins again.
 */
struct filmcheck;

/* Opens one that waits; *out NULL: none does. Release with filmcheck_free(). */
int filmcheck_next(const char *dir, struct store *s, struct filmcheck **out, struct fault *why);

/*
 * Goes on for about `ms`. 1: there is more; 0: the film is here. -EBADMSG: it was another one, and is removed. -ESTALE: it went, or
 * grew meanwhile.
 */
int filmcheck_step(struct filmcheck *c, unsigned ms, struct fault *why);
void filmcheck_free(struct filmcheck *c); /* NULL is fine */
