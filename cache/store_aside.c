// SPDX-License-Identifier: GPL-2.0-or-later
/* A damaged store.db makes room for a new one: nobody is on site to move it away. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/store_private.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"

#define NAME "store.db"
#define ASIDE "store.db.damaged-1"

/* "… error code=10": a page that could not be read now, which says nothing of what is in it. */
static bool is_damage(const char *finding)
{
	const char *code = strstr(finding, "error code=");
	const int primary = code ? atoi(code + strlen("error code=")) & 0xff : SQLITE_CORRUPT;
	return strcmp(finding, "ok") && (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB);
}

int store_aside_check(struct store *s, struct fault *why)
{
	sqlite3_stmt *q;
	struct fault own = { 0 };
	int rc = db_query(s->db, &q, &own, "PRAGMA quick_check(1)", "");
	if (!rc)
		rc = db_step(s->db, q, &own);
	if (rc == -EBADMSG && why)
		*why = own;
	if (rc != 1) /* what cannot be looked at is not damaged for that */
		return rc == -EBADMSG ? rc : 0;
	const char *finding = (const char *)sqlite3_column_text(q, 0);
	if (finding && is_damage(finding))
		rc = fault_set(why, -EBADMSG, "db.damaged", "'%s/" NAME "': %.200s", s->dir,
			       finding);
	else
		rc = 0;
	sqlite3_reset(q);
	return rc;
}

bool store_aside_give(struct store *s)
{
	unlinkat(s->fd, ASIDE "-wal", 0);
	return !unlinkat(s->fd, ASIDE, 0);
}

/* The database first: SQLite throws away a journal that it finds beside a new one. */
int store_aside(struct store *s, struct fault *why)
{
	AUTO_FD int fd = openat(s->fd, NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0)
		(void)fdatasync(fd);
	unlinkat(s->fd, ASIDE "-wal", 0);
	if (renameat(s->fd, NAME, s->fd, ASIDE) < 0 || fsync(s->fd) < 0)
		return store_fault(s, ASIDE, -errno, why);
	if (renameat(s->fd, NAME "-wal", s->fd, ASIDE "-wal") < 0)
		unlinkat(s->fd, NAME "-wal", 0);
	unlinkat(s->fd, NAME "-shm", 0);
	if (fsync(s->fd) < 0)
		return store_fault(s, "", -errno, why);
	store_news_add(s, STORE_NEWS_ANEW, NAME,
		       "'%s/" NAME "' was damaged, and lies beside it now as " ASIDE
		       "; the school's files are named again, lessons are made again, pins have "
		       "to be set again",
		       s->dir);
	return 0;
}

int store_set_aside_s(const struct store *s, int64_t *out)
{
	struct stat st;
	if (fstatat(s->fd, ASIDE, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	*out = st.st_ctim.tv_sec;
	return 0;
}
