// SPDX-License-Identifier: GPL-2.0-or-later
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "cache/door/door.h"
#include "firmware/base/fault.h"

enum { EXIT_GOOD = 0, EXIT_BAD = 1, EXIT_USAGE = 2 };
enum task { WRITE, CHECK, SHOW };

static void put_usage(FILE *to)
{
	fputs("usage: wasl-door [-n] [-c FILE]\n"
	      "Writes the configuration of the classroom's web server, when nginx takes it.\n\n"
	      "  -c FILE      read one more configuration file, last\n"
	      "  -n           check the box's configuration and exit\n"
	      "  -p           print what would be written\n"
	      "  -h, --help   this text\n"
	      "  -V           version\n"
	      "  --parts DIR, --module FILE, --nginx FILE  where these are, when not where they "
	      "are installed\n"
	      "  --print-conf the configuration in force\n"
	      "  --print-man  its description as mdoc\n",
	      to);
}

static int fail(const struct fault *why)
{
	fprintf(stderr, "wasl-door: %s\n", why->text);
	return EXIT_BAD;
}

static int run(enum task task, const struct door_conf *conf, const struct door_places *places)
{
	struct fault why = { 0 };
	char *text = NULL;
	switch (task) {
	case WRITE:
		return door_write(conf, places, &why) < 0 ? fail(&why) : EXIT_GOOD;
	case CHECK:
		puts("wasl-door: the configuration is good");
		return EXIT_GOOD;
	case SHOW:
		if (door_text(conf, places, &text, &why) < 0)
			return fail(&why);
		fputs(text, stdout);
		free(text);
		return EXIT_GOOD;
	}
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ "print-conf", no_argument, NULL, 'P' },
		{ "print-man", no_argument, NULL, 'M' },
		{ "parts", required_argument, NULL, 'd' },
		{ "module", required_argument, NULL, 'm' },
		{ "nginx", required_argument, NULL, 'x' },
		{ 0 },
	};
	struct door_places places = { "/usr/share/wasl/nginx",
				      "/usr/lib/nginx/modules/ngx_http_wasl_module.so",
				      "/usr/sbin/nginx" };
	struct door_conf conf = { 0 };
	struct fault why = { 0 };
	const char *extra = NULL;
	enum task task = WRITE;
	bool values = false;
	for (int c; (c = getopt_long(argc, argv, "c:nphV", longs, NULL)) != -1;) {
		switch (c) {
		case 'c':
			extra = optarg;
			break;
		case 'n':
			task = CHECK;
			break;
		case 'p':
			task = SHOW;
			break;
		case 'd':
			places.parts = optarg;
			break;
		case 'm':
			places.module = optarg;
			break;
		case 'x':
			places.nginx = optarg;
			break;
		case 'P':
			values = true;
			break;
		case 'h':
			put_usage(stdout);
			return EXIT_GOOD;
		case 'V':
			printf("wasl-door %s\n", WASL_VERSION);
			return EXIT_GOOD;
		case 'M':
			conf_print_man(&door_schema, stdout);
			return EXIT_GOOD;
		default:
			put_usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "wasl-door: '%s' is not expected here\n", argv[optind]);
		return EXIT_USAGE;
	}
	if (conf_load(&door_schema, extra, &conf, &why) < 0 || door_check(&conf, &why) < 0)
		return fail(&why);
	if (values) {
		conf_print_values(&door_schema, &conf, stdout);
		return EXIT_GOOD;
	}
	return run(task, &conf, &places);
}
