// SPDX-License-Identifier: GPL-2.0-or-later
/* The ministry's settings: from a record that anybody carried to the file that the other programs read. */
#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/agent/agent_priv.h"
#include "firmware/base/clean.h"
#include "firmware/base/fileio.h"
#include "firmware/base/log.h"
#include "firmware/base/paths.h"
#include "firmware/record/codec.h"
#include "firmware/record/manage.pb.h"
#include "firmware/record/settings.h"
#include "firmware/record/trust_dir.h"

enum { SCOPES = AGENT_SCOPES, SLOT_ROOM = 128, TEXT_LIMIT = 256 << 10, ANSWER_LIMIT = 4096 };

CLEAN_FN(json, json_t, json_decref)

/* Under which name the newest record of each scope that is for this box is kept in the outbox; the widest first. */
struct slot {
	char name[SLOT_ROOM];
	enum agent_scope scope;
};

static size_t slots_of(const struct agent *a, struct slot out[static SCOPES])
{
	size_t n = 0;
	out[n].scope = AGENT_EVERYONE;
	snprintf(out[n++].name, SLOT_ROOM, "settings ");
	out[n].scope = AGENT_REGION;
	if (a->settings.region[0])
		snprintf(out[n++].name, SLOT_ROOM, "settings region:%s", a->settings.region);
	out[n].scope = AGENT_SCHOOL;
	if (a->grant.school_code[0])
		snprintf(out[n++].name, SLOT_ROOM, "settings school:%s", a->grant.school_code);
	out[n].scope = AGENT_DEVICE;
	snprintf(out[n++].name, SLOT_ROOM, "settings device:%s", a->device_hex);
	return n;
}

static struct settings_box box_of(const struct agent *a)
{
	return (struct settings_box){ a->settings.region, a->grant.school_code, a->device_hex };
}

/* The slot of a scope that applies. */
static struct slot slot_for(const struct agent *a, const char *scope)
{
	struct slot out;
	enum settings_scope kind = SETTINGS_EVERYWHERE;
	(void)settings_scope_parse(scope, &kind);
	snprintf(out.name, sizeof(out.name), "settings %s%s",
		 kind == SETTINGS_DEVICE ? "device:" : scope,
		 kind == SETTINGS_DEVICE ? a->device_hex : "");
	return out;
}

/* What is kept there: 0, -ENOENT. It was verified when it came. */
static int read_slot(struct agent *a, const char *name, void **bytes, size_t *len,
		     wasl_Settings *out, struct fault *why)
{
	const void *body = NULL;
	size_t body_len = 0;
	int r = outbox_blob(a->outbox, name, bytes, len, why);
	if (r == 0)
		r = trust_dir_recheck(SIGNED_SETTINGS, *bytes, *len, &body, &body_len, why);
	if (r == 0)
		r = codec_decode(wasl_Settings_fields, body, body_len, out, why);
	return r;
}

/* --- the file that the programs read --------------------------------------------------------------- */

/* The same bytes are not written again: a box is switched on every morning. */
static int write_file(const char *path, const char *text, size_t len, bool *changed,
		      struct fault *why)
{
	AUTO_FREE void *old = NULL;
	size_t old_len = 0;
	struct path folder = paths_at(CONF_SETTINGS_FOLDER);
	*changed = fileio_read(path, TEXT_LIMIT, &old, &old_len, NULL) != 0 || old_len != len ||
		   memcmp(old, text, len) != 0;
	if (!*changed)
		return 0;
	int r = paths_mkdir(folder.at, 0755, why);
	return r ? r : fileio_replace(path, text, len, 0644, why);
}

/* Our own part of it. */
static void obey(struct agent *a)
{
	AUTO_FREE struct agent_conf *fresh = calloc(1, sizeof(*fresh));
	struct conf_settled said;
	struct fault why = { 0 };
	if (!fresh || conf_load_settled(a->source, fresh, &said, &why) != 0)
		return;
	a->conf->agent = fresh->agent;
	courier_patience(a->courier, (uint64_t)fresh->agent.retry_max_s * 1000);
}

static int make_text(struct agent *a, char **text, size_t *len, uint32_t *newest, size_t *count,
		     struct fault *why)
{
	struct slot slots[SCOPES];
	const wasl_Settings *sets[SCOPES];
	AUTO_FREE wasl_Settings *all = calloc(SCOPES, sizeof(*all));
	const size_t n = slots_of(a, slots);
	if (!all)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	*count = 0;
	memset(a->settings.at, 0, sizeof(a->settings.at));
	for (size_t i = 0; i < n; i++) {
		AUTO_FREE void *bytes = NULL;
		size_t bytes_len = 0;
		struct fault bad = { 0 };
		int r = read_slot(a, slots[i].name, &bytes, &bytes_len, &all[*count], &bad);
		if (r == 0) {
			sets[*count] = &all[*count];
			a->settings.at[slots[i].scope] = all[*count].version;
		} else if (r != -ENOENT)
			log_fault(LOG_LEVEL_WARN, "settings.kept", &bad);
		*count += r == 0;
	}
	*newest = settings_newest(sets, *count);
	return settings_text(sets, *count, text, len, why);
}

