// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/conf_value.h"
#include "firmware/base/paths.h"
#include "firmware/base/text.h"
#include "firmware/record/codec.h"
#include "firmware/record/manage.pb.h"
#include "firmware/record/settings.h"
#include "provisioning/hub/cli.h"
#include "provisioning/hub/keyring.h"
#include "provisioning/hub/manage.h"

CLEAN_FN(store, struct store, store_close)
CLEAN_FN(trust, struct trust, trust_free)

static void clean_secret(struct signed_key *key)
{
	signed_key_wipe(key);
}

enum { NUMBER_MOST = 2000000000 };

struct asked {
	struct path dir;
	char scope[STORE_SCOPE_ROOM];
	unsigned scopes; /* how many were named */
	char **words;
	int count;
	uint32_t at_least;
};

/* --- set ------------------------------------------------------------------------------------------- */

struct place {
	const char *region;
	bool there;
};

static int look_for_region(void *data, const struct school *school,
			   const struct school_status *status)
{
	struct place *p = data;
	(void)status;
	p->there = p->there || strcmp(school->region, p->region) == 0;
	return 0;
}

/* A name that is misspelt would be signed, and nobody would ever hear of it. */
static int check_place(struct store *s, const char *scope, struct fault *why)
{
	enum settings_scope kind = SETTINGS_EVERYWHERE;
	struct place place = { .region = scope + strcspn(scope, ":") + 1 };
	struct school school;
	uint8_t id[16];
	struct device device;
	int rc = settings_scope_parse(scope, &kind);
	if (rc == 0 && kind == SETTINGS_SCHOOL)
		rc = store_school_get(s, place.region, &school, why);
	else if (rc == 0 && kind == SETTINGS_DEVICE && text_unhex(place.region, id, 16) == 0)
		rc = store_device_get(s, id, &device, why);
	else if (rc == 0 && kind == SETTINGS_REGION) {
		rc = store_schools_each(s, look_for_region, &place, why);
		if (rc == 0 && !place.there)
			rc = -ENOENT;
	}
	if (rc == -EINVAL || rc == -ENOENT)
		return fault_set(why, rc, "settings.place",
				 "there is no '%s' here; look at: waslhub settings boxes", scope);
	return rc;
}

static int set(const struct asked *a, wasl_Settings *set, struct fault *why)
{
	CLEANUP(clean_store) struct store *s = NULL;
	CLEANUP(clean_trust) struct trust *trust = NULL;
	CLEANUP(clean_secret) struct signed_key key = { 0 };
	int rc = cli_store(a->dir.at, &s, why);
	if (rc == 0)
		rc = keyring_trust(a->dir.at, &trust, why);
	if (rc == 0)
		rc = keyring_load(a->dir.at, TRUST_MANAGE, &key, why);
	if (rc == 0)
		rc = check_place(s, a->scope, why);
	const struct manage_order order = { a->scope, a->words, a->count, clock_wall_s(),
					    a->at_least };
	return rc ? rc : manage_set(s, trust, &key, &order, set, why);
}

static const char *whom(const char *scope)
{
	return scope[0] ? scope : "everyone";
}

static void print_set(const wasl_Settings *set)
{
	printf("settings %u for %s%s\n", set->version, whom(set->scope),
	       set->settings_count ? ":" : ": nothing is set");
	for (size_t i = 0; i < set->settings_count; i++) {
		const struct settings_rule *rule = settings_find(set->settings[i].key);
		printf("  %s = %s%s\n", set->settings[i].key, set->settings[i].value,
		       rule && rule->when == SETTINGS_AT_START ? "  (when the box starts next)"
							       : "");
	}
}

static int run_set(const struct asked *a)
{
	AUTO_FREE wasl_Settings *made = calloc(1, sizeof(*made));
	struct fault why = { 0 };
	if (a->scopes != 1)
		return cli_misused(
			"settings set: say for whom: --everyone, --region, --school or --device");
	if (!a->count && !a->at_least)
		return cli_misused("settings set: say what, as fetch.night=50M");
	if (!made)
		fault_set(&why, -ENOMEM, "memory", "out of memory");
	if (!made || set(a, made, &why))
		return cli_failed(&why);
	print_set(made);
	return 0;
}

