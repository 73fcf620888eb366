// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/record/roots.h"

#include <errno.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/fileio.h"
#include "firmware/base/paths.h"
#include "firmware/record/trust.h"

CLEAN_FN(trust, struct trust, trust_free)

static int open_first(struct trust **out, struct fault *why)
{
	struct path path = paths_at("/etc/wasl/root.1");
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	int r = fileio_read(path.at, ROOTS_LIMIT_BYTES, &bytes, &len, why);
	if (r == -ENOENT)
		return fault_set(why, r, "roots.missing",
				 "'%s' is missing: this image carries no ministry's key set; "
				 "flash an image that was made for your ministry",
				 path.at);
	if (r < 0)
		return r;
	r = trust_open(bytes, len, out, why);
	return r < 0 ? fault_within(why, "'%s'", path.at), r : 0;
}

/* 1 after a step, 0 when there is no next root. */
static int step(struct trust *trust, struct fault *why)
{
	struct path path = paths_at("/var/lib/wasl/roots/root.%u", trust_version(trust) + 1);
	AUTO_FREE void *bytes = NULL;
	size_t len = 0;
	int r = fileio_read(path.at, ROOTS_LIMIT_BYTES, &bytes, &len, why);
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = trust_advance(trust, bytes, len, why);
	return r < 0 ? fault_within(why, "'%s'", path.at), r : 1;
}

int roots_load(struct trust **out, struct fault *passed, struct fault *why)
{
	CLEANUP(clean_trust) struct trust *trust = NULL;
	int r = open_first(&trust, why);
	if (r < 0)
		return r;
	struct fault stop = { 0 };
	while (step(trust, &stop) > 0)
		;
	/* fileio_read() fills the sentence for the root that does not exist yet, too */
	if (stop.code == -ENOENT)
		stop = (struct fault){ 0 };
	if (passed)
		*passed = stop;
	*out = MOVE_PTR(trust);
	return 0;
}

int roots_add(struct trust *trust, const void *bytes, size_t len, struct fault *why)
{
	if (len > ROOTS_LIMIT_BYTES)
		return fault_set(why, -EFBIG, "roots.big", "root record: %zu bytes, at most %u",
				 len, ROOTS_LIMIT_BYTES);
	int r = trust_advance(trust, bytes, len, why);
	if (r == 0)
		r = paths_mkdir(paths_at("/var/lib/wasl/roots").at, 0755, why);
	if (r < 0)
		return r;
	struct path path = paths_at("/var/lib/wasl/roots/root.%u", trust_version(trust));
	return fileio_replace(path.at, bytes, len, 0644, why);
}
