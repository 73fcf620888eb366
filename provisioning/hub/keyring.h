// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/record/hubecho.h"
#include "firmware/record/signed.h"
#include "firmware/record/trust.h"

struct fault;

/*
 * The ministry's keys, as files below the hub's folder:
 *	root/N			signed root records, for everybody
 *	keys/ROLE.key		the role's private key (mode 0600)
 *	keys/sealing/ID.key	X25519 private halves of what reports are sealed to
 *	keys/echo.secret	what wasl-ndtd and the grants derive each box's echo key from, 64 hexadecimal digits
 *	sealing-keys		signed list of the public halves
 *	offline/root-N.key	the root keys, to be moved to five different places
 */
#define KEYRING_ROOT_KEYS 5u
#define KEYRING_ROOT_THRESHOLD 3u

/*
 * Makes all of it. -EEXIST when root 1 is there already: nothing is changed then. An interrupted run is started
 * over by the next: root/1 is written last.
 */
int keyring_make(const char *dir, const char *ministry, const char *country, int64_t now_s,
		 struct fault *why);

/* The role's private key; wipe it with signed_key_wipe(). */
int keyring_load(const char *dir, enum trust_role role, struct signed_key *out, struct fault *why);

/* The public half in one key file of the folder ("keys/enrol.key"): for `waslhub key list`. */
int keyring_public(const char *dir, const char *file, uint8_t out[static 32], struct fault *why);

/* Both halves of the sealing key with that id; -ENOENT when the hub has no such key (36 months are kept). */
int keyring_sealing(const char *dir, const uint8_t id[static 8], uint8_t public_key[static 32],
		    uint8_t secret_key[static 32], struct fault *why);

/* The secret for UDP echoes, 32 bytes; made when it is not there (a hub of before). */
int keyring_echo_secret(const char *dir, uint8_t out[static HUBECHO_KEY], struct fault *why);

/* Root 1 and every later root that is there, in order. */
int keyring_trust(const char *dir, struct trust **out, struct fault *why);

/* A whole file of the folder, malloc'ed: "sealing-keys", "root/1". */
int keyring_file(const char *dir, const char *name, void **out, size_t *len, struct fault *why);
