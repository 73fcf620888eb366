// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache/store_private.h"
#include "cache/store_scrub.h"
#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"

/* Folders in turn: the store's own, rend, own, obj/00 to obj/ff. */
enum {
	FOLDER_ROOT,
	FOLDER_REND,
	FOLDER_OWN,
	FOLDER_OBJ,
	FOLDER_END = FOLDER_OBJ + 256,
	NAMES_A_STEP = 256,
	FILES_A_STEP = 32, /* that are read */
	STUCK_MS = 60000,  /* until it is tried again */
};

struct folder {
	char at[16];
};

static struct folder folder_name(unsigned which)
{
	struct folder f = { "." };
	if (which == FOLDER_REND)
		snprintf(f.at, sizeof(f.at), "rend");
	else if (which == FOLDER_OWN)
		snprintf(f.at, sizeof(f.at), "own");
	else if (which >= FOLDER_OBJ)
		snprintf(f.at, sizeof(f.at), "obj/%02x", (which - FOLDER_OBJ) & 0xff);
	return f;
}

static bool ends_with(const char *name, const char *end)
{
	const size_t len = strlen(name), tail = strlen(end);
	return len >= tail && !strcmp(name + len - tail, end);
}

static int known_rendition(struct store *s, const char *name, int64_t *known, struct fault *why)
{
	char *end;
	errno = 0;
	const unsigned long long number = strtoull(name, &end, 10);
	if (end == name || errno || number > INT64_MAX ||
	    (strcmp(end, ".mp4") && strcmp(end, ".tab")))
		return 0;
	return db_int(s->db, 0, known, why, "SELECT 1 FROM renditions WHERE number=?", "i",
		      (int64_t)number);
}

static int known_object(struct store *s, const char *name, int64_t *known, struct fault *why)
{
	struct objmap_id id;
	char hex[65];
	snprintf(hex, sizeof(hex), "%.64s", name);
	const char *suffix = strlen(name) >= 64 ? name + 64 : "?";
	if (objmap_id_parse(hex, &id) ||
	    (*suffix && strcmp(suffix, ".map") && strcmp(suffix, ".bits")))
		return 0;
	int rc = db_int(s->db, 0, known, why, "SELECT 1 FROM objects WHERE id=?", "b",
			(const void *)id.b, sizeof(id.b));
	return rc || *known ? rc : store_anew_adopt(s, &id, known, why);
}

/* A name that says what its row says; one without a row goes. */
static int known_name(struct store *s, const char *name, int64_t *known, struct fault *why)
{
	struct store_local file, row;
	int rc = store_own_read(s, name, &file);
	if (rc)
		return rc == -ENOENT || rc == -EBADMSG ? 0 : store_own_fault(s, name, rc, why);
	rc = store_local_find(s, file.path, &row, why);
	*known = !rc && !memcmp(&row.id, &file.id, sizeof(row.id)) &&
		 !strcmp(row.media_type, file.media_type);
	return rc == -ENOENT ? 0 : rc;
}

/* Rows first: what is wrong in a name that has one is mended, what is missing is written. 1: there are more. */
static int compare_names(struct store *s, struct fault *why)
{
	for (unsigned n = 0; n < FILES_A_STEP; n++, s->sweep_at++) {
		struct store_local row;
		struct store_own_look look;
		int rc = store_local_at(s, NULL, s->sweep_at, &row, why);
		if (rc != 1)
			return rc;
		rc = store_own_look(s, &row, &look, why);
		if (rc)
			return rc;
		if (look.mended)
			store_news_add(s, STORE_NEWS_MENDED, row.path,
				       "the name of %s beside its bytes was no longer what it was; "
				       "it was written anew from the database",
				       row.path);
	}
	return 1;
}

/* Whether a name belongs here. Files are made and their rows written in one call: none is seen half made. */
static int belongs(struct store *s, const char *name, int64_t *known, struct fault *why)
{
	*known = 0;
	if (s->sweep_folder == FOLDER_ROOT) { /* other things live here, too */
		*known = !ends_with(name, ".new");
		return 0;
	}
	if (s->sweep_folder == FOLDER_REND)
		return known_rendition(s, name, known, why);
	return s->sweep_folder == FOLDER_OWN ? known_name(s, name, known, why)
					     : known_object(s, name, known, why);
}

static int open_folder(struct store *s, struct fault *why)
{
	const struct folder at = folder_name(s->sweep_folder);
	AUTO_FD int fd = openat(s->fd, at.at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : store_fault(s, at.at, -errno, why);
	s->sweep_dir = fdopendir(fd);
	if (!s->sweep_dir)
		return store_fault(s, at.at, -errno, why);
	(void)MOVE_FD(fd);
	return 0;
}

void store_sweep_end(struct store *s)
{
	if (s->sweep_dir)
		closedir(s->sweep_dir);
	s->sweep_dir = NULL;
}

bool store_sweep_waits(const struct store *s)
{
	return s->stuck_ms && clock_mono_ms() - s->stuck_ms < STUCK_MS;
}

/* Told once; of a full disk others tell. */
void store_sweep_stuck(struct store *s, const struct fault *why)
{
	s->stuck_ms = clock_mono_ms();
	if (why->code == -ENOSPC || !strcmp(why->text, s->stuck.text))
		return;
	s->stuck = *why;
	store_news_add(s, STORE_NEWS_UNREAD, "store", "%s", why->text);
}

/* 1: that was not all of the folder. */
static int look_through(struct store *s, uint64_t *removed, struct fault *why)
{
	for (int n = 0; s->sweep_dir && n < NAMES_A_STEP; n++) {
		int64_t known;
		errno = 0;
		const struct dirent *e = readdir(s->sweep_dir);
		if (!e)
			return errno ? store_fault(s, folder_name(s->sweep_folder).at, -errno, why)
				     : 0;
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		int rc = belongs(s, e->d_name, &known, why);
		if (rc)
			return rc;
		if (known || unlinkat(dirfd(s->sweep_dir), e->d_name, 0) < 0)
			continue;
		s->swept++;
		if (removed)
			++*removed;
	}
	return s->sweep_dir != NULL;
}

static int step(struct store *s, uint64_t *removed, struct fault *why)
{
	int rc = 0;
	if (!s->sweep_dir && s->sweep_folder == FOLDER_OWN && s->unread)
		rc = store_anew_again(s, why);
	if (!rc && !s->sweep_dir && s->sweep_folder == FOLDER_OWN)
		rc = compare_names(s, why);
	if (!rc && !s->sweep_dir)
		rc = open_folder(s, why);
	if (!rc)
		rc = look_through(s, removed, why);
	if (rc == 1)
		return 1;
	store_sweep_end(s); /* after an error the folder is looked through from its beginning */
	if (rc)
		return rc;
	if (s->sweep_folder == FOLDER_END - 1)
		rc = store_anew_end(s, why);
	if (rc)
		return rc;
	s->sweep_folder++;
	return s->sweep_folder < FOLDER_END;
}

int store_sweep_step(struct store *s, uint64_t *removed, struct fault *why)
{
	struct fault own = { 0 };
	if (s->sweep_folder == FOLDER_END)
		return 0;
	int rc = step(s, removed, &own);
	s->stuck_ms = 0;
	if (rc >= 0)
		return rc;
	store_sweep_stuck(s, &own);
	if (why)
		*why = own;
	return rc;
}
