// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "firmware/record/signed.h"

struct fault;

/*
 * Who may sign what. Root N names roles with keys and thresholds; root N+1 is accepted when a
 * threshold of root N and of root N+1 signed it (TUF 1.0, section 5.3.4), never by skipping a
 * number. No clock is asked. A role with a scope other than "" counts for nothing here: it may
 * not sign for everyone.
 */
enum trust_role {
	TRUST_ROOT = 0,
	TRUST_CONTENT = 1,
	TRUST_FIRMWARE = 2,
	TRUST_MANAGE = 3,
	TRUST_ENROL = 4,
	TRUST_REPORT = 5,
	TRUST_RECEIPT = 6,
	TRUST_TIME = 7,
	TRUST_REVOKE = 8,
	TRUST_ROLE_COUNT
};
const char *trust_role_name(enum trust_role role); /* "content" */
int trust_role_parse(const char *name, enum trust_role *out);
enum trust_role trust_role_for(
	enum signed_kind kind); /* which role signs a kind; device-signed kinds: TRUST_ROLE_COUNT */

struct trust;
/*
 * Starts from the root record pinned in the image (or made by `waslhub init`), which must sign
 * itself.
 */
int trust_open(const void *root1, size_t len, struct trust **out, struct fault *why);
void trust_free(struct trust *t);
/*
 * Steps to the next root: -EKEYREJECTED (signatures), -ESTALE (old number), -EPROTO (skips a
 * number).
 */
int trust_advance(struct trust *t, const void *root_n, size_t len, struct fault *why);
uint32_t trust_version(const struct trust *t);
const char *trust_country(const struct trust *t);  /* "TN"; "" when the root names none */
const char *trust_ministry(const struct trust *t); /* name, for display */
/* SHA-256 of the public keys that the hub's TLS may have; 0 when the root names none. Borrowed. */
size_t trust_tls_pins(const struct trust *t, const uint8_t (**out)[32]);

/*
 * Opens a record and checks it against the role of its kind: -EKEYREJECTED below the threshold.
 * On success *body points into `bytes`.
 */
int trust_check(const struct trust *t, enum signed_kind kind, const void *bytes, size_t len,
		const void **body, size_t *body_len, struct fault *why);
