// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/record/catalogue.pb.h"

struct fault;

/*
 * The catalogue in force, and the key sets that decide which one may replace it. Nothing that is offered is trusted:
 * it is verified, parsed, checked, compared by version, and durable on disk before it replaces the old one.
 * The file "catalogue" in `dir` is the signed record as it came; roots are where record/trust_dir.h keeps them.
 */
struct catalogue;

int catalogue_open(const char *dir, struct catalogue **out, struct fault *why);
void catalogue_close(struct catalogue *c); /* NULL is fine */

/*
 * Takes the kept catalogue back into force after verifying it again, with any root that this box has had: a box that
 * slept through a change of keys keeps its lessons. -ENOENT: none was kept.
 */
int catalogue_load(struct catalogue *c, struct fault *why);

/*
 * 0: it is durable and in force. -EALREADY: it is the one in force. Otherwise the old one stays: -EKEYREJECTED (signatures),
 * -EBADMSG (truncated, corrupt, impossible), -ESTALE (older), -EEXIST (same number, other content), or what the disk said.
 */
int catalogue_offer(struct catalogue *c, const void *bytes, size_t len, struct fault *why);

/* The number of the next key set to ask for, and the step to it. */
uint32_t catalogue_next_root(const struct catalogue *c);
int catalogue_offer_root(struct catalogue *c, const void *bytes, size_t len, struct fault *why);

/* What is in force; NULL and 0 when nothing is. The pointer lasts until the next catalogue is taken. */
const wasl_Catalogue *catalogue_get(const struct catalogue *c);
uint32_t catalogue_version(const struct catalogue *c);
const char *catalogue_country(const struct catalogue *c);
