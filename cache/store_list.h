// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/store.h"

/*
 * What is in the store, row by row, and what contentd knows of it besides: when it was used last, what a person pinned, and
 * what has left and why. Rows of store.db, durable when a call returned 0.
 *
 * The clock of use is the wall clock where that has moved forward, and stands where it stood when that was set back:
 * an order of use needs no more, and a box whose battery is empty begins every day in 1970.
 */
/* How many bytes more the limits and the disk allow. */
int store_list_room(struct store *s, uint64_t *out, struct fault *why);
bool store_list_limited(const struct store *s); /* it is the limits rather than the disk */

enum store_list_kind { STORE_LIST_OBJECT, STORE_LIST_RENDITION };

struct store_list_row {
	enum store_list_kind kind;
	struct objmap_id id; /* of an object */
	uint64_t number;     /* of a rendition, and what it is of: */
	const char *lesson, *generation, *rung;
	uint64_t bytes;
	int64_t used_s; /* 0: not noted yet */
	bool complete;  /* an object that is whole */
	bool local;     /* a file that the school added has these bytes */
	bool pinned;    /* an object that is pinned itself, whatever names it */
};

/* Each object, then each rendition, until `each` returns something else than 0. Texts live until it returns. */
int store_list_each(struct store *s, int (*each)(void *data, const struct store_list_row *row),
		    void *data, struct fault *why);

/* The latest use that is noted; 0: none. */
int store_list_clock(struct store *s, int64_t *out, struct fault *why);
int store_list_used_object(struct store *s, const struct objmap_id *id, int64_t used_s,
			   struct fault *why);
int store_list_used_rendition(struct store *s, uint64_t number, int64_t used_s, struct fault *why);
/* What has no use noted yet came now. */
int store_list_arrived(struct store *s, int64_t now_s, struct fault *why);

/* Pins: "lesson/SLUG" or "object/HEX". Pinning twice is fine; -ENOENT from an unpin of what is not pinned. */
int store_list_pin(struct store *s, const char *what, int64_t now_s, struct fault *why);
int store_list_unpin(struct store *s, const char *what, struct fault *why);
int store_list_pins(struct store *s, int (*each)(void *data, const char *what, int64_t added_s),
		    void *data, struct fault *why);

/* What left: "object/HEX" or "rung/LESSON/RUNG". */
enum store_list_held {
	STORE_LIST_FREE,        /* only remembered */
	STORE_LIST_UNTIL_ROOM,  /* comes back when there is room for it, or when somebody asks */
	STORE_LIST_UNTIL_ASKED, /* sent away by hand: comes back when somebody asks */
};

struct store_list_gone {
	char what[160];
	int64_t at_s; /* Unix time */
	uint64_t bytes;
	enum store_list_held held;
	char cause[200]; /* for what room was made */
};
int store_list_left(struct store *s, const struct store_list_gone *gone, struct fault *why);
/* It is back, or may come back; nothing to forget is fine. */
int store_list_forget(struct store *s, const char *what, struct fault *why);
int store_list_gone(struct store *s, int (*each)(void *data, const struct store_list_gone *gone),
		    void *data, struct fault *why);