/* Whatever was interrupted: what is kept in the outbox is what the file says, before anybody is told. */
void agent_settings_apply(struct agent *a)
{
	AUTO_FREE char *text = NULL;
	size_t len = 0, count = 0;
	bool changed = false;
	struct path file = paths_at(CONF_SETTINGS_FILE);
	struct fault why = { 0 };
	uint32_t newest = 0;
	int r = make_text(a, &text, &len, &newest, &count, &why);
	if (r == 0 && (count || access(file.at, F_OK) == 0))
		r = write_file(file.at, text, len, &changed, &why);
	if (r) {
		if (!a->settings.trouble.code)
			log_fault(LOG_LEVEL_ERROR, "settings.write", &why);
		a->settings.trouble = why;
		a->settings.again = true;
		return;
	}
	a->settings.again = false;
	a->settings.trouble = (struct fault){ 0 };
	a->settings.version = newest;
	/* Not the number: a record of a wider scope may have been newer already. */
	crypto_generichash(a->settings.hash, sizeof(a->settings.hash), (const uint8_t *)text, len,
			   NULL, 0);
	if (changed) {
		log_info("event=settings.written version=%u", newest);
		a->settings.told = false;
		obey(a);
	}
	if (!a->settings.told)
		agent_settings_tell(a);
}

/* --- wasl-contentd ------------------------------------------------------------------------------------ */

/* It runs what we wrote: this is what the box goes back to when something worse comes. */
static void keep_good(void)
{
	AUTO_FREE void *text = NULL;
	size_t len = 0;
	bool changed = false;
	struct fault why = { 0 };
	int r = fileio_read(paths_at(CONF_SETTINGS_FILE).at, TEXT_LIMIT, &text, &len, &why);
	if (r == 0)
		r = write_file(paths_at(CONF_SETTINGS_GOOD).at, text, len, &changed, &why);
	if (r)
		log_fault(LOG_LEVEL_WARN, "settings.good", &why);
}

static void told(void *data, const struct http_result *result)
{
	struct agent *a = data;
	a->settings.transfer = NULL;
	if (result->code || result->status != 200)
		return;
	CLEANUP(clean_json) json_t *said = json_loadb(result->body, result->body_len, 0, NULL);
	const char *refused = json_string_value(json_object_get(said, "settings_refused"));
	const json_int_t runs = json_integer_value(json_object_get(said, "settings_version"));
	/* A newer set may have been written while this was asked. */
	if (!refused || memcmp(a->settings.asked, a->settings.hash, sizeof(a->settings.asked)) != 0)
		return;
	a->settings.told = true;
	a->health.settings_version = runs >= 0 && runs <= UINT32_MAX ? (uint32_t)runs : 0;
	snprintf(a->settings.refused, sizeof(a->settings.refused), "%s", refused);
	if (refused[0])
		log_warn("event=settings.refused version=%u text=\"%s\"", a->settings.version,
			 refused);
	else if (runs == a->settings.version)
		keep_good();
}

void agent_settings_tell(struct agent *a)
{
	if (a->settings.again) {
		agent_settings_apply(a); /* the disk may take it by now */
		return;
	}
	if (a->settings.told || a->settings.transfer)
		return;
	struct path at = paths_at("/run/wasl/contentd.sock");
	struct http_order order = { .method = "POST",
				    .url = "http://box/v1/reload",
				    .socket = at.at,
				    .limit_bytes = ANSWER_LIMIT,
				    .total_s = 30 };
	struct http_calls calls = { .done = told, .data_ptr = a };
	memcpy(a->settings.asked, a->settings.hash, sizeof(a->settings.asked));
	(void)http_start(a->http, &order, &calls, &a->settings.transfer, NULL);
}

/* --- records ------------------------------------------------------------------------------------------ */

/* What is kept was signed with a key that the ministry has withdrawn since. */
static bool disowned(struct agent *a, const char *slot)
{
	AUTO_FREE void *bytes = NULL;
	const void *body = NULL;
	size_t len = 0, body_len = 0;
	return outbox_blob(a->outbox, slot, &bytes, &len, NULL) == 0 &&
	       trust_check(a->trust, SIGNED_SETTINGS, bytes, len, &body, &body_len, NULL) ==
		       -EKEYREJECTED;
}

