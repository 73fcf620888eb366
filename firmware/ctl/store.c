// SPDX-License-Identifier: GPL-2.0-or-later
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/fault.h"
#include "firmware/ctl/ask.h"
#include "firmware/ctl/store_add.h"
#include "firmware/ctl/store_view.h"
#include "firmware/ctl/wasl.h"

CLEAN_FN(json, json_t, json_decref)

struct order { /* what stood behind `wasl store COMMAND` */
	const char *path, *type, *what;
};

static int show_json(const json_t *answer)
{
	json_dumpf(answer, stdout, JSON_INDENT(2));
	putchar('\n');
	return WASL_GOOD;
}

static int status(const struct wasl *w, const struct order *o)
{
	(void)o;
	struct fault why = { 0 };
	CLEANUP(clean_json) json_t *answer = NULL;
	if (ask_json("contentd", "GET", "/v1/store/status", ASK_TIMEOUT_MS, &answer, &why) < 0)
		return wasl_failed(&why);
	if (w->form == WASL_JSON)
		return show_json(answer);
	store_view_status(answer, &w->view, stdout);
	return WASL_GOOD;
}

static int add(const struct wasl *w, const struct order *o)
{
	struct fault why = { 0 };
	CLEANUP(clean_json) json_t *answer = NULL;
	if (!o->path)
		return wasl_misused("'store add' needs --path /p/NAME");
	if (store_add(o->what, o->path, o->type, &answer, &why) < 0)
		return wasl_failed(&why);
	if (w->form == WASL_JSON)
		return show_json(answer);
	char size[48], path[600];
	view_size(&w->view, (uint64_t)view_int(answer, "size", 0), size, sizeof(size));
	view_foreign(view_text(answer, "path"), path, sizeof(path));
	AUTO_FREE char *text =
		view_fill(&w->view, "wasl.store.added", "path", path, "size", size, NULL);
	printf("%s\n", text);
	return WASL_GOOD;
}

static const struct command {
	const char *name, *args, *summary;
	enum { NOTHING, ONE_THING } takes;
	int (*run)(const struct wasl *w, const struct order *o);
} commands[] = {
	{ "status", "", "how much room there is, and what fills it", NOTHING, status },
	{ "add", "FILE --path /p/NAME [--type TYPE]", "put a file behind an address", ONE_THING,
	  add },
};

static void put_usage(FILE *to)
{
	fputs("usage: wasl store COMMAND\n\n", to);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		char call[64];
		snprintf(call, sizeof(call), "%s %s", commands[i].name, commands[i].args);
		fprintf(to, "  %-40s %s\n", call, commands[i].summary);
	}
}

int wasl_store(const struct wasl *w, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "path", required_argument, NULL, 'p' },
		{ "type", required_argument, NULL, 't' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct wasl mine = *w;
	struct order order = { 0 };
	const struct command *command = NULL;
	optind = 0;
	/* argv[-1] is "store": it stands where getopt looks for a program's name */
	for (int c; (c = getopt_long(argc + 1, argv - 1, "h", longs, NULL)) != -1;) {
		switch (c) {
		case 'p':
			order.path = optarg;
			break;
		case 't':
			order.type = optarg;
			break;
		case 'j':
			mine.form = WASL_JSON;
			break;
		case 'h':
			put_usage(stdout);
			return WASL_GOOD;
		default:
			return wasl_misused("wrong option");
		}
	}
	char **words = argv - 1 + optind;
	int count = argc + 1 - optind;
	if (count == 0) {
		put_usage(stderr);
		return WASL_USAGE;
	}
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, words[0]) == 0)
			command = &commands[i];
	if (!command)
		return wasl_misused("'store' has no command '%s'", words[0]);
	if (count > 1 + (command->takes == ONE_THING))
		return wasl_misused("'%s' is too much", words[1 + (command->takes == ONE_THING)]);
	if (command->takes == ONE_THING && count < 2)
		return wasl_misused("'store %s' needs more", words[0]);
	order.what = count > 1 ? words[1] : NULL;
	return command->run(&mine, &order);
}
