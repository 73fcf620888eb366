// SPDX-License-Identifier: GPL-2.0-or-later
#include "provisioning/hub/manage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/text.h"
#include "firmware/record/codec.h"
#include "firmware/record/manage.pb.h"
#include "firmware/record/settings.h"
#include "firmware/record/signed.h"
#include "firmware/record/trust.h"
#include "provisioning/hub/frames.h"

int manage_read(struct store *s, const struct trust *trust, const char *scope, wasl_Settings *out,
		struct fault *why)
{
	struct kept_settings kept;
	const void *body = NULL;
	size_t body_len = 0;
	AUTO_FREE void *bytes = NULL;
	*out = (wasl_Settings)wasl_Settings_init_zero;
	if ((size_t)snprintf(out->scope, sizeof(out->scope), "%s", scope) >= sizeof(out->scope))
		return fault_set(why, -EINVAL, "settings.scope", "'%.60s…' is too long a scope",
				 scope);
	int rc = store_settings_get(s, scope, &kept, &bytes, why);
	if (rc)
		return rc == -ENOENT ? 0 : rc;
	rc = trust_check(trust, SIGNED_SETTINGS, bytes, kept.len, &body, &body_len, why);
	if (rc == 0)
		rc = codec_decode(wasl_Settings_fields, body, body_len, out, why);
	if (rc == 0 && strcmp(out->scope, scope) == 0)
		return 0;
	return fault_set(why, -EBADMSG, "settings.kept",
			 "record %u, kept for '%s', is damaged; put back a copy of the hub's "
			 "database",
			 kept.version, scope[0] ? scope : "everyone");
}

static void take_out(wasl_Settings *set, size_t at)
{
	memmove(&set->settings[at], &set->settings[at + 1],
		(set->settings_count - at - 1) * sizeof(set->settings[0]));
	set->settings_count--;
}

int manage_change(wasl_Settings *set, const char *word, struct fault *why)
{
	wasl_Setting one = wasl_Setting_init_zero;
	const char *equals = strchr(word, '=');
	const size_t n = equals ? (size_t)(equals - word) : 0;
	if (!equals || n >= sizeof(one.key) || strlen(equals + 1) >= sizeof(one.value))
		return fault_set(why, -EINVAL, "settings.word",
				 "'%.80s' is no setting; write section.key=value", word);
	memcpy(one.key, word, n);
	memcpy(one.value, equals + 1, strlen(equals + 1));
	int rc = one.value[0] ? settings_check(set->scope, one.key, one.value, why) : 0;
	if (rc)
		return rc;
	size_t at = 0;
	while (at < set->settings_count && strcmp(set->settings[at].key, one.key) < 0)
		at++;
	const bool there = at < set->settings_count && strcmp(set->settings[at].key, one.key) == 0;
	if (there)
		take_out(set, at);
	if (!one.value[0])
		return there ? 0
			     : fault_set(why, -ENOENT, "settings.unset",
					 "'%.60s' is not set there; look at: waslhub settings list",
					 one.key);
	if (set->settings_count >= ARRAY_LEN(set->settings))
		return fault_set(why, -E2BIG, "settings.many",
				 "a record holds at most %zu settings", ARRAY_LEN(set->settings));
	memmove(&set->settings[at + 1], &set->settings[at],
		(set->settings_count - at) * sizeof(set->settings[0]));
	set->settings[at] = one;
	set->settings_count++;
	return 0;
}

static int make_record(const struct trust *trust, const struct signed_key *key,
		       const wasl_Settings *set, void **out, size_t *len, struct fault *why)
{
	AUTO_FREE void *body = NULL;
	AUTO_FREE void *record = NULL;
	const void *opened = NULL;
	size_t body_len = 0, opened_len = 0;
	int rc = settings_check_all(set, why);
	if (rc == 0)
		rc = codec_encode(wasl_Settings_fields, set, &body, &body_len, why);
	if (rc == 0)
		rc = signed_make(SIGNED_SETTINGS, body, body_len, key, 1, &record, len, why);
	if (rc == 0)
		rc = trust_check(trust, SIGNED_SETTINGS, record, *len, &opened, &opened_len, why);
	if (rc == 0)
		*out = MOVE_PTR(record);
	return rc;
}

