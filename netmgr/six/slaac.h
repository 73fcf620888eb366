// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

struct fault;

/*
 * The box's address in a prefix of 64 bits, as RFC 7217 wants it: the same whenever the line has this prefix, another in every
 * other, and without a word about the device (a serial number in an address tells which school asks). Two lines never get the
 * same, as the line's name is in it.
 */
enum { SLAAC_SECRET = 32, SLAAC_TRIES = 4 };

/* `nth`: how many before this one somebody else had already. Pure. */
void slaac_address(const uint8_t secret[static SLAAC_SECRET], const char *line,
		   const struct in6_addr *prefix, unsigned nth, struct in6_addr *out);

/* The secret in the file, made where there is none. A damaged one is replaced: addresses change once. */
int slaac_secret(const char *path, uint8_t out[static SLAAC_SECRET], struct fault *why);