/* --- list, boxes, keys ------------------------------------------------------------------------------- */

static int print_kept(void *data, const struct kept_settings *kept)
{
	struct signed_view view;
	wasl_Settings *room = data;
	if (signed_open(kept->bytes, kept->len, SIGNED_SETTINGS, &view, NULL) ||
	    codec_decode(wasl_Settings_fields, view.body, view.body_len, room, NULL)) {
		printf("settings %u for %s cannot be read: sign them again\n", kept->version,
		       whom(kept->scope));
		return 0;
	}
	print_set(room);
	return 0;
}

static int run_list(const struct asked *a)
{
	CLEANUP(clean_store) struct store *s = NULL;
	AUTO_FREE wasl_Settings *room = calloc(1, sizeof(*room));
	struct fault why = { 0 };
	int64_t last = 0;
	int rc = room ? cli_store(a->dir.at, &s, &why)
		      : fault_set(&why, -ENOMEM, "memory", "out of memory");
	if (rc == 0)
		rc = store_settings_each(s, print_kept, room, &why);
	if (rc == 0)
		rc = store_number_get(s, "settings_version", 0, &last, &why);
	if (rc == 0 && last == 0)
		puts("nothing is set");
	return rc ? cli_failed(&why) : 0;
}

enum { BOXES_AT_ONCE = 256 };
struct boxes {
	struct device *at;
	size_t count, room;
};

static int add_box(void *data, const struct device *device)
{
	struct boxes *b = data;
	if (b->count == b->room) {
		struct device *more = reallocarray(b->at, b->room + BOXES_AT_ONCE, sizeof(*more));
		if (!more)
			return -ENOMEM;
		b->at = more;
		b->room += BOXES_AT_ONCE;
	}
	b->at[b->count++] = *device;
	return 0;
}

/* A newer set of one scope hides another that was not taken: those that differ are named. */
static void print_scopes(const struct manage_box *box, const uint32_t newest[static MANAGE_SCOPES],
			 const struct box_health *h)
{
	char scope[STORE_SCOPE_ROOM];
	for (int i = 0; i < MANAGE_SCOPES; i++) {
		const uint32_t has = h->settings_at[i];
		if (has == newest[i])
			continue;
		manage_scope_name(box, (enum manage_scope)i, scope);
		printf("    %s has %u of %u", whom(scope), has, newest[i]);
		if (has < newest[i])
			puts("  not yet");
		else
			printf("  newer than the hub's: was it restored? Sign it again: --at-least "
			       "%" PRIu64 "\n",
			       (uint64_t)has + 1);
	}
}

/* What a box runs by its last report, and what there is for it. */
static int print_box(struct store *s, const struct device *d, struct fault *why)
{
	struct school school;
	struct box_health health = { 0 };
	char hex[33];
	uint32_t newest[MANAGE_SCOPES], all;
	text_hex(d->id, sizeof(d->id), hex);
	int rc = store_school_get(s, d->school, &school, why);
	if (rc)
		return rc;
	const struct manage_box box = { school.region, d->school, d->id };
	rc = manage_for(s, &box, newest, NULL, NULL, why);
	int had = rc ? rc : store_health_get(s, d->id, &health, why);
	if (rc || (had && had != -ENOENT))
		return rc ? rc : had;
	all = manage_newest(newest);
	char runs[24] = "-";
	if (had == 0)
		snprintf(runs, sizeof(runs), "%u", health.settings_version);
	printf("%s  %s  runs %s of %u%s\n", d->school, hex, runs, all,
	       had                              ? "  no report yet"
	       : health.settings_version == all ? ""
	       : health.settings_version > all && all != 0
		       ? "  newer than the hub's: was it restored?"
		       : "  not yet");
	if (had == 0 && manage_tells(&health))
		print_scopes(&box, newest, &health);
	return 0;
}

