// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cache/landed.h"
#include "cache/names.h"
#include "cache/view.h"

/*
 * One reply's body: which bytes come next, from where, or what is still missing. The same for all kinds of names.
 * Plain data; what its entry points at must be held meanwhile (view_names_hold).
 */
struct sender {
	struct names_entry entry;
	uint64_t at, end;     /* next byte, and the one after the last */
	size_t extent;        /* of a virtual file: the one that holds `at` */
	uint64_t extent_from; /* where it begins in the virtual file */
	uint64_t named;       /* the etag that its name has */
	uint64_t made_at; /* of a segment: where the one lies that was begun with, and 1; 0: any */
	uint64_t passes;  /* the tag of the one in memory that was begun with; 0: none was */
	uint64_t passes_size;
	const struct landed *landed;
};

void sender_init(struct sender *s, const struct names_entry *entry);
/*
 * A segment that is made anew may have other bytes under the same name. So its etag, which names promise to change with the bytes, is
 * made of where it lies, too, and it has no date; what begins with one ends with it, or with another place of the same bytes, or fails with
 * -ESTALE.
 *
 * How long the thing is: 0, or -EAGAIN (a segment that is not made yet: sender_want() says what to ask for), -EIO (the same, with this
 * error), -ENODATA, -ENOENT as view_segment().
 */
int sender_size(struct sender *s, struct view *v, uint64_t *out);
/* The same of a segment that is in memory only, with its tag (cache/pass.h). `landed` is what the caller has read: SENDER_CHECK. */
void sender_passes(struct sender *s, uint64_t size, uint64_t tag, const struct landed *landed);
/* May what is in memory under this tag be sent on? A chunk always may: its id says which bytes it has. */
bool sender_goes_on(const struct sender *s, uint64_t tag);
struct sender_want sender_want(const struct sender *s);
/* Which part to send; the whole of what sender_size() said at most. */
void sender_range(struct sender *s, uint64_t from, uint64_t len);

enum sender_step {
	SENDER_DONE,
	SENDER_MEMORY, /* piece.bytes */
	SENDER_FILE,   /* piece.file: hold its item until it is sent */
	SENDER_WAIT,   /* not there yet: piece.want says what to ask for */
	SENDER_CHECK, /* what was begun from memory is on the disk by now: the same bytes? landed_note() of piece.file */
	SENDER_FAIL, /* it will not come: piece.error */
};

struct sender_want {
	struct objmap_id id; /* all zero: a segment is wanted */
	uint64_t rendition;
	uint64_t first, count; /* chunks, or segment and 1 */
	uint64_t size;         /* of the object */
	int error; /* 0, or why what is there could not be read: the disk's negative errno */
};

struct sender_piece {
	const void *bytes;
	uint64_t length;
	struct view_file file;
	struct sender_want want;
	int error;
};

/* Is it there by now, or is it known that it never will be: is there a reason to go on? */
bool sender_there(struct view *v, const struct sender_want *want);
/* The next piece; a step of MEMORY or FILE moves on behind it. */
enum sender_step sender_next(struct sender *s, struct view *v, struct sender_piece *out);
/* The last `left` bytes of that piece were not taken: they come again. */
void sender_back(struct sender *s, uint64_t left);
