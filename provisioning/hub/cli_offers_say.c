// SPDX-License-Identifier: GPL-2.0-or-later
/* What the ministry says of lessons that schools offer. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/paths.h"
#include "firmware/base/text.h"
#include "provisioning/hub/cli.h"
#include "provisioning/hub/films.h"

enum { MOST = 1 << 20, HIGHEST_GRADE = 13 };

/* A decision as an officer gives it. */
struct word {
	struct path dir;
	enum offer_said said;
	const char *school, *lesson, *because;
	const char *id, *subject, *grade, *licence, *attribution;
	char program[4096];
	struct mezzanine_maker maker;
	struct store *store;
	struct lesson_offer offer;
	bool found;
	char twin[64]; /* another school's offer of the same film is published under this id */
};

static int find(void *data, const struct lesson_offer *f)
{
	struct word *w = data;
	if (strcmp(f->school, w->school) == 0 && strcmp(f->lesson, w->lesson) == 0) {
		w->offer = *f;
		w->found = true;
	}
	return 0;
}

static int gone(const struct word *w, struct fault *why)
{
	return fault_set(why, -ENOENT, "offers.none",
			 "school %s does not offer the lesson '%s' (any more); waslhub offers "
			 "lists what is on offer",
			 w->school, w->lesson);
}

static int find_twin(void *data, const struct lesson_offer *f)
{
	struct word *w = data;
	if (f->said == OFFER_ACCEPTED && memcmp(f->film, w->offer.film, sizeof(f->film)) == 0)
		memcpy(w->twin, f->published, sizeof(w->twin));
	return 0;
}

static int open_offer(struct word *w, struct fault *why)
{
	int rc = cli_store(w->dir.at, &w->store, why);
	if (rc == 0)
		rc = store_offers_each(w->store, MOST, find, w, why);
	if (rc == 0 && !w->found)
		rc = gone(w, why);
	return rc ? rc : store_offers_each(w->store, MOST, find_twin, w, why);
}

static int say(struct word *w, struct fault *why)
{
	w->offer.said = w->said;
	/* A disk that is full of films has room for the word only when they are gone. */
	int rc = w->said == OFFER_DECLINED ? films_drop(w->dir.at, w->store, &w->offer, why) : 0;
	if (rc == 0)
		rc = store_begin(w->store, why);
	if (rc == 0)
		rc = store_offer_say(w->store, &w->offer, why);
	if (rc == 0)
		rc = store_commit(w->store, why);
	store_rollback(w->store);
	if (rc)
		return rc == -ENOENT ? gone(w, why) : rc;
	return films_sweep(w->dir.at, w->store, why);
}

/* --- asked for, declined ---------------------------------------------------------------------------------- */

static int ask(struct word *w, struct fault *why)
{
	if (w->offer.said == OFFER_ACCEPTED)
		return fault_set(why, -EALREADY, "offers.published",
				 "it is published already, as %s", w->offer.published);
	if (w->offer.film_bytes > OFFER_FILM_BYTES)
		return fault_set(why, -EFBIG, "offers.large",
				 "its film has %llu bytes; what comes over a school's line has at "
				 "most %llu",
				 (unsigned long long)w->offer.film_bytes,
				 (unsigned long long)OFFER_FILM_BYTES);
	w->offer.reason[0] = '\0';
	int rc = say(w, why);
	if (rc == 0)
		printf("the box of school %s sends the film after its next report\n", w->school);
	return rc;
}

static int decline(struct word *w, struct fault *why)
{
	if (w->offer.said == OFFER_ACCEPTED)
		return fault_set(why, -EALREADY, "offers.published",
				 "it is published already, as %s", w->offer.published);
	snprintf(w->offer.reason, sizeof(w->offer.reason), "%s", w->because);
	int rc = say(w, why);
	if (rc == 0)
		printf("declined; its teacher reads why after the box's next report\n");
	return rc;
}

/* --- accepted ---------------------------------------------------------------------------------------------- */

