// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

struct fault;
struct hub;
struct store;

/*
 * Films of lessons that schools offer, once the ministry asked for them: DIR/offers/FILM.mp4, whole and verified, and
 * DIR/offers/FILM-DEVICE.part as long as pieces come. Of two schools with the same film one sends it. A film is here as long as somebody
 * offers it and it is wanted: accepted, declined or withdrawn, it goes.
 */

/*
 * One piece as a box posts it (record/offer.h): signature, device and epoch, then what is inside. *have is how much of the film is here,
 * durable; *all its size. -EEXIST: the piece does not follow, *have says where to go on. -ENOENT: this box's film is not wanted (any
 * more). -EBADMSG, -EPERM, -EKEYREJECTED: not to be believed. What does not have the hash that was offered is removed.
 */
int films_take(struct hub *hub, const void *bytes, size_t len, uint64_t *have, uint64_t *all,
	       struct fault *why);

/* Where the whole film is; -ENOENT: it is not here. */
int films_find(const char *dir, const uint8_t film[static 32], char out[static PATH_MAX]);

/* Removes what nobody wants any more. */
int films_sweep(const char *dir, struct store *s, struct fault *why);
