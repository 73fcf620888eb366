// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/record/offer.h"
#include "provisioning/hub/account.h"
#include "provisioning/hub/coverage.h"
#include "provisioning/hub/school.h"

struct fault;

/*
 * What the hub remembers. SQLite behind it (store_sqlite*.c); another engine fills the same table of operations
 * (store_backend.h) and passes the same suite (tests/unit/hub/store_test.c). Rules for callers and engines alike:
 *	- writes happen between store_begin() and store_commit(); after a commit they survive a power cut;
 *	- "get" answers -ENOENT without filling *why when there is nothing, and leaves *out alone;
 *	- an "each" calls back in the order named; a non-zero answer of the callback ends it and is returned;
 *	- a callback must not call the store.
 */
struct store;

/* "/path/hub.db" opens SQLite. A scheme that no engine here knows is -EPROTONOSUPPORT. */
int store_open(const char *where, struct store **out, struct fault *why);
void store_close(struct store *s); /* NULL is fine */

int store_begin(struct store *s, struct fault *why);
int store_commit(struct store *s, struct fault *why);
void store_rollback(struct store *s); /* no-op outside a transaction */

/* Grows whenever another process has committed: pages learn that something changed. */
int store_generation(struct store *s, int64_t *out, struct fault *why);

/* Named numbers: "ledger", "catalogue_version", … */
int store_number_get(struct store *s, const char *name, int64_t fallback, int64_t *out,
		     struct fault *why);
int store_number_set(struct store *s, const char *name, int64_t value, struct fault *why);

/* --- registry ------------------------------------------------------------------------------------ */
enum store_change { STORE_ADDED, STORE_CHANGED, STORE_SAME };
int store_school_put(struct store *s, const struct school *school, enum store_change *out,
		     struct fault *why);
int store_school_get(struct store *s, const char *code, struct school *out, struct fault *why);

struct school_status { /* what a page needs of a school, kept at ingest */
	bool enrolled;
	int64_t last_seen_s, as_of_s; /* as in struct standing_facts */
	struct coverage_s day, in_school;
	uint32_t down_kbps, speed_n; /* median of 7 days, from how many hours */
	char layer[32];
	struct coverage_week week;
};
int store_status_get(struct store *s, const char *school, struct school_status *out,
		     struct fault *why);
int store_status_put(struct store *s, const char *school, const struct school_status *status,
		     struct fault *why);

/* All schools by code, each with its status (zeroed when there is none yet). */
typedef int store_school_fn(void *data, const struct school *school,
			    const struct school_status *status);
int store_schools_each(struct store *s, store_school_fn *each, void *data, struct fault *why);

struct ticket {
	uint8_t id[16];
	char school[32], technician[64];
	char claim_code[20]; /* 16 characters, or "" in one-visit mode */
	uint32_t epoch;
	int64_t made_s;
	bool spent;
	uint8_t spent_by[16]; /* device */
	int64_t spent_s;
};
int store_ticket_add(struct store *s, const struct ticket *ticket, struct fault *why); /* -EEXIST */
int store_ticket_get(struct store *s, const uint8_t id[static 16], struct ticket *out,
		     struct fault *why);
/* -EEXIST without filling *why when it was spent already: two boxes cannot both win. */
int store_ticket_spend(struct store *s, const uint8_t id[static 16],
		       const uint8_t device[static 16], int64_t now_s, struct fault *why);

enum device_state {
	DEVICE_BOUND = 1, /* its reports count */
	DEVICE_PROVISIONAL =
		2, /* one-visit mode: stored and receipted, counted once an officer has matched the code */
	DEVICE_FORKED = 3, /* two pasts under one number: stored and receipted, not counted */
};
struct device {
	uint8_t id[16], sign_public[32], box_public[32], ticket[16];
	char school[32], image_version[32], board[32];
	uint32_t epoch;
	enum device_state state;
	int64_t enrolled_s;
};
int store_device_add(struct store *s, const struct device *device, struct fault *why); /* -EEXIST */
int store_device_get(struct store *s, const uint8_t id[static 16], struct device *out,
		     struct fault *why);
int store_device_state_set(struct store *s, const uint8_t id[static 16], enum device_state state,
			   struct fault *why);
typedef int store_device_fn(void *data, const struct device *device);
/* By enrolment, of one school or (NULL) of all. */
int store_devices_each(struct store *s, const char *school, store_device_fn *each, void *data,
		       struct fault *why);

enum token_role { TOKEN_VIEWER = 1, TOKEN_OFFICER = 2 };
int store_token_add(struct store *s, const uint8_t hash[static 32], enum token_role role,
		    int64_t now_s, struct fault *why);
int store_token_get(struct store *s, const uint8_t hash[static 32], enum token_role *out,
		    struct fault *why);

/* --- ledger -------------------------------------------------------------------------------------- */
/* Zeroed (through_seq 0) when nothing came yet. */
int store_head_get(struct store *s, const uint8_t device[static 16], uint32_t epoch,
		   struct account_head *out, struct fault *why);
