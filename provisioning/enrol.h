// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fault;
struct trust;

/*
 * The three records of an enrolment, taken apart and put together: order (from the ministry), request
 * (from this box), grant (from the hub). Nothing here does I/O; every foreign byte is verified before it
 * is parsed, and every fault says what a technician can do.
 */
#define ENROL_ORDER_LIMIT_BYTES (64u << 10)
#define ENROL_GRANT_LIMIT_BYTES (256u << 10)

struct enrol_identity { /* what agentd says about this box */
	uint8_t device[16], sign_public[32], box_public[32];
	char claim_code[20]; /* "ABCD-EFGH-JKMN-PQRS" */
	bool enrolled;
	uint32_t epoch;
	char school_code[33], school_name[193];
};

struct enrol_order {
	uint8_t ticket[16];
	uint32_t epoch;
	char school_code[33], school_name[193], technician[65], hub_url[257];
};

struct enrol_grant {
	char school_code[33], school_name[193];
	uint32_t epoch;
	bool provisional; /* reports count after a second officer has matched the claim code */
};

/* Reads agentd's answer to GET /v1/identity. The claim code is computed here and compared. */
int enrol_read_identity(const json_t *answer, struct enrol_identity *out, struct fault *why);

/*
 * Verifies the order, then checks that it is for this box. `school` is the only code allowed, "" for any.
 * -EKEYREJECTED not signed by the ministry, -EBADMSG no order, -EPERM for another box or school.
 */
int enrol_read_order(const struct trust *trust, const void *bytes, size_t len,
		     const struct enrol_identity *me, const char *school, struct enrol_order *out,
		     struct fault *why);

/* The body that the device key signs; *out malloc'ed. */
struct enrol_about {
	const char *image_version, *board;
};
int enrol_make_request(const struct trust *trust, const void *order, size_t order_len,
		       const struct enrol_identity *me, const uint8_t nonce[static 32],
		       const struct enrol_about *about, void **out, size_t *len, struct fault *why);

/* Puts body and signature together and checks that the signature is this box's; *out malloc'ed. */
int enrol_seal_request(const void *body, size_t body_len, const uint8_t signature[static 64],
		       const struct enrol_identity *me, void **out, size_t *len, struct fault *why);

/* Verifies the grant: enrol role, our nonce, our keys, the order's school. */
int enrol_read_grant(const struct trust *trust, const void *bytes, size_t len,
		     const struct enrol_identity *me, const struct enrol_order *order,
		     const uint8_t nonce[static 32], struct enrol_grant *out, struct fault *why);

/* What an HTTP answer to the request means. */
enum enrol_verdict {
	ENROL_ANSWERED, /* the body may be a grant */
	ENROL_LATER,    /* no hub spoke: keep the order and try again */
	ENROL_REFUSED,  /* the hub said no: this order will not do */
};
struct enrol_answer {
	int code;          /* negative errno of the transport, or 0 */
	long status;       /* HTTP status */
	const char *error; /* the transport's sentence */
	const void *body;
	size_t body_len;
	const char *url;
};
enum enrol_verdict enrol_judge(const struct enrol_answer *answer, struct fault *why);

/* "http://hub/" -> "http://hub/v1/enrol". -EINVAL when it is no http or https address. */
int enrol_url(const char *hub_url, char *out, size_t room, struct fault *why);
