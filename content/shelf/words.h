// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>

struct fault;

/*
 * Captions that a child took out of a film (content/kitchen/words_format.h), one track after the other. It has read foreign bytes: what
 * it hands over is checked, and written anew, like anybody's file. Pure.
 */
struct words_track {
	char language[12]; /* letters, digits and "-"; "" when the film does not say */
	char *vtt;         /* the caller's; terminated */
	size_t len;
};

/* 1 and *out, and *at moves on; 0 at the end; -EBADMSG or -ENOMEM. */
int words_next(const char **at, const char *end, struct words_track *out, struct fault *why);
