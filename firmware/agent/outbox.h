// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/agent/aggregate.h"
#include "firmware/agent/chain.h"
#include "firmware/record/signed.h"

struct fault;
struct _wasl_BoxHealth;

/*
 * What the box has to tell and what it has told, in one SQLite file (synchronous=FULL).
 *
 * A row is open until it is sealed into an envelope; only open rows are added to. Its seal
 * (epoch, number) stays with it, so that an end of epoch can open it again. Rows and the cursor
 * up to which a feed was read are committed together; envelope, head of the chain and the seals
 * of its rows too. So a kill at any moment neither loses a count nor tells it twice.
 */
struct outbox;

enum {
	/* Of at most 200 bytes each, but offers, of at most 900: stays well below 1 MiB. */
	OUTBOX_ROWS_PER_ENVELOPE = 2000,
	OUTBOX_RECEIPTS = 10000, /* the latest are kept and listed */
	OUTBOX_OFFERS = 500,     /* lessons that are offered at one time */
};

/* Opens or makes the file for this device; refuses one that belongs to another (-EPERM). */
int outbox_open(const char *path, const uint8_t device[static 16], struct outbox **out,
		struct fault *why);
void outbox_close(struct outbox *o); /* NULL is fine */

/* Small facts that are kept: numbers and byte strings by name. */
int outbox_number(struct outbox *o, const char *name, int64_t fallback, int64_t *out,
		  struct fault *why);
int outbox_number_set(struct outbox *o, const char *name, int64_t value, struct fault *why);
int outbox_blob(struct outbox *o, const char *name, void **out, size_t *len,
		struct fault *why); /* -ENOENT */
int outbox_blob_set(struct outbox *o, const char *name, const void *bytes, size_t len,
		    struct fault *why);

/* --- collecting ------------------------------------------------------------------------------- */
struct outbox_event {
	int64_t at_s;
	char kind[32], subject[64], reason[64];
};

/* A lesson that a teacher offers to the ministry: what it is, nothing about who. */
struct outbox_offer {
	char lesson[64], title[3][208], language[16]; /* titles by enum strings_lang */
	char subject[64];
	uint32_t grade;
	uint64_t duration_ms, film_bytes;
	uint8_t film[32];
};

int outbox_begin(struct outbox *o, struct fault *why);
int outbox_commit(struct outbox *o, struct fault *why);
void outbox_rollback(struct outbox *o); /* no-op outside */

int outbox_cursor(struct outbox *o, const char *feed, int64_t *out,
		  struct fault *why); /* 0 when never read */
/* Inside a transaction: */
int outbox_cursor_set(struct outbox *o, const char *feed, int64_t at, struct fault *why);
int outbox_add_minute(struct outbox *o, const struct aggregate_minute *m, struct fault *why);
int outbox_add_use(struct outbox *o, const struct aggregate_use *u, struct fault *why);
int outbox_add_event(struct outbox *o, const struct outbox_event *e, struct fault *why);
/*
 * All that is offered now (at most OUTBOX_OFFERS). Of each lesson there is one row: what was said of it last. It is open
 * again when that is no longer so: the lesson is new, has changed, or is offered no more.
 */
int outbox_set_offers(struct outbox *o, const struct outbox_offer *offers, size_t count,
		      struct fault *why);
/* How long a film on offer is; -ENOENT: none has it. */
int outbox_film_bytes(struct outbox *o, const uint8_t film[static 32], uint64_t *out,
		      struct fault *why);

/* The newest head of netmgrd's chain of minutes: goes into the header of each envelope from here on. */
struct outbox_minutes {
	uint64_t through; /* 0: there is no chain */
	uint8_t head[32];
};
int outbox_set_minutes(struct outbox *o, const struct outbox_minutes *m, struct fault *why);
int outbox_minutes(struct outbox *o, struct outbox_minutes *out, struct fault *why);

/* --- sealing ---------------------------------------------------------------------------------- */
enum outbox_which {
	OUTBOX_COMPLETE, /* hours and days that are over, and events */
	OUTBOX_ALL,      /* also what is still going on, as pieces of their own */
};