/*
 * Never back: what was in force once is not brought again by whoever kept a copy. But whoever stole a key may have used up all
 * numbers: with the key they go, too (TUF 1.0, section 5.3.11).
 */
static int compare(struct agent *a, const char *slot, const wasl_Settings *fresh, const void *bytes,
		   size_t len, bool *same, struct fault *why)
{
	AUTO_FREE wasl_Settings *kept = calloc(1, sizeof(*kept));
	AUTO_FREE void *old = NULL;
	size_t old_len = 0;
	int64_t floor = 0;
	char name[SLOT_ROOM + 8];
	if (!kept)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	/* The number stands alone, too: a record that can no longer be read does not open the way back. */
	snprintf(name, sizeof(name), "%s floor", slot);
	int r = outbox_number(a->outbox, name, 0, &floor, why);
	if (r || disowned(a, slot))
		return r;
	if (fresh->version < floor)
		return fault_set(why, -ESTALE, "settings.old",
				 "settings %u for '%s' are older than %lld, which this box has "
				 "had; passed over",
				 fresh->version, fresh->scope[0] ? fresh->scope : "everyone",
				 (long long)floor);
	if (fresh->version > floor ||
	    read_slot(a, slot, &old, &old_len, kept, &(struct fault){ 0 }) != 0)
		return 0;
	*same = old_len == len && memcmp(old, bytes, len) == 0;
	return *same ? 0
		     : fault_set(why, -EEXIST, "settings.two",
				 "two different sets of settings have the number %u; the one that "
				 "came first stays",
				 fresh->version);
}

static int keep(struct agent *a, const char *slot, uint32_t version, const void *bytes, size_t len,
		struct fault *why)
{
	char name[SLOT_ROOM + 8];
	snprintf(name, sizeof(name), "%s floor", slot);
	int r = outbox_begin(a->outbox, why);
	if (!r)
		r = outbox_blob_set(a->outbox, slot, bytes, len, why);
	if (!r)
		r = outbox_number_set(a->outbox, name, version, why);
	if (!r)
		r = outbox_commit(a->outbox, why);
	outbox_rollback(a->outbox);
	return r;
}

int agent_settings_take(struct agent *a, const void *bytes, size_t len, struct fault *why)
{
	AUTO_FREE wasl_Settings *fresh = calloc(1, sizeof(*fresh));
	const struct settings_box me = box_of(a);
	const void *body = NULL;
	size_t body_len = 0;
	bool same = false;
	if (!fresh)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	int r = agent_check_record(a, SIGNED_SETTINGS, bytes, len, &body, &body_len, why);
	if (!r)
		r = codec_decode(wasl_Settings_fields, body, body_len, fresh, why);
	if (!r)
		r = settings_check_all(fresh, why);
	if (!r && !settings_applies(fresh->scope, &me))
		r = fault_set(why, -EPERM, "settings.other",
			      "settings for '%s' are not for this box", fresh->scope);
	if (r)
		return r;
	const struct slot slot = slot_for(a, fresh->scope);
	r = compare(a, slot.name, fresh, bytes, len, &same, why);
	if (r || same)
		return r;
	r = keep(a, slot.name, fresh->version, bytes, len, why);
	if (r)
		return r;
	log_info("event=settings.taken version=%u scope=\"%s\" keys=%u", fresh->version,
		 fresh->scope, (unsigned)fresh->settings_count);
	agent_settings_apply(a);
	return 0;
}

/* --- beginning ------------------------------------------------------------------------------------------ */

void agent_settings_begin(struct agent *a)
{
	AUTO_FREE void *region = NULL;
	size_t len = 0;
	if (outbox_blob(a->outbox, "region", &region, &len, NULL) == 0 &&
	    len < sizeof(a->settings.region))
		memcpy(a->settings.region, region, len);
	a->settings.told = true;
	agent_settings_apply(a);
	/* It may have been told in vain, or not at all, before we were ended. */
	if (a->settings.version)
		a->settings.told = false;
	agent_settings_tell(a);
}

/* The hub knows where the school is; a receipt for this box says so. */
void agent_settings_region(struct agent *a, const char *region)
{
	struct fault why = { 0 };
	if (!region[0] || strcmp(region, a->settings.region) == 0)
		return;
	if (outbox_blob_set(a->outbox, "region", region, strlen(region), &why)) {
		log_fault(LOG_LEVEL_WARN, "settings.region", &why);
		return;
	}
	snprintf(a->settings.region, sizeof(a->settings.region), "%s", region);
	agent_settings_apply(a);
}
