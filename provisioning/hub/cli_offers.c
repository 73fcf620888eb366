// SPDX-License-Identifier: GPL-2.0-or-later
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/clock.h"
#include "firmware/base/paths.h"
#include "firmware/base/text.h"
#include "provisioning/hub/cli.h"
#include "provisioning/hub/films.h"
#include "provisioning/hub/jsonout.h"
#include "provisioning/hub/offers.h"

CLEAN_FN(store, struct store, store_close)

struct shown {
	const char *dir;
	size_t count;
};

/* What was said of it, and where the film is that somebody should look at. */
static void print_said(const struct shown *s, const struct lesson_offer *f)
{
	char path[PATH_MAX];
	if (f->said == OFFER_WANTED && films_find(s->dir, f->film, path) == 0)
		printf("    here: %s\n", path);
	else if (f->changed)
		puts("    changed by its school since: nothing that was said of it stands");
	else if (f->said != OFFER_UNSAID)
		printf("    %s%s%s\n", offer_said_name(f->said),
		       f->said == OFFER_ACCEPTED   ? " as "
		       : f->said == OFFER_DECLINED ? ": "
						   : "",
		       f->said == OFFER_ACCEPTED ? f->published : f->reason);
}

static int print_offer(void *data, const struct lesson_offer *f)
{
	struct shown *shown = data;
	const char *title = f->lesson;
	char film[65];
	for (int lang = 0; lang < 3; lang++) /* English, where there is one */
		if (f->title[lang][0])
			title = f->title[lang];
	text_hex(f->film, sizeof(f->film), film);
	shown->count++;
	printf("%s  %s  %" PRIu64 " s  %" PRIu64 " bytes  %s  %s\n    film %s\n", f->school,
	       f->lesson, f->duration_ms / 1000, f->film_bytes, f->language, title, film);
	print_said(shown, f);
	return 0;
}

static int print_json(struct store *s, struct fault *why)
{
	struct jsonout out = { 0 };
	int rc = offers_json(s, clock_wall_s(), &out, why);
	if (rc == 0)
		puts(out.text);
	jsonout_done(&out);
	return rc;
}

int cli_offers(int argc, char **argv)
{
	static const struct option options[] = { { "dir", required_argument, NULL, 'd' },
						 { "json", no_argument, NULL, 'j' },
						 { 0 } };
	if (argc > 1 && argv[1][0] != '-')
		return cli_offers_say(argc - 1, argv + 1);
	struct path dir = paths_at(CLI_DIR);
	bool json = false;
	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (o == 'd')
			dir = paths_at("%s", optarg);
		else if (o == 'j')
			json = true;
		else
			return cli_misused("offers: option not understood");
	}
	if (optind != argc)
		return cli_misused("offers: '%s' is too much", argv[optind]);
	CLEANUP(clean_store) struct store *s = NULL;
	struct fault why = { 0 };
	struct shown shown = { .dir = dir.at };
	int rc = cli_store(dir.at, &s, &why);
	if (rc == 0)
		rc = json ? print_json(s, &why)
			  : store_offers_each(s, OFFERS_SHOWN, print_offer, &shown, &why);
	if (rc == 0 && !json && shown.count == 0)
		puts("no school offers a lesson");
	return rc ? cli_failed(&why) : 0;
}