int store_head_put(struct store *s, const uint8_t device[static 16], uint32_t epoch,
		   const struct account_head *head, struct fault *why);

enum envelope_state {
	ENVELOPE_COUNTED = 1,
	ENVELOPE_HELD = 2,    /* behind a gap: not receipted */
	ENVELOPE_WAITING = 3, /* receipted; counted when its device is bound */
	ENVELOPE_UNREADABLE =
		4,         /* receipted; could not be opened or makes no sense: an alert tells */
	ENVELOPE_KEPT = 5, /* receipted; for people, not for sums: a diagnosis, a document */
};
struct stored_envelope {
	uint8_t device[16], hash[32], previous[32];
	uint32_t epoch;
	uint64_t seq;
	enum envelope_state state;
	int32_t first_day, last_day;
	int64_t received_s;
	uint32_t bytes_len;
	const void *bytes; /* whole envelope; put: borrowed. get, each: NULL unless said */
};
int store_envelope_put(struct store *s, const struct stored_envelope *envelope,
		       struct fault *why); /* -EEXIST */
/* `bytes` (may be NULL) receives the envelope, malloc'ed; out->bytes stays NULL. */
int store_envelope_get(struct store *s, const uint8_t device[static 16], uint32_t epoch,
		       uint64_t seq, struct stored_envelope *out, void **bytes, struct fault *why);
int store_envelope_state_set(struct store *s, const uint8_t device[static 16], uint32_t epoch,
			     uint64_t seq, enum envelope_state state, struct fault *why);
/* Lowest seq > after in that state; -ENOENT when there is none. */
int store_envelope_next(struct store *s, const uint8_t device[static 16], uint32_t epoch,
			enum envelope_state state, uint64_t after, uint64_t *out,
			struct fault *why);
/* Evidence of a fork. At most 16 of a device and epoch are kept; more are passed over. */
int store_fork_put(struct store *s, const struct stored_envelope *envelope, struct fault *why);
int store_fork_count(struct store *s, const uint8_t device[static 16], int64_t *out,
		     struct fault *why);

struct given_receipt {
	int64_t id; /* grows; 0 when put */
	uint8_t device[16], head_hash[32];
	char school[32];
	uint32_t epoch;
	uint64_t through_seq;
	int64_t signed_s;
};
int store_receipt_put(struct store *s, const struct given_receipt *receipt, struct fault *why);
typedef int store_receipt_fn(void *data, const struct given_receipt *receipt);
/* Newest first, at most `limit`, ids below `before` (INT64_MAX: from the newest). */
int store_receipts_each(struct store *s, const char *school, int64_t before, int limit,
			store_receipt_fn *each, void *data, struct fault *why);

/* --- rows of reports ----------------------------------------------------------------------------- */
int store_hour_get(struct store *s, const char *school, int32_t day, uint8_t hour,
		   const char *uplink, struct coverage_hour *out, struct fault *why);
int store_hour_put(struct store *s, const char *school, const struct coverage_hour *hour,
		   struct fault *why);
typedef int store_hour_fn(void *data, const struct coverage_hour *hour);
/* From day to day, both included, by day, hour, uplink. */
int store_hours_each(struct store *s, const char *school, int32_t from, int32_t to,
		     store_hour_fn *each, void *data, struct fault *why);
/* The last hour that has anything but unknown; -ENOENT when there is none. */
int store_hour_last(struct store *s, const char *school, int32_t *day, uint8_t *hour,
		    struct fault *why);

struct lesson_use {
	int32_t day;
	char lesson[64], rung[24];
	uint32_t starts, completions;
	uint64_t watched_s, sent_bytes;
	uint32_t devices;     /* counted ones */
	uint32_t small_cells; /* reports that said "1-4" instead of a number */
};
/* Sums stop at 2^32-1 (counts) and 2^60 (seconds, bytes) instead of running over. */
int store_use_add(struct store *s, const char *school, const struct lesson_use *more,
		  struct fault *why);
typedef int store_use_fn(void *data, const struct lesson_use *use);
/* By day, lesson, rung. */
int store_uses_each(struct store *s, const char *school, int32_t from, int32_t to,
		    store_use_fn *each, void *data, struct fault *why);

struct box_event {
	uint64_t number;
	int64_t unix_s;
	char kind[32], subject[64], reason[64];
};
/* The same number of the same device again is passed over. */
int store_event_put(struct store *s, const uint8_t device[static 16], const char *school,
		    const struct box_event *event, struct fault *why);
typedef int store_event_fn(void *data, const struct box_event *event);
int store_events_each(struct store *s, const char *school, int limit, store_event_fn *each,
		      void *data, struct fault *why); /* newest first */

/* Whom a set of settings is for. */
enum manage_scope { MANAGE_EVERYONE, MANAGE_REGION, MANAGE_SCHOOL, MANAGE_DEVICE, MANAGE_SCOPES };

