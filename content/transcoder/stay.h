// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "content/transcoder/libav.h"

/*
 * Which decoded pictures say something new. Slides and screencasts stand still for most of their time: what nobody can tell from
 * the picture before is neither scaled nor encoded, the one before stays on show. Compared is with the picture that was kept
 * last, so that slow changes add up, and every kept picture is replaced after a while, so that what a source refines bit by bit arrives.
 */
#define STAY_GAP_MS 500u /* no picture is on show longer than that in the result */
#define STAY_FRESH_MS 400u

struct stay {
	AVFrame *kept;
	uint64_t since_ms; /* when it came on show */
};
/* 1: `picture`, on show from `at_ms` on, is new and kept (a reference); 0: like the one kept; -ENOMEM. */
int stay_look(struct stay *s, const AVFrame *picture, uint64_t at_ms);
void stay_done(struct stay *s);

/* Whether no 8x8 block of any plane differs by more than what a lossy source makes by itself. Other forms or sizes: 0. */
int stay_alike(const AVFrame *a, const AVFrame *b);
