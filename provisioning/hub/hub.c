// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/hub.h"

#include <errno.h>
#include <pb_decode.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/paths.h"
#include "firmware/record/codec.h"
#include "firmware/record/root.pb.h"
#include "provisioning/hub/keyring.h"

const struct standing_rules hub_default_rules = { .standard_kbps = 5000,
						  .school_from = 7,
						  .school_to = 16 };

static void clean_hub(struct hub *hub)
{
	hub_close(hub);
}

static int load_sealing_list(struct hub *hub, struct fault *why)
{
	int rc = keyring_file(hub->dir, "sealing-keys", &hub->sealing_keys, &hub->sealing_keys_len,
			      why);
	const void *body = NULL;
	size_t len = 0;
	wasl_SealingKeys list = wasl_SealingKeys_init_zero;
	if (rc == 0)
		rc = trust_check(hub->trust, SIGNED_SEALING_KEYS, hub->sealing_keys,
				 hub->sealing_keys_len, &body, &len, why);
	if (rc == 0)
		rc = codec_decode(wasl_SealingKeys_fields, body, len, &list, why);
	if (rc)
		return fault_within(why, "'%s/sealing-keys'", hub->dir);
	hub->sealing_keys_version = list.version;
	pb_release(wasl_SealingKeys_fields, &list);
	return 0;
}

int hub_open(const char *dir, const char *store, const struct standing_rules *rules,
	     struct hub *out, struct fault *why)
{
	CLEANUP(clean_hub) struct hub hub = { .rules = *rules };
	snprintf(hub.dir, sizeof(hub.dir), "%s", paths_at("%s", dir).at);
	struct path own = paths_at("%s/hub.db", dir);
	int rc = keyring_trust(hub.dir, &hub.trust, why);
	if (rc == 0)
		rc = load_sealing_list(&hub, why);
	if (rc == 0)
		rc = keyring_load(hub.dir, TRUST_ENROL, &hub.enrol_key, why);
	if (rc == 0)
		rc = keyring_load(hub.dir, TRUST_RECEIPT, &hub.receipt_key, why);
	if (rc == 0)
		rc = keyring_load(hub.dir, TRUST_TIME, &hub.time_key, why);
	if (rc == 0)
		rc = keyring_echo_secret(hub.dir, hub.echo_secret, why);
	if (rc == 0)
		rc = store_open(store && *store ? store : own.at, &hub.store, why);
	if (rc)
		return rc;
	*out = hub;
	hub = (struct hub){ 0 };
	return 0;
}

void hub_close(struct hub *hub)
{
	store_close(hub->store);
	trust_free(hub->trust);
	free(hub->sealing_keys);
	sodium_memzero(hub, sizeof(*hub));
}

int hub_sealing_key(struct hub *hub, const uint8_t id[static 8], const uint8_t **public_key,
		    const uint8_t **secret_key, struct fault *why)
{
	if (sodium_is_zero(hub->opened_secret, 32) || memcmp(hub->opened_id, id, 8) != 0) {
		int rc = keyring_sealing(hub->dir, id, hub->opened_public, hub->opened_secret, why);
		if (rc) {
			sodium_memzero(hub->opened_secret, sizeof(hub->opened_secret));
			return rc;
		}
		memcpy(hub->opened_id, id, 8);
	}
	*public_key = hub->opened_public;
	*secret_key = hub->opened_secret;
	return 0;
}
