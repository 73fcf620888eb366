// SPDX-License-Identifier: GPL-2.0-or-later
#include "content/catalogue/catalogue.h"

#include <errno.h>
#include <pb_decode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/catalogue/catalogue_check.h"
#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/record/codec.h"
#include "firmware/record/signed.h"
#include "firmware/record/trust.h"
#include "firmware/record/trust_dir.h"

struct catalogue {
	char *dir;
	struct trust *trust;
	void *bytes; /* the signed record in force */
	size_t len;
	wasl_Catalogue *now;
};

static void message_free(wasl_Catalogue *message)
{
	if (message)
		pb_release(wasl_Catalogue_fields, message);
	free(message);
}

CLEAN_FN(message, wasl_Catalogue, message_free)

void catalogue_close(struct catalogue *c)
{
	if (!c)
		return;
	message_free(c->now);
	trust_free(c->trust);
	free(c->bytes);
	free(c->dir);
	free(c);
}

CLEAN_FN(catalogue, struct catalogue, catalogue_close)

static char *file_of(const struct catalogue *c)
{
	char *path = NULL;
	return asprintf(&path, "%s/catalogue", c->dir) < 0 ? NULL : path;
}

static int no_memory(struct fault *why)
{
	return fault_set(why, -ENOMEM, "memory", "out of memory");
}

/* Of bytes that were verified. */
static int parse(const void *body, size_t len, wasl_Catalogue **out, struct fault *why)
{
	CLEANUP(clean_message) wasl_Catalogue *message = calloc(1, sizeof(*message));
	if (!message)
		return no_memory(why);
	int r = codec_decode(wasl_Catalogue_fields, body, len, message, why);
	if (r == 0)
		r = catalogue_check(message, why);
	if (r == 0)
		*out = MOVE_PTR(message);
	return r;
}

int catalogue_open(const char *dir, struct catalogue **out, struct fault *why)
{
	CLEANUP(clean_catalogue) struct catalogue *c = calloc(1, sizeof(*c));
	if (!c || !(c->dir = strdup(dir)))
		return no_memory(why);
	int r = trust_dir_open(&c->trust, why);
	if (r)
		return r;
	*out = MOVE_PTR(c);
	return 0;
}

static void take(struct catalogue *c, wasl_Catalogue *message, void *bytes, size_t len)
{
	message_free(c->now);
	free(c->bytes);
	c->now = message;
	c->bytes = bytes;
	c->len = len;
}

int catalogue_load(struct catalogue *c, struct fault *why)
{
	AUTO_FREE char *path = file_of(c);
	AUTO_FREE void *bytes = NULL;
	size_t len = 0, body_len = 0;
	if (!path)
		return no_memory(why);
	int r = fileio_read(path, SIGNED_LIMIT_BYTES, &bytes, &len, why);
	if (r)
		return r;
	const void *body = NULL;
	CLEANUP(clean_message) wasl_Catalogue *message = NULL;
	r = trust_dir_recheck(SIGNED_CATALOGUE, bytes, len, &body, &body_len, why);
	if (r == 0)
		r = parse(body, body_len, &message, why);
	if (r) {
		fault_within(why, "'%s'", path);
		return r;
	}
	take(c, MOVE_PTR(message), MOVE_PTR(bytes), len);
	return 0;
}

static int compare(const struct catalogue *c, const wasl_Catalogue *offered, const void *bytes,
		   size_t len, struct fault *why)
{
	if (!c->now || offered->version > c->now->version)
		return 0;
	if (offered->version < c->now->version)
		return fault_set(why, -ESTALE, "catalogue.old",
				 "catalogue %u offered, %u is in force; the origin's copy is old "
				 "or turned back",
				 offered->version, c->now->version);
	if (len == c->len && memcmp(bytes, c->bytes, len) == 0)
		return -EALREADY;
	/* Signed again by other keys: the same content is no second catalogue. */
	struct signed_view a, b;
	if (signed_open(bytes, len, SIGNED_CATALOGUE, &a, NULL) == 0 &&
	    signed_open(c->bytes, c->len, SIGNED_CATALOGUE, &b, NULL) == 0 &&
	    a.body_len == b.body_len && memcmp(a.body, b.body, a.body_len) == 0)
		return -EALREADY;
	return fault_set(why, -EEXIST, "catalogue.twice",
			 "two different catalogues have the number %u; the ministry must publish "
			 "the next number",
			 offered->version);
}

int catalogue_offer(struct catalogue *c, const void *bytes, size_t len, struct fault *why)
{
	CLEANUP(clean_message) wasl_Catalogue *message = NULL;
	const void *body = NULL;
	size_t body_len = 0;
	int r = trust_check(c->trust, SIGNED_CATALOGUE, bytes, len, &body, &body_len, why);
	if (r == 0)
		r = parse(body, body_len, &message, why);
	if (r == 0)
		r = compare(c, message, bytes, len, why);
	if (r)
		return r;
	AUTO_FREE char *path = file_of(c);
	AUTO_FREE void *copy = malloc(len);
	if (!path || !copy)
		return no_memory(why);
	memcpy(copy, bytes, len);
	r = fileio_replace(path, copy, len, 0644, why);
	if (r)
		return r;
	take(c, MOVE_PTR(message), MOVE_PTR(copy), len);
	return 0;
}

uint32_t catalogue_next_root(const struct catalogue *c)
{
	return trust_version(c->trust) + 1;
}

int catalogue_offer_root(struct catalogue *c, const void *bytes, size_t len, struct fault *why)
{
	return trust_dir_keep(c->trust, bytes, len, why);
}

const wasl_Catalogue *catalogue_get(const struct catalogue *c)
{
	return c->now;
}

uint32_t catalogue_version(const struct catalogue *c)
{
	return c->now ? c->now->version : 0;
}

const char *catalogue_country(const struct catalogue *c)
{
	return trust_country(c->trust);
}
