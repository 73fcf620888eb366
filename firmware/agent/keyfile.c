// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/agent/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"

enum { AT_VERSION = 4, AT_ZERO = 5, AT_SIGN = 8, AT_BOX = 40, AT_CHECK = 72 };

#define VERSION 1
#define REMEDY                                                                               \
	"restore it from a backup; if there is none, move it away and start again, and the " \
	"ministry enrols this box "                                                          \
	"as a new one"

static const uint8_t magic[4] = { 'W', 'K', 'E', 'Y' };

/* A key file in memory; wiped when it goes. */
struct image {
	uint8_t b[KEYFILE_BYTES];
};

static void clean_image(struct image *image)
{
	sodium_memzero(image, sizeof(*image));
}

static void checksum(const struct image *image, uint8_t out[static 32])
{
	static const char domain[] = "wasl:keyfile:1"; /* the NUL counts */
	crypto_generichash_state st;
	crypto_generichash_init(&st, NULL, 0, 32);
	crypto_generichash_update(&st, (const uint8_t *)domain, sizeof(domain));
	crypto_generichash_update(&st, image->b, AT_CHECK);
	crypto_generichash_final(&st, out, 32);
}

static int take(const struct image *image, struct device_keys *out)
{
	if (crypto_sign_seed_keypair(out->sign.public_key, out->sign.secret_key,
				     image->b + AT_SIGN))
		return -EIO;
	memcpy(out->box_secret, image->b + AT_BOX, sizeof(out->box_secret));
	return crypto_scalarmult_base(out->box_public, out->box_secret) ? -EIO : 0;
}

/* Everybody but the owner out: a copy made by hand often has the wrong mode. */
static int shut(int fd, const char *path, struct fault *why)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return fault_set(why, -errno, "key.unreadable", "'%s': %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fault_set(why, -EBADMSG, "key.bad", "'%s' is no file; " REMEDY, path);
	if ((st.st_mode & 077) && fchmod(fd, 0600) < 0)
		return fault_set(why, -errno, "key.open",
				 "'%s' may be read by others; run: chmod 600 '%s'", path, path);
	return 0;
}

int keyfile_read(const char *path, struct device_keys *out, struct fault *why)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return fault_set(why, -ENOENT, "key.missing", "'%s' is not there", path);
	if (fd < 0)
		return fault_set(why, -errno, "key.unreadable",
				 "'%s' holds this box's keys and cannot be read: %s; look at its "
				 "owner and at the disk",
				 path, strerror(errno));
	int r = shut(fd, path, why);
	if (r)
		return r;
	CLEANUP(clean_image) struct image image = { { 0 } };
	uint8_t more, check[32];
	r = fileio_pread_all(fd, image.b, sizeof(image.b), 0);
	if (r && r != -ENODATA)
		return fault_set(
			why, r, "key.unreadable",
			"'%s' holds this box's keys and cannot be read: %s; look at the disk", path,
			strerror(-r));
	checksum(&image, check);
	if (r == -ENODATA || fileio_pread_all(fd, &more, 1, KEYFILE_BYTES) == 0 ||
	    memcmp(image.b, magic, sizeof(magic)) != 0 || image.b[AT_VERSION] != VERSION ||
	    !sodium_is_zero(image.b + AT_ZERO, AT_SIGN - AT_ZERO) ||
	    sodium_memcmp(check, image.b + AT_CHECK, sizeof(check)) != 0)
		return fault_set(why, -EBADMSG, "key.bad",
				 "'%s' is damaged, it held this box's keys; " REMEDY, path);
	r = take(&image, out);
	return r ? fault_set(why, r, "key.bad", "'%s': the keys in it are unusable; " REMEDY, path)
		 : 0;
}

int keyfile_make(const char *path, struct device_keys *out, struct fault *why)
{
	struct stat st;
	if (lstat(path, &st) == 0)
		return fault_set(why, -EEXIST, "key.exists",
				 "'%s' is there already; keys are never replaced", path);
	if (sodium_init() < 0)
		return fault_set(why, -EIO, "key.random",
				 "no random numbers: libsodium did not start");
	CLEANUP(clean_image) struct image image = { { 0 } };
	memcpy(image.b, magic, sizeof(magic));
	image.b[AT_VERSION] = VERSION;
	randombytes_buf(image.b + AT_SIGN, AT_CHECK - AT_SIGN);
	checksum(&image, image.b + AT_CHECK);
	int r = fileio_replace(path, image.b, sizeof(image.b), 0600, why);
	if (r)
		return r;
	/* What counts is what can be read back. */
	return keyfile_read(path, out, why);
}