/* Its teacher may think better of it, or call it something else, while it is encoded: that takes hours. */
static int still_offered(void *data, struct fault *why)
{
	struct word *w = data;
	const struct lesson_offer before = w->offer;
	w->found = false;
	int rc = store_offers_each(w->store, MOST, find, w, why);
	if (rc == 0 && !w->found)
		rc = gone(w, why);
	if (rc == 0 && (w->offer.said != before.said || !store_offer_same(&before, &w->offer)))
		rc = fault_set(why, -ESTALE, "offers.changed",
			       "school %s has changed the lesson '%s' since; look at it again: "
			       "waslhub offers",
			       w->school, w->lesson);
	return rc;
}

static void put(json_t *to, const char *key, const char *text)
{
	if (text && *text)
		json_object_set_new(to, key, json_string(text));
}

/* The school is not named unless the officer does. */
static json_t *facts(const struct word *w, const char *id)
{
	const struct lesson_offer *f = &w->offer;
	json_t *to = json_pack("{s:s, s:{s:s, s:s, s:s}, s:i}", "id", id, "title", "ar",
			       f->title[0], "fr", f->title[1], "en", f->title[2], "grade",
			       w->grade ? atoi(w->grade) : (int)f->grade);
	put(to, "subject", w->subject ? w->subject : f->subject);
	put(to, "language", f->language);
	put(to, "licence", w->licence);
	put(to, "attribution", w->attribution);
	return to;
}

static void print_titles(const struct lesson_offer *f)
{
	static const char *const names[] = { "ar", "fr", "en" };
	puts("published under its school's words:");
	for (size_t lang = 0; lang < ARRAY_LEN(names); lang++)
		if (f->title[lang][0])
			printf("    %s: %s\n", names[lang], f->title[lang]);
}

/* The same film has the same id, whichever school offers it. */
static int publish(struct word *w, const char *film, struct fault *why)
{
	char hex[13], id[64];
	text_hex(w->offer.film, 6, hex);
	if (w->id)
		snprintf(id, sizeof(id), "%s", w->id);
	else
		snprintf(id, sizeof(id), "school-%s", hex);
	CLEANUP(batch_done) struct batch b = { .all = calloc(1, sizeof(*b.all)) };
	if (!b.all)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	b.count = 1;
	b.all[0] = (struct batch_one){ strdup(film), facts(w, id), strdup("the offer") };
	if (!b.all[0].path || !b.all[0].facts || !b.all[0].where)
		return fault_set(why, -ENOMEM, "memory", "out of memory");
	print_titles(&w->offer);
	const struct cli_press order = { w->dir.at, w->maker, &b, still_offered, w };
	int rc = cli_press(&order, why);
	snprintf(w->offer.published, sizeof(w->offer.published), "%s", id);
	return rc;
}

static int accept(struct word *w, struct fault *why)
{
	char film[PATH_MAX];
	int rc = 0;
	if (w->offer.said == OFFER_ACCEPTED)
		return fault_set(why, -EALREADY, "offers.published",
				 "it is published already, as %s", w->offer.published);
	if (*w->twin)
		memcpy(w->offer.published, w->twin, sizeof(w->twin));
	else if (films_find(w->dir.at, w->offer.film, film))
		return fault_set(why, -ENOENT, "offers.film",
				 "its film is not here yet; ask for it first: waslhub offers ask "
				 "--school %s --lesson %s",
				 w->school, w->lesson);
	else if (w->offer.said != OFFER_WANTED)
		return fault_set(
			why, -ESTALE, "offers.unasked",
			"as it stands now nobody asked for it (its school may have changed "
			"it since); look at it and ask for it first: waslhub offers ask "
			"--school %s --lesson %s",
			w->school, w->lesson);
	else
		rc = publish(w, film, why);
	w->offer.reason[0] = '\0';
	if (rc == 0)
		rc = say(w, why);
	if (rc == 0)
		printf("accepted: it is in the catalogue as %s\n", w->offer.published);
	return rc;
}

/* --- the command line --------------------------------------------------------------------------------------- */

