// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/clean.h"
#include "firmware/base/paths.h"
#include "provisioning/hub/cli.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *usage, *what;
} commands[] = {
	{ "init", cli_init, "[--ministry NAME] [--country XX]",
	  "make the ministry's keys and the hub's database" },
	{ "school", cli_school, "import FILE.csv | import --demo N",
	  "register schools; the same file again changes nothing" },
	{ "order", cli_order,
	  "--school CODE [--claim CODE] [--technician NAME]\n              --hub-url URL "
	  "--origin-url URL --out FILE",
	  "write the order that makes one box the school's box" },
	{ "accept", cli_accept, "--school CODE --claim CODE",
	  "count the reports of a box that enrolled in one visit" },
	{ "publish", cli_publish, "FILE… | --lessons FOLDER | --csv FILE [--transcoder PROGRAM]",
	  "publish films and documents: encode, hash, sign the next catalogue" },
	{ "withdraw", cli_withdraw, "ID…",
	  "take lessons out again: sign the next catalogue without them, remove their files" },
	{ "settings", cli_settings,
	  "set --everyone | --region NAME | --school CODE | --device ID  KEY=VALUE…\n"
	  "              | list | boxes | keys",
	  "sign what boxes are to do; they get it with their next receipt" },
	{ "offers", cli_offers,
	  "[--json] | ask --school CODE --lesson ID\n"
	  "              | accept --school CODE --lesson ID [--id ID] [--subject SUBJECT] [--grade "
	  "N]\n"
	  "                [--licence TEXT] [--attribution TEXT] [--transcoder PROGRAM] [--preset "
	  "N]\n"
	  "              | decline --school CODE --lesson ID --because REASON",
	  "lessons that teachers offer: list them, have a film sent, publish it or decline it" },
	{ "token", cli_token, "viewer | officer", "make a token for the ministry's pages and API" },
	{ "key", cli_key, "list | show ROLE", "show whose keys there are" },
};

static void print_usage(FILE *to)
{
	fprintf(to, "usage: waslhub COMMAND [--dir FOLDER] …   the ministry's hub, from the "
		    "command line\n\n");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(to, "  %-8s %s\n           %s\n", commands[i].name, commands[i].usage,
			commands[i].what);
	fprintf(to, "\nThe hub's folder is %s unless --dir says otherwise. See waslhub(1).\n",
		paths_at(CLI_DIR).at);
}

int cli_failed(const struct fault *why)
{
	fprintf(stderr, "waslhub: %s\n", why->text);
	return 1;
}

int cli_misused(const char *fmt, ...)
{
	va_list args;
	fputs("waslhub: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputs("; see waslhub --help\n", stderr);
	return 2;
}

int cli_store(const char *dir, struct store **out, struct fault *why)
{
	if (access(paths_at("%s/root/1", dir).at, F_OK) != 0)
		return fault_set(why, -ENOENT, "hub.none",
				 "'%s' is no hub yet; run: waslhub init --dir %s", dir, dir);
	return store_open(paths_at("%s/hub.db", dir).at, out, why);
}

int main(int argc, char **argv)
{
	if (sodium_init() < 0) {
		fputs("waslhub: the cryptographic library does not start\n", stderr);
		return 1;
	}
	if (argc < 2) {
		print_usage(stderr);
		return 2;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_usage(stdout);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		puts("waslhub " WASL_VERSION);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	return cli_misused("there is no command '%s'", argv[1]);
}
