// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "firmware/record/hubecho.h"

struct fault;

/*
 * What this box asks the hub's echo with. It comes with the grant, by way of wasl-agentd, and is kept in a file of this
 * daemon's, so that lines can be judged before agentd is there.
 */
struct measure_key {
	bool has;
	uint8_t device[HUBECHO_DEVICE], key[HUBECHO_KEY];
};

/* From two texts in hexadecimal; -EINVAL. */
int measure_key_read(const char *device, const char *key, struct measure_key *out,
		     struct fault *why);

/* -ENOENT: no grant has brought one yet. */
int measure_key_load(const char *path, struct measure_key *out, struct fault *why);
int measure_key_keep(const char *path, const struct measure_key *key, struct fault *why);
