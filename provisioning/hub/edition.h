// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>

#include "firmware/record/catalogue.pb.h"
#include "firmware/record/trust.h"

struct fault;
struct signed_key;

/* The next catalogue in the making: what is in force, with lessons put in or taken out. */
struct edition {
	wasl_Catalogue catalogue;
	bool changed;
};

/* From the origin of the hub's folder; empty (version 0) when there is no catalogue yet. Release with edition_done(). */
int edition_open(const char *dir, const struct trust *trust, struct edition *out,
		 struct fault *why);
void edition_done(struct edition *e);

/* Puts a lesson in, in the place of the one with its id. Takes what `item` holds, also on failure. */
int edition_put(struct edition *e, wasl_Item *item, struct fault *why);

bool edition_has(const struct edition *e, const char *id);

/*
 * Takes a lesson out, and its id out of the programmes that name it; its subject stays. -ENOENT: there is none with this id. Pure.
 */
int edition_remove(struct edition *e, const char *id, struct fault *why);

/*
 * Signs and writes the next version when something changed. *version is the one in force then.
 */
int edition_publish(struct edition *e, const char *dir, const struct signed_key *content_key,
		    int64_t now_s, uint32_t *version, struct fault *why);
