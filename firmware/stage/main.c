// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <locale.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/base/ctl.h"
#include "firmware/base/fault.h"
#include "firmware/stage/front.h"
#include "firmware/stage/helper.h"
#include "firmware/stage/house.h"
#include "firmware/stage/stage.h"

enum { EXIT_GOOD = 0, EXIT_BAD = 1, EXIT_USAGE = 2, ASK_MS = 15000 };

CLEAN_FN(json, json_t, json_decref)

static void put_usage(FILE *to)
{
	fputs("usage: wasl-stage COMMAND [OPTION]…\n"
	      "A whole ministry hub and school box in one folder.\n\n"
	      "  run                start both and stay until Ctrl-C\n"
	      "    --root FOLDER    state, sockets and logs (build/run)\n"
	      "    --bin FOLDER     the build to run (build/dev)\n"
	      "    --port N         the classroom's port (8080)\n"
	      "    --hub-port N     the ministry's port (8081)\n"
	      "    --listen WHERE   loopback, or lan: this machine's address, with a QR code\n"
	      "    --lesson VIDEO   publish this one instead of the sample lesson\n"
	      "    --schools N      so many demo schools on the ministry's map\n"
	      "    --once-ready CMD run CMD with /bin/sh when all is ready, then end with its "
	      "status\n"
	      "  status [--root FOLDER]  what runs there, as JSON\n"
	      "  stop [--root FOLDER]    end it\n"
	      "  -h, --help  -V, --version\n",
	      to);
}

static int misused(const char *what, const char *value)
{
	fprintf(stderr, "wasl-stage: %s '%s'; see wasl-stage --help\n", what, value);
	return EXIT_USAGE;
}

/* Most who meet this wrote PORT=abc behind `make run`: both spellings are told. */
static int wrong_value(int option, const char *value)
{
	static const struct {
		int option;
		const char *names, *takes;
	} takes[] = {
		{ 'p', "--port (PORT=)", "a number from 1 to 65535" },
		{ 'u', "--hub-port (HUB_PORT=)", "a number from 1 to 65535" },
		{ 's', "--schools (SCHOOLS=)", "a number from 0 to 1000000" },
		{ 'w', "--listen (LISTEN=)", "loopback or lan" },
	};
	for (size_t i = 0; i < ARRAY_LEN(takes); i++)
		if (takes[i].option == option)
			fprintf(stderr, "wasl-stage: %s takes %s, not '%s'\n", takes[i].names,
				takes[i].takes, value);
	return EXIT_USAGE;
}

static int failed(const struct fault *why)
{
	fprintf(stderr, "wasl-stage: %s\n", why->text);
	return EXIT_BAD;
}

/* A whole number from `least` to `most`; empty words of make count as "not given". */
static int number(const char *text, long least, long most, long *out)
{
	char *end;
	errno = 0;
	long got = strtol(text, &end, 10);
	if (!*text)
		return 0;
	if (errno || *end || got < least || got > most)
		return -EINVAL;
	*out = got;
	return 0;
}

struct asked {
	struct house_order house;
	const char *once;
};

static int take_option(struct asked *a, int option, const char *value)
{
	switch (option) {
	case 'r':
		a->house.root = value;
		return 0;
	case 'b':
		a->house.bin = value;
		return 0;
	case 'p':
		return number(value, 1, 65535, &a->house.port);
	case 'u':
		return number(value, 1, 65535, &a->house.hub_port);
	case 's':
		return number(value, 0, 1000000, &a->house.schools);
	case 'l':
		a->house.lesson = value;
		return 0;
	case 'o':
		a->once = value;
		return 0;
	case 'w':
		if (*value && strcmp(value, "loopback") != 0 && strcmp(value, "lan") != 0)
			return -EINVAL;
		a->house.listen = strcmp(value, "lan") == 0 ? HOUSE_LAN : HOUSE_LOOPBACK;
		return 0;
	default:
		return -ENOENT;
	}
}

static const struct option run_options[] = { { "root", required_argument, NULL, 'r' },
					     { "bin", required_argument, NULL, 'b' },
					     { "port", required_argument, NULL, 'p' },
					     { "hub-port", required_argument, NULL, 'u' },
					     { "schools", required_argument, NULL, 's' },
					     { "lesson", required_argument, NULL, 'l' },
					     { "once-ready", required_argument, NULL, 'o' },
					     { "listen", required_argument, NULL, 'w' },
					     { 0 } };

static int inside(void *data)
{
	return stage_run(data);
}

static int command_run(int argc, char **argv)
{
	struct asked a = {
		.house = { .root = "build/run", .bin = "build/dev", .port = 8080, .hub_port = 8081 }
	};
	for (int o; (o = getopt_long(argc, argv, "", run_options, NULL)) != -1;) {
		int rc = take_option(&a, o, optarg);
		if (rc == -ENOENT)
			return EXIT_USAGE; /* getopt has said what */
		if (rc)
			return wrong_value(o, optarg);
	}
	if (optind < argc)
		return misused("not expected:", argv[optind]);

	struct fault why = { 0 };
	struct vars vars = { 0 };
	if (house_vars(&a.house, &vars, &why)) {
		vars_done(&vars);
		return failed(&why);
	}
	char wasl[PATH_MAX], status[] = "status";
	snprintf(wasl, sizeof(wasl), "%s/bin/wasl", vars_get(&vars, "BIN"));
	char *const report[] = { wasl, status, NULL };
	struct stage_order order = { .plan = &house_plan,
				     .vars = &vars,
				     .once_ready = a.once,
				     .report = report,
				     .facts = house_facts };
	int code = front_run(inside, &order);
	vars_done(&vars);
	return code;
}

static int ask(int argc, char **argv, const char *method, const char *target, json_t **out)
{
	char path[PATH_MAX];
	const char *root = "build/run";
	struct fault why = { 0 };
	if (argc == 3 && strcmp(argv[1], "--root") == 0)
		root = argv[2];
	else if (argc != 1)
		return misused("not expected:", argv[1]);
	snprintf(path, sizeof(path), "%s/stage.sock", root);
	int rc = ctl_call(path, method, target, NULL, ASK_MS, out, &why);
	if (rc == -ENOENT || rc == -ECONNREFUSED)
		fault_set(&why, rc, "stage.none", "no stage runs in '%s'", root);
	return rc ? failed(&why) : EXIT_GOOD;
}

static int command_status(int argc, char **argv)
{
	CLEANUP(clean_json) json_t *got = NULL;
	int rc = ask(argc, argv, "GET", "/v1/status", &got);
	if (rc == 0) {
		json_dumpf(got, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	return rc;
}

static int command_stop(int argc, char **argv)
{
	CLEANUP(clean_json) json_t *got = NULL;
	return ask(argc, argv, "POST", "/v1/shutdown", &got);
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "run", command_run },    { "status", command_status }, { "stop", command_stop },
	{ "token", helper_token }, { "enrol", helper_enrol },    { "await", helper_await }
};

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "");
	if (sodium_init() < 0)
		return misused("the cryptographic library does not start:", "libsodium");
	if (argc < 2) {
		put_usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		put_usage(stdout);
		return EXIT_GOOD;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		puts("wasl-stage " WASL_VERSION);
		return EXIT_GOOD;
	}
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	return misused("no command", argv[1]);
}
