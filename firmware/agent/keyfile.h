// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "firmware/record/device.h"

struct fault;

/*
 * The box's keys on disk, mode 0600:
 *	"WKEY" | version u8 = 1 | zero 3 | Ed25519 seed 32 | X25519 secret 32 |
 *	BLAKE2b-256("wasl:keyfile:1\0" + all before) 32
 * A box is its keys: a file that cannot be read whole is never replaced, because that would be
 * another box.
 */
#define KEYFILE_BYTES 104u

/*
 * -ENOENT when there is none (then keyfile_make() may be called); every other failure says what
 * to do.
 */
int keyfile_read(const char *path, struct device_keys *out, struct fault *why);

/*
 * Makes keys and returns only when they survive a power cut. -EEXIST when something is there
 * already.
 */
int keyfile_make(const char *path, struct device_keys *out, struct fault *why);
