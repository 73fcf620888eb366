// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Where a test keeps one database: a folder of its own, which holds nothing else in the end. */
struct scratch_db {
	char folder[512];
	char path[560];
};

static inline int scratch_db_make(struct scratch_db *s)
{
	const char *tmp = getenv("TMPDIR");
	snprintf(s->folder, sizeof(s->folder), "%s/wasl-db-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(s->folder))
		return -1;
	snprintf(s->path, sizeof(s->path), "%s/test.db", s->folder);
	return 0;
}

/* -1 when the folder holds more than the database and what SQLite keeps beside it. */
static inline int scratch_db_remove(const struct scratch_db *s)
{
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		char file[600];
		snprintf(file, sizeof(file), "%s%s", s->path, ends[i]);
		unlink(file);
	}
	return rmdir(s->folder);
}
