// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "provisioning/hub/hub.h"
#include "tests/hub/fakebox.h"

/*
 * A hub in a folder of its own, for unit tests: keys, two schools (S-1 and S-2), and orders without the command line.
 */
struct fakehub {
	char folder[64];
	struct hub hub;
};
void fakehub_make(struct fakehub *h);
void fakehub_reopen(struct fakehub *h); /* as after a crash of the daemon */
void fakehub_remove(struct fakehub *h);

/* A signed order with a ticket that the hub knows; `claim` "" for one-visit mode. *out malloc'ed. */
void fakehub_order(struct fakehub *h, const char *school, const char *claim, void **out,
		   size_t *len);

enum fakehub_mode { FAKEHUB_CLAIMED, FAKEHUB_ONE_VISIT };
/* Makes a box and enrols it at the school, with its claim code in the order or without. */
void fakehub_enrol(struct fakehub *h, const char *school, enum fakehub_mode mode,
		   struct fakebox *box);