static int run_boxes(const struct asked *a)
{
	CLEANUP(clean_store) struct store *s = NULL;
	struct boxes all = { .count = 0 };
	struct fault why = { 0 };
	int rc = cli_store(a->dir.at, &s, &why);
	if (rc == 0)
		rc = store_devices_each(s, NULL, add_box, &all, &why);
	if (rc == -ENOMEM && !why.code)
		fault_set(&why, rc, "memory", "out of memory");
	for (size_t i = 0; rc == 0 && i < all.count; i++)
		rc = print_box(s, &all.at[i], &why);
	if (rc == 0 && all.count == 0)
		puts("no box is enrolled");
	free(all.at);
	return rc ? cli_failed(&why) : 0;
}

static int run_keys(void)
{
	size_t count = 0;
	const struct settings_rule *rules = settings_rules(&count);
	for (size_t i = 0; i < count; i++) {
		char range[160];
		conf_value_range(&rules[i].value, range, sizeof(range));
		printf("%s%s.%s%s%s\n    %s%s%s\n", rules[i].section,
		       rules[i].repeated ? "/NAME" : "", rules[i].value.name, range[0] ? ": " : "",
		       range, rules[i].value.help,
		       rules[i].scopes & SETTINGS_EVERYWHERE ? "" : "; for one school or box",
		       rules[i].when == SETTINGS_AT_START ? "; when the box starts next" : "");
	}
	return 0;
}

/* --- which of them -------------------------------------------------------------------------------------- */

static int name_scope(struct asked *a, const char *kind, const char *name)
{
	a->scopes++;
	if ((size_t)snprintf(a->scope, sizeof(a->scope), "%s%s", kind, name) >= sizeof(a->scope))
		return cli_misused("settings: '%.40s…' is too long a name", name);
	return 0;
}

/* A box's number is kept in one form, whichever it was copied in. */
static int name_device(struct asked *a, const char *hex)
{
	int misused = name_scope(a, "device:", hex);
	for (char *c = a->scope; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return misused;
}

/* Room is left for those that come after it. */
static int take_number(struct asked *a, const char *text)
{
	char *end = NULL;
	errno = 0;
	const long long n = strtoll(text, &end, 10);
	if (errno || end == text || *end || n < 1 || n > NUMBER_MOST)
		return cli_misused("settings: --at-least takes a number from 1 to %d", NUMBER_MOST);
	a->at_least = (uint32_t)n;
	return 0;
}

int cli_settings(int argc, char **argv)
{
	static const struct option options[] = { { "dir", required_argument, NULL, 'd' },
						 { "everyone", no_argument, NULL, 'e' },
						 { "region", required_argument, NULL, 'r' },
						 { "school", required_argument, NULL, 's' },
						 { "device", required_argument, NULL, 'b' },
						 { "at-least", required_argument, NULL, 'l' },
						 { 0 } };
	struct asked a = { .dir = paths_at(CLI_DIR) };
	int misused = 0;
	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1 && !misused;) {
		if (o == 'd')
			a.dir = paths_at("%s", optarg);
		else if (o == 'e')
			misused = name_scope(&a, "", "");
		else if (o == 'r')
			misused = name_scope(&a, "region:", optarg);
		else if (o == 's')
			misused = name_scope(&a, "school:", optarg);
		else if (o == 'b')
			misused = name_device(&a, optarg);
		else if (o == 'l')
			misused = take_number(&a, optarg);
		else
			misused = cli_misused("settings: option not understood");
	}
	if (misused)
		return misused;
	const char *what = optind < argc ? argv[optind] : "";
	a.words = argv + optind + 1;
	a.count = argc - optind - 1;
	if (strcmp(what, "set") == 0)
		return run_set(&a);
	if (a.scopes || a.count > 0 || a.at_least)
		return cli_misused("settings: only 'set' takes more words");
	if (strcmp(what, "list") == 0)
		return run_list(&a);
	if (strcmp(what, "boxes") == 0)
		return run_boxes(&a);
	if (strcmp(what, "keys") == 0)
		return run_keys();
	return cli_misused("settings: say set, list, boxes or keys");
}
