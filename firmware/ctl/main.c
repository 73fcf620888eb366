// SPDX-License-Identifier: GPL-2.0-or-later
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "firmware/base/box_conf.h"
#include "firmware/base/clean.h"
#include "firmware/base/conf.h"
#include "firmware/base/fault.h"
#include "firmware/ctl/commands.h"
#include "firmware/ctl/wasl.h"

enum { COLUMN = 36 /* of the summaries in the usage */ };

static int help(const struct wasl *w, int argc, char **argv);

static const struct wasl_command commands[] = {
	{ "status", "", "how the box is: lines, lessons, reports", 0, 0, wasl_status,
	  .json = true },
	{ "claim", "[ORDERFILE]", "show the claim code; with an order: enrol", 0, 1, wasl_claim,
	  .json = true },
	{ "report", "now", "send what has been counted to the ministry now", 1, 1, wasl_report,
	  .json = true },
	{ "receipts", "", "what the ministry has acknowledged", 0, 0, wasl_receipts, .json = true },
	{ "lessons", "", "which lessons are here, and how far", 0, 0, wasl_lessons, .json = true },
	{ "request", "LESSON ...", "ask for a lesson by a day; 'wasl request --help'", 0, 64,
	  wasl_request, .json = true, .own_options = true },
	{ "sync", "", "look for newer lessons now", 0, 0, wasl_sync, .json = true },
	{ "live", "COMMAND ...", "live classes; 'wasl live' lists its commands", 0, 4, wasl_live,
	  .json = true },
	{ "net", "COMMAND ...", "the lines, and emergencies; 'wasl net' lists its commands", 0, 64,
	  wasl_net, .json = true, .own_options = true },
	{ "staff", "COMMAND ...", "teachers and their PINs; 'wasl staff' lists its commands", 0, 3,
	  wasl_staff, .json = true },
	{ "store", STORE_ARGS, "what the box keeps; 'wasl store' lists its commands", 0, 64,
	  wasl_store, .json = true, .own_options = true },
	{ "kitchen", "FILE --out DIR ...", "prepare one video by hand, without the daemons", 1, 64,
	  wasl_kitchen, .json = true, .own_options = true },
	{ "config", "get [SECTION[.KEY]] | check", "show or check the configuration", 1, 2,
	  wasl_config, .json = false },
	{ "help", "[COMMAND]", "this list", 0, 1, help, .json = false },
};

static const struct wasl_command *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

int wasl_show_json(const json_t *answer)
{
	json_dumpf(answer, stdout, JSON_INDENT(2));
	putchar('\n');
	return WASL_GOOD;
}

int wasl_failed(const struct fault *why)
{
	fprintf(stderr, "wasl: %s\n", why->text);
	return WASL_FAILED;
}

int wasl_misused(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	fputs("wasl: ", stderr);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputs("; 'wasl help' says what there is\n", stderr);
	return WASL_USAGE;
}

static void put_usage(FILE *to)
{
	fputs("usage: wasl [--lang ar|fr|en] [--json] COMMAND\n\n", to);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		commands_row(COLUMN, commands[i].name, commands[i].args, commands[i].summary, to);
	fputs("\n  --lang LANG   language of the answer; else $LANG, else the board's\n"
	      "  --json        the answer as JSON\n"
	      "  -V            version\n",
	      to);
}

static int help(const struct wasl *w, int argc, char **argv)
{
	(void)w;
	if (argc == 0) {
		put_usage(stdout);
		return WASL_GOOD;
	}
	const struct wasl_command *command = find(argv[0]);
	if (!command)
		return wasl_misused("there is no command '%s'", argv[0]);
	printf("usage: wasl %s %s\n%s\n", command->name, command->args, command->summary);
	return WASL_GOOD;
}

/* --lang, then the environment as gettext(3) reads it, then the board. */
static int choose_language(const char *asked, enum strings_lang *out)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
	if (asked)
		return strings_lang_parse(asked, out);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = getenv(names[i]);
		if (value && value[0])
			if (strings_lang_parse(value, out) == 0)
				return 0;
	}
	struct {
		struct box_conf box;
	} conf = { 0 };
	static const struct conf_section section = { .name = "box",
						     .keys = box_conf_keys,
						     .key_count = BOX_CONF_KEYS };
	static const struct conf_schema schema = { "wasl", &section, 1 };
	/* a broken file must not keep anybody from seeing the status; `config check` tells of it */
	struct fault why;
	if (conf_load(&schema, NULL, &conf, &why) < 0)
		conf_defaults(&schema, &conf);
	*out = (enum strings_lang)conf.box.language;
	return 0;
}

static enum view_paint choose_paint(void)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
	if ((no_colour && no_colour[0]) || !isatty(STDOUT_FILENO))
		return VIEW_PLAIN;
	return term && strcmp(term, "dumb") == 0 ? VIEW_PLAIN : VIEW_COLOUR;
}

static int64_t zone_s(void)
{
	time_t now = time(NULL);
	struct tm tm = { 0 };
	localtime_r(&now, &tm);
	return tm.tm_gmtoff;
}

static int run(const struct wasl *w, int argc, char **argv)
{
	const struct wasl_command *command = argc ? find(argv[0]) : NULL;
	if (argc == 0) {
		put_usage(stderr);
		return WASL_USAGE;
	}
	if (!command)
		return wasl_misused("there is no command '%s'", argv[0]);
	if (argc - 1 < command->least)
		return wasl_misused("'%s' needs more: wasl %s %s", command->name, command->name,
				    command->args);
	if (argc - 1 > command->most)
		return wasl_misused("'%s' is too much for '%s'", argv[1 + command->most],
				    command->name);
	if (w->form == WASL_JSON && !command->json)
		return wasl_misused("'%s' has no answer in JSON", command->name);
	int status = command->run(w, argc - 1, argv + 1);
	if (fflush(stdout) != 0 && status == WASL_GOOD) {
		fputs("wasl: the answer could not be written; is the disk full?\n", stderr);
		return WASL_FAILED;
	}
	return status;
}

/* Takes the options from argv[1] on, as `order` ("+": up to the first argument) says. -1: go on, else exit with it. */
static int take_options(int argc, char **argv, const char *order, struct wasl *w, const char **lang)
{
	static const struct option longs[] = {
		{ "lang", required_argument, NULL, 'l' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	optind = 0;
	for (int c; (c = getopt_long(argc, argv, order, longs, NULL)) != -1;) {
		switch (c) {
		case 'l':
			*lang = optarg;
			break;
		case 'j':
			w->form = WASL_JSON;
			break;
		case 'h':
			put_usage(stdout);
			return WASL_GOOD;
		case 'V':
			printf("wasl %s\n", WASL_VERSION);
			return WASL_GOOD;
		default:
			return wasl_misused("wrong option");
		}
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct wasl w = { .form = WASL_TEXT };
	const char *lang = NULL;
	int status = take_options(argc, argv, "+hV", &w, &lang);
	int first = optind; /* the command */
	const struct wasl_command *command = first < argc ? find(argv[first]) : NULL;
	if (status < 0 && first < argc && !(command && command->own_options)) {
		/* options may stand behind it, too; the command itself takes the place of a program's name */
		status = take_options(argc - first, argv + first, "hV", &w, &lang);
		argv[first + optind - 1] = argv[first];
		first += optind - 1;
	}
	if (status >= 0)
		return status;
	if (choose_language(lang, &w.view.lang) < 0)
		return wasl_misused("'%s' is none of the languages ar, fr, en", lang);
	w.view.paint = choose_paint();
	w.view.zone_s = zone_s();
	return run(&w, argc - first, argv + first);
}
