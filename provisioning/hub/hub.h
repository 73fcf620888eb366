// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/record/hubecho.h"
#include "firmware/record/signed.h"
#include "firmware/record/trust.h"
#include "provisioning/hub/standing.h"
#include "provisioning/hub/store.h"

struct fault;

/* What the hub works with: its folder, its store, and the keys that must be at hand while boxes talk. */
struct hub {
	char dir[PATH_MAX];
	struct store *store;
	struct trust *trust;
	struct signed_key enrol_key, receipt_key, time_key;
	uint8_t echo_secret[HUBECHO_KEY];
	void *sealing_keys; /* signed record, as boxes get it */
	size_t sealing_keys_len;
	uint32_t sealing_keys_version;
	struct standing_rules rules;
	uint64_t film_reserve_bytes; /* what films leave free on the disk; 0: films_reserve() */
	uint8_t opened_id[8], opened_public[32], opened_secret[32]; /* the sealing key used last */
};

extern const struct standing_rules hub_default_rules;

/* `store` NULL or "": DIR/hub.db. On failure nothing is left open. Release with hub_close(). */
int hub_open(const char *dir, const char *store, const struct standing_rules *rules,
	     struct hub *out, struct fault *why);
void hub_close(struct hub *hub); /* wipes the keys; fine on a zeroed struct */

/* The sealing key pair with that id, from memory or from its file. */
int hub_sealing_key(struct hub *hub, const uint8_t id[static 8], const uint8_t **public_key,
		    const uint8_t **secret_key, struct fault *why);
