// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/ctl/commands.h"

#include <getopt.h>
#include <string.h>

#include "firmware/base/clean.h"
#include "firmware/ctl/wasl.h"

enum { OPTIONS_MOST = 8, FIRST = 256 /* beyond the letters */ };

int commands_options(const struct commands_option *options, size_t count, void (*usage)(FILE *to),
		     struct wasl *mine, int *argc, char ***argv)
{
	struct option longs[OPTIONS_MOST + 3] = { { "json", no_argument, NULL, 'j' },
						  { "help", no_argument, NULL, 'h' } };
	for (size_t i = 0; i < count && i < OPTIONS_MOST; i++)
		longs[2 + i] = (struct option){ options[i].name, options[i].value != NULL, NULL,
						FIRST + (int)i };
	optind = 0;
	/* argv[-1] is the group: it stands where getopt looks for a program's name */
	for (int c; (c = getopt_long(*argc + 1, *argv - 1, "h", longs, NULL)) != -1;) {
		if (c == 'j') {
			mine->form = WASL_JSON;
		} else if (c == 'h') {
			usage(stdout);
			return WASL_GOOD;
		} else if (c < FIRST) {
			return wasl_misused("wrong option");
		} else if (options[c - FIRST].value) {
			*options[c - FIRST].value = optarg;
		} else {
			*options[c - FIRST].set = true;
		}
	}
	*argv += optind - 1;
	*argc -= optind - 1;
	return COMMANDS_GO_ON;
}

void commands_row(int width, const char *name, const char *args, const char *summary, FILE *to)
{
	char call[64];
	snprintf(call, sizeof(call), "%s %s", name, args);
	fprintf(to, "  %-*s %s\n", width, call, summary);
}

void commands_usage(const struct commands *c, FILE *to)
{
	fprintf(to, "usage: wasl %s COMMAND\n\n", c->group);
	for (size_t i = 0; i < c->count; i++)
		commands_row(c->width, c->all[i].name, c->all[i].args, c->all[i].summary, to);
}

int commands_pick(const struct commands *c, int argc, char **argv, const struct commands_one **out)
{
	const struct commands_one *one = c->all, *end = c->all + c->count;
	if (argc == 0) {
		commands_usage(c, stderr);
		return WASL_USAGE;
	}
	while (one < end && strcmp(one->name, argv[0]) != 0)
		one++;
	if (one == end)
		return wasl_misused("'%s' has no command '%s'", c->group, argv[0]);
	const int words = argc - 1;
	if (c->wrong == COMMANDS_TELL_FORM && (words < one->least || words > one->most))
		return wasl_misused("it is '%s %s %s'", c->group, one->name, one->args);
	if (words > one->most)
		return wasl_misused("'%s' is too much", argv[1 + one->most]);
	if (words < one->least)
		return wasl_misused("'%s %s' needs more", c->group, one->name);
	*out = one;
	return COMMANDS_GO_ON;
}
