// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/record/trust_dir.h"

#include <errno.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "firmware/record/trust.h"

#define PINNED "/etc/wasl/root.1"
#define FOLDER "/var/lib/wasl/roots"

CLEAN_FN(trust, struct trust, trust_free)

/* The pinned root alone. */
static int open_pinned(struct trust **out, struct fault *why)
{
	struct path pinned = paths_at(PINNED);
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	struct fault inner = { 0 };
	int r = fileio_read(pinned.at, TRUST_DIR_LIMIT_BYTES, &bytes, &len, &inner);
	if (r == -ENOENT)
		return fault_set(why, r, "root.missing",
				 "'%s' is missing: this box does not know its ministry; install "
				 "the image again or "
				 "copy root.1 from the ministry",
				 pinned.at);
	if (r)
		return fault_set(why, r, "root.unreadable", "%s", inner.text);
	struct trust *t = NULL;
	r = trust_open(bytes, len, &t, &inner);
	if (r)
		return fault_set(
			why, r, "root.bad",
			"'%s': %s; install the image again or copy root.1 from the ministry",
			pinned.at, inner.text);
	*out = t;
	return 0;
}

static int step(struct trust *t)
{
	struct path next = paths_at(FOLDER "/%u", trust_version(t) + 1);
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	int r = fileio_read(next.at, TRUST_DIR_LIMIT_BYTES, &bytes, &len, NULL);
	return r ? r : trust_advance(t, bytes, len, NULL);
}

int trust_dir_open(struct trust **out, struct fault *why)
{
	struct trust *t = NULL;
	int r = open_pinned(&t, why);
	if (r)
		return r;
	trust_dir_refresh(t);
	*out = t;
	return 0;
}

unsigned trust_dir_refresh(struct trust *t)
{
	unsigned steps = 0;
	while (step(t) == 0)
		steps++;
	return steps;
}

int trust_dir_check(struct trust *t, enum signed_kind kind, const void *bytes, size_t len,
		    const void **body, size_t *body_len, struct fault *why)
{
	trust_dir_refresh(t);
	return trust_check(t, kind, bytes, len, body, body_len, why);
}

int trust_dir_recheck(enum signed_kind kind, const void *bytes, size_t len, const void **body,
		      size_t *body_len, struct fault *why)
{
	CLEANUP(clean_trust) struct trust *t = NULL;
	int r = open_pinned(&t, why);
	if (r)
		return r;
	do {
		r = trust_check(t, kind, bytes, len, body, body_len, why);
	} while (r && step(t) == 0);
	return r;
}

int trust_dir_keep(struct trust *t, const void *bytes, size_t len, struct fault *why)
{
	if (len > TRUST_DIR_LIMIT_BYTES)
		return fault_set(why, -EFBIG, "root.big",
				 "a root of %zu bytes; none has more than %u", len,
				 TRUST_DIR_LIMIT_BYTES);
	int r = trust_advance(t, bytes, len, why);
	if (r)
		return r;
	struct path folder = paths_at(FOLDER);
	r = paths_mkdir(folder.at, 0755, why);
	if (r)
		return r;
	return fileio_replace(paths_at(FOLDER "/%u", trust_version(t)).at, bytes, len, 0644, why);
}
