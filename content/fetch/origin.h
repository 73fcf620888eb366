// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/record/objmap.h"

struct fault;
struct http_result;

/*
 * The place that lessons come from, as it was last seen: any static HTTP server. Who fails to reach it makes everyone
 * wait; who reaches it ends the wait. Pure: time is given.
 */
struct origin {
	char url[512];    /* without "/" at its end; "" : none */
	unsigned stall_s; /* no byte for this long is a failure */
	bool ok;          /* the last exchange worked */
	char reason[200]; /* why not; "" when ok */
	unsigned tries;   /* failures since it last worked */
	bool told;        /* people know that it is down */
	uint64_t not_before_ms;
	uint64_t urgent_ms; /* when somebody waits, it is asked again from here on */
	uint64_t salt;      /* this box's own, so that boxes do not all ask in the same second */
};

/* -EINVAL when it is neither "" nor http:// or https:// */
int origin_set(struct origin *o, const char *url, unsigned stall_s, uint64_t salt,
	       struct fault *why);

/* Both return true when it is time to say so: one cut is no news, the second in a row is; and so is the end of it. */
bool origin_worked(struct origin *o);
bool origin_failed(struct origin *o, const char *reason, uint64_t now_ms);
/* It sends what is not what it says: worse than silence, so it is left alone for longer. */
void origin_lied(struct origin *o, const char *reason, uint64_t now_ms);
/* Whoever asks for a look now does not want to wait. */
void origin_hurry(struct origin *o);
bool origin_waits(const struct origin *o, uint64_t now_ms);
/* Until when it is left alone; a pupil who waits has it tried sooner. 0: it may be asked; UINT64_MAX: there is none. */
enum origin_for { ORIGIN_FOR_LATER, ORIGIN_FOR_PUPIL };
uint64_t origin_until(const struct origin *o, enum origin_for who);

/* 0: the status is what was asked. -ENOENT: 404 or 410, it has no such thing. -EIO and what it said: no use of it now. */
int origin_judge(const struct http_result *result, char reason[static 200]);

struct origin_url {
	char at[640];
};
struct origin_url origin_object(const struct origin *o, const struct objmap_id *id);
struct origin_url origin_map(const struct origin *o, const struct objmap_id *id);
struct origin_url origin_root(const struct origin *o, uint32_t version);
struct origin_url origin_catalogue(const struct origin *o);
