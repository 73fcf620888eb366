// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/films.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "firmware/base/text.h"
#include "firmware/record/envelope.h"
#include "firmware/record/offer.h"
#include "provisioning/hub/hub.h"

#define FOLDER "offers"
enum { ID_DIGITS = 64, BOX_DIGITS = 32, MOST = 1 << 20 };

static void clean_folder(DIR **held)
{
	if (*held)
		closedir(*held);
}

static int bad_path(const char *path, int code, struct fault *why)
{
	return fault_set(why, code, "film.file", "'%s': %s", path, strerror(-code));
}

int films_find(const char *dir, const uint8_t film[static 32], char out[static PATH_MAX])
{
	char hex[ID_DIGITS + 1];
	text_hex(film, 32, hex);
	struct path at = paths_at("%s/" FOLDER "/%s.mp4", dir, hex);
	if (access(at.at, R_OK))
		return -ENOENT;
	snprintf(out, PATH_MAX, "%s", at.at);
	return 0;
}

/* --- whether it is wanted ------------------------------------------------------------------------- */

struct wish {
	const uint8_t *film;
	const uint8_t *device;          /* NULL: anybody's */
	const struct lesson_offer *but; /* NULL, or the one that does not count */
	uint64_t bytes;
	bool found;
};

static int match(void *data, const struct lesson_offer *f)
{
	struct wish *w = data;
	if (f->withdrawn || f->said != OFFER_WANTED || memcmp(f->film, w->film, 32) != 0 ||
	    (w->device && memcmp(f->device, w->device, 16) != 0) ||
	    (w->but && memcmp(f->device, w->but->device, 16) == 0 &&
	     strcmp(f->lesson, w->but->lesson) == 0))
		return 0;
	w->bytes = f->film_bytes;
	w->found = true;
	return 0;
}

int films_wanted(struct store *s, const uint8_t device[static 16], const uint8_t film[static 32],
		 uint64_t *bytes, struct fault *why)
{
	struct wish w = { .film = film };
	int rc = store_offers_of(s, device, match, &w, why);
	if (rc == 0 && !w.found)
		return fault_set(why, -ENOENT, "film.unwanted",
				 "nobody at the ministry waits for this film (any more)");
	if (rc == 0)
		*bytes = w.bytes;
	return rc;
}

/* --- room ------------------------------------------------------------------------------------------ */

uint64_t films_reserve(uint64_t disk_bytes)
{
	const uint64_t share = disk_bytes / 100 * FILMS_RESERVE_PERCENT;
	return share > FILMS_RESERVE_BYTES ? share : FILMS_RESERVE_BYTES;
}

/* Reports of all schools come before films: what they need of the disk is not for films. */
static int check_room(const char *folder, uint64_t set_bytes, uint64_t more, struct fault *why)
{
	struct statvfs fs;
	if (statvfs(folder, &fs))
		return bad_path(folder, -errno, why);
	const uint64_t free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	const uint64_t kept =
		set_bytes ? set_bytes : films_reserve((uint64_t)fs.f_blocks * fs.f_frsize);
	if (free_bytes >= more && free_bytes - more >= kept)
		return 0;
	return fault_set(why, -ENOSPC, "film.room",
			 "'%s' has %llu MiB left, and %llu are kept free for reports; films wait "
			 "until there is room",
			 folder, (unsigned long long)(free_bytes >> 20),
			 (unsigned long long)(kept >> 20));
}

/* --- the file -------------------------------------------------------------------------------------- */

static int checking(struct fault *why)
{
	return fault_set(why, -EAGAIN, "film.checking",
			 "all of the film is here and being checked; ask again");
}

static int add_piece(const char *part, const struct wish *w, const struct offer_piece *p,
		     uint64_t *have, struct fault *why)
{
	struct stat st;
	AUTO_FD int fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0 || fstat(fd, &st))
		return bad_path(part, -errno, why);
	uint64_t size = (uint64_t)st.st_size;
	if (size >
	    w->bytes) { /* it was offered again, and is shorter; a check may hold the old file */
		close(fd);
		fd = -1;
		if (unlink(part))
			return bad_path(part, -errno, why);
		fd = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
		if (fd < 0)
			return bad_path(part, -errno, why);
		size = 0;
	}
	*have = size;
	if (size == w->bytes)
		return checking(why);
	if (p->len && p->at != size)
		return fault_set(why, -EEXIST, "film.offset", "the next piece is the one at %llu",
				 (unsigned long long)size);
	if (p->len > w->bytes - size)
		return fault_set(why, -EBADMSG, "film.size", "it is longer than what was offered");
	int rc = p->len ? fileio_pwrite_all(fd, p->bytes, p->len, size) : 0;
	if (rc == 0 && p->len && fdatasync(fd))
		rc = -errno;
	if (rc) /* what got there is the beginning of the piece: the next one follows it */
		return bad_path(part, rc, why);
	*have = size + p->len;
	return *have == w->bytes ? checking(why) : 0;
}

