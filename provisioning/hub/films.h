// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

struct fault;
struct hub;
struct lesson_offer;
struct store;

/*
 * Films of lessons that schools offer, once the ministry asked for them: DIR/offers/FILM.mp4, whole and verified, and
 * DIR/offers/FILM-DEVICE.part as long as pieces come. Two schools with the same film both send it until one is whole. A film is here
 * as long as somebody offers it and it is wanted: accepted, declined or withdrawn, it goes.
 */

/* What films leave free on the disk, so that reports find room: the larger one of both. */
#define FILMS_RESERVE_BYTES (UINT64_C(2) << 30)
#define FILMS_RESERVE_PERCENT 5u
uint64_t films_reserve(uint64_t disk_bytes);

/*
 * One piece as a box posts it (record/offer.h): signature, device and epoch, then what is inside. *have is how much of the film is here,
 * durable; *all its size. -EEXIST: the piece does not follow, *have says where to go on. -ENOENT: this box's film is not wanted (any
 * more). -EBADMSG, -EPERM, -EKEYREJECTED: not to be believed. -ENOSPC: below the reserve (hub->film_reserve_bytes, 0: films_reserve()),
 * also for one without bytes. 
 * -EAGAIN: all of it came, and is to be checked (filmcheck.h).
 */
int films_take(struct hub *hub, const void *bytes, size_t len, uint64_t *have, uint64_t *all,
	       struct fault *why);

/* *bytes as offered; -ENOENT: this box's film is not wanted (any more). */
int films_wanted(struct store *s, const uint8_t device[static 16], const uint8_t film[static 32],
		 uint64_t *bytes, struct fault *why);

/* Where the whole film is; -ENOENT: it is not here. */
int films_find(const char *dir, const uint8_t film[static 32], char out[static PATH_MAX]);

/* Removes what nobody wants any more. */
int films_sweep(const char *dir, struct store *s, struct fault *why);

/* The same as if this offer were not wanted any more: before it is said, which needs room on the disk. */
int films_drop(const char *dir, struct store *s, const struct lesson_offer *offer,
	       struct fault *why);
