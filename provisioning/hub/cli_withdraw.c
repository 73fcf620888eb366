// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/base/paths.h"
#include "provisioning/hub/cli.h"
#include "provisioning/hub/store.h"

CLEAN_FN(store, struct store, store_close)

static void clean_edition(struct cli_edition *e)
{
	cli_edition_done(e);
}

/* All of them or none. */
static int take_out(struct edition *e, char **ids, size_t count, struct fault *why)
{
	for (size_t i = 0; i < count; i++)
		if (!edition_has(e, ids[i]))
			return edition_remove(e, ids[i], why);
	for (size_t i = 0; i < count; i++) {
		int rc = edition_has(e, ids[i]) ? edition_remove(e, ids[i], why) : 0;
		if (rc)
			return rc;
	}
	return 0;
}

/* --- lessons of schools: their teachers read it ------------------------------------------ */

struct offered {
	char *const *ids;
	size_t id_count;
	struct lesson_offer *list;
	size_t count, room;
};

static void clean_offered(struct offered *o)
{
	free(o->list);
}

static bool is_named(const struct offered *o, const char *id)
{
	for (size_t i = 0; i < o->id_count; i++)
		if (strcmp(o->ids[i], id) == 0)
			return true;
	return false;
}

static int note(void *data, const struct lesson_offer *f)
{
	struct offered *o = data;
	if (f->said != OFFER_ACCEPTED || !is_named(o, f->published))
		return 0;
	if (o->count == o->room) {
		const size_t room = o->room ? 2 * o->room : 16;
		struct lesson_offer *list = reallocarray(o->list, room, sizeof(*list));
		if (!list)
			return -ENOMEM;
		o->list = list;
		o->room = room;
	}
	struct lesson_offer *to = &o->list[o->count++];
	*to = *f;
	to->said = OFFER_DECLINED;
	to->published[0] = '\0';
	snprintf(to->reason, sizeof(to->reason), "withdrawn");
	return 0;
}

static int tell_schools(const char *dir, char *const *ids, size_t count, struct fault *why)
{
	CLEANUP(clean_store) struct store *s = NULL;
	CLEANUP(clean_offered) struct offered o = { .ids = ids, .id_count = count };
	int rc = cli_store(dir, &s, why);
	if (rc == 0)
		rc = store_begin(s, why);
	if (rc == 0)
		rc = store_offers_each(s, INT_MAX, note, &o, why);
	for (size_t i = 0; rc == 0 && i < o.count; i++) {
		rc = store_offer_say(s, &o.list[i], why);
		rc = rc == -ENOENT ? 0 : rc; /* kept back meanwhile */
	}
	if (rc == 0)
		rc = store_commit(s, why);
	return rc ? fault_within(why, "the lessons are withdrawn, but their schools still read "
				      "that they are published; the same command tells them")
		  : 0;
}

static int withdraw(const char *dir, char **ids, size_t count, struct fault *why)
{
	CLEANUP(clean_edition) struct cli_edition at = { .lock = -1 };
	int rc = cli_edition_open(dir, &at, why);
	if (rc)
		return rc;
	rc = take_out(&at.edition, ids, count, why);
	if (rc == 0) {
		rc = cli_edition_finish(dir, &at, UNNAMED_ENCODED, why);
		return rc ? rc : tell_schools(dir, ids, count, why);
	}
	/* They may have gone in a run that was interrupted before their files had, and before their schools were told. */
	struct fault untidy = { 0 };
	if (!at.edition.changed && (cli_edition_tidy(dir, &at, UNNAMED_ENCODED, &untidy) ||
				    tell_schools(dir, ids, count, &untidy)))
		(void)cli_failed(&untidy);
	return rc;
}

int cli_withdraw(int argc, char **argv)
{
	static const struct option options[] = { { "dir", required_argument, NULL, 'd' }, { 0 } };
	struct path dir = paths_at(CLI_DIR);
	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (o != 'd')
			return cli_misused("withdraw: option not understood");
		dir = paths_at("%s", optarg);
	}
	if (optind == argc)
		return cli_misused("withdraw: name the lessons by their ids");
	struct fault why = { 0 };
	int rc = withdraw(dir.at, argv + optind, (size_t)(argc - optind), &why);
	return rc ? cli_failed(&why) : 0;
}