static int misused_reason(void)
{
	char list[128] = "";
	for (size_t i = 0; offer_reason(i); i++) {
		const size_t n = strlen(list);
		snprintf(list + n, sizeof(list) - n, "%s%s", i ? ", " : "", offer_reason(i));
	}
	return cli_misused("offers decline: --because REASON is one of %s", list);
}

static int read_options(int argc, char **argv, struct word *w)
{
	static const struct option options[] = {
		{ "dir", required_argument, NULL, 'd' },
		{ "school", required_argument, NULL, 's' },
		{ "lesson", required_argument, NULL, 'l' },
		{ "because", required_argument, NULL, 'b' },
		{ "id", required_argument, NULL, 'i' },
		{ "subject", required_argument, NULL, 'u' },
		{ "grade", required_argument, NULL, 'g' },
		{ "licence", required_argument, NULL, 'c' },
		{ "attribution", required_argument, NULL, 'a' },
		{ "transcoder", required_argument, NULL, 't' },
		{ "preset", required_argument, NULL, 'p' },
		{ 0 },
	};
	struct {
		int option;
		const char **to;
	} texts[] = { { 's', &w->school },  { 'l', &w->lesson },     { 'b', &w->because },
		      { 'i', &w->id },      { 'u', &w->subject },    { 'g', &w->grade },
		      { 'c', &w->licence }, { 'a', &w->attribution } };
	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		size_t i = 0;
		while (i < ARRAY_LEN(texts) && texts[i].option != o)
			i++;
		if (i < ARRAY_LEN(texts))
			*texts[i].to = optarg;
		else if (o == 'd')
			w->dir = paths_at("%s", optarg);
		else if (o == 't')
			snprintf(w->program, sizeof(w->program), "%s", optarg);
		else if (o != 'p' || cli_preset(optarg, &w->maker.preset))
			return cli_misused("offers: option not understood");
	}
	if (optind != argc || !w->school || !w->lesson)
		return cli_misused("offers: --school and --lesson are needed");
	if ((w->said == OFFER_DECLINED) != (w->because != NULL) ||
	    (w->because && !offer_reason_ok(w->because)))
		return misused_reason();
	const char *const accepts[] = { "id",          w->id,         "subject", w->subject,
					"grade",       w->grade,      "licence", w->licence,
					"attribution", w->attribution };
	for (size_t i = 0; w->said != OFFER_ACCEPTED && i < ARRAY_LEN(accepts); i += 2)
		if (accepts[i + 1])
			return cli_misused("offers: --%s goes with accept alone", accepts[i]);
	if (w->grade &&
	    (!*w->grade || strlen(w->grade) > 2 ||
	     strspn(w->grade, "0123456789") != strlen(w->grade) || atoi(w->grade) > HIGHEST_GRADE))
		return cli_misused("offers accept: --grade '%s' must be 0 to 13", w->grade);
	if (w->id && !text_is_slug(w->id))
		return cli_misused("offers accept: --id '%s' must be 1 to 63 of a-z, 0-9 and -",
				   w->id);
	return 0;
}

int cli_offers_say(int argc, char **argv)
{
	static const struct {
		const char *name;
		enum offer_said said;
		int (*run)(struct word *w, struct fault *why);
	} words[] = { { "ask", OFFER_WANTED, ask },
		      { "accept", OFFER_ACCEPTED, accept },
		      { "decline", OFFER_DECLINED, decline } };
	size_t i = 0;
	while (i < ARRAY_LEN(words) && strcmp(words[i].name, argv[0]) != 0)
		i++;
	if (i == ARRAY_LEN(words))
		return cli_misused("offers: '%s' is none of ask, accept, decline", argv[0]);
	struct word w = { .dir = paths_at(CLI_DIR), .said = words[i].said };
	w.maker = (struct mezzanine_maker){ w.program, MEZZANINE_PRESET };
	mezzanine_program(w.program);
	int status = read_options(argc, argv, &w);
	if (status)
		return status;
	struct fault why = { 0 };
	int rc = open_offer(&w, &why);
	if (rc == 0)
		rc = words[i].run(&w, &why);
	store_close(w.store);
	return rc ? cli_failed(&why) : 0;
}
