// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>

struct fault;
struct keeper;
struct sd_event;

/* Looks for rot while nobody waits, a little at a time; what is found bad is fetched or made again. */
struct keeper_scrub;

int keeper_scrub_new(struct sd_event *loop, struct keeper *k, struct keeper_scrub **out,
		     struct fault *why);
void keeper_scrub_free(struct keeper_scrub *s); /* NULL is fine */