struct outbox_order {
	enum outbox_which which;
	int32_t today; /* by the best guess; a day before it is over */
	uint8_t sealing_public[32];
	const struct signed_key *device_key;
	uint32_t boot_count;
	int64_t floor_s;
	uint8_t quality;
	const struct _wasl_BoxHealth *health; /* goes with the rows; NULL: none */
};

/* How many rows outbox_seal() would take. */
int outbox_ready(struct outbox *o, enum outbox_which which, int32_t today, uint64_t *rows,
		 struct fault *why);

/*
 * Seals up to OUTBOX_ROWS_PER_ENVELOPE rows into the next envelope, or only the health when there
 * is no row. *rows is how many. -EAGAIN before the first grant.
 */
int outbox_seal(struct outbox *o, const struct outbox_order *order, uint64_t *rows,
		struct fault *why);

/* --- the chain -------------------------------------------------------------------------------- */
/*
 * The epoch in force begins (or goes on). -ESTALE: an earlier one. The bytes are kept as the blob
 * "grant".
 */
int outbox_enrol(struct outbox *o, uint32_t epoch, const void *grant, size_t len,
		 struct fault *why);
/* State of an epoch; zero when there was none of that number. */
int outbox_chain(struct outbox *o, uint32_t epoch, struct chain_state *out, struct fault *why);
int outbox_epoch(struct outbox *o, uint32_t *out, struct fault *why); /* 0 before the first grant */

/* The hash of an envelope of one epoch; a chain_hash_fn. */
struct outbox_past {
	struct outbox *outbox;
	uint32_t epoch;
};
int outbox_hash(void *past, uint64_t seq, uint8_t out[static 32]);

/*
 * Envelopes of the epoch that no receipt covers, in order, as one body of u32le length + bytes:
 * at most `count_max` and about `bytes_max`, at least one. *count 0: nothing waits. *out
 * malloc'ed.
 */
int outbox_waiting(struct outbox *o, size_t count_max, size_t bytes_max, void **out, size_t *len,
		   size_t *count, struct fault *why);

/*
 * What a judged receipt changes: CHAIN_ADVANCE and CHAIN_REFILL; others change nothing. The
 * record is kept and listed.
 */
int outbox_receipt(struct outbox *o, enum chain_verdict verdict, const struct _wasl_Receipt *r,
		   const void *record, size_t len, int64_t now_s, struct fault *why);
/* A judged end of epoch: what was sealed above it is open again, the new epoch begins. */
int outbox_end_epoch(struct outbox *o, const struct _wasl_Close *c, uint64_t *reopened,
		     struct fault *why);

struct outbox_receipt_row {
	int64_t cursor;
	uint32_t epoch;
	uint64_t through_seq;
	uint8_t head_hash[32];
	int64_t hub_s, stored_s;
};
int outbox_receipts(struct outbox *o, int64_t after, size_t limit,
		    void (*each)(void *data, const struct outbox_receipt_row *), void *data,
		    struct fault *why);

/*
 * Envelopes one after the other, from the first that has a receipt of its own and a head of minutes at `from` or later,
 * up to the first that has a receipt and a head at `until` or later (else the last with a receipt): proof of what stood in
 * that chain, as none can be left out. `record` is the first receipt that names this very envelope; NULL where none does.
 */
struct outbox_proof {
	int64_t cursor;
	const void *envelope, *record; /* borrowed */
	size_t envelope_len, record_len;
};
/* At most `limit` after the cursor, and no more once `bytes` are given. How many, or -errno. */
int outbox_proofs(struct outbox *o, int64_t from, int64_t until, int64_t after, size_t limit,
		  size_t bytes, void (*each)(void *data, const struct outbox_proof *), void *data,
		  struct fault *why);

struct outbox_counts {
	uint64_t open_rows;     /* not sealed yet */
	uint64_t waiting_rows;  /* sealed, not receipted */
	uint64_t parked_rows;   /* of an epoch that is over, until the hub says where it ended */
	uint64_t kept_bytes;    /* of envelopes */
	int64_t last_receipt_s; /* 0 none */
};
int outbox_count(struct outbox *o, struct outbox_counts *out, struct fault *why);

/*
 * Receipted envelopes, and their rows, go when they are older than `days` or more than `bytes`
 * are kept, the oldest first.
 */
int outbox_prune(struct outbox *o, int64_t now_s, uint32_t days, uint64_t bytes, struct fault *why);