/* Within a transaction. */
static int sign(struct store *s, const struct trust *trust, const struct signed_key *key,
		wasl_Settings *set, uint32_t at_least, int64_t now_s, struct fault *why)
{
	struct kept_settings kept = { .made_s = now_s };
	AUTO_FREE void *record = NULL;
	int64_t last = 0;
	int rc = store_number_get(s, "settings_version", 0, &last, why);
	if (rc == 0 && last >= UINT32_MAX)
		rc = fault_set(why, -ERANGE, "settings.version", "there are no more numbers");
	set->version = at_least > last ? at_least : (uint32_t)last + 1;
	if (rc == 0)
		rc = make_record(trust, key, set, &record, &kept.len, why);
	kept.bytes = record;
	kept.version = set->version;
	snprintf(kept.scope, sizeof(kept.scope), "%s", set->scope);
	if (rc == 0)
		rc = store_settings_put(s, &kept, why);
	return rc ? rc : store_number_set(s, "settings_version", set->version, why);
}

int manage_sign(struct store *s, const struct trust *trust, const struct signed_key *key,
		wasl_Settings *set, int64_t now_s, struct fault *why)
{
	int rc = store_begin(s, why);
	if (rc == 0)
		rc = sign(s, trust, key, set, 0, now_s, why);
	if (rc == 0)
		rc = store_commit(s, why);
	store_rollback(s);
	return rc;
}

int manage_set(struct store *s, const struct trust *trust, const struct signed_key *key,
	       const struct manage_order *order, wasl_Settings *out, struct fault *why)
{
	/* What another officer signs meanwhile is not lost: nobody writes between our look and our record. */
	int rc = store_begin(s, why);
	if (rc == 0)
		rc = manage_read(s, trust, order->scope, out, why);
	for (int i = 0; rc == 0 && i < order->count; i++)
		rc = manage_change(out, order->words[i], why);
	if (rc == 0)
		rc = sign(s, trust, key, out, order->at_least, order->now_s, why);
	if (rc == 0)
		rc = store_commit(s, why);
	store_rollback(s);
	return rc;
}

void manage_scope_name(const struct manage_box *box, enum manage_scope scope,
		       char out[static STORE_SCOPE_ROOM])
{
	char hex[33] = "";
	out[0] = '\0';
	switch (scope) {
	case MANAGE_REGION:
		if (box->region[0])
			snprintf(out, STORE_SCOPE_ROOM, "region:%s", box->region);
		return;
	case MANAGE_SCHOOL:
		snprintf(out, STORE_SCOPE_ROOM, "school:%s", box->school);
		return;
	case MANAGE_DEVICE:
		if (!box->device)
			return;
		text_hex(box->device, 16, hex);
		snprintf(out, STORE_SCOPE_ROOM, "device:%s", hex);
		return;
	case MANAGE_EVERYONE:
	case MANAGE_SCOPES:
		return;
	}
}

static int add_scope(struct store *s, const char *scope, uint32_t *newest, void **frames,
		     size_t *len, struct fault *why)
{
	struct kept_settings kept;
	AUTO_FREE void *bytes = NULL;
	int rc = store_settings_get(s, scope, &kept, &bytes, why);
	if (rc)
		return rc == -ENOENT ? 0 : rc;
	*newest = kept.version;
	if (frames && frames_append(frames, len, bytes, (uint32_t)kept.len))
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	return 0;
}

int manage_for(struct store *s, const struct manage_box *box, uint32_t newest[static MANAGE_SCOPES],
	       void **frames, size_t *len, struct fault *why)
{
	char scope[STORE_SCOPE_ROOM];
	int rc = 0;
	for (int i = 0; i < MANAGE_SCOPES; i++)
		newest[i] = 0;
	for (int i = 0; rc == 0 && i < MANAGE_SCOPES; i++) {
		manage_scope_name(box, (enum manage_scope)i, scope);
		if (i == MANAGE_EVERYONE || scope[0])
			rc = add_scope(s, scope, &newest[i], frames, len, why);
	}
	return rc;
}

uint32_t manage_newest(const uint32_t versions[static MANAGE_SCOPES])
{
	uint32_t newest = 0;
	for (int i = 0; i < MANAGE_SCOPES; i++)
		newest = versions[i] > newest ? versions[i] : newest;
	return newest;
}

bool manage_tells(const struct box_health *h)
{
	return h->settings_version == 0 || manage_newest(h->settings_at) != 0;
}
