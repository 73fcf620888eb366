// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "provisioning/hub/store.h"

struct _wasl_Settings;
struct fault;
struct signed_key;
struct trust;

/*
 * What the ministry sets for boxes (firmware/record/settings.h), kept as signed records: the newest of each scope, under numbers
 * that rise for the whole country. Records go out with the receipts, to whom they are for.
 */

/* The set in force for a scope; version 0 and no settings when there is none. */
int manage_read(struct store *s, const struct trust *trust, const char *scope,
		struct _wasl_Settings *out, struct fault *why);

/* "fetch.night=50M" puts a setting into the set or changes it, "fetch.night=" takes it out. Its keys stay in order. */
int manage_change(struct _wasl_Settings *set, const char *word, struct fault *why);

/*
 * Gives the set the next number and signs it; kept when this returns 0. `trust` must accept the key: what no box would take is
 * not kept.
 */
int manage_sign(struct store *s, const struct trust *trust, const struct signed_key *key,
		struct _wasl_Settings *set, int64_t now_s, struct fault *why);

/* What an officer orders: words as manage_change() takes them, all or none. *out: the set as it was signed. */
struct manage_order {
	const char *scope;
	char *const *words;
	int count;
	int64_t now_s;
	uint32_t
		at_least; /* the number, where the hub has forgotten what boxes have seen; 0: the next */
};
int manage_set(struct store *s, const struct trust *trust, const struct signed_key *key,
	       const struct manage_order *order, struct _wasl_Settings *out, struct fault *why);

/* Whose settings are for a box. */
struct manage_box {
	const char *region, *school;
	const uint8_t *device; /* 16 bytes; NULL: any box of the school */
};
/* "", "region:Le Kef", "school:TN0001", "device:HEX": how that scope of the box is called; "" also where it has none. */
void manage_scope_name(const struct manage_box *box, enum manage_scope scope,
		       char out[static STORE_SCOPE_ROOM]);
/* The number of the record of each of its scopes (0: none), and with `frames` not NULL the records behind what stands there. */
int manage_for(struct store *s, const struct manage_box *box, uint32_t newest[static MANAGE_SCOPES],
	       void **frames, size_t *len, struct fault *why);
uint32_t manage_newest(const uint32_t versions[static MANAGE_SCOPES]);
/* Whether it says which set of each scope it keeps: boxes of before say the newest alone. */
bool manage_tells(const struct box_health *health);