static int keep_piece(const struct hub *hub, const uint8_t device[static 16], const struct wish *w,
		      const struct offer_piece *p, uint64_t *have, struct fault *why)
{
	char film[ID_DIGITS + 1], box[33];
	text_hex(p->film, sizeof(p->film), film);
	text_hex(device, 16, box);
	struct path folder = paths_at("%s/" FOLDER, hub->dir);
	struct path whole = paths_at("%s/%s.mp4", folder.at, film),
		    part = paths_at("%s/%s-%s.part", folder.at, film, box);
	if (access(whole.at, F_OK) == 0) {
		(void)unlink(part.at);
		*have = w->bytes;
		return 0;
	}
	int rc = paths_mkdir(folder.at, 0750, why);
	if (rc == 0) /* a box that only asks hears it too: it need not send a piece for that */
		rc = check_room(folder.at, hub->film_reserve_bytes,
				p->len ? p->len : OFFER_PIECE_BYTES, why);
	return rc ? rc : add_piece(part.at, w, p, have, why);
}

/* --- what a box posts --------------------------------------------------------------------------------- */

/* Structure, device, signature, epoch: only then is anything opened. */
static int open_piece(struct hub *hub, const void *bytes, size_t len, struct device *from,
		      void **plain, struct offer_piece *out, struct fault *why)
{
	struct envelope_header h;
	const uint8_t *public_key = NULL, *secret_key = NULL;
	size_t total = 0, plain_len = 0;
	int rc = envelope_peek(bytes, len, &h, &total, why);
	if (rc == 0 && (total != len || h.type != ENVELOPE_FILM))
		rc = fault_set(why, -EBADMSG, "film.piece", "it is no piece of a film");
	if (rc)
		return rc;
	rc = store_device_get(hub->store, h.device, from, why);
	if (rc == -ENOENT)
		return fault_set(why, -EPERM, "film.device", "this box is not enrolled here");
	if (rc == 0)
		rc = envelope_verify(bytes, len, from->sign_public, &h, why);
	if (rc == 0 && (h.epoch != from->epoch || from->state != DEVICE_BOUND))
		rc = fault_set(why, -EPERM, "film.epoch",
			       "what this box tells does not count, or is of another epoch");
	if (rc == 0)
		rc = hub_sealing_key(hub, h.sealing_key_id, &public_key, &secret_key, why);
	if (rc == 0)
		rc = envelope_open(bytes, len, public_key, secret_key, plain, &plain_len, why);
	if (rc == 0 && offer_piece_get(*plain, plain_len, out))
		rc = fault_set(why, -EBADMSG, "film.piece", "what is inside is no piece of a film");
	return rc;
}

int films_take(struct hub *hub, const void *bytes, size_t len, uint64_t *have, uint64_t *all,
	       struct fault *why)
{
	AUTO_FREE void *plain = NULL;
	struct offer_piece p;
	struct device from;
	int rc = open_piece(hub, bytes, len, &from, &plain, &p, why);
	if (rc)
		return rc;
	struct wish w = { .film = p.film };
	rc = films_wanted(hub->store, from.id, p.film, &w.bytes, why);
	if (rc)
		return rc;
	*all = w.bytes;
	return keep_piece(hub, from.id, &w, &p, have, why);
}

/* --- what goes --------------------------------------------------------------------------------------- */

static int sweep(const char *dir, struct store *s, const struct lesson_offer *but,
		 struct fault *why)
{
	struct path folder = paths_at("%s/" FOLDER, dir);
	CLEANUP(clean_folder) DIR *names = opendir(folder.at);
	int rc = 0;
	for (struct dirent *e; names && rc == 0 && (e = readdir(names));) {
		uint8_t film[32], box[16];
		char hex[ID_DIGITS + 1], by[BOX_DIGITS + 1];
		snprintf(hex, sizeof(hex), "%.*s", ID_DIGITS, e->d_name);
		if (text_unhex(hex, film, sizeof(film)))
			continue;
		snprintf(by, sizeof(by), "%.*s", BOX_DIGITS,
			 e->d_name[ID_DIGITS] == '-' ? e->d_name + ID_DIGITS + 1 : "");
		const bool part = text_unhex(by, box, sizeof(box)) == 0;
		struct wish w = { .film = film, .device = part ? box : NULL, .but = but };
		rc = store_offers_each(s, MOST, match, &w, why);
		if (rc == 0 && !w.found && unlinkat(dirfd(names), e->d_name, 0) && errno != ENOENT)
			rc = bad_path(e->d_name, -errno, why);
	}
	return rc;
}

int films_sweep(const char *dir, struct store *s, struct fault *why)
{
	return sweep(dir, s, NULL, why);
}

int films_drop(const char *dir, struct store *s, const struct lesson_offer *offer,
	       struct fault *why)
{
	return sweep(dir, s, offer, why);
}
