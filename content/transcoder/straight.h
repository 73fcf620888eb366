// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "content/transcoder/mezz.h"

struct fault;

/*
 * A film whose pictures can stay as they are: the same H.264 and AAC in a new MP4 that says nothing of where, when, by what and by
 * whom it was taken (strip.h), and a plan by which phones' versions are made straight of it (foresee.h). That costs a twentieth of a
 * mezzanine's time, and more room.
 *
 * 1: it is made. 0: it is none of those (*unfit says why, static): make a mezzanine. out_fd and poster_fd may have been written to.
 * Else as mezz_make(), of which it takes in_fd, out_fd, poster_fd and progress.
 */
int straight_make(int in_fd, int out_fd, int poster_fd, const struct mezz_options *options,
		  struct mezz_made *made, const char **unfit, struct fault *why);
