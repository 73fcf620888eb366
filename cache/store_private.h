// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <dirent.h>
#include <limits.h>

#include "cache/bits.h"
#include "cache/layout.h"
#include "cache/segtab.h"
#include "cache/store.h"
#include "cache/store_news.h"
#include "cache/store_own.h"
#include "firmware/base/db.h"
#include "firmware/base/fault.h"

/* What store.c, store_object.c and store_rendition.c share; nobody else includes it. */
struct store {
	char dir[PATH_MAX - sizeof(struct layout) - 1];
	int fd, lock;
	struct db *db;
	struct store_limits limits;
	uint8_t boot[16];
	uint64_t used_bytes;   /* objects in full, and segments with what fills their last page */
	uint64_t behind_bytes; /* written since the last store_sync() */
	uint64_t rehashed_bytes, swept, opened; /* for store_totals() */
	uint64_t at_once_bytes;       /* hashed while opening, since the last store_sync() */
	struct store_remake *remake;  /* a map under way, or NULL */
	unsigned sweep_folder;        /* the next to look through for files without a row */
	DIR *sweep_dir;               /* the one under way, or NULL */
	bool adopts;                  /* store.db was lost: whole bodies without a row get one */
	bool unread;                  /* and not all names of the school's files could be read */
	uint64_t sweep_at;            /* the next name to compare with its row */
	uint64_t stuck_ms;            /* when the sweep could not go on; 0: it could */
	struct fault stuck;           /* why; was told */
	struct store_news_item *news; /* nobody has heard of yet */
	struct store_object *objects; /* open ones */
	struct store_rendition *renditions; /* open ones */
};

struct store_object {
	struct store_object *next;
	struct store *store;
	unsigned opened; /* how often */
	struct objmap *map;
	struct bits bits;
	uint64_t *durable;      /* bits_words() words, as last saved */
	uint64_t *doubt;        /* chunks that nobody vouches for, to be hashed; NULL: none */
	uint64_t doubt_at;      /* none before this one */
	uint64_t at_once_bytes; /* hashed while it was opened */
	bool searched;          /* in the list for store_search_step(), which closes it then */
	int fd;                 /* read-write */
	int read_fd;
	bool behind;   /* readable chunks that are not durable yet */
	bool complete; /* readable in full */
	bool dropped;
};

struct store_rendition {
	struct store_rendition *next;
	struct store *store;
	unsigned opened;
	uint64_t number;
	uint32_t segment_count, done;
	uint64_t end;                /* where the next segment goes */
	struct segtab_segment *rows; /* as committed: length 0 where there is none */
	struct segtab_range withdrawn[SEGTAB_MAX_WITHDRAWN];
	uint32_t withdrawn_count;
	struct segtab tab;
	int fd, read_fd;
	bool dropped;
};

enum { STORE_PAGE = 4096 };

/* What a segment of `length` takes in its file, in SQL; the same as store_padded(). */
#define STORE_PADDED_SQL "CASE WHEN length%4096=0 THEN length ELSE (length+4103)/4096*4096 END"

struct store_path {
	char at[PATH_MAX];
};

/* DIR/REST, for calls that want a whole path. */
struct store_path store_path(const struct store *s, const char *rest);
/* -ENOSPC with a sentence when `more` bytes would break the limits. */
int store_check_room(struct store *s, uint64_t more, struct fault *why);
/* "'DIR/REST': what the error says"; -ENOSPC gets the sentence and id of a full store. */
int store_fault(const struct store *s, const char *rest, int code, struct fault *why);
/*
 * On a full disk not even a DELETE has room, in the database's journal: a spare file gives way for it. True when
 * there was one to give: try again. store_keep_spare() makes it anew once there is room.
 */
bool store_give_spare(struct store *s, int code);
void store_keep_spare(struct store *s);
/* Makes the objects of this store durable; called by store_sync(). */
int store_object_sync_all(struct store *s, struct fault *why);
/*
 * The bytes of a chunk or a segment are wrong: nobody gets them from now on, and they are fetched or made again. The
 * row is changed first, so that a cut in between withdraws too much and never too little. -ENOSPC from a rendition with more rotten
 * places than its table can name: drop it.
 */
int store_object_withdraw(struct store_object *o, uint64_t chunk, struct fault *why);
int store_rendition_withdraw(struct store_rendition *r, uint32_t segment, struct fault *why);
uint64_t store_object_chunks(const struct store_object *o);
size_t store_object_chunk_len(const struct store_object *o, uint64_t chunk);
int store_object_fault(const struct store_object *o, const char *suffix, int code,
		       struct fault *why);
/* Body, map and bitmap, made if need be; the row is the caller's. */
int store_object_open_files(struct store_object *o, struct fault *why);
/*
 * Writes the map anew from a whole body (of a file that a person added nobody else has one), in steps: hashes about `max_bytes`, which
 * *bytes counts. 1: go on; 0: done; -EBADMSG: the body is not whole. Another object's map makes it begin anew.
 */
