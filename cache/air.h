// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/air_plan.h"

/*
 * Crowd control: a classroom's air carries so much and no more. Forty players that each take what they can get take more than
 * there is, and all stand still; so each is offered no more than its share of the air carries.
 * Pure: time, addresses and the shared memory come from the caller, who serialises calls that take a struct air.
 *
 *	room		where clients share the air: those whose address is in a prefix (`[classroom NAME]`)
 *	player		a device that asked for a multivariant playlist or a media segment in the last AIR_ACTIVE_S seconds. Phones of one
 *			model behind an access point that translates are one device; then connections tell how many: players
 *			open two, so there are at least half as many players as connections that carried a picture
 *	share		what of the air is one player's: its rate, less a reserve, by the players that it is held to be for.
 *			Who comes counts at once. Players read their playlist once, so the first of a class would get far too
 *			much: of those who came within a few seconds it is held that as many more are on their way. Those who
 *			leave are believed only after AIR_PATIENCE_S seconds, and when they are a quarter, so that a cap
 *			does not flap
 */
enum {
	AIR_BYTES = 128 * 1024, /* of shared memory */
	AIR_ACTIVE_S =
		40, /* players buffer half a minute ahead, and then ask for a segment as they play one */
	AIR_PATIENCE_S = 60,
};

struct air;
struct air *air_at(
	void *memory); /* AIR_BYTES, 8-aligned; what an earlier worker left there is kept */

/* A device, or a connection that carries a picture, was heard of. Neither may be 0; seconds are monotonic. */
void air_device(struct air *a, size_t room, uint64_t device, uint32_t now_s);
bool air_line(struct air *a, size_t room, uint64_t connection, uint32_t now_s); /* is it new? */
void air_line_closed(struct air *a, uint64_t connection);

/* `room` may be AIR_ROOMS: those in none. As of this second: counted once in it. */
uint32_t air_players(struct air *a, size_t room, uint32_t now_s);
/* What one player of the room may take; UINT32_MAX where the air is not watched. */
uint32_t air_share_kbps(struct air *a, const struct air_plan *plan, size_t room, uint32_t now_s);
/* The largest rung that the share carries; the smallest (0) when it carries none. */
size_t air_choose(const struct air_rungs *rungs, uint32_t share_kbps);
