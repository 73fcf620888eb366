// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdint.h>

#include "tests/crash/log.h"

/*
 * A folder as a disk might have it after the power went: each file has what its last sync covered, and the writes since then, of which
 * any may or may not have reached the disk; each folder has the names that were synced, and those that were not.
 */
struct disk_model;

struct disk_model *disk_model_new(void);
void disk_model_free(struct disk_model *m);
/* Takes the folder as it is: all of it durable. */
int disk_model_read(struct disk_model *m, const char *folder);
/* One record of the log, in order. -EBADMSG for one that makes no sense. `data` must outlive the model. */
int disk_model_take(struct disk_model *m, const struct log_record *r, const char *path,
		    const char *other, const void *data);

/* Whether the folder is what the log says it must be by now; else names the first difference. */
int disk_model_same(const struct disk_model *m, const char *folder, char what[static 200]);

enum disk_cut {
	DISK_ORDERED, /* everything that was done is there, in order: a kill, or a disk that loses nothing */
	DISK_TORN_PAGES,  /* of each page of 4 KiB any version since the last sync */
	DISK_TORN_BLOCKS, /* the same of each block of 512 bytes */
};
/*
 * Writes a folder as a cut might leave it now. `luck` chooses. Names: in half of the torn cuts any sync of a file also makes all names
 * before it durable, as journals do; in the other half only a sync of the folder does. Returns 0 or an error of the file system.
 */
int disk_model_cut(const struct disk_model *m, enum disk_cut how, uint64_t *luck,
		   const char *folder);