struct box_health {
	int64_t unix_s;
	char image_version[32], board[32];
	uint64_t disk_free_bytes;
	uint32_t uptime_s, catalogue_version, lessons_ready, lessons_total, settings_version,
		root_version;
	/* What the box found when it read its disk through; of BoxHealth, as it is there. */
	uint64_t disk_bad, disk_unreadable, disk_read_bytes;
	int64_t disk_read_s;
	uint32_t disk_wear;
	uint32_t settings_at[MANAGE_SCOPES]; /* of each scope, the widest first */
};
/* The newest by unix_s is kept. */
int store_health_put(struct store *s, const uint8_t device[static 16],
		     const struct box_health *health, struct fault *why);
int store_health_get(struct store *s, const uint8_t device[static 16], struct box_health *out,
		     struct fault *why);

int store_day_get(struct store *s, const char *school, int32_t day, struct coverage_s *out,
		  struct fault *why);
int store_day_put(struct store *s, const char *school, int32_t day, const struct coverage_s *sum,
		  struct fault *why);
typedef int store_day_fn(void *data, int32_t day, const struct coverage_s *sum);
int store_days_each(struct store *s, const char *school, int32_t from, int32_t to,
		    store_day_fn *each, void *data, struct fault *why);

struct region_delta { /* what a changed school-day adds to (or takes from) its region's day */
	int64_t schools, up, down, unpowered, unknown;
};
int store_region_day_add(struct store *s, const char *country, const char *region, int32_t day,
			 const struct region_delta *delta, struct fault *why);
typedef int store_region_day_fn(void *data, int32_t day, const struct region_delta *sum);
/* Sums by day; `country` and `region` "" for all. */
int store_region_days_each(struct store *s, const char *country, const char *region, int32_t from,
			   int32_t to, store_region_day_fn *each, void *data, struct fault *why);

/* --- what schools offer -------------------------------------------------------------------------- */
struct lesson_offer { /* the last word of a box about a lesson of its school */
	uint8_t device[16];
	char school[32], lesson[64];
	uint32_t epoch;
	uint64_t number; /* grows within the epoch */
	bool withdrawn;
	char title[3][208], language[16]; /* ar, fr, en */
	uint64_t duration_ms, film_bytes;
	uint8_t film[32]; /* object id */
	int64_t received_s;
	char subject[64];
	uint32_t grade;
	/* What the ministry said of this film; put: ignored. */
	enum offer_said said;
	char reason[24], published[64]; /* why it was declined; its id in the catalogue */
	bool changed;                   /* after something was said, which stands no more */
};
/* The same film under the same words: what an officer looked at. */
bool store_offer_same(const struct lesson_offer *a, const struct lesson_offer *b);
enum { STORE_OFFERS_MOST = 500 /* that one box has on offer */ };
/* A word that is older than what is known is passed over. -EDQUOT without a sentence: one more than STORE_OFFERS_MOST. */
int store_offer_put(struct store *s, const struct lesson_offer *offer, struct fault *why);
typedef int store_offer_fn(void *data, const struct lesson_offer *offer);
/* What is on offer now, at most `limit`, what was told last first; where there is more, of each school as many. */
int store_offers_each(struct store *s, int limit, store_offer_fn *each, void *data,
		      struct fault *why);
/* All that a box told, also what it withdrew; first that of which something is said, what was said last first,
 * what is wanted and the rest by turns. */
int store_offers_of(struct store *s, const uint8_t device[static 16], store_offer_fn *each,
		    void *data, struct fault *why);
/* said, reason and published of this device, lesson and film; -ENOENT without a sentence: it is not on offer any more. */
int store_offer_say(struct store *s, const struct lesson_offer *offer, struct fault *why);

/* --- what the ministry sets for boxes -------------------------------------------------------------- */
#define STORE_SCOPE_ROOM 80u
struct kept_settings { /* the newest signed record of a scope */
	char scope[STORE_SCOPE_ROOM];
	uint32_t version;
	int64_t made_s;
	size_t len;
	const void *bytes; /* put: borrowed; each: as long as the call; get: NULL */
};
/* In the place of the scope's record, whatever it was. */
int store_settings_put(struct store *s, const struct kept_settings *settings, struct fault *why);
/* `bytes` receives the record, malloc'ed. */
int store_settings_get(struct store *s, const char *scope, struct kept_settings *out, void **bytes,
		       struct fault *why);
typedef int store_settings_fn(void *data, const struct kept_settings *settings);
int store_settings_each(struct store *s, store_settings_fn *each, void *data,
			struct fault *why); /* by scope */

struct alert {
	int64_t id, raised_s;
	char kind[32], school[32], text[256];
	uint8_t device[16];
};
int store_alert_put(struct store *s, const struct alert *alert, struct fault *why);
typedef int store_alert_fn(void *data, const struct alert *alert);
int store_alerts_each(struct store *s, int limit, store_alert_fn *each, void *data,
		      struct fault *why); /* newest first */
