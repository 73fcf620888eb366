// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/filmcheck.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "firmware/base/text.h"
#include "firmware/record/objmap.h"
#include "provisioning/hub/films.h"

enum { ID_DIGITS = 64, BOX_DIGITS = 32 };

struct filmcheck {
	struct path part, whole;
	uint8_t film[32];
	int fd;
	uint64_t size, at;
	struct objmap_maker *maker;
	uint8_t buffer[OBJMAP_CHUNK_BYTES];
};

CLEAN_FN(check, struct filmcheck, filmcheck_free)
CLEAN_FN(map, struct objmap, objmap_free)

static void clean_folder(DIR **held)
{
	if (*held)
		closedir(*held);
}

void filmcheck_free(struct filmcheck *c)
{
	if (!c)
		return;
	if (c->fd >= 0)
		close(c->fd);
	objmap_maker_free(c->maker);
	free(c);
}

/* "FILM-DEVICE.part" */
static int read_name(const char *name, uint8_t film[static 32], uint8_t box[static 16])
{
	char hex[ID_DIGITS + 1], by[BOX_DIGITS + 1];
	if (strlen(name) != ID_DIGITS + 1 + BOX_DIGITS + strlen(".part") || name[ID_DIGITS] != '-')
		return -EINVAL;
	snprintf(hex, sizeof(hex), "%.*s", ID_DIGITS, name);
	snprintf(by, sizeof(by), "%.*s", BOX_DIGITS, name + ID_DIGITS + 1);
	return text_unhex(hex, film, 32) || text_unhex(by, box, 16) ? -EINVAL : 0;
}

static int begin(const char *folder, const char *name, const uint8_t film[static 32],
		 uint64_t bytes, struct filmcheck **out, struct fault *why)
{
	struct stat st;
	CLEANUP(clean_check) struct filmcheck *c = calloc(1, sizeof(*c));
	if (!c)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	c->part = paths_at("%s/%s", folder, name);
	c->whole = paths_at("%s/%.*s.mp4", folder, ID_DIGITS, name);
	memcpy(c->film, film, sizeof(c->film));
	c->fd = open(c->part.at, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (c->fd < 0 || fstat(c->fd, &st) || (uint64_t)st.st_size != bytes)
		return 0; /* pieces are still to come */
	c->size = bytes;
	c->maker = objmap_maker_new();
	if (!c->maker)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	*out = MOVE_PTR(c);
	return 0;
}

int filmcheck_next(const char *dir, struct store *s, struct filmcheck **out, struct fault *why)
{
	struct path folder = paths_at("%s/offers", dir);
	CLEANUP(clean_folder) DIR *names = opendir(folder.at);
	*out = NULL;
	for (struct dirent *e; names && !*out && (e = readdir(names));) {
		uint8_t film[32], box[16];
		uint64_t bytes = 0;
		if (read_name(e->d_name, film, box))
			continue;
		int rc = films_wanted(s, box, film, &bytes, why);
		if (rc == 0)
			rc = begin(folder.at, e->d_name, film, bytes, out, why);
		if (rc && rc != -ENOENT)
			return rc;
	}
	return 0;
}

/* The name may have gone to another file, or the film been offered again with another length. */
static int still_there(const struct filmcheck *c)
{
	struct stat held, named;
	if (fstat(c->fd, &held) || lstat(c->part.at, &named))
		return -ESTALE;
	return held.st_ino == named.st_ino && held.st_dev == named.st_dev &&
			       (uint64_t)held.st_size == c->size
		       ? 0
		       : -ESTALE;
}

static int finish(struct filmcheck *c, struct fault *why)
{
	CLEANUP(clean_map) struct objmap *map = NULL;
	int rc = objmap_maker_finish(c->maker, &map);
	if (rc == 0)
		rc = still_there(c);
	if (rc == 0 && memcmp(objmap_get_id(map)->b, c->film, sizeof(c->film)) != 0) {
		(void)unlink(c->part.at);
		return fault_set(why, -EBADMSG, "film.hash",
				 "the film that came is not the one that was offered; it begins "
				 "again");
	}
	if (rc == 0 && rename(c->part.at, c->whole.at))
		rc = errno == ENOENT ? -ESTALE : -errno;
	if (rc == 0)
		rc = fileio_sync_parent(c->whole.at);
	return rc ? fault_set(why, rc, "film.file", "'%s': %s", c->part.at, strerror(-rc)) : 0;
}

int filmcheck_step(struct filmcheck *c, unsigned ms, struct fault *why)
{
	const uint64_t end_ms = clock_mono_ms() + ms;
	while (c->at < c->size) {
		const uint64_t left = c->size - c->at;
		const size_t n = left < sizeof(c->buffer) ? (size_t)left : sizeof(c->buffer);
		int rc = fileio_pread_all(c->fd, c->buffer, n, c->at);
		if (rc == 0)
			rc = objmap_maker_feed(c->maker, c->buffer, n);
		if (rc)
			return fault_set(why, rc == -ENODATA ? -ESTALE : rc, "film.file",
					 "'%s': %s", c->part.at, strerror(-rc));
		c->at += n;
		if (clock_mono_ms() >= end_ms && c->at < c->size)
			return 1;
	}
	return finish(c, why);
}
