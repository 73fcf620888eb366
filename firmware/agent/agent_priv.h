// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "firmware/agent/agent.h"
#include "firmware/agent/collector.h"
#include "firmware/agent/courier.h"
#include "firmware/agent/film_course.h"
#include "firmware/agent/floor.h"
#include "firmware/agent/grant.h"
#include "firmware/agent/outbox.h"
#include "firmware/agent/seal_policy.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/base/http.h"
#include "firmware/record/device.h"
#include "firmware/record/trust.h"

enum { AGENT_FLUSHERS = 16 };

/* Whom a set of settings is for, the widest first. */
enum agent_scope { AGENT_EVERYONE, AGENT_REGION, AGENT_SCHOOL, AGENT_DEVICE, AGENT_SCOPES };

/* Somebody waits for "seal and send now". */
struct agent_flusher {
	struct agent *agent;
	struct ctl_request *req; /* NULL: free, or gone */
};

/* Shared by agent*.c only. */
struct agent {
	struct agent_conf *conf;
	const struct conf_source *source; /* where it comes from */
	sd_event *loop;
	sd_event_source *collect_timer, *send_timer;
	struct ctl *ctl;
	struct http *http;
	struct trust *trust; /* NULL while there is no good root */
	struct outbox *outbox;
	struct collector *collector;
	struct courier *courier;

	struct device_keys keys;
	uint8_t device[16];
	char device_hex[33], claim_code[20];
	bool enrolled;
	struct grant grant;

	struct floor floor;
	uint32_t boot_count;
	uint64_t start_ms;
	uint64_t sealed_ms;     /* last seal, as seal_policy wants it */
	uint64_t floor_kept_ms; /* when the floor was last written */
	uint64_t pruned_ms;
	struct feed_health health;
	struct http_transfer *echo_transfer; /* the key for echoes, on its way to netmgrd */
	bool echo_told;

	struct agent_settings {
		char region[64];           /* "": nobody has told it yet */
		uint32_t version;          /* of the newest record in the file */
		uint32_t at[AGENT_SCOPES]; /* of the record of each scope in it; 0: none */
		uint8_t hash[32],
			asked[32]; /* of the file, and of that about which it was asked last */
		bool told, again;  /* again: the file could not be written */
		char refused[480]; /* why it runs another one; "" when all is well */
		struct fault trouble;
		struct http_transfer *transfer;
	} settings;

	struct agent_offers {                       /* agent_offers.c */
		struct _wasl_OfferAnswers *answers; /* of the newest record; NULL: none came yet */
		bool told;                          /* wasl-contentd has them */
		struct http_transfer *telling, *carrying;
		uint32_t done; /* by answer: the whole film is at the hub, or it is not to be had */
		uint8_t film[32]; /* under way */
		struct film_course course;
		bool begun;        /* since the newest record came */
		unsigned failures; /* in a row */
		uint64_t not_before_ms;
		sd_event_source *again;
	} offers;

	struct agent_flusher flushers[AGENT_FLUSHERS];
	enum agent_flush { FLUSH_NONE, FLUSH_COLLECTING, FLUSH_SENDING } flush;
	uint64_t flush_sealed,
		flush_through; /* envelopes sealed by it; through_seq when it began */

	struct fault trouble;       /* of the last attempt to reach the hub; code 0 none */
	struct fault store_trouble; /* the disk: nothing can be kept */
	struct fault chain_trouble; /* rollback or fork: a person must act */
};

/* agent.c */
uint64_t agent_now_ms(void);
int64_t agent_guess_s(const struct agent *a);
void agent_keep_floor(struct agent *a);
int agent_trust(struct agent *a, struct fault *why); /* 0 when a->trust is there */
void agent_flush_begin(struct agent *a);             /* collect, seal all, send */
void agent_send_soon(struct agent *a);
enum { AGENT_PIN_TEXT = 8 * 60 };
const char *agent_hub_url(const struct agent *a);
const char *agent_pin_text(const struct agent *a, const char *url, char out[static AGENT_PIN_TEXT]);

/* agent_seal.c */
int agent_seal(struct agent *a, enum outbox_which which, uint64_t *envelopes, struct fault *why);
void agent_seal_if_due(struct agent *a);

/* agent_receipt.c */
bool agent_take_record(void *agent, const void *bytes, size_t len,
		       const uint8_t nonce[static COURIER_NONCE_BYTES]);

int agent_check_record(struct agent *a, enum signed_kind kind, const void *bytes, size_t len,
		       const void **body, size_t *body_len, struct fault *why);

/* agent_settings.c */
void agent_settings_begin(struct agent *a);
int agent_settings_take(struct agent *a, const void *bytes, size_t len, struct fault *why);
void agent_settings_region(struct agent *a, const char *region);
void agent_settings_apply(struct agent *a); /* another school: other records are for it */
void agent_settings_tell(struct agent *a);  /* wasl-contentd, until it has taken them */

/* agent_offers.c */
int agent_offers_begin(struct agent *a, struct fault *why);
int agent_offers_take(struct agent *a, const void *bytes, size_t len,
		      const uint8_t nonce[static COURIER_NONCE_BYTES], struct fault *why);
void agent_offers_tell(struct agent *a);  /* wasl-contentd, until it has them */
void agent_offers_carry(struct agent *a); /* films that are wanted, one after the other */
void agent_offers_end(struct agent *a);

/* agent_echo.c: hands the grant's key for the hub's echo to netmgrd, until it has it */
void agent_tell_echo(struct agent *a);

/* agent_api.c */
int agent_listen(struct agent *a, struct fault *why);
void agent_flush_reply(struct agent *a,
		       const struct fault *why); /* to all who wait; code 0: all arrived */
