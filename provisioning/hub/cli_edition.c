// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/paths.h"
#include "provisioning/hub/cli.h"
#include "provisioning/hub/keyring.h"
#include "provisioning/hub/origin.h"

CLEAN_FN(store, struct store, store_close)
CLEAN_FN(trust, struct trust, trust_free)

/* One publisher at a time. */
static int take_lock(const char *dir, int *out, struct fault *why)
{
	struct path path = paths_at("%s/publish.lock", dir);
	AUTO_FD int fd = open(path.at, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return fault_set(why, -errno, "publish.lock",
				 "'%s': %s; run: waslhub init --dir %s", path.at, strerror(errno),
				 dir);
	if (flock(fd, LOCK_EX | LOCK_NB))
		return fault_set(why, -EBUSY, "publish.busy",
				 "another waslhub publishes here; wait for its end");
	*out = MOVE_FD(fd);
	return 0;
}

int cli_edition_open(const char *dir, struct cli_edition *out, struct fault *why)
{
	CLEANUP(clean_trust) struct trust *trust = NULL;
	*out = (struct cli_edition){ .lock = -1 };
	int rc = keyring_trust(dir, &trust, why);
	if (rc == 0)
		rc = take_lock(dir, &out->lock, why);
	if (rc == 0)
		rc = keyring_load(dir, TRUST_CONTENT, &out->content_key, why);
	if (rc == 0)
		rc = origin_prepare(dir, why);
	if (rc == 0)
		rc = edition_open(dir, trust, &out->edition, why);
	return rc;
}

void cli_edition_done(struct cli_edition *e)
{
	edition_done(&e->edition);
	signed_key_wipe(&e->content_key);
	if (e->lock >= 0)
		close(e->lock);
	e->lock = -1;
}

/* For receipts and pages. The catalogue is out already, so a failure here is told as what it is. */
static int tell_database(const char *dir, uint32_t version, struct fault *why)
{
	CLEANUP(clean_store) struct store *s = NULL;
	int rc = cli_store(dir, &s, why);
	if (rc == 0)
		rc = store_begin(s, why);
	if (rc == 0)
		rc = store_number_set(s, "catalogue_version", version, why);
	if (rc == 0)
		rc = store_commit(s, why);
	if (rc)
		return fault_within(why,
				    "catalogue %u is in force, but the hub's database does not "
				    "know; publish again to tell it",
				    version);
	return 0;
}

int cli_edition_tidy(const char *dir, const struct cli_edition *e, enum unnamed_reach reach,
		     struct fault *why)
{
	struct unnamed gone = { 0 };
	int rc = unnamed_remove(dir, &e->edition.catalogue, reach, &gone, why);
	if (rc)
		return fault_within(why,
				    "catalogue %u is in force, but what it no longer names is "
				    "still at the origin; the next run removes it",
				    e->edition.catalogue.version);
	if (gone.objects)
		printf("no longer named and removed from the origin: %u objects, %" PRIu64
		       " bytes\n",
		       gone.objects, gone.bytes);
	return 0;
}

int cli_edition_finish(const char *dir, struct cli_edition *e, enum unnamed_reach reach,
		       struct fault *why)
{
	const uint32_t before = e->edition.catalogue.version;
	uint32_t version = 0;
	int rc = edition_publish(&e->edition, dir, &e->content_key, clock_wall_s(), &version, why);
	if (rc == 0)
		rc = tell_database(dir, version, why);
	if (rc)
		return rc;
	printf(version == before ? "nothing changed: catalogue %u stays in force, with %u lessons\n"
				 : "catalogue %u is in force, with %u lessons\n",
	       version, e->edition.catalogue.items_count);
	return cli_edition_tidy(dir, e, reach, why);
}