int store_object_remake_map(struct store *s, const struct objmap_id *id, uint64_t max_bytes,
			    uint64_t *bytes);
void store_remake_end(struct store *s);
/* store_search.c: what is hashed while opening, and what is left for store_search_step(). -ENOMEM. */
int store_object_doubt(struct store_object *o, uint64_t chunk);
bool store_object_doubts(const struct store_object *o, uint64_t chunk);
void store_object_trust(struct store_object *o, uint64_t chunk); /* it was written or hashed */
/* The object's doubts, one after the other; false when there are none left. *bytes counts what was read. */
bool store_object_search(struct store_object *o, uint64_t max_bytes, uint64_t *bytes);
/* Bytes first, then the bitmap that speaks of them. */
int store_object_save_durable(struct store_object *o);
/* The same bits in a new file: readers map again, those too that remember that once all was there. */
int store_object_renew_bits(struct store_object *o);
/* A new rendition's own row, where there is room for so many bytes. */
int store_rendition_add_row(struct store *s, const char *lesson, const char *generation,
			    const char *rung, uint32_t segment_count, uint64_t expected_bytes,
			    int64_t *number, struct fault *why);
/* Rows, body and table; the rendition's own row is the caller's. */
int store_rendition_open_files(struct store_rendition *r, uint64_t expected_bytes,
			       struct fault *why);
int store_rendition_fault(const struct store_rendition *r, const char *suffix, int code,
			  struct fault *why);
int store_rendition_forget_notes(struct store_rendition *r, struct fault *why);
/*
 * Rows and withdrawn places change together: what `delete` (a constant; of the rendition's number and `value`) takes away, and the
 * place that nobody writes to or reads from any more.
 */
int store_rendition_lose(struct store_rendition *r, const char *delete, uint64_t value,
			 const struct segtab_range *lost, struct fault *why);
/* Segments begin on a page; the rest of the last page is a `free` box, which needs 8 bytes at least (ISO/IEC 14496-12). */
uint64_t store_padded(uint64_t length);
int store_object_write_fd(const struct store_object *o);       /* borrowed */
int store_rendition_write_fd(const struct store_rendition *r); /* borrowed */
/* store_aside.c: -EBADMSG when SQLite says that the database is damaged; what only cannot be read is not. */
int store_aside_check(struct store *s, struct fault *why);
int store_aside(struct store *s, struct fault *why);
bool store_aside_give(
	struct store *s); /* the damaged one gives way on a full disk: true when there was one */
void store_sweep_end(struct store *s);
bool store_sweep_waits(const struct store *s); /* it could not go on a moment ago */
void store_sweep_stuck(struct store *s, const struct fault *why);
void store_news_add(struct store *s, enum store_news_kind kind, const char *subject,
		    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void store_news_end(struct store *s);
/* store_own.c: names of the school's own files, beside their bodies. Durable when 0 was returned. */
struct own_name {
	char at[40];
};
struct own_name store_own_name(const char *path);
int store_own_write(struct store *s, const struct store_local *file, struct fault *why);
void store_own_remove(struct store *s, const char *path);
/* File `at` of all by their paths, or of those with these bytes: 1, 0 when there are no more. */
int store_local_at(struct store *s, const struct objmap_id *id, uint64_t at,
		   struct store_local *out, struct fault *why);
/*
 * -ENOENT: no such file; -EBADMSG: it was read whole, and is none. Any other error says nothing of what is there: whoever would remove
 * something for want of a name must not.
 */
int store_own_read(const struct store *s, const char *name, struct store_local *out);
/*
 * Compares a name with its row, on the disk itself and in memory, and writes it anew where it is another. One that is not there (a store of
 * an earlier version) is written, and is not bad. An error says nothing of it.
 */
struct store_own_look {
	uint64_t bytes; /* read */
	bool bad, mended, unreadable;
};
int store_own_look(struct store *s, const struct store_local *row, struct store_own_look *out,
		   struct fault *why);
int store_own_fault(const struct store *s, const char *name, int code, struct fault *why);
/*
 * store_anew.c: a store.db that was just made reads the names back, and the objects that they name; until the sweep is
 * through, a body with a sound map gets a row instead of being removed (*known: it has one now). Names that cannot be read
 * do not keep the store from opening; store_anew_again() tries them again, and fails while there is one.
 */
int store_anew_open(struct store *s, struct fault *why);
int store_anew_again(struct store *s, struct fault *why);
int store_anew_adopt(struct store *s, const struct objmap_id *id, int64_t *known,
		     struct fault *why);
int store_anew_end(struct store *s, struct fault *why);
/* Releases what was not closed. */
void store_object_release_all(struct store *s);
void store_rendition_release_all(struct store *s);
